//! Logins, tokens, templates, preferences, groups, grants and jobs of a snapshot: found by their ids, and checked.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use crate::catalog::FileScope;
use crate::document::{Severity, nearest};
use crate::model::{
    Device, Equipment, Extension, Grant, Group, Job, Login, Organization, Preferences, Provider, RecordKind,
    RecordRef, Template, Token, User, Visibility,
};
use crate::snapshot::build::Changed;
use crate::snapshot::check::{Checker, Notes, Trouble};
use crate::snapshot::index::{Changes, Index};
use crate::snapshot::records::Listed;
use crate::snapshot::twins::by_first;
use crate::snapshot::{AccountKind, Phone, Place, Records, Since, Snapshot};

/// The template that the catalog is.
pub(super) const DEFAULT: &str = "default";

/// The place of a record that its kind and id name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct NamedPlace {
    kind: RecordKind,
    place: Place,
}

impl Snapshot {
    /// Finds a login by its id.
    pub fn login(&self, id: &str) -> Option<&Login> {
        let place = self.named_place(RecordKind::Login, id)?;
        Some(self.slot(place.file).records.logins.get(place.at))
    }

    /// Finds a token by its id.
    pub fn token(&self, id: &str) -> Option<&Token> {
        let place = self.named_place(RecordKind::Token, id)?;
        Some(self.slot(place.file).records.tokens.get(place.at))
    }

    /// Finds a template's record by its id; `default` has one only where something was imported into it.
    pub fn template(&self, id: &str) -> Option<&Template> {
        let place = self.named_place(RecordKind::Template, id)?;
        Some(self.slot(place.file).records.templates.get(place.at))
    }

    /// Finds a grant by its id.
    pub fn grant(&self, id: &str) -> Option<&Grant> {
        let place = self.named_place(RecordKind::Grant, id)?;
        Some(self.slot(place.file).records.grants.get(place.at))
    }

    /// Finds a group by its id.
    pub fn group(&self, id: &str) -> Option<&Group> {
        let place = self.named_place(RecordKind::Group, id)?;
        Some(self.slot(place.file).records.groups.get(place.at))
    }

    /// Finds a job by its id.
    pub fn job(&self, id: &str) -> Option<&Job> {
        let place = self.named_place(RecordKind::Job, id)?;
        Some(self.slot(place.file).records.jobs.get(place.at))
    }

    /// Gives the global preferences, where there are any.
    pub fn preferences(&self) -> Option<&Preferences> {
        self.each(|records| &records.preferences).next()
    }

    /// Goes through the providers, in the order of the files.
    pub fn providers(&self) -> impl Iterator<Item = &Provider> {
        self.each(|records| &records.providers)
    }

    /// Goes through the organizations, in the order of the files.
    pub fn organizations(&self) -> impl Iterator<Item = &Organization> {
        self.each(|records| &records.organizations)
    }

    /// Goes through the users, in the order of the files.
    pub fn users(&self) -> impl Iterator<Item = &User> {
        self.each(|records| &records.users)
    }

    /// Goes through the extensions, in the order of the files.
    pub fn extensions(&self) -> impl Iterator<Item = &Extension> {
        self.each(|records| &records.extensions)
    }

    /// Goes through the grants, in the order of the files.
    pub fn grants(&self) -> impl Iterator<Item = &Grant> {
        self.each(|records| &records.grants)
    }

    /// Goes through the groups, in the order of the files.
    pub fn groups(&self) -> impl Iterator<Item = &Group> {
        self.each(|records| &records.groups)
    }

    /// Goes through the jobs, in the order of the files.
    pub fn jobs(&self) -> impl Iterator<Item = &Job> {
        self.each(|records| &records.jobs)
    }

    /// Goes through the logins, in the order of the files.
    pub fn logins(&self) -> impl Iterator<Item = &Login> {
        self.each(|records| &records.logins)
    }

    /// Goes through the tokens, in the order of the files.
    pub fn tokens(&self) -> impl Iterator<Item = &Token> {
        self.each(|records| &records.tokens)
    }

    /// Goes through the templates' records, in the order of the files.
    pub fn templates(&self) -> impl Iterator<Item = &Template> {
        self.each(|records| &records.templates)
    }

    /// Finds the device that an extension is on, and its line, from 1.
    pub fn assigned(&self, number: &str) -> Option<(Phone<'_>, u32)> {
        let line_of =
            |place: super::LinePlace| self.device(place.device).lines[place.line as usize].as_deref();
        let place = self.assigned.find(self.assigned.hash(number), |place| line_of(place) == Some(number))?;
        Some((self.phone(place.device)?, place.line + 1))
    }

    /// Gives the file and line that a record was read from.
    pub fn written_at(&self, record: &RecordRef) -> Option<(&Path, u32)> {
        let key = record.key.as_str();
        let place = match record.kind {
            RecordKind::Device => self.by_serial(key.as_bytes()).found,
            RecordKind::Extension => self.extension_place(key),
            RecordKind::Grant
            | RecordKind::Group
            | RecordKind::Job
            | RecordKind::Login
            | RecordKind::Template
            | RecordKind::Token => self.named_place(record.kind, key),
            RecordKind::Organization => self.account_of(AccountKind::Organization, key),
            RecordKind::Preferences => self.first_preferences(),
            RecordKind::Provider => self.account_of(AccountKind::Provider, key),
            RecordKind::User => self.account_of(AccountKind::User, key),
        };
        place.map(|place| (self.slot(place.file).path.as_path(), self.line_number(record.kind, place)))
    }

    fn each<'s, T: 's>(&'s self, list: fn(&'s Records) -> &'s Listed<T>) -> impl Iterator<Item = &'s T> {
        let of_slot = move |slot: &'s super::Slot| list(&slot.records).iter().map(|(_, record)| record);
        self.files.iter().flatten().flat_map(of_slot)
    }

    pub(super) fn first_preferences(&self) -> Option<Place> {
        let mut files = (0..).zip(&self.files);
        files.find_map(|(file, slot)| {
            let held = slot.as_ref().is_some_and(|slot| !slot.records.preferences.is_empty());
            held.then_some(Place { file, at: 0 })
        })
    }

    pub(super) fn named_place(&self, kind: RecordKind, id: &str) -> Option<Place> {
        let found = self.named.find(self.named.hash(&(kind, id)), |place| self.name_at(place) == (kind, id));
        found.map(|named| named.place)
    }

    fn name_at(&self, named: NamedPlace) -> (RecordKind, &str) {
        let (records, at) = (&self.slot(named.place.file).records, named.place.at);
        let id = match named.kind {
            RecordKind::Grant => &records.grants.get(at).id,
            RecordKind::Group => &records.groups.get(at).id,
            RecordKind::Job => &records.jobs.get(at).id,
            RecordKind::Login => &records.logins.get(at).id,
            RecordKind::Template => &records.templates.get(at).id,
            _ => &records.tokens.get(at).id,
        };
        (named.kind, id)
    }

    /// Brings the index of names up to date; gives what is there twice.
    pub(super) fn index_named(&mut self, changed: &[Changed]) -> Vec<Trouble> {
        let mut named = self.named.clone();
        let this = &*self;
        let twins = named.apply(
            named_changes(changed, &named),
            |place| this.named.hash(&this.name_at(place)),
            |a, b| this.name_at(a) == this.name_at(b),
        );
        let mut troubles = this.named_twins(twins);
        troubles.extend(this.preference_twins());
        self.named = named;
        troubles
    }

    fn named_twins(&self, twins: Vec<(NamedPlace, NamedPlace)>) -> Vec<Trouble> {
        let order = |named: &NamedPlace| (&self.slot(named.place.file).path, named.place.at);
        let trouble = |(first, second): (NamedPlace, NamedPlace)| {
            let (kind, id) = self.name_at(first);
            let (word, at) = (kind.word(), self.line_of(kind, first.place));
            let message = format!("`{id}` is already the id of a {word} ({at}); give one of them another");
            Trouble { kind, place: second.place, key: Some("id"), severity: Severity::Error, message }
        };
        by_first(twins, order).map(trouble).collect()
    }

    /// Tells of preferences beside the first ones.
    fn preference_twins(&self) -> Vec<Trouble> {
        let Some(first) = self.first_preferences() else {
            return Vec::new();
        };
        let kind = RecordKind::Preferences;
        let held = (0..).zip(&self.files).filter(|(file, slot)| {
            *file != first.file && slot.as_ref().is_some_and(|slot| !slot.records.preferences.is_empty())
        });
        let trouble = |(file, _)| {
            let at = self.line_of(kind, first);
            let message = format!("there are preferences already ({at}); put them together");
            let place = Place { file, at: 0 };
            Trouble { kind, place, key: None, severity: Severity::Error, message }
        };
        held.map(trouble).collect()
    }

    /// Puts the global preferences before the configuration.
    pub(super) fn prefer(&mut self, previous: &Self) {
        let first = previous.serial == 0;
        let written = self.first_preferences().map(|place| &*self.slot(place.file).since);
        let now = match written {
            Some(Since::All(written)) if first => self.world.rules_since.max(*written),
            _ => self.published,
        };
        let preferences = self.preferences().cloned();
        self.world = Arc::clone(&self.world).preferring(preferences.as_ref(), &previous.world, now);
    }

    /// Tells whether what others may refer to of these records is still there.
    pub(super) fn names_stay(&self, records: &Records) -> bool {
        records.logins.iter().all(|(_, login)| self.login(&login.id).is_some())
            && records.groups.iter().all(|(_, group)| self.group(&group.id).is_some())
            && records.jobs.iter().all(|(_, old)| self.job(&old.id).is_some_and(|new| new.is_like(old)))
            && records
                .templates
                .iter()
                .all(|(_, old)| self.template(&old.id).is_some_and(|new| new.owner == old.owner))
    }
}

fn named_changes(changed: &[Changed], index: &Index<NamedPlace>) -> Changes<NamedPlace> {
    let mut changes = Changes::default();
    let mut note = |records: &Records, file: u32, removed: bool| {
        let grants = records.grants.iter().map(|(at, grant)| (RecordKind::Grant, at, grant.id.as_str()));
        let groups = records.groups.iter().map(|(at, group)| (RecordKind::Group, at, group.id.as_str()));
        let jobs = records.jobs.iter().map(|(at, job)| (RecordKind::Job, at, job.id.as_str()));
        let logins = records.logins.iter().map(|(at, login)| (RecordKind::Login, at, login.id.as_str()));
        let templates =
            records.templates.iter().map(|(at, template)| (RecordKind::Template, at, template.id.as_str()));
        let tokens = records.tokens.iter().map(|(at, token)| (RecordKind::Token, at, token.id.as_str()));
        let into = if removed { &mut changes.removed } else { &mut changes.added };
        into.extend(
            grants.chain(groups).chain(jobs).chain(logins).chain(templates).chain(tokens).map(
                |(kind, at, id)| (index.hash(&(kind, id)), NamedPlace { kind, place: Place { file, at } }),
            ),
        );
    };
    for change in changed {
        if let Some(old) = &change.old {
            note(&old.records, change.file, true);
        }
        if let Some(new) = &change.new {
            note(new, change.file, false);
        }
    }
    changes
}

impl Checker<'_> {
    pub(super) fn login(&self, notes: &mut Notes, login: &Login) {
        let (snapshot, id) = (self.snapshot, &*login.account);
        let known = id == super::load::ADMINISTRATOR
            || snapshot.account(id).is_some()
            || snapshot.extension(id).is_some();
        if !known {
            notes.error("account", format!("there is no account `{id}`; add its record or mend the name"));
        }
    }

    pub(super) fn token(&self, notes: &mut Notes, token: &Token) {
        if self.snapshot.login(&token.login).is_none() {
            let cure = "add its record, or take the token away";
            notes.error("login", format!("there is no login `{}`; {cure}", token.login));
        }
    }

    /// Checks the template that a device names.
    pub(super) fn template_of(&self, notes: &mut Notes, device: &Device) {
        let id = &*device.template;
        if id == DEFAULT {
            return;
        }
        if let Some(template) = self.snapshot.template(id) {
            if let Some(phone) = self.snapshot.phone(notes.place) {
                effect_of(notes, &phone, template);
            }
            return;
        }
        let known = self.snapshot.templates().map(|template| template.id.as_str()).chain([DEFAULT]);
        let near = nearest(id, known).map(|near| format!("did you mean `{near}`?"));
        let cure = near.unwrap_or_else(|| "add its record, or write `default`".to_owned());
        notes.error("template", format!("there is no template `{id}`; {cure}"));
    }

    pub(super) fn template(&self, notes: &mut Notes, template: &Template) {
        self.visibility(notes, template);
        let mut seen = HashSet::new();
        for equipment in &template.equipment {
            let (model, firmware) = (&*equipment.model, &*equipment.firmware);
            if !seen.insert((model, firmware)) {
                let message =
                    format!("has `{model}` with firmware `{firmware}` twice; put their files together");
                notes.error("equipment", message);
            }
            let Some(known) = self.catalog.model(model) else {
                if !self.catalog.is_broken(model) {
                    notes.error(
                        "equipment",
                        format!("there is no model `{model}`; `bellhop catalog` lists them"),
                    );
                }
                continue;
            };
            let Some(firmware) = known.firmwares.iter().find(|known| *known.id == *firmware) else {
                notes.error("equipment", format!("model `{model}` has no firmware `{firmware}`"));
                continue;
            };
            let common = firmware.files.iter().filter(|file| file.scope == FileScope::Common);
            for file in common.filter(|file| equipment.files.iter().any(|own| *own.name == *file.name)) {
                let cure = "leave its body out";
                let name = &file.name;
                let message = format!("`{name}` of `{model}` is common to all phones of its kind; {cure}");
                notes.error("equipment", message);
            }
            for file in
                equipment.files.iter().filter(|file| !firmware.files.iter().any(|f| *f.name == *file.name))
            {
                let names: Vec<&str> = firmware.files.iter().map(|file| file.name.as_str()).collect();
                let (name, known) = (&file.name, names.join("`, `"));
                notes.error("equipment", format!("`{model}` has no file `{name}`; it has `{known}`"));
            }
        }
    }

    fn visibility(&self, notes: &mut Notes, template: &Template) {
        let lowest_allowed = match template.owner.as_deref() {
            None => return,
            Some(_) if template.id == DEFAULT => {
                notes.error("owner", "`default` is the administrator's; leave `owner` out".to_owned());
                return;
            }
            Some(id) if self.snapshot.provider(id).is_some() => Visibility::Provider,
            Some(id) if self.snapshot.organization(id).is_some() => Visibility::Organization,
            Some(id) => {
                let cure = "add its record or mend the name";
                notes.error("owner", format!("there is no provider or organization `{id}`; {cure}"));
                return;
            }
        };
        if template.visibility < lowest_allowed {
            let (is, may) = (template.visibility.word(), lowest_allowed.word());
            let message =
                format!("`visibility` is {is}, which hides it from its owner; write at least {may}");
            notes.error("visibility", message);
        }
    }
}

/// Warns where the template that a device names has no effect on it.
fn effect_of(notes: &mut Notes, phone: &Phone<'_>, template: &Template) {
    let id = &template.id;
    let (model, firmware) = (&*phone.model.id, &*phone.firmware.id);
    let is_for = |kind: &Equipment| *kind.model == *model && *kind.firmware == *firmware;
    if phone.is_of_extension() {
        let cure = "a device that an extension owns has the default template; leave it out";
        notes.warning("template", format!("`{id}` has no effect; {cure}"));
    } else if phone.template().is_none() {
        let cure = "its owner is not above the device's accounts; choose another one";
        notes.warning("template", format!("`{id}` has no effect, the default one is used; {cure}"));
    } else if !template.equipment.iter().any(is_for) {
        let cure = "add them as its equipment, or choose another one";
        let what = format!("`{id}` has nothing for model `{model}` with firmware `{firmware}`");
        notes.warning("template", format!("{what}, the default one is used; {cure}"));
    }
}
