//! What templates make of the settings: each is changed, and the files that phones get are compared.
//!
//! A setting that changes nothing, and of which the catalog does not say so, is lost in silence on its way.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;
use roxmltree::{Document, ParsingOptions};

use crate::catalog::{Catalog, File, FileScope, Firmware, Model};
use crate::cli::Failure;
use crate::cli::catalog::variants::{Surroundings, Variant};
use crate::config::Config;
use crate::identify::CommonFile;
use crate::model::{Kind, SETTINGS, SettingId};
use crate::render::{Subject, preview};
use crate::snapshot::{Cache, Fleet, Phone, Rules, Snapshot, Stamp, World};

/// What a kind of phone makes of the settings.
#[derive(Debug)]
pub(super) struct Coverage {
    /// The models that it is true of, each with its firmware.
    pub(super) of: Vec<(Arc<str>, Arc<str>)>,
    /// What is to be mended, in sentences.
    pub(super) gaps: BTreeSet<String>,
    /// The settings that change no file, whatever they are set to.
    pub(super) lost: BTreeSet<&'static str>,
}

/// Finds what the phones of those models that are wanted make of their settings.
///
/// Phones that differ in nothing that a template sees of them, numbers apart, are tried once.
pub(super) fn coverage(
    catalog: &Arc<Catalog>,
    wants: impl Fn(&Model) -> bool,
) -> Result<Vec<Coverage>, Failure> {
    let groups = groups(catalog, wants);
    let bench = Bench::new(catalog, &groups, "");
    let variants = Variant::all();
    let mut findings = bench.try_settings(&variants, groups.len())?;
    bench.try_records(&groups, &mut findings)?;
    let found = groups.into_iter().zip(findings).map(|(of, finding)| {
        let firmware = of.first().and_then(|of| bench.firmware(of)).filter(|_| !finding.broken);
        let (mut gaps, mut lost) = (finding.gaps.clone(), BTreeSet::new());
        if let Some((model, firmware)) = firmware {
            finding.judge(catalog, (model, firmware), &variants, &mut gaps, &mut lost);
        }
        Coverage { of, gaps, lost }
    });
    Ok(found.collect())
}

/// What was found out by trying a kind of phone.
#[derive(Debug, Clone, Default)]
struct Finding {
    /// By variant: whether it changes a file.
    changed: Vec<bool>,
    /// Whether it is told an address of its own, and a parameter that no template knows.
    placed: bool,
    given: bool,
    /// Whether a file fails whatever is set. That alone is told: nothing else can be found out.
    broken: bool,
    gaps: BTreeSet<String>,
}

impl Finding {
    fn judge(
        &self,
        catalog: &Catalog,
        (model, firmware): (&Model, &Firmware),
        variants: &[Variant],
        gaps: &mut BTreeSet<String>,
        lost: &mut BTreeSet<&'static str>,
    ) {
        for id in SETTINGS.iter().filter_map(|setting| SettingId::find(setting.name)) {
            let tried = variants.iter().zip(&self.changed).filter(|(variant, _)| variant.setting == id);
            let tried: Vec<_> = tried.map(|(variant, changed)| (variant, *changed)).collect();
            match judge(id, model, firmware, &tried) {
                Some(Wrong::Lost) => drop(lost.insert(id.setting().name)),
                Some(Wrong::Otherwise(gap)) => drop(gaps.insert(gap)),
                None => (),
            }
        }
        match (self.placed, firmware.without_network.is_some()) {
            (true, true) => drop(gaps.insert(said_and_written("network"))),
            (false, false) => drop(lost.insert("network")),
            (true, false) | (false, true) => (),
        }
        // Formats with sections take more parameters below their prefixes alone.
        let takes_some = firmware.files.iter().filter(|file| file.main).any(|file| {
            catalog.engine().source(&file.template).is_some_and(|source| source.contains("rest("))
        });
        if !self.given && !takes_some {
            let cure = "end the template of the main file with `rest()`";
            gaps.insert(format!("`raw` changes nothing; {cure}"));
        }
    }
}

/// What is wrong with how a firmware takes a setting.
enum Wrong {
    /// It changes no file, whatever it is set to.
    Lost,
    /// Something else, in a sentence.
    Otherwise(String),
}

fn judge(id: SettingId, model: &Model, firmware: &Firmware, tried: &[(&Variant, bool)]) -> Option<Wrong> {
    let (setting, name) = (id.setting(), id.setting().name);
    let any = tried.iter().any(|(_, changed)| *changed);
    if firmware.without.contains_key(&id) {
        return any.then(|| Wrong::Otherwise(said_and_written(name)));
    }
    let has_keys = model.line_keys > 0 || model.expansion_modules > 0;
    if setting.kind == Kind::LineKeys && !has_keys {
        return None;
    }
    let has_table = firmware.values.iter().any(|(known, _)| known == id);
    match setting.kind {
        Kind::Choices(_) | Kind::LineKeys if !has_table => {
            let cure = format!("say in `values.{name}` what the phone has, or in `without` why it has none");
            Some(Wrong::Otherwise(format!("`{name}` has no table; {cure}")))
        }
        Kind::Choice(_) if !has_table && any => {
            let lost = tried.iter().filter(|(_, changed)| !*changed).map(|(variant, _)| variant.name());
            let lost: Vec<String> = lost.collect();
            (!lost.is_empty()).then(|| Wrong::Otherwise(change_nothing(&lost)))
        }
        _ => (!any).then_some(Wrong::Lost),
    }
}

fn said_and_written(name: &str) -> String {
    format!(
        "`{name}` stands in `without`, and changes a file; take it out of `without`, or out of the template"
    )
}

/// Says of settings, or of words of one, that they change nothing.
pub(super) fn change_nothing<T: AsRef<str>>(names: &[T]) -> String {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    let (verb, them) = if names.len() == 1 { ("changes", "it") } else { ("change", "them") };
    let cure = format!("write {them} in a template, or say in `without` or `values` what the phone lacks");
    format!("`{}` {verb} nothing; {cure}", names.join("`, `"))
}

type Group = Vec<(Arc<str>, Arc<str>)>;

/// Puts firmwares together that templates cannot tell apart but by numbers of lines and keys.
fn groups(catalog: &Catalog, wants: impl Fn(&Model) -> bool) -> Vec<Group> {
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    for model in catalog.models().filter(|model| wants(model)) {
        for firmware in &model.firmwares {
            let key = likeness(catalog, model, firmware);
            groups.entry(key).or_default().push((Arc::clone(&model.id), Arc::clone(&firmware.id)));
        }
    }
    let mut groups: Vec<Group> = groups.into_values().collect();
    groups.iter_mut().for_each(|group| group.sort());
    groups.sort();
    groups
}

fn likeness(catalog: &Catalog, model: &Model, firmware: &Firmware) -> String {
    let vars = firmware.vars.iter().filter(|(name, _)| catalog.is_seen_by_templates(name));
    let numbers = [model.lines.min(3), model.line_keys.min(1), model.expansion_modules.min(1)];
    let files = firmware.files.iter().map(|file| (&file.template, &file.syntax));
    let (files, vars): (Vec<_>, Vec<_>) = (files.collect(), vars.collect());
    let facts = (&firmware.values, &firmware.without, &firmware.without_network, &firmware.interval);
    format!("{} {files:?} {vars:?} {numbers:?} {facts:?}", model.vendor)
}

/// One phone of each group, and what its files say.
struct Bench<'c> {
    catalog: &'c Arc<Catalog>,
    fleet: Fleet,
    /// Whether files are judged as such, which takes longer than to write them.
    judges: bool,
}

/// The bytes of the files that phones have for themselves, or why one of all their files fails.
type Files = Result<Vec<Vec<u8>>, String>;

const ACCOUNTS: &str = "[[provider]]\nid = \"provider\"\nname = \"Provider\"\n\n\
                        [[organization]]\nid = \"organization\"\nprovider = \"provider\"\nname = \"Organization\"\n\n\
                        [[user]]\nid = \"user\"\norganization = \"organization\"\nname = \"User\"\n";

/// The record of a phone that gets a parameter which no template knows.
const RAW: &str = "raw = { bellhop-check = \"1\" }\n";

/// The record of a phone that DHCP gives no address.
const NETWORK: &str =
    "network = { address = \"192.0.2.10\", netmask = \"255.255.255.0\", gateway = \"192.0.2.1\" }\n";

impl<'c> Bench<'c> {
    /// Makes phones whose records have some `more` lines.
    fn new(catalog: &'c Arc<Catalog>, groups: &[Group], more: &str) -> Self {
        let records = |(at, group)| Some(records(catalog, at, group)? + more);
        let phones: String = (1..).zip(groups).filter_map(records).collect();
        let texts = [(Path::new("accounts.toml"), ACCOUNTS.to_owned()), (Path::new("phones.toml"), phones)];
        Self { catalog, fleet: Fleet::default().with(texts), judges: false }
    }

    /// Sets each setting to each of its values.
    fn try_settings(&self, variants: &[Variant], kinds: usize) -> Result<Vec<Finding>, Failure> {
        let changed = vec![false; variants.len()];
        let mut findings = vec![Finding { changed, ..Finding::default() }; kinds];
        for surroundings in Surroundings::ALL {
            let before = self.files(&surroundings.text(None), |_| true)?;
            for (finding, files) in findings.iter_mut().zip(&before) {
                finding.broken |= matches!(files, Some(Err(_)));
            }
            for (number, variant) in variants.iter().enumerate() {
                let text = surroundings.text(Some(variant));
                let after = self.files(&text, |at| !findings[at].changed[number])?;
                for (finding, (before, after)) in findings.iter_mut().zip(before.iter().zip(after)) {
                    match after {
                        Some(Err(error)) => drop(finding.gaps.insert(error)),
                        Some(after) => finding.changed[number] = before.as_ref() != Some(&after),
                        None => (),
                    }
                }
            }
        }
        for text in (0..).map_while(Variant::chorus) {
            let files = self.files(&text, |at| !findings[at].broken)?;
            for (finding, files) in findings.iter_mut().zip(files) {
                finding.gaps.extend(files.and_then(Files::err));
            }
        }
        Ok(findings)
    }

    /// Has records say what is no setting, and judges the files as such.
    fn try_records(&self, groups: &[Group], findings: &mut [Finding]) -> Result<(), Failure> {
        let usual = self.files("", |_| true)?;
        let placed = Self { judges: true, ..Self::new(self.catalog, groups, NETWORK) }.files("", |_| true)?;
        let given = Self::new(self.catalog, groups, RAW).files("", |_| true)?;
        for (finding, (usual, (placed, given))) in
            findings.iter_mut().zip(usual.iter().zip(placed.into_iter().zip(given)))
        {
            (finding.placed, finding.given) = (*usual != placed, *usual != given);
            finding.gaps.extend(placed.and_then(Files::err));
        }
        Ok(())
    }

    fn firmware(&self, (model, firmware): &(Arc<str>, Arc<str>)) -> Option<(&'c Model, &'c Firmware)> {
        let model = self.catalog.model(model)?;
        Some((model, model.firmware(firmware)?))
    }

    /// Renders the files of those phones that are asked for, where the server has these settings.
    fn files(
        &self,
        settings: &str,
        wanted: impl Fn(usize) -> bool + Sync,
    ) -> Result<Vec<Option<Files>>, Failure> {
        let config = Config::parse(Path::new("settings"), &format!("[settings]\n{settings}"));
        let config = Arc::new(config.map_err(Failure::Faulty)?);
        let rules = Rules::new(&config, "provisioning.example.net");
        let world = Arc::new(World::new(Arc::clone(self.catalog), rules, None, Stamp::default()));
        let nothing = Snapshot::empty(Arc::default(), Arc::clone(&config), Arc::new(Cache::new(0)));
        let built = nothing.next(world, config, &self.fleet, Stamp::default()).map_err(Failure::Faulty)?;
        let Some(snapshot) = built.map(|built| built.snapshot) else {
            return Ok(Vec::new());
        };
        let phones: Vec<Phone<'_>> = snapshot.phones().collect();
        let files = phones.par_iter().enumerate();
        Ok(files.map(|(at, phone)| wanted(at).then(|| rendered(&snapshot, phone, self.judges))).collect())
    }
}

fn rendered(snapshot: &Snapshot, phone: &Phone<'_>, judges: bool) -> Files {
    let mut files = Vec::new();
    for (at, file) in (0..).zip(&phone.firmware.files) {
        let is_common = file.scope == FileScope::Common;
        let (model, firmware) = (phone.model, phone.firmware);
        let subject = if is_common {
            Subject::Common(CommonFile { model, firmware, file, at }, phone.protocol())
        } else {
            Subject::Phone(*phone, at)
        };
        let bytes = preview(snapshot, &subject, true).map_err(|error| {
            let source = phone.catalog().engine().source(&error.source.template).unwrap_or_default();
            let line = source.lines().nth(error.source.line.wrapping_sub(1)).unwrap_or_default().trim();
            format!("`{}`: {}: {line}", file.name, error.source)
        })?;
        if judges {
            sound(file, &bytes)?;
        }
        if !is_common {
            files.push(bytes);
        }
    }
    Ok(files)
}

/// Says what is wrong with a file whose template writes XML, if that is none.
fn sound(file: &File, bytes: &[u8]) -> Result<(), String> {
    let is_xml = file.template.ends_with(".xml") && file.dialogue.is_none();
    let Some(text) = str::from_utf8(bytes).ok().filter(|_| is_xml) else {
        return Ok(());
    };
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    let text = if file.template.ends_with(".parts.xml") { in_one(text) } else { text.into() };
    let sound = Document::parse_with_options(&text, options);
    sound
        .map(drop)
        .map_err(|error| format!("`{}`: what {} writes is no XML: {error}", file.name, file.template))
}

/// Puts elements that stand beside each other into one.
fn in_one(text: &str) -> Cow<'_, str> {
    let declared = text.strip_prefix("<?xml").and_then(|rest| rest.split_once("?>"));
    format!("<parts>{}</parts>", declared.map_or(text, |(_, parts)| parts)).into()
}

/// Writes the records of a phone with a line or two.
fn records(catalog: &Catalog, number: u32, group: &Group) -> Option<String> {
    let (id, firmware) = group.first()?;
    let model = catalog.model(id)?;
    let mut text = String::new();
    let lines: Vec<String> = (1..=model.lines.min(2)).map(|line| format!("{number}0{line}")).collect();
    for line in &lines {
        let sip = "sip = { password = \"24680135\" }";
        text += &format!("[[extension]]\nnumber = \"{line}\"\nuser = \"user\"\n{sip}\n\n");
    }
    let [_, _, a, b, c, d] = (0x0200_0000_0000_u64 + u64::from(number)).to_be_bytes()[2..].try_into().ok()?;
    let version = model.firmware(firmware)?.application_version;
    let version = if version { "application-version = \"1\"\n" } else { "" };
    text += &format!(
        "[[device]]\nserial = \"aaaaaaaaaaaaaaaaaaaa{number:06}\"\nname = \"Phone\"\nmodel = \"{id}\"\n\
         firmware = \"{firmware}\"\nmac = \"02:00:{a:02x}:{b:02x}:{c:02x}:{d:02x}\"\nowner = \"provider\"\n\
         organization = \"organization\"\nlines = {lines:?}\n{version}"
    );
    Some(text)
}
