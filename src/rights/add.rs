//! Which extensions may be put on a line, and who adds devices: rules R3, R4 and R7.

use crate::model::{Extension, ExtensionKind, Level, RecordKind, RecordRef};
use crate::rights::permit::Keys;
use crate::rights::{Account, Actor, Add, Denial, Kind, Permit, Rule};

/// A device to be, as far as permissions look at it.
#[derive(Debug, Clone, Copy)]
pub struct NewDevice<'a> {
    /// Its serial.
    pub serial: &'a str,
    /// The account or extension that is to own it; the actor when not set.
    pub owner: Option<&'a str>,
    /// The organization that it is to be assigned to.
    pub organization: Option<&'a str>,
    /// The extension on line 1, 2, …; `None` leaves a line free.
    pub lines: &'a [Option<&'a str>],
    /// Its template; `default` when not set.
    pub template: Option<&'a str>,
    /// Its model, `vendor/model` of the catalog.
    pub model: &'a str,
    /// Its firmware, by the catalog's id.
    pub firmware: &'a str,
}

impl<'s> Actor<'s> {
    /// Decides whether an extension may be put on a line of a device (R3).
    ///
    /// # Errors
    /// It is out of sight, no phone terminal, not on modify where that counts, or on a line already.
    pub fn assignable(&self, extension: &Extension) -> Result<Rule, Denial> {
        self.gate().map_err(|denial| denial.of("lines"))?;
        let number = &extension.number;
        if self.see_extension(extension).is_err() {
            return Err(no_extension(number));
        }
        let why = if extension.kind != ExtensionKind::PhoneTerminal {
            format!("extension `{number}` is no phone terminal; only those can be put on a line")
        } else if !self.covers(Account::Extension(extension)) {
            format!("extension `{number}` is not on modify, nor is an account between")
        } else if self.snapshot.assigned(number).is_some() {
            format!("extension `{number}` is on a line of a device already")
        } else {
            return Ok(self.by(Rule::Assignable));
        };
        Err(Denial::new(Rule::Assignable, why).of("lines"))
    }

    /// Tells what [`Actor::assignable`] decides, without a sentence.
    fn can_assign(&self, extension: &Extension) -> bool {
        extension.kind == ExtensionKind::PhoneTerminal
            && self.covers(Account::Extension(extension))
            && self.snapshot.assigned(&extension.number).is_none()
    }

    /// Tells whether the actor, or an account between it and one below, is on modify.
    pub(super) fn covers(&self, account: Account<'_>) -> bool {
        self.path(account).is_some_and(|path| path.max(self.level()) == Level::Modify)
    }

    /// Decides whether a device can be added at all (R4, R7).
    ///
    /// # Errors
    /// The account is not on modify, and no extension remains that it may put on a line.
    pub fn can_add(&self) -> Result<Rule, Denial> {
        self.gate()?;
        if let Account::Extension(extension) = self.account {
            return self.provisions_itself(extension);
        }
        if self.level() == Level::Modify || self.adds_unassigned() {
            return Ok(self.by(Rule::Add));
        }
        if self.snapshot.extensions().any(|extension| self.can_assign(extension)) {
            return Ok(Rule::Add);
        }
        let why = "no extension on modify below the account is without a device, and only an account on modify adds \
                   devices without one";
        Err(Denial::new(Rule::Add, why))
    }

    /// Decides whether an extension may add a device for itself (R7).
    fn provisions_itself(&self, extension: &Extension) -> Result<Rule, Denial> {
        let why = if self.level() != Level::Modify {
            "an extension adds a device for itself on modify only"
        } else if self.snapshot.assigned(&extension.number).is_some() {
            "the extension is on a line of a device already"
        } else if extension.kind != ExtensionKind::PhoneTerminal {
            "the extension is no phone terminal; only those can be put on a line"
        } else {
            return Ok(Rule::Extension);
        };
        Err(Denial::new(Rule::Extension, why))
    }

    /// Tells whether the switch `view-may-add-unassigned` lets it add a device that no extension is assigned to.
    fn adds_unassigned(&self) -> bool {
        self.snapshot.config().permissions.view_may_add_unassigned
            && self.level() == Level::View
            && matches!(self.account.kind(), Kind::Provider | Kind::Organization)
            && !self.any_below(Level::Modify, Kind::User)
    }

    /// Decides whether a device may be added as it is to be (R4, R7).
    ///
    /// # Errors
    /// The actor may not add devices, or not with these lines, this organization, owner or template.
    pub fn add_device(&self, device: &NewDevice<'_>) -> Result<Permit<Add>, Denial> {
        self.gate()?;
        let rule = match self.account {
            Account::Extension(extension) => {
                let rule = self.provisions_itself(extension)?;
                self.only_itself(device, extension)?;
                rule
            }
            _ => self.by(Rule::Add),
        };
        self.lines(device.lines)?;
        if let Some(organization) = device.organization {
            self.organization(organization, device.lines)?;
        }
        if let Some(owner) = device.owner {
            self.owner(owner, device.organization, device.lines)?;
        }
        let owner = device.owner.unwrap_or(self.account.id());
        self.template(device.template, owner, device.model, device.firmware)?;
        Ok(Permit::new(RecordRef::new(RecordKind::Device, device.serial), rule, Keys::All))
    }

    /// Decides whether an extension adds a device for nobody but itself.
    fn only_itself(&self, device: &NewDevice<'_>, extension: &Extension) -> Result<(), Denial> {
        let number = extension.number.as_str();
        let field = if device.lines != [Some(number)] {
            "lines"
        } else if device.organization.is_some() {
            "organization"
        } else if device.owner.is_some_and(|owner| owner != number) {
            "owner"
        } else {
            return Ok(());
        };
        let why = format!(
            "an extension adds a device of its own, with itself, `{number}`, on line 1 and nothing else"
        );
        Err(Denial::new(Rule::Extension, why).of(field))
    }

    /// Decides whether a new device may have these lines.
    fn lines(&self, lines: &[Option<&str>]) -> Result<(), Denial> {
        let first = lines.first().copied().flatten();
        let unassigned = !lines.iter().any(Option::is_some);
        if first.is_none() && self.level() < Level::Modify && !(unassigned && self.adds_unassigned()) {
            let why = "an account that is not on modify must put an extension on modify on line 1";
            return Err(Denial::new(Rule::Add, why).of("lines"));
        }
        lines.iter().flatten().try_for_each(|number| self.line(number))
    }

    /// Decides whether an extension that is called by its number may be put on a line.
    pub(super) fn line(&self, number: &str) -> Result<(), Denial> {
        let extension = self.snapshot.extension(number).ok_or_else(|| no_extension(number))?;
        self.assignable(extension).map(|_| ())
    }

    /// Decides whether a device with these lines may be assigned to an organization.
    pub(super) fn organization(&self, id: &str, lines: &[Option<&str>]) -> Result<(), Denial> {
        let found =
            self.snapshot.organization(id).map(Account::Organization).filter(|found| self.has(*found));
        let in_it = |number: &&str| {
            let extension = self.snapshot.extension(number).map(Account::Extension);
            extension.is_some_and(|extension| extension.upwards(self.snapshot).any(|above| above.id() == id))
        };
        let chosen = lines.iter().flatten().any(in_it);
        let Some(found) = found.filter(|found| chosen || self.see_account(*found).is_ok()) else {
            let why = format!("there is no organization `{id}` below the account");
            return Err(Denial::new(Rule::Add, why).of("organization").hidden());
        };
        if self.level() == Level::Modify || chosen || found.is(self.account) {
            return Ok(());
        }
        let why =
            "an account that is not on modify assigns a device to an organization by an extension on line 1";
        Err(Denial::new(Rule::Add, why).of("organization"))
    }

    /// Decides whether a device of this organization and with these lines may belong to an account or extension.
    pub(super) fn owner(
        &self,
        id: &str,
        organization: Option<&str>,
        lines: &[Option<&str>],
    ) -> Result<(), Denial> {
        let is_above = |owner: Account<'_>| Actor::new(self.snapshot, owner).has(self.account);
        if self.restores && Account::find(self.snapshot, id).is_some_and(is_above) {
            return Ok(());
        }
        let seen = |owner: &Account<'_>| self.has(*owner) && self.see_account(*owner).is_ok();
        let Some(owner) = Account::find(self.snapshot, id).filter(seen) else {
            let why = format!("there is no account or extension `{id}` below the account");
            return Err(Denial::new(Rule::Add, why).of("owner").hidden());
        };
        if self.is_administrator() || owner.is(self.account) {
            return Ok(());
        }
        if !self.covers(owner) {
            let why = format!("`{id}` is not on modify, nor is an account between");
            return Err(Denial::new(Rule::Add, why).of("owner"));
        }
        // What an account owns it sees, so that nobody gives an account what lies beside its own tree.
        let its = Actor::new(self.snapshot, owner);
        let extension = |number: &str| self.snapshot.extension(number).map(Account::Extension);
        let organization =
            organization.and_then(|id| self.snapshot.organization(id).map(Account::Organization));
        let beside =
            |account: Account<'_>| !its.has(account) && !Actor::new(self.snapshot, account).has(owner);
        if lines.iter().flatten().filter_map(|number| extension(number)).chain(organization).any(beside) {
            let why = format!("the device's organization or lines are not of `{id}`");
            return Err(Denial::new(Rule::Add, why).of("owner"));
        }
        Ok(())
    }

    /// Decides whether a device of an owner, model and firmware may have a template that is called by its id.
    pub(super) fn template(
        &self,
        id: Option<&str>,
        owner: &str,
        model: &str,
        firmware: &str,
    ) -> Result<(), Denial> {
        let Some(id) = id.filter(|id| *id != "default") else {
            return Ok(());
        };
        if self.snapshot.extension(owner).is_some() {
            let why = "a device of an extension has the default template";
            return Err(Denial::new(Rule::Extension, why).of("template"));
        }
        let Some(template) = self.snapshot.template(id) else {
            let why = format!("there is no template `{id}`");
            return Err(Denial::new(Rule::Templates, why).of("template").hidden());
        };
        if self.restores {
            return Ok(());
        }
        self.use_template(Some(template), model, firmware).map(|_| ())
    }
}

/// Tells of an extension that is out of sight what is told of one that does not exist.
fn no_extension(number: &str) -> Denial {
    Denial::new(Rule::Assignable, format!("there is no extension `{number}`")).of("lines").hidden()
}
