//! Who sees, uses and changes templates.

use crate::model::{Level, RecordKind, RecordRef, Template, Visibility};
use crate::rights::permit::Keys;
use crate::rights::{Account, Actor, Add, Change, Denial, Kind, Permit, Remove, Rule};

impl<'s> Actor<'s> {
    /// Decides whether the actor manages the templates of an account: its own, or those of one below.
    ///
    /// # Errors
    /// The account has no templates, is out of sight, or neither is on view or modify.
    pub fn template_page(&self, of: Account<'_>) -> Result<Rule, Denial> {
        if self.is_administrator()
            && matches!(of.kind(), Kind::Administrator | Kind::Provider | Kind::Organization)
        {
            return Ok(Rule::Administrator);
        }
        self.gate()?;
        self.see_account(of).map_err(|denial| Denial { rule: Rule::Templates, ..denial })?;
        let why = match of.kind() {
            Kind::Provider | Kind::Organization => {
                if self.level() >= Level::View || self.level_of(of) >= Level::View {
                    return Ok(Rule::Templates);
                }
                "an account on none has no templates of its own".to_owned()
            }
            kind => format!("accounts of kind {} have no templates of their own", kind.word()),
        };
        Err(Denial::new(Rule::Templates, why))
    }

    /// Decides whether a template is seen: the actor may use it for some phone, or manages it.
    ///
    /// # Errors
    /// It is out of sight.
    pub fn see_template(&self, template: &Template) -> Result<Rule, Denial> {
        self.gate().map_err(Denial::hidden)?;
        if is_default(template) || self.reaches(template) || self.manages(template).is_ok() {
            return Ok(self.by(Rule::Templates));
        }
        Err(Denial::new(Rule::Templates, "the template is not in the account's sight").hidden())
    }

    /// Decides whether a device of a model and firmware may have a template; `None` is the default one.
    ///
    /// # Errors
    /// The template is out of sight, another's, or not for that model and firmware.
    pub fn use_template(
        &self,
        template: Option<&Template>,
        model: &str,
        firmware: &str,
    ) -> Result<Rule, Denial> {
        let Some(template) = template.filter(|template| !is_default(template)) else {
            return Ok(self.by(Rule::Templates));
        };
        self.see_template(template).map_err(|denial| denial.of("template"))?;
        let id = &template.id;
        if !self.reaches(template) {
            let why = format!("template `{id}` is not for devices that this account adds or edits");
            return Err(Denial::new(Rule::Templates, why).of("template"));
        }
        if !template.equipment.iter().any(|fits| &*fits.model == model && &*fits.firmware == firmware) {
            let why = format!("template `{id}` is not for `{model}` with firmware `{firmware}`");
            return Err(Denial::new(Rule::Templates, why).of("template"));
        }
        Ok(self.by(Rule::Templates))
    }

    /// Decides whether a template may be added for an owner.
    ///
    /// # Errors
    /// The actor does not manage the owner's templates, or the visibility is not one of the owner's kind.
    pub fn add_template(
        &self,
        owner: Account<'_>,
        visibility: Visibility,
        id: &str,
    ) -> Result<Permit<Add>, Denial> {
        let rule = self.template_page(owner)?;
        visibility_of(owner, visibility)?;
        Ok(Permit::new(RecordRef::new(RecordKind::Template, id), rule, Keys::All))
    }

    /// Decides whether keys of a template may be changed; `visibility` is the new one, where it changes.
    ///
    /// # Errors
    /// The actor does not manage it, a key is locked, or the visibility is not one of its owner's kind.
    pub fn edit_template(
        &self,
        template: &Template,
        keys: &[&str],
        visibility: Option<Visibility>,
    ) -> Result<Permit<Change>, Denial> {
        let (rule, owner) = self.manages(template)?;
        let lets = if self.is_administrator() { Keys::All } else { Keys::AllBut(&["id", "owner"]) };
        if let Some(locked) = ["id", "owner"].into_iter().find(|key| keys.contains(key) && !lets.have(key)) {
            let why = format!("`{locked}` of a template is not the account's to change");
            return Err(Denial::new(Rule::Templates, why).of(locked));
        }
        visibility.map_or(Ok(()), |visibility| visibility_of(owner, visibility))?;
        Ok(Permit::new(RecordRef::new(RecordKind::Template, &template.id), rule, lets))
    }

    /// Decides whether a template may be removed, which as with devices needs modify.
    ///
    /// # Errors
    /// The actor does not manage it, or is not on modify.
    pub fn remove_template(&self, template: &Template) -> Result<Permit<Remove>, Denial> {
        let (rule, _) = self.manages(template)?;
        if self.level() < Level::Modify {
            return Err(Denial::new(Rule::Templates, "only an account on modify removes templates"));
        }
        Ok(Permit::new(RecordRef::new(RecordKind::Template, &template.id), rule, Keys::All))
    }

    /// Decides whether something may be imported into the default template.
    ///
    /// # Errors
    /// That is the administrator's.
    pub fn import_default(&self) -> Result<Permit<Change>, Denial> {
        let rule = self.administrators("the default template is the administrator's")?;
        Ok(Permit::new(RecordRef::new(RecordKind::Template, DEFAULT), rule, Keys::All))
    }

    /// Finds the owner of a template that the actor manages.
    fn manages(&self, template: &Template) -> Result<(Rule, Account<'s>), Denial> {
        let owner = Account::owner_of(self.snapshot, template.owner.as_deref());
        let decided = match owner {
            Some(owner) => self.template_page(owner).map(|rule| (rule, owner)),
            None => Err(Denial::new(Rule::Templates, "the template's owner is gone")),
        };
        // Whoever may use a template knows that there is one, whether it sees its owner or not.
        let hide = |denial: Denial| {
            if self.gate().is_err() || !self.reaches(template) {
                return denial.hidden();
            }
            let why = format!("template `{}` is not the account's to change", template.id);
            if denial.hidden { Denial::new(Rule::Templates, why) } else { denial }
        };
        decided.map_err(hide)
    }

    /// Tells whether a template is for devices that the actor adds or edits, whatever their model.
    fn reaches(&self, template: &Template) -> bool {
        let Some(owner) = Account::owner_of(self.snapshot, template.owner.as_deref()) else {
            return false;
        };
        let own = |account: Account<'_>| self.level_of(account) >= Level::View;
        let visibility = template.visibility;
        // A user uses what its organization does.
        let user = match self.account {
            Account::User(user) => {
                self.snapshot.organization(&user.organization).map_or(self.account, Account::Organization)
            }
            account => account,
        };
        match (owner, user) {
            (Account::Administrator, Account::Administrator) => true,
            (Account::Administrator, Account::Provider(_)) => visibility >= Visibility::Provider,
            (Account::Administrator, Account::Organization(_)) => visibility == Visibility::Organization,
            (Account::Provider(_) | Account::Organization(_), _) if owner.is(user) => own(user),
            (Account::Provider(provider), Account::Organization(organization)) => {
                *organization.provider == *provider.id && visibility == Visibility::Organization
            }
            _ => false,
        }
    }
}

/// The template that the catalog is.
const DEFAULT: &str = "default";

fn is_default(template: &Template) -> bool {
    template.id == DEFAULT
}

/// Decides whether an owner's template may have a visibility.
fn visibility_of(owner: Account<'_>, visibility: Visibility) -> Result<(), Denial> {
    let highest = match owner.kind() {
        Kind::Administrator => Visibility::Administrator,
        Kind::Provider => Visibility::Provider,
        Kind::Organization | Kind::User | Kind::Extension => Visibility::Organization,
    };
    if visibility >= highest {
        return Ok(());
    }
    let (owner, least) = (owner.id(), highest.word());
    let why = format!("a template of `{owner}` is visible to {least}s at least");
    Err(Denial::new(Rule::Templates, why).of("visibility"))
}
