//! Checks records against each other and against the catalog.

use rayon::prelude::*;

use crate::catalog::{Catalog, Firmware, Model, PasswordCharacters};
use crate::document::{Severity, nearest, one_of};
use crate::model::{Device, LineKey, Protocol, Raw, RecordKind, SettingId, Value};
use crate::snapshot::{AccountKind, Place, Snapshot};

/// Most characters of a password in the vocabulary.
const PASSWORD_LONGEST: usize = 64;

/// Something wrong with a record, before its file and line are known.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) kind: RecordKind,
    pub(super) place: Place,
    /// The key that it is about; the record as a whole where `None`.
    pub(super) key: Option<&'static str>,
    pub(super) severity: Severity,
    pub(super) message: String,
}

/// Checks the records of a snapshot that is being built.
pub(super) struct Checker<'s> {
    pub(super) snapshot: &'s Snapshot,
    pub(super) catalog: &'s Catalog,
}

/// Notes what is wrong with one record.
pub(super) struct Notes {
    kind: RecordKind,
    pub(super) place: Place,
    troubles: Vec<Trouble>,
}

impl Notes {
    pub(super) fn error(&mut self, key: &'static str, message: String) {
        self.note(key, Severity::Error, message);
    }

    pub(super) fn warning(&mut self, key: &'static str, message: String) {
        self.note(key, Severity::Warning, message);
    }

    fn note(&mut self, key: &'static str, severity: Severity, message: String) {
        let (kind, place) = (self.kind, self.place);
        self.troubles.push(Trouble { kind, place, key: Some(key), severity, message });
    }
}

impl<'s> Checker<'s> {
    pub(super) fn new(snapshot: &'s Snapshot) -> Self {
        Self { snapshot, catalog: &snapshot.world.catalog }
    }

    /// Checks all files, or only the changed ones.
    pub(super) fn check(&self, all: bool, changed: &[u32]) -> Vec<Trouble> {
        let files: Vec<u32> = if all {
            (0..).zip(&self.snapshot.files).map(|(file, _)| file).collect()
        } else {
            changed.to_vec()
        };
        let mut troubles: Vec<Trouble> = files.into_par_iter().flat_map(|file| self.file(file)).collect();
        if all {
            troubles.retain(|trouble| self.snapshot.files[trouble.place.file as usize].is_some());
        }
        troubles
    }

    fn file(&self, file: u32) -> Vec<Trouble> {
        let Some(slot) = &self.snapshot.files[file as usize] else {
            return Vec::new();
        };
        let records = &slot.records;
        let mut troubles = Vec::new();
        let mut check = |kind, at, check: &dyn Fn(&mut Notes)| {
            let mut notes = Notes { kind, place: Place { file, at }, troubles: Vec::new() };
            check(&mut notes);
            troubles.append(&mut notes.troubles);
        };
        for (at, provider) in records.providers.iter() {
            check(RecordKind::Provider, at, &|notes| {
                self.id(notes, &provider.id);
                self.raw(notes, &provider.raw);
            });
        }
        for (at, organization) in records.organizations.iter() {
            check(RecordKind::Organization, at, &|notes| {
                self.id(notes, &organization.id);
                self.parent(notes, "provider", AccountKind::Provider, &organization.provider);
                self.raw(notes, &organization.raw);
            });
        }
        for (at, user) in records.users.iter() {
            check(RecordKind::User, at, &|notes| {
                self.id(notes, &user.id);
                self.parent(notes, "organization", AccountKind::Organization, &user.organization);
                self.raw(notes, &user.raw);
            });
        }
        for (at, extension) in records.extensions.iter() {
            check(RecordKind::Extension, at, &|notes| {
                self.id(notes, &extension.number);
                self.parent(notes, "user", AccountKind::User, &extension.user);
                self.raw(notes, &extension.raw);
            });
        }
        for (at, device) in records.devices.iter() {
            check(RecordKind::Device, at, &|notes| self.device(notes, device));
        }
        for (at, grant) in records.grants.iter() {
            check(RecordKind::Grant, at, &|notes| self.grant(notes, grant));
        }
        for (at, group) in records.groups.iter() {
            check(RecordKind::Group, at, &|notes| self.group(notes, group));
        }
        for (at, job) in records.jobs.iter() {
            check(RecordKind::Job, at, &|notes| self.job(notes, job));
        }
        for (at, login) in records.logins.iter() {
            check(RecordKind::Login, at, &|notes| self.login(notes, login));
        }
        for (at, template) in records.templates.iter() {
            check(RecordKind::Template, at, &|notes| self.template(notes, template));
        }
        for (at, token) in records.tokens.iter() {
            check(RecordKind::Token, at, &|notes| self.token(notes, token));
        }
        troubles
    }

    /// Checks that an id names no account and an extension at once, as owners, logins and commands call both by it.
    ///
    /// Whichever of them was written last, the extension is told of, once.
    fn id(&self, notes: &mut Notes, id: &str) {
        let snapshot = self.snapshot;
        if let (Some(account), Some(place)) = (snapshot.account(id), snapshot.extension_place(id)) {
            let at = snapshot.line_of(account.kind.record(), account.place);
            let message = format!("`{id}` is already the id of an account ({at}); choose another number");
            let (kind, severity) = (RecordKind::Extension, Severity::Error);
            notes.troubles.push(Trouble { kind, place, key: Some("number"), severity, message });
        }
    }

    fn parent(&self, notes: &mut Notes, key: &'static str, kind: AccountKind, id: &str) {
        if self.snapshot.account_of(kind, id).is_none() {
            notes.error(key, format!("there is no {key} `{id}`; add its record or mend the name"));
        }
    }

    fn raw(&self, notes: &mut Notes, raw: &Raw) {
        let vendors = || self.catalog.vendors().iter().map(|vendor| &*vendor.id);
        let mut told: Option<&str> = None;
        for vendor in raw.0.iter().filter_map(|parameter| parameter.vendor.as_deref()) {
            if told != Some(vendor) && self.catalog.vendor_by_id(vendor).is_none() {
                let near = nearest(vendor, vendors()).map(|near| format!("; did you mean `{near}`?"));
                notes.error("raw", format!("there is no vendor `{vendor}`{}", near.unwrap_or_default()));
            }
            told = Some(vendor);
        }
    }

    fn device(&self, notes: &mut Notes, device: &Device) {
        if device.model.is_empty() {
            return;
        }
        self.raw(notes, &device.raw);
        self.assignment(notes, device);
        self.template_of(notes, device);
        let Some(model) = self.catalog.model(&device.model) else {
            if self.catalog.is_broken(&device.model) {
                return;
            }
            let known: Vec<&str> = self.catalog.models().map(|model| &*model.id).collect();
            let near = nearest(&device.model, known).map(|near| format!("did you mean `{near}`?"));
            let cure = near.unwrap_or_else(|| "`bellhop catalog` lists them".to_owned());
            notes.error("model", format!("there is no model `{}`; {cure}", device.model));
            return;
        };
        let Some(firmware) = model.firmware(&device.firmware) else {
            let known: Vec<&str> = model.firmwares.iter().map(|firmware| &*firmware.id).collect();
            let (id, known) = (&device.firmware, one_of(&known));
            notes.error("firmware", format!("model `{}` has no firmware `{id}`; write {known}", model.id));
            return;
        };
        lines_of_model(notes, device, model);
        self.protocol(notes, device, firmware);
        limits_of_model(notes, device, model, firmware);
        self.lacks(notes, model, firmware);
        self.passwords(notes, model, firmware);
    }

    /// Warns of passwords that the phone does not take, whichever level sets them.
    fn passwords(&self, notes: &mut Notes, model: &Model, firmware: &Firmware) {
        let takes_all = firmware.password_characters == PasswordCharacters::LettersAndDigits
            && usize::from(firmware.password_max) >= PASSWORD_LONGEST;
        let Some(phone) = self.snapshot.phone(notes.place).filter(|_| !takes_all) else {
            return;
        };
        let above = phone.accounts().settings().collect::<Vec<_>>();
        for (id, name) in
            [(SettingId::ADMIN_PASSWORD, "admin-password"), (SettingId::USER_PASSWORD, "user-password")]
        {
            let own = phone.device.settings.get(id);
            let Some(Value::Secret(password)) =
                own.or_else(|| above.iter().rev().find_map(|level| level.get(id)))
            else {
                continue;
            };
            let max = usize::from(firmware.password_max);
            let only_digits = firmware.password_characters == PasswordCharacters::Digits;
            let what = if only_digits && !password.expose().bytes().all(|byte| byte.is_ascii_digit()) {
                "only digits".to_owned()
            } else if password.expose().chars().count() > max {
                format!("at most {max} characters")
            } else {
                continue;
            };
            let key = if own.is_some() { name } else { "model" };
            let message = format!(
                "model `{}` takes {what} in `{name}`, and may keep its factory password; choose another",
                model.id
            );
            notes.warning(key, message);
        }
    }

    /// Checks owner, organization and lines.
    fn assignment(&self, notes: &mut Notes, device: &Device) {
        let snapshot = self.snapshot;
        let known = |owner: &&str| snapshot.account(owner).is_some() || snapshot.extension(owner).is_some();
        if let Some(owner) = device.owner.as_deref().filter(|owner| !known(owner)) {
            let cure = "add its record or mend the name";
            notes.error("owner", format!("there is no account `{owner}`; {cure}"));
        }
        let mut organization = device.organization.as_deref();
        if let Some(id) = organization {
            self.parent(notes, "organization", AccountKind::Organization, id);
            organization =
                organization.filter(|id| snapshot.account_of(AccountKind::Organization, id).is_some());
        }
        for (number, line) in (1..).zip(&device.lines) {
            let Some(line) = line else {
                continue;
            };
            let Some(extension) = snapshot.extension(line) else {
                notes.error(
                    "lines",
                    format!("there is no extension `{line}` for line {number}; add it or mend the number"),
                );
                continue;
            };
            if extension.kind != crate::model::ExtensionKind::PhoneTerminal {
                let cure = "put a phone terminal on the line";
                notes.error(
                    "lines",
                    format!("extension `{line}` on line {number} is no phone terminal; {cure}"),
                );
            }
            let user =
                snapshot.account_of(AccountKind::User, &extension.user).map(|place| snapshot.user_at(place));
            let Some(its) = user.map(|user| &*user.organization) else {
                continue;
            };
            match organization {
                Some(known) if known != its => {
                    let cure = "all lines of a device lie in one organization";
                    notes.error(
                        "lines",
                        format!("extension `{line}` on line {number} is of organization `{its}`, not `{known}`; {cure}"),
                    );
                }
                _ => organization = Some(its),
            }
        }
    }

    fn protocol(&self, notes: &mut Notes, device: &Device, firmware: &Firmware) {
        let words: Vec<&str> = firmware.protocols.iter().map(|protocol| protocol.word()).collect();
        let protocol = device.protocol.or_else(|| self.snapshot.world.rules.protocol_of(firmware));
        if let Some(asked) = device.protocol.filter(|asked| !firmware.protocols.contains(asked)) {
            notes.error(
                "protocol",
                format!("firmware `{}` does not offer {asked}; write {}", firmware.id, one_of(&words)),
            );
        }
        self.credentials(notes, device, protocol);
        encryption_key(notes, device, firmware);
        if !device.mac_based || device.credentials.is_some() {
            return;
        }
        if device.mac.is_none() {
            notes.error(
                "mac-based",
                "MAC-based provisioning needs the MAC address; give it as `mac`".to_owned(),
            );
            return;
        }
        if protocol == Some(Protocol::Tftp) {
            let cure = "leave it out; over TFTP the phone is known by its MAC address anyway";
            notes.error("mac-based", format!("MAC-based provisioning is for HTTP and HTTPS; {cure}"));
        } else if !self.snapshot.world.rules.provisioning.mac_based {
            let cure = "switch on `mac-based` in the global preferences, or leave it out";
            notes.warning("mac-based", format!("has no effect, the device's URL holds its serial; {cure}"));
        }
    }

    fn credentials(&self, notes: &mut Notes, device: &Device, protocol: Option<Protocol>) {
        if device.credentials.is_none() {
            return;
        }
        let mut error = |what: &str| notes.error("update-password", what.to_owned());
        if device.mac.is_none() {
            error("needs the MAC address, which the URL is built from; give it as `mac`");
        } else if device.mac_based {
            error("asks for credentials where `mac-based` asks for none; leave one of them out");
        } else if protocol == Some(Protocol::Tftp) {
            error("is asked for over HTTP and HTTPS only; leave it out, or choose another protocol");
        } else if self.snapshot.world.rules.provisioning.digest.is_empty() {
            let cure = "name algorithms in `provisioning.digest` of the server, or leave it out";
            notes.warning(
                "update-password",
                format!("has no effect, the device's URL holds its serial; {cure}"),
            );
        }
    }
}

fn encryption_key(notes: &mut Notes, device: &Device, firmware: &Firmware) {
    let Some(key) = &device.encryption_key else {
        return;
    };
    let files = firmware.files.iter().filter(|file| file.secrets);
    let mut ways = files.filter_map(|file| file.finish.encryption).peekable();
    if ways.peek().is_none() {
        let message = "is of no use, the phone takes no encrypted files; leave it out".to_owned();
        notes.error("encryption-key", message);
    } else if let Some((way, cure)) = ways.find_map(|way| Some((way, way.misfit(key)?))) {
        notes.error("encryption-key", format!("is no key for files in `{}`; {cure}", way.word()));
    }
}

fn lines_of_model(notes: &mut Notes, device: &Device, model: &Model) {
    let (has, asked) = (usize::from(model.lines), device.lines.len());
    if asked > has {
        let lines = if has == 1 { "line" } else { "lines" };
        let cure = "take an extension off, or choose another model";
        notes.error("lines", format!("model `{}` has {has} {lines}, not {asked}; {cure}", model.id));
    }
}

fn limits_of_model(notes: &mut Notes, device: &Device, model: &Model, firmware: &Firmware) {
    if firmware.application_version && device.application_version.is_empty() {
        let cure = "give it as `application-version`, like `P0S3-08-11-00`";
        notes.error("model", format!("model `{}` needs an application version; {cure}", model.id));
    }
    let interval = &firmware.interval;
    if let Some(asked) = device.update_interval.filter(|asked| !(interval.min..=interval.max).contains(asked))
    {
        let (unit, min, max) = (interval.unit.word(), interval.min, interval.max);
        let gets = asked.clamp(min, max);
        let message = format!("the phone takes {min} to {max} {unit}, not {asked}; it is told {gets}");
        notes.warning("update-interval", message);
    }
    if let Some(Value::LineKeys(keys)) = device.settings.get(SettingId::LINE_KEYS) {
        let beyond = |key: &&LineKey| match key.expansion {
            0 => key.key > model.line_keys,
            module => u16::from(module) > model.expansion_modules || key.key > model.expansion_keys,
        };
        let (beyond, has, modules) =
            (keys.iter().filter(beyond).count(), model.line_keys, model.expansion_modules);
        if beyond > 0 {
            let cure = "leave them out, or choose another model";
            let message = format!(
                "{beyond} keys lie beyond the {has} keys and {modules} modules of `{}`; {cure}",
                model.id
            );
            notes.warning("settings", message);
        }
    }
    raw_names(notes, device, firmware);
}

/// Warns of parameters that the device's own file has no place for.
fn raw_names(notes: &mut Notes, device: &Device, firmware: &Firmware) {
    let Some(main) = firmware.files.iter().find(|file| file.main) else {
        return;
    };
    for parameter in &device.raw.0 {
        // A path leads to a section of the file, and an index may follow in brackets.
        let name = parameter.name.rsplit('/').next().unwrap_or_default();
        let name = name.split_once('[').map_or(name, |(name, _)| name);
        if !main.syntax.escape.takes_name(name) {
            let name = parameter.name.escape_debug();
            notes.warning(
                "raw",
                format!("`{name}` cannot be a parameter's name in {}; it is left out", main.name),
            );
        }
    }
}
