//! Puts the levels of the catalog over one another and checks what comes out.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::catalog::called::{Called, letters};
use crate::catalog::facts::{Facts, SyntaxFacts};
use crate::catalog::files::{FileFacts, FileScope};
use crate::catalog::firmwares::Listed;
use crate::catalog::paths::{PathCollector, PathId};
use crate::catalog::read::{CatalogFiles, FirmwareFile, ModelFile, Place};
use crate::catalog::values::Made;
use crate::catalog::{Catalog, File, Firmware, Interval, Model, PathOwner, Probe, Vendor};
use crate::document::{Fault, nearest, one_of};
use crate::model::Oui;
use crate::template::{Engine, Escape, Limits, Syntax};

impl Catalog {
    /// Makes a catalog of what its files say.
    ///
    /// Faulty parts are left out and told; what is not faulty works.
    pub fn resolve(mut files: CatalogFiles, limits: Limits) -> (Self, Vec<Fault>) {
        let mut faults = Vec::new();
        let templates = std::mem::take(&mut files.templates);
        let (engine, errors) = Engine::compile(templates, limits);
        for error in errors {
            let line = u32::try_from(error.line).unwrap_or_default();
            let path = files.template_paths.get(&error.template).cloned().unwrap_or_default();
            let message = format!("does not compile: {}; mend the template", error.message);
            faults.push(Fault::error(&path, line, message));
        }
        let mut resolver = Resolver {
            files: &files,
            engine: &engine,
            paths: PathCollector::default(),
            bases: HashMap::new(),
            made: Made::default(),
            faults,
        };
        let vendors: Vec<Vendor> = files.vendors.keys().map(|id| resolver.vendor(id)).collect();
        let own_engines = files.vendors.keys().map(|id| Arc::new(resolver.own_engine(id))).collect();
        let (mut models, mut broken) = (HashMap::new(), HashSet::new());
        for (at, (vendor, file)) in files.vendors.iter().enumerate() {
            for (id, model) in &file.models {
                let id: Arc<str> = format!("{vendor}/{id}").into();
                match resolver.model(&id, at, model) {
                    Some(model) => drop(models.insert(id, model)),
                    None => drop(broken.insert(id)),
                }
            }
        }
        let agents = resolver.agents();
        let Resolver { paths, mut faults, .. } = resolver;
        let count = paths.len();
        let (paths, agents) = match (paths.compile(), agents.compile()) {
            (Ok(paths), Ok(agents)) => (paths, agents),
            (paths, agents) => {
                let error = paths.err().or(agents.err()).unwrap_or_default();
                let message = format!("patterns do not compile: {error}");
                faults.push(Fault::error(&Place::default().path, 0, message));
                Default::default()
            }
        };
        let catalog = Self {
            ouis: ouis(&vendors),
            owners: owners(count, &models),
            called: Called::of(models.values()),
            vendors,
            models,
            broken,
            paths,
            agents,
            engine,
            seen_vars: files.seen_vars,
            own_engines,
        };
        (catalog, faults)
    }
}

fn ouis(vendors: &[Vendor]) -> HashMap<Oui, Option<usize>> {
    let mut ouis = HashMap::new();
    for (at, vendor) in vendors.iter().enumerate() {
        for oui in &vendor.ouis {
            let sole = !vendor.shared_ouis.contains(oui);
            ouis.entry(*oui).and_modify(|owner| *owner = None).or_insert(sole.then_some(at));
        }
    }
    ouis
}

fn owners(count: usize, models: &HashMap<Arc<str>, Model>) -> Vec<PathOwner> {
    let mut owners: Vec<PathOwner> = (0..count).map(|_| PathOwner::default()).collect();
    let mut seen: Vec<(Option<usize>, Option<Arc<str>>)> = vec![(None, None); count];
    let ordered: BTreeMap<_, _> = models.iter().collect();
    for (id, model) in ordered {
        for (firmware_at, firmware) in model.firmwares.iter().enumerate() {
            let files = firmware.files.iter().map(|file| file.path);
            for path in files.chain(firmware.probes.iter().map(|probe| probe.path)) {
                let (owner, seen) = (&mut owners[path.index()], &mut seen[path.index()]);
                let first = seen.0.is_none();
                owner.vendor =
                    if first { Some(model.vendor) } else { owner.vendor.filter(|v| *v == model.vendor) };
                owner.model =
                    if first { Some(Arc::clone(id)) } else { owner.model.take().filter(|m| m == id) };
                *seen = (Some(model.vendor), Some(Arc::clone(id)));
            }
            let common = (0..).zip(&firmware.files).filter(|(_, file)| file.scope == FileScope::Common);
            for (file_at, file) in common {
                owners[file.path.index()].common.push((Arc::clone(id), firmware_at, file_at));
            }
            for (path, dialogue) in
                firmware.files.iter().filter_map(|file| Some((file.path, file.dialogue.as_ref()?)))
            {
                let known = &mut owners[path.index()].dialogues;
                if !known.contains(dialogue) {
                    known.push(dialogue.clone());
                }
            }
        }
    }
    owners
}

pub(super) struct Resolver<'f> {
    pub(super) files: &'f CatalogFiles,
    pub(super) engine: &'f Engine,
    paths: PathCollector,
    /// Families as vendors' models have them, by vendor and name.
    bases: HashMap<(String, String), Facts>,
    made: Made,
    pub(super) faults: Vec<Fault>,
}

impl Resolver<'_> {
    /// Gives the facts of a family with all that it stands on, where there are such; `name` is `family` or
    /// `vendor/family`.
    fn family(&mut self, vendor: &str, name: &str, place: &Place, depth: u8) -> Option<Facts> {
        let (owner, id) = name.split_once('/').unwrap_or((vendor, name));
        let found = self.files.vendors.get(owner).and_then(|file| Some((file, file.families.get(id)?)));
        let Some((file, family)) = found else {
            let known = self.files.vendors.get(owner).into_iter().flat_map(|file| file.families.keys());
            let near = nearest(id, known.map(String::as_str)).map(|near| format!("; did you mean `{near}`?"));
            let near = near.unwrap_or_else(|| "; define it as [family.…]".to_owned());
            self.faults.push(place.fault(format!("there is no family `{name}`{near}")));
            return None;
        };
        if depth == 16 {
            let cure = "name another one, or none, in `extends`";
            self.faults.push(place.fault(format!("family `{name}` extends itself; {cure}")));
            return None;
        }
        let base = match &family.extends {
            Some(extends) => self.family(owner, extends, &family.place, depth + 1)?,
            None => file.facts.clone(),
        };
        Some(family.facts.clone().over(&base))
    }

    /// Gives what a family of a vendor's models stands for, over what the vendor says; made once, so that its models
    /// share what they have of it.
    fn base(&mut self, vendor: &str, family: &str, place: &Place) -> Option<Facts> {
        let key = (vendor.to_owned(), family.to_owned());
        if let Some(known) = self.bases.get(&key) {
            return Some(known.clone());
        }
        let facts = self.family(vendor, family, place, 0)?.over(&self.files.vendors[vendor].facts);
        self.bases.insert(key, facts.clone());
        Some(facts)
    }

    fn model(&mut self, id: &Arc<str>, vendor: usize, file: &ModelFile) -> Option<Model> {
        let (vendor_id, short) = id.split_once('/')?;
        let faults_before = self.faults.len();
        let own = self.files.vendors[vendor_id].facts.clone();
        let mut firmwares = Vec::new();
        let Listed { firmwares: listed, default } = self.listed(vendor_id, file);
        let mut whole = None;
        for (firmware_id, firmware) in &listed {
            let family = firmware.family.as_ref().or(file.family.as_ref());
            let base = match family {
                Some(family) => self.base(vendor_id, family, &file.place)?,
                None => own.clone(),
            };
            let facts = firmware.facts.clone().over(&file.facts.clone().over(&base));
            firmwares.extend(self.firmware(id, (firmware_id, firmware), &facts, &file.place));
            whole = Some(facts);
        }
        let facts = whole?;
        let default_firmware = match &default {
            Some(default) => firmwares.iter().position(|firmware| *firmware.id == **default),
            None => (firmwares.len() == 1).then_some(0),
        };
        if default_firmware.is_none() && !firmwares.is_empty() {
            let what = default.map_or_else(|| "default firmware".to_owned(), |id| format!("firmware `{id}`"));
            let known: Vec<&str> = firmwares.iter().map(|firmware| &*firmware.id).collect();
            let cure = format!("name one of its firmwares as `default-firmware`: {}", one_of(&known));
            self.faults.push(file.place.fault(format!("model `{id}` has no {what}; {cure}")));
        }
        let name = file.name.clone().unwrap_or_else(|| short.to_uppercase());
        let names = [short, &name].into_iter().chain(file.aliases.iter().map(String::as_str));
        let mut spellings: Vec<String> = names.map(letters).collect();
        spellings.sort();
        spellings.dedup();
        if facts.lines.is_none() {
            self.faults.push(file.place.fault(format!("model `{id}` has no lines; say `lines = …`")));
        }
        Some(Model {
            id: Arc::clone(id),
            vendor,
            name,
            spellings,
            lines: facts.lines.unwrap_or(1),
            line_keys: facts.line_keys.unwrap_or_default(),
            expansion_modules: facts.expansion_modules.unwrap_or_default(),
            expansion_keys: facts.expansion_keys.unwrap_or_default(),
            web_interface: facts.web_interface.unwrap_or(true),
            firmwares,
            default_firmware: default_firmware?,
        })
        .filter(|_| self.faults.len() == faults_before)
    }

    fn firmware(
        &mut self,
        model: &str,
        (id, file): (&str, &FirmwareFile),
        facts: &Facts,
        place: &Place,
    ) -> Option<Firmware> {
        let faults_before = self.faults.len();
        let mut miss = |what: &str| {
            self.faults.push(place.fault(format!("model `{model}`, firmware `{id}`: {what}")));
        };
        if facts.protocols.is_empty() {
            miss("no `protocols`; list how its phones may ask");
        }
        if facts.interval.unit.is_none() || facts.interval.parameter.is_none() {
            miss("no `interval`; give its `unit` and `parameter`");
        }
        if !facts.files.values().any(|file| file.main == Some(true)) {
            miss("no main file; mark one of `files` with `main = true`");
        }
        let files: Vec<File> =
            facts.files.iter().filter_map(|(name, file)| self.file(name, file, facts, place)).collect();
        let probes = facts.probes.iter().filter_map(|name| {
            let name = self.fill(name, facts);
            let path = self.path(&name, place)?;
            Some(Probe { name, path })
        });
        let probes = probes.collect();
        let (min, max) = (facts.interval.min.unwrap_or(1), facts.interval.max.unwrap_or(99_999));
        Some(Firmware {
            id: id.into(),
            label: file.label.clone().unwrap_or_else(|| id.to_owned()),
            versions: file.versions.clone(),
            protocols: facts.protocols.clone(),
            interval: Interval {
                unit: facts.interval.unit?,
                parameter: facts.interval.parameter.clone()?,
                min: min.min(max),
                max,
            },
            application_version: facts.application_version.unwrap_or_default(),
            password_characters: facts.password.characters.unwrap_or_default(),
            password_max: facts.password.max.unwrap_or(64),
            files,
            probes,
            dhcp: facts.dhcp.clone(),
            values: facts.values.resolve(&mut self.made),
            vars: facts.vars.clone().into_iter().collect(),
            without: facts.without.resolve(),
            without_network: facts.without.network(),
            doubts: facts.doubts.clone(),
            unproven: facts.unproven.clone(),
        })
        .filter(|_| self.faults.len() == faults_before)
    }

    fn file(&mut self, name: &str, file: &FileFacts, facts: &Facts, place: &Place) -> Option<File> {
        let name = self.fill(name, facts);
        let Some(template) = file.template.clone() else {
            self.faults.push(place.fault(format!("file `{name}` has no `template`; name one")));
            return None;
        };
        if !self.engine.has(&template) {
            let cure = "put it below the vendor's folder `templates`";
            self.faults
                .push(place.fault(format!("there is no template `{template}` for file `{name}`; {cure}")));
            return None;
        }
        let scope = file.scope.unwrap_or_default();
        let secrets = file.secrets.unwrap_or(scope == FileScope::Phone);
        let cure = "leave that out, or make it a phone's own by `scope = \"phone\"`";
        if secrets && scope == FileScope::Common {
            self.faults.push(place.fault(format!("file `{name}` is common and may hold no secrets; {cure}")));
        }
        if file.header.is_some() && scope == FileScope::Common {
            self.faults.push(
                place.fault(format!("file `{name}` is common, and anybody's without a `header`; {cure}")),
            );
        }
        let finish = file.finish.over(&facts.finish).whole();
        if finish.encoding.holds_mac() && scope == FileScope::Common {
            self.faults.push(
                place.fault(format!("file `{name}` is common, and its encoding holds an address; {cure}")),
            );
        }
        let escape = Escape::of_template(&template);
        let usual =
            if escape == Escape::Xml { "text/xml; charset=utf-8" } else { "text/plain; charset=utf-8" };
        let content_type = file.content_type.clone().or_else(|| facts.content_type.clone());
        let syntax = self.syntax(file.syntax.clone().over(&facts.syntax), escape, place)?;
        Some(File {
            path: self.path(&name, place)?,
            name,
            template,
            scope,
            secrets,
            main: file.main.unwrap_or_default(),
            content_type: content_type.unwrap_or_else(|| usual.to_owned()).into(),
            classic_response: facts.classic_response.unwrap_or_default(),
            dialogue: file.dialogue.clone(),
            header: file.header.clone(),
            syntax: Arc::new(syntax),
            finish,
        })
    }

    fn syntax(&mut self, facts: SyntaxFacts, escape: Escape, place: &Place) -> Option<Syntax> {
        let parse = |pattern: Option<String>| pattern.map(|pattern| pattern.parse()).transpose();
        match (parse(facts.parameter), parse(facts.indexed)) {
            (Ok(pattern), Ok(indexed)) => Some(Syntax {
                pattern: pattern.unwrap_or_default(),
                indexed,
                null: facts.null.map(Into::into),
                quote: facts.quote.unwrap_or_default(),
                quoted: facts.quoted.unwrap_or_default().into(),
                escape,
                charset: facts.charset.unwrap_or_default(),
                newline: facts.newline.unwrap_or_default(),
            }),
            (pattern, indexed) => {
                for error in [pattern.err(), indexed.err()].into_iter().flatten() {
                    self.faults.push(place.fault(format!("`syntax` {error}")));
                }
                None
            }
        }
    }

    fn path(&mut self, name: &str, place: &Place) -> Option<PathId> {
        let added = self.paths.add(name);
        added.map_err(|error| self.faults.push(place.fault(format!("file name `{name}` {error}")))).ok()
    }

    /// Fills the holes of a file name that `vars` have values for.
    fn fill(&self, name: &str, facts: &Facts) -> String {
        facts
            .vars
            .iter()
            .fold(name.to_owned(), |name, (var, value)| name.replace(&format!("{{{var}}}"), value))
    }
}
