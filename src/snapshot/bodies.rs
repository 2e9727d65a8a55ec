//! What templates' own bodies are compiled to, and since when each of them is as it is.
//!
//! Promises: a body is compiled anew only when it, its template or the catalog changed; a file's time changes exactly
//! when its body does, comes or goes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use compact_str::CompactString;
use rayon::prelude::*;

use crate::catalog::{Catalog, File, FileScope, Firmware, Model};
use crate::document::Severity;
use crate::model::{Equipment, RecordKind, Template};
use crate::snapshot::build::Changed;
use crate::snapshot::check::Trouble;
use crate::snapshot::management::DEFAULT;
use crate::snapshot::{Phone, Since, Snapshot, Stamp};
use crate::template::{Body, TemplateError};

/// The own files of every template, by its id.
#[derive(Debug, Default)]
pub(super) struct Bodies(HashMap<CompactString, Arc<OwnFiles>>);

/// The own files of one template.
#[derive(Debug, Default)]
struct OwnFiles {
    owner: Option<Arc<str>>,
    owner_since: Stamp,
    /// By model, then firmware: the files in the order of the firmware. What once had a body stays listed, so that it
    /// is known since when it has none.
    kinds: BTreeMap<Arc<str>, Firmwares>,
}

/// The own files of one model, by its firmwares.
#[derive(Debug, Default)]
struct Firmwares(BTreeMap<Arc<str>, Box<[OwnFile]>>);

/// What a template says of one file.
#[derive(Debug, Clone, Default)]
struct OwnFile {
    body: Option<Own>,
    since: Stamp,
}

/// A body, and what it was compiled from.
#[derive(Debug, Clone)]
struct Own {
    source: Arc<str>,
    compiled: Arc<Body>,
}

/// What one template was compiled to, and what did not compile.
struct Compiled {
    id: CompactString,
    files: Option<Arc<OwnFiles>>,
    troubles: Vec<Trouble>,
}

impl Bodies {
    fn file(&self, template: &str, phone: &Phone<'_>, at: u16) -> Option<&OwnFile> {
        let own = self.0.get(template)?;
        own.kinds.get(&*phone.model.id)?.0.get(&*phone.firmware.id)?.get(usize::from(at))
    }
}

impl<'s> Phone<'s> {
    /// Gives the record of the template that its files come from before the default ones.
    ///
    /// There is none where that is `default`; where an extension owns the device; and where the template belongs to
    /// somebody who is not above the device's accounts, whose secrets its author would get.
    pub fn template(&self) -> Option<&'s Template> {
        let id = &*self.device.template;
        if id == DEFAULT || id.is_empty() || self.is_of_extension() {
            return None;
        }
        let template = self.snapshot.template(id)?;
        let Some(owner) = template.owner.as_deref() else {
            return Some(template);
        };
        let above = self.accounts();
        let is_above = above.organization.is_some_and(|organization| organization.id == *owner)
            || above.provider.is_some_and(|provider| provider.id == *owner);
        is_above.then_some(template)
    }

    /// Tells whether an extension owns it.
    pub fn is_of_extension(&self) -> bool {
        let owner = self.device.owner.as_deref();
        owner.is_some_and(|id| self.snapshot.account(id).is_none() && self.snapshot.extension(id).is_some())
    }

    /// Gives the body that stands in for the catalog's template of a file: that of its template, or else the one that
    /// was imported as the default.
    pub fn body(&self, at: u16) -> Option<&'s Body> {
        let bodies = &self.snapshot.bodies;
        if bodies.0.is_empty() {
            return None;
        }
        let id = self.template().map_or(DEFAULT, |template| &template.id);
        self.snapshot.body_of(id, self, at)
    }

    /// Tells whether anything that its files depend on is younger than a time.
    pub fn changed_since(&self, stamp: Stamp) -> bool {
        let files = (0..).zip(&self.firmware.files);
        self.since() > stamp
            || !self.snapshot.bodies.0.is_empty()
                && files.into_iter().any(|(at, _)| self.file_since(at) > stamp)
    }

    /// Gives since when all that one of its files depends on is as it is.
    pub fn file_since(&self, at: u16) -> Stamp {
        let since = self.since();
        let bodies = &self.snapshot.bodies;
        if bodies.0.is_empty() {
            return since;
        }
        // Whether a template has effect hangs on its owner, whoever that is.
        let named = bodies.0.get(&*self.device.template);
        let since = since.max(named.map(|files| files.owner_since).unwrap_or_default());
        let own = self.template().and_then(|template| bodies.file(&template.id, self, at));
        let since = since.max(own.map(|file| file.since).unwrap_or_default());
        if own.is_some_and(|file| file.body.is_some()) {
            return since;
        }
        since.max(bodies.file(DEFAULT, self, at).map(|file| file.since).unwrap_or_default())
    }
}

impl Snapshot {
    /// Gives the body that a device's file would be made of with a template: its own, or else the default one's; none
    /// where that is the catalog's template.
    pub fn body_of(&self, template: &str, phone: &Phone<'_>, at: u16) -> Option<&Body> {
        let body_of = |id: &str| self.bodies.file(id, phone, at)?.body.as_ref().map(|own| &*own.compiled);
        body_of(template).or_else(|| body_of(DEFAULT))
    }

    /// Compiles a body that a template does not have yet.
    ///
    /// # Errors
    /// Where and why it does not compile.
    pub fn compile_body(
        &self,
        template: &str,
        model: &Model,
        firmware: &Firmware,
        file: &File,
        body: &str,
    ) -> Result<Body, TemplateError> {
        compile_body(&self.world.catalog, template, (model, firmware, file), body)
    }

    /// Compiles the bodies that are not as they were; gives what does not compile.
    pub(super) fn compile(&mut self, previous: &Self, changed: &[Changed]) -> Vec<Trouble> {
        let all = !Arc::ptr_eq(&self.world.catalog, &previous.world.catalog);
        let ids: BTreeSet<CompactString> = if all {
            self.templates()
                .map(|template| template.id.clone())
                .chain(previous.bodies.0.keys().cloned())
                .collect()
        } else {
            touched(changed)
        };
        if ids.is_empty() {
            return Vec::new();
        }
        let this = &*self;
        let compiled: Vec<Compiled> =
            ids.into_par_iter().map(|id| this.compile_template(previous, id, all)).collect();
        let mut bodies = previous.bodies.0.clone();
        let mut troubles = Vec::new();
        for Compiled { id, files, troubles: more } in compiled {
            troubles.extend(more);
            match files {
                Some(files) => drop(bodies.insert(id, files)),
                None => drop(bodies.remove(&id)),
            }
        }
        self.bodies = Arc::new(Bodies(bodies));
        troubles
    }

    fn compile_template(&self, previous: &Self, id: CompactString, anew: bool) -> Compiled {
        let before = previous.bodies.0.get(&id);
        let now = self.template_since(&id);
        let template = self.template(&id);
        if !anew && template.is_some() && template == previous.template(&id) {
            return Compiled { id, files: before.map(Arc::clone), troubles: Vec::new() };
        }
        let Some(template) = template else {
            // Devices that named it changed with it; those of the default template did not.
            let gone = before.filter(|_| id == DEFAULT);
            let files = gone.map(|before| Arc::new(OwnFiles::default().following(before, now)));
            return Compiled { id, files, troubles: Vec::new() };
        };
        let nothing = OwnFiles::default();
        let before = before.map_or(&nothing, |before| before);
        let reuse = if anew { &nothing } else { before };
        let mut files = OwnFiles { owner: template.owner.clone(), ..OwnFiles::default() };
        let mut troubles = Vec::new();
        for equipment in &template.equipment {
            let Some((model, firmware)) = kind(&self.world.catalog, equipment) else {
                continue;
            };
            let (own, errors) = compile(&self.world.catalog, template, equipment, (model, firmware), reuse);
            troubles.extend(errors.into_iter().filter_map(|message| self.trouble(template, message)));
            let firmwares = files.kinds.entry(Arc::clone(&model.id)).or_default();
            firmwares.0.insert(Arc::clone(&firmware.id), own);
        }
        Compiled { id, files: Some(Arc::new(files.following(before, now))), troubles }
    }

    /// Gives the time that is noted for what changed in a template: that of its file for the first snapshot of a
    /// process, else now.
    fn template_since(&self, id: &str) -> Stamp {
        let place = self.named_place(RecordKind::Template, id);
        match place.map(|place| &*self.slot(place.file).since) {
            Some(Since::All(stamp)) => *stamp,
            Some(Since::Each { .. }) | None => self.published,
        }
    }

    fn trouble(&self, template: &Template, message: String) -> Option<Trouble> {
        let place = self.named_place(RecordKind::Template, &template.id)?;
        let (kind, key) = (RecordKind::Template, Some("equipment"));
        Some(Trouble { kind, place, key, severity: Severity::Error, message })
    }
}

impl OwnFiles {
    /// Notes since when each file is as it is: what was so before keeps its time.
    fn following(mut self, before: &Self, now: Stamp) -> Self {
        self.owner_since = if self.owner == before.owner { before.owner_since } else { now };
        for (model, firmwares) in &before.kinds {
            let own = self.kinds.entry(Arc::clone(model)).or_default();
            for (firmware, files) in &firmwares.0 {
                let nothing = || files.iter().map(|_| OwnFile::default()).collect();
                own.0.entry(Arc::clone(firmware)).or_insert_with(nothing);
            }
        }
        for (model, firmwares) in &mut self.kinds {
            for (firmware, files) in &mut firmwares.0 {
                let before = before.kinds.get(model).and_then(|firmwares| firmwares.0.get(firmware));
                for (at, file) in files.iter_mut().enumerate() {
                    let before = before.and_then(|files| files.get(at));
                    let same = before.map_or(file.body.is_none(), |before| before.source() == file.source());
                    file.since = if same { before.map(|file| file.since).unwrap_or_default() } else { now };
                }
            }
        }
        self
    }
}

impl OwnFile {
    fn source(&self) -> Option<&str> {
        self.body.as_ref().map(|own| &*own.source)
    }
}

/// Names the templates of changed files, as they were and as they are.
fn touched(changed: &[Changed]) -> BTreeSet<CompactString> {
    let old = changed.iter().filter_map(|change| change.old.as_ref().map(|slot| &*slot.records));
    let new = changed.iter().filter_map(|change| change.new.as_deref());
    let templates = old.chain(new).flat_map(|records| records.templates.iter());
    templates.map(|(_, template)| template.id.clone()).collect()
}

fn kind<'c>(catalog: &'c Catalog, equipment: &Equipment) -> Option<(&'c Model, &'c Firmware)> {
    let model = catalog.model(&equipment.model)?;
    let firmware = model.firmwares.iter().find(|firmware| *firmware.id == *equipment.firmware)?;
    Some((model, firmware))
}

/// Compiles the bodies of one model and firmware, those that are as in `before` left as they are.
fn compile(
    catalog: &Catalog,
    template: &Template,
    equipment: &Equipment,
    (model, firmware): (&Model, &Firmware),
    before: &OwnFiles,
) -> (Box<[OwnFile]>, Vec<String>) {
    let before = before.kinds.get(&model.id).and_then(|firmwares| firmwares.0.get(&firmware.id));
    let mut errors = Vec::new();
    let own = firmware.files.iter().enumerate().map(|(at, file)| {
        let given = equipment.files.iter().find(|given| *given.name == *file.name);
        let Some(given) = given.filter(|_| file.scope == FileScope::Phone) else {
            return OwnFile::default();
        };
        let known = before.and_then(|files| files.get(at)?.body.as_ref());
        if let Some(known) = known.filter(|known| known.source == given.body) {
            return OwnFile { body: Some(known.clone()), since: Stamp::default() };
        }
        match compile_body(catalog, &template.id, (model, firmware, file), &given.body) {
            Ok(compiled) => {
                let own = Own { source: Arc::clone(&given.body), compiled: Arc::new(compiled) };
                OwnFile { body: Some(own), since: Stamp::default() }
            }
            Err(error) => {
                errors.push(format!("does not compile: {error}; mend the body, or leave it out"));
                OwnFile::default()
            }
        }
    });
    (own.collect(), errors)
}

/// Compiles a body under a name that says whose it is.
fn compile_body(
    catalog: &Catalog,
    template: &str,
    (model, firmware, file): (&Model, &Firmware, &File),
    body: &str,
) -> Result<Body, TemplateError> {
    let name = format!("`{template}` for {} {}, file {}", model.id, firmware.id, file.name);
    catalog.compile(model, file, &name, body)
}
