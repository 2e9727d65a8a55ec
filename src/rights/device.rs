//! Who sees, edits, removes and clears a device: rules R2, R5, R6 and R7.

use crate::model::{Level, RecordKind, RecordRef};
use crate::rights::permit::Keys;
use crate::rights::{Account, Actor, Change, Denial, Kind, Permit, Remove, Rule};
use crate::snapshot::{DEVICE_KEYS, Phone};

/// What an actor may do with a device that it sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceState {
    /// How much of it can be edited.
    pub editable: Editable,
    /// Whether it can be removed.
    pub removable: bool,
    /// Whether its assignments can be cleared.
    pub clearable: bool,
    /// The rule that sets the bounds.
    pub rule: Rule,
    /// A sentence for people on what sets them; empty where there are none.
    pub why: String,
}

/// How much of a device can be edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Editable {
    /// Nothing: it is read-only.
    No,
    /// Some of its keys.
    Some,
    /// Every key.
    All,
}

/// What of a device is to change, as far as permissions look at it.
#[derive(Debug, Clone, Copy, Default)]
pub struct DeviceChange<'a> {
    /// The keys whose values differ from before; a key inside a table is written after a point, like
    /// `settings.time-zone`.
    pub keys: &'a [&'a str],
    /// The owner that it is to have, where that changes.
    pub owner: Option<&'a str>,
    /// The organization that it is to have, where that changes; `Some(None)` takes it away.
    pub organization: Option<Option<&'a str>>,
    /// The lines that it is to have, where they change.
    pub lines: Option<&'a [Option<&'a str>]>,
    /// The template that it is to have, where that changes.
    pub template: Option<&'a str>,
    /// Its model and firmware as they are to be, by the catalog's ids, where they change.
    pub equipment: Option<(&'a str, &'a str)>,
}

/// What lies between the actor and a device.
struct Standing {
    /// Whether anything of the device is in the actor's tree.
    in_tree: bool,
    /// Whether the actor owns it.
    owns: bool,
    /// Whether an extension is on a line.
    assigned: bool,
    /// The highest level on the way to one of its extensions.
    best: Level,
    /// Whether the way to each of its extensions has modify.
    all_modify: bool,
    /// The highest level on the way to its owner or its organization.
    holder: Level,
}

impl Actor<'_> {
    fn standing(&self, phone: &Phone<'_>) -> Standing {
        let snapshot = self.snapshot;
        let owner = Account::owner_of(snapshot, phone.device.owner.as_deref());
        let organization = phone.device.organization.as_deref().and_then(|id| snapshot.organization(id));
        let to_owner = owner.and_then(|owner| self.path(owner));
        let to_organization = organization.and_then(|found| self.path(Account::Organization(found)));
        let ways: Vec<_> = phone.lines().map(|line| self.path(Account::Extension(line.extension))).collect();
        let itself = self.account.kind() == Kind::Extension;
        let by_line = ways.iter().any(Option::is_some);
        Standing {
            // An extension sees the device that it is on, and no other.
            in_tree: by_line || !itself && (to_owner.is_some() || to_organization.is_some()),
            owns: owner.is_some_and(|owner| owner.is(self.account)),
            assigned: !ways.is_empty(),
            best: ways.iter().copied().flatten().max().unwrap_or_default(),
            all_modify: !ways.is_empty() && ways.iter().all(|way| *way == Some(Level::Modify)),
            holder: to_owner.max(to_organization).unwrap_or_default(),
        }
    }

    /// Decides whether a device is seen (R2).
    ///
    /// # Errors
    /// It is not in the actor's tree, or the actor has no sight of it.
    pub fn see_device(&self, phone: &Phone<'_>) -> Result<Rule, Denial> {
        self.sees(phone).map(|_| self.by(Rule::See))
    }

    fn sees(&self, phone: &Phone<'_>) -> Result<Standing, Denial> {
        let standing = self.standing(phone);
        if self.is_administrator() {
            return Ok(standing);
        }
        self.gate().map_err(Denial::hidden)?;
        let own = self.level() >= Level::View;
        let profits = match self.account.kind() {
            Kind::Extension => false,
            _ if standing.assigned => standing.owns || standing.best >= Level::View,
            _ => standing.owns || standing.holder >= Level::View,
        };
        if standing.in_tree && (own || profits) {
            return Ok(standing);
        }
        Err(Denial::new(Rule::See, "the device is not in the account's sight").hidden())
    }

    /// Decides which keys of a device may be edited (R5, R7).
    fn edits(&self, phone: &Phone<'_>) -> Result<(Rule, Keys), Denial> {
        if self.is_administrator() {
            return Ok((Rule::Administrator, Keys::All));
        }
        let standing = self.sees(phone)?;
        if self.account.kind() == Kind::Extension {
            if self.level() == Level::Modify {
                return Ok((Rule::Extension, Keys::Only(OF_EXTENSION)));
            }
            return Err(Denial::new(Rule::Extension, "an extension edits its device on modify only"));
        }
        if self.level() == Level::Modify {
            return Ok((Rule::Edit, Keys::All));
        }
        if standing.all_modify {
            return Ok((Rule::Edit, Keys::AllBut(LOCKED_BELOW_MODIFY)));
        }
        if !standing.assigned && standing.owns {
            return Ok((Rule::Edit, Keys::All));
        }
        let why = if standing.assigned {
            "read-only: the account is not on modify, and not every extension on the device's lines is"
        } else {
            "read-only: the account is not on modify, and the unassigned device is another's"
        };
        Err(Denial::new(Rule::Edit, why))
    }

    /// Tells what the actor may do with a device, and why not more.
    pub fn device_state(&self, phone: &Phone<'_>) -> DeviceState {
        let (removal, clearing) = (self.remove_device(phone), self.clear_device(phone));
        let (removable, clearable) = (removal.is_ok(), clearing.is_ok());
        let state = |editable, rule, why| DeviceState { editable, removable, clearable, rule, why };
        match self.edits(phone) {
            Err(denial) => state(Editable::No, denial.rule, denial.why),
            Ok((rule, Keys::All)) => match removal {
                Ok(_) => state(Editable::All, rule, String::new()),
                Err(denial) => state(Editable::All, denial.rule, denial.why),
            },
            Ok((rule, Keys::Only(keys))) => {
                let why = format!("an extension edits nothing but {} of its device", keys.join(", "));
                state(Editable::Some, rule, why)
            }
            Ok((rule, Keys::AllBut(keys))) => {
                let why = format!("an account that is not on modify does not edit {}", keys.join(", "));
                state(Editable::Some, rule, why)
            }
        }
    }

    /// Lists the keys of a device, as its record has them, that the actor may edit.
    ///
    /// Of `settings` an extension may edit one alone, which stands for itself: `settings.time-zone`.
    pub fn editable_keys(&self, phone: &Phone<'_>) -> Vec<&'static str> {
        let Ok((_, keys)) = self.edits(phone) else {
            return Vec::new();
        };
        let known = DEVICE_KEYS.iter().copied().filter(|key| !WRITTEN_BY_THE_SERVER.contains(key));
        let inner = (!keys.have("settings")).then_some("settings.time-zone");
        known.chain(inner).filter(|key| keys.have(key)).collect()
    }

    /// Decides whether a device may be changed so (R5, R7).
    ///
    /// # Errors
    /// The device is out of sight or read-only, a key is locked, or a value is not the actor's to choose.
    pub fn edit_device(
        &self,
        phone: &Phone<'_>,
        change: &DeviceChange<'_>,
    ) -> Result<Permit<Change>, Denial> {
        let (rule, keys) = self.edits(phone)?;
        if let Some(locked) = change.keys.iter().find(|key| !keys.have(key)) {
            let table = locked.split('.').next().unwrap_or_default();
            let field = DEVICE_KEYS.iter().copied().find(|key| *key == table);
            let why = format!("`{locked}` of this device is not the account's to change");
            return Err(Denial { field, ..Denial::new(rule, why) });
        }
        let before: Vec<Option<&str>> = phone.device.lines.iter().map(Option::as_deref).collect();
        if let Some(lines) = change.lines {
            let new = lines.iter().flatten().filter(|number| !before.contains(&Some(*number)));
            new.into_iter().try_for_each(|number| self.line(number))?;
        }
        let lines = change.lines.unwrap_or(&before);
        let organization = change.organization.unwrap_or(phone.device.organization.as_deref());
        if change.organization.is_some() {
            if phone.device.organization.is_some() && self.level() < Level::Modify {
                let why = "only an account on modify takes a device from an organization";
                return Err(Denial::new(Rule::Remove, why).of("organization"));
            }
            organization.map_or(Ok(()), |organization| self.organization(organization, lines))?;
        }
        if let Some(owner) = change.owner {
            self.owner(owner, organization, lines)?;
        }
        let owner = change.owner.or(phone.device.owner.as_deref()).unwrap_or("administrator");
        if let Some(template) = change.template {
            let (model, firmware) = change.equipment.unwrap_or((&phone.model.id, &phone.firmware.id));
            self.template(Some(template), owner, model, firmware)?;
        }
        Ok(Permit::new(record_of(phone), rule, keys))
    }

    /// Decides whether a device may be removed (R6, R7).
    ///
    /// # Errors
    /// It is out of sight, or the actor is not on modify.
    pub fn remove_device(&self, phone: &Phone<'_>) -> Result<Permit<Remove>, Denial> {
        let standing = self.sees(phone)?;
        if self.account.kind() == Kind::Extension {
            if self.level() == Level::Modify && standing.owns {
                return Ok(Permit::new(record_of(phone), Rule::Extension, Keys::All));
            }
            let why = "an extension removes nothing but a device of its own, on modify only";
            return Err(Denial::new(Rule::Extension, why));
        }
        self.removes("only an account on modify removes devices")?;
        Ok(Permit::new(record_of(phone), self.by(Rule::Remove), Keys::All))
    }

    /// Decides whether a device's lines and organization may be cleared (R6).
    ///
    /// # Errors
    /// It is out of sight, or the actor is not on modify, or an extension.
    pub fn clear_device(&self, phone: &Phone<'_>) -> Result<Permit<Change>, Denial> {
        self.sees(phone)?;
        if self.account.kind() == Kind::Extension {
            return Err(Denial::new(
                Rule::Extension,
                "an extension does not clear the assignments of its device",
            ));
        }
        self.removes("only an account on modify clears assignments")?;
        Ok(Permit::new(record_of(phone), self.by(Rule::Remove), Keys::Only(ASSIGNMENTS)))
    }

    fn removes(&self, why: &str) -> Result<(), Denial> {
        if self.level() == Level::Modify { Ok(()) } else { Err(Denial::new(Rule::Remove, why)) }
    }

    /// Gives the right to take an extension that is removed off the device that it is on, if it is on any.
    pub fn clear_line_of(&self, removal: &Permit<Remove>) -> Option<Permit<Change>> {
        let extension = Some(removal.record()).filter(|record| record.kind == RecordKind::Extension)?;
        let (phone, _) = self.snapshot.assigned(&extension.key)?;
        Some(Permit::new(record_of(&phone), removal.rule(), Keys::Only(&["lines", "updated"])))
    }
}

fn record_of(phone: &Phone<'_>) -> RecordRef {
    RecordRef::new(RecordKind::Device, phone.device.serial.expose())
}

/// What an extension may edit of the device that it is on.
const OF_EXTENSION: &[&str] = &[
    "name",
    "notes",
    "admin-user",
    "admin-password",
    "update-interval",
    "network",
    "settings.time-zone",
    "updated",
];

/// What an account that is not on modify may not edit of a device whose extensions are.
const LOCKED_BELOW_MODIFY: &[&str] = &["serial", "owner", "organization", "lines", "status"];

/// What clearing a device changes.
const ASSIGNMENTS: &[&str] = &["lines", "organization", "updated"];

/// What whoever changes a record leaves to the server.
const WRITTEN_BY_THE_SERVER: &[&str] = &["created", "updated"];
