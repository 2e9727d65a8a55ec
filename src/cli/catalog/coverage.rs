//! What templates make of the settings: each is changed, and the files that phones get are compared.
//!
//! A setting that changes nothing, and of which the catalog does not say so, is lost in silence on its way.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;

use crate::catalog::{Catalog, FileScope, Firmware, Model};
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
}

/// Finds what the phones of a catalog make of their settings, only those of one vendor where it is named.
///
/// Phones that differ in nothing that a template sees of them, numbers apart, are tried once.
pub(super) fn coverage(catalog: &Arc<Catalog>, vendor: Option<&str>) -> Result<Vec<Coverage>, Failure> {
    let groups = groups(catalog, vendor);
    let bench = Bench::new(catalog, &groups, "");
    let variants = Variant::all();
    let mut changed = vec![vec![false; variants.len()]; groups.len()];
    let mut gaps = vec![BTreeSet::new(); groups.len()];
    for surroundings in Surroundings::ALL {
        let before = bench.files(&surroundings.text(None), |_| true)?;
        for (number, variant) in variants.iter().enumerate() {
            let after = bench.files(&surroundings.text(Some(variant)), |at| !changed[at][number])?;
            for (at, (before, after)) in before.iter().zip(after).enumerate() {
                match after {
                    Some(Err(error)) => drop(gaps[at].insert(error)),
                    Some(after) => changed[at][number] = before.as_ref() != Some(&after),
                    None => (),
                }
            }
        }
    }
    for text in (0..).map_while(Variant::chorus) {
        for (gaps, files) in gaps.iter_mut().zip(bench.files(&text, |_| true)?) {
            gaps.extend(files.and_then(Files::err));
        }
    }
    let at_home = bench.files("", |_| true)?;
    let placed = Bench::new(catalog, &groups, NETWORK).files("", |_| true)?;
    let placed: Vec<bool> = at_home.into_iter().zip(placed).map(|(one, other)| one != other).collect();
    let found =
        groups.into_iter().zip(changed).zip(placed).zip(gaps).map(|(((of, changed), placed), mut gaps)| {
            if let Some((model, firmware)) = of.first().and_then(|of| bench.firmware(of)) {
                gaps.extend(SETTINGS.iter().filter_map(|setting| {
                    judge(SettingId::find(setting.name)?, model, firmware, variants.iter().zip(&changed))
                }));
                gaps.extend(judge_network(firmware, placed));
            }
            Coverage { of, gaps }
        });
    Ok(found.collect())
}

/// Says what is wrong with how a firmware takes a setting.
fn judge<'v>(
    id: SettingId,
    model: &Model,
    firmware: &Firmware,
    tried: impl Iterator<Item = (&'v Variant, &'v bool)>,
) -> Option<String> {
    let (setting, name) = (id.setting(), id.setting().name);
    let tried: Vec<_> = tried.filter(|(variant, _)| variant.setting == id).collect();
    let any = tried.iter().any(|(_, changed)| **changed);
    if firmware.without.contains_key(&id) {
        let cure = "take it out of `without`, or out of the template";
        return any.then(|| format!("`{name}` stands in `without`, and changes a file; {cure}"));
    }
    let has_keys = model.line_keys > 0 || model.expansion_modules > 0;
    if setting.kind == Kind::LineKeys && !has_keys {
        return None;
    }
    let has_table = firmware.values.iter().any(|(known, _)| known == id);
    let lost: Vec<String> = match setting.kind {
        Kind::Choices(_) | Kind::LineKeys if !has_table => {
            return Some(format!("`{name}` has no table; say in `values.{name}` what the phone has"));
        }
        Kind::Choice(_) if !has_table => {
            tried.iter().filter(|(_, changed)| !**changed).map(|(variant, _)| variant.name()).collect()
        }
        _ => (!any).then(|| name.to_owned()).into_iter().collect(),
    };
    let cure = "write it in a template, or say in `without` or `values` what the phone lacks";
    let verb = if lost.len() == 1 { "changes" } else { "change" };
    (!lost.is_empty()).then(|| format!("`{}` {verb} nothing; {cure}", lost.join("`, `")))
}

/// Says what is wrong with how a firmware takes the address of a phone that DHCP gives none.
fn judge_network(firmware: &Firmware, changed: bool) -> Option<String> {
    let wrong = match (changed, firmware.without_network.is_some()) {
        (true, true) => "stands in `without`, and changes a file; take it out of one of them",
        (false, false) => "changes nothing; write it in a template, or say in `without` what the phone lacks",
        (true, false) | (false, true) => return None,
    };
    Some(format!("`network` {wrong}"))
}

type Group = Vec<(Arc<str>, Arc<str>)>;

/// Puts firmwares together that templates cannot tell apart but by numbers of lines and keys.
fn groups(catalog: &Catalog, vendor: Option<&str>) -> Vec<Group> {
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    for model in catalog.models() {
        if vendor.is_some_and(|vendor| *catalog.vendor(model.vendor).id != *vendor) {
            continue;
        }
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
}

/// The bytes of the files that phones have for themselves, or why one of all their files fails.
type Files = Result<Vec<Vec<u8>>, String>;

const ACCOUNTS: &str = "[[provider]]\nid = \"provider\"\nname = \"Provider\"\n\n\
                        [[organization]]\nid = \"organization\"\nprovider = \"provider\"\nname = \"Organization\"\n\n\
                        [[user]]\nid = \"user\"\norganization = \"organization\"\nname = \"User\"\n";

/// The record of a phone that DHCP gives no address.
const NETWORK: &str =
    "network = { address = \"192.0.2.10\", netmask = \"255.255.255.0\", gateway = \"192.0.2.1\" }\n";

impl<'c> Bench<'c> {
    /// Makes phones whose records have some `more` lines.
    fn new(catalog: &'c Arc<Catalog>, groups: &[Group], more: &str) -> Self {
        let records = |(at, group)| Some(records(catalog, at, group)? + more);
        let phones: String = (1..).zip(groups).filter_map(records).collect();
        let texts = [(Path::new("accounts.toml"), ACCOUNTS.to_owned()), (Path::new("phones.toml"), phones)];
        Self { catalog, fleet: Fleet::default().with(texts) }
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
        Ok(files.map(|(at, phone)| wanted(at).then(|| rendered(&snapshot, phone))).collect())
    }
}

fn rendered(snapshot: &Snapshot, phone: &Phone<'_>) -> Files {
    let mut files = Vec::new();
    for (at, file) in (0..).zip(&phone.firmware.files) {
        let is_common = file.scope == FileScope::Common;
        let (model, firmware) = (phone.model, phone.firmware);
        let subject = if is_common {
            Subject::Common(CommonFile { model, firmware, file, at }, phone.protocol())
        } else {
            Subject::Phone(*phone, at)
        };
        let bytes = preview(snapshot, &subject, true)
            .map_err(|error| format!("`{}`: {}", file.name, error.source))?;
        if !is_common {
            files.push(bytes);
        }
    }
    Ok(files)
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
