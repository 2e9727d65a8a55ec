//! What a template is for, and the bodies of its files.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::catalog::FileScope;
use crate::edit::Draft;
use crate::model::{Equipment, Template, TemplateFile, Visibility};
use crate::operation::account::written;
use crate::operation::asked::invalid;
use crate::operation::engine::Applied;
use crate::operation::template::edit::{in_use, shown};
use crate::operation::template::{DEFAULT, DEFAULT_NAME, find, kind, users};
use crate::operation::{Code, Fields, Problem, record};
use crate::rights::{Account, Actor, Change, Permit};
use crate::snapshot::Phone;

/// A file of a template.
pub(in crate::operation) struct FileOf<'a> {
    /// The template's id.
    pub(in crate::operation) template: &'a str,
    /// The model.
    pub(in crate::operation) model: &'a str,
    /// The firmware.
    pub(in crate::operation) firmware: &'a str,
    /// The file's name in the catalog.
    pub(in crate::operation) file: &'a str,
}

/// Makes a template one for a model and firmware, too.
pub(in crate::operation) fn equip(
    draft: &mut Draft,
    actor: &Actor<'_>,
    id: &str,
    model: &str,
    firmware: &str,
) -> Result<Applied, Problem> {
    let mut changing = Changing::new(actor, id)?;
    kind(actor.snapshot(), model, firmware)?;
    if changing.place(model, firmware).is_some() {
        let message = format!("template `{id}` is for `{model}` with firmware `{firmware}` already");
        return Err(Problem::new(Code::Conflict, message).of_field("model"));
    }
    changing.equipment.push(Equipment {
        model: model.into(),
        firmware: firmware.into(),
        files: Box::default(),
    });
    changing.write(draft, actor)
}

/// Takes a model and firmware out of a template that no such device uses.
pub(in crate::operation) fn unequip(
    draft: &mut Draft,
    actor: &Actor<'_>,
    id: &str,
    model: &str,
    firmware: &str,
) -> Result<Applied, Problem> {
    let mut changing = Changing::new(actor, id)?;
    let at = changing.must_have(model, firmware)?;
    let is_such = |phone: &Phone<'_>| *phone.model.id == *model && *phone.firmware.id == *firmware;
    let used = users(actor.snapshot(), id).filter(|phone| id != DEFAULT && is_such(phone)).count();
    if used > 0 {
        return Err(in_use(&format!("`{id}` for `{model}` with firmware `{firmware}`"), used));
    }
    changing.equipment.remove(at);
    changing.write(draft, actor)
}

/// Gives a file a body of its own, or has it use the default one.
pub(in crate::operation) fn set_file(
    draft: &mut Draft,
    actor: &Actor<'_>,
    of: &FileOf<'_>,
    body: Option<&str>,
) -> Result<Applied, Problem> {
    let mut changing = Changing::new(actor, of.template)?;
    if of.template == DEFAULT && changing.place(of.model, of.firmware).is_none() {
        kind(actor.snapshot(), of.model, of.firmware)?;
        let (model, firmware) = (of.model.into(), of.firmware.into());
        changing.equipment.push(Equipment { model, firmware, files: Box::default() });
    }
    let at = changing.must_have(of.model, of.firmware)?;
    may_have_body(actor, of, body)?;
    let mut files = std::mem::take(&mut changing.equipment[at].files).into_vec();
    let known = files.iter().position(|file| *file.name == *of.file);
    match (known, body) {
        (Some(at), Some(body)) => files[at].body = Arc::from(body),
        (None, Some(body)) => files.push(TemplateFile { name: of.file.into(), body: Arc::from(body) }),
        (Some(at), None) => drop(files.remove(at)),
        (None, None) => (),
    }
    changing.equipment[at].files = files.into_boxed_slice();
    changing.write(draft, actor)
}

/// Checks that a file can have a body of its own, and that this one compiles.
pub(super) fn may_have_body(actor: &Actor<'_>, of: &FileOf<'_>, body: Option<&str>) -> Result<(), Problem> {
    let (model, firmware) = kind(actor.snapshot(), of.model, of.firmware)?;
    let mut own = firmware.files.iter().filter(|file| file.scope == FileScope::Phone);
    let Some(file) = own.find(|file| *file.name == *of.file) else {
        let names: Vec<&str> = firmware
            .files
            .iter()
            .filter(|file| file.scope == FileScope::Phone)
            .map(|file| file.name.as_str())
            .collect();
        let names = crate::document::one_of(&names);
        let what = format!(
            "`{}` is no file of `{}` that differs from phone to phone; write {names}",
            of.file.escape_debug(),
            of.model
        );
        return Err(invalid("file", &what));
    };
    let Some(body) = body else { return Ok(()) };
    match actor.snapshot().compile_body(of.template, model, firmware, file, body) {
        Ok(_) => Ok(()),
        Err(error) => {
            let message = format!("does not compile: {error}; mend it");
            Err(invalid("body", &message))
        }
    }
}

/// The equipment of a template that changes; the default one's record is made with the first change.
pub(super) struct Changing<'s> {
    id: String,
    record: Option<&'s Template>,
    permit: Permit<Change>,
    /// What the equipment shall be.
    pub(super) equipment: Vec<Equipment>,
}

impl<'s> Changing<'s> {
    /// Begins with what is there, if the actor may change it.
    pub(super) fn new(actor: &Actor<'s>, id: &str) -> Result<Self, Problem> {
        let record = find(actor, id)?;
        let permit = match record.filter(|_| id != DEFAULT) {
            Some(template) => actor.edit_template(template, &["equipment"], None),
            None => actor.import_default(),
        };
        let permit = permit.map_err(|denial| Problem::denied(denial, "template", id))?;
        let equipment = record.map(|template| template.equipment.to_vec()).unwrap_or_default();
        Ok(Self { id: id.to_owned(), record, permit, equipment })
    }

    /// Gives the place of a model and firmware.
    pub(super) fn place(&self, model: &str, firmware: &str) -> Option<usize> {
        self.equipment.iter().position(|own| *own.model == *model && *own.firmware == *firmware)
    }

    fn must_have(&self, model: &str, firmware: &str) -> Result<usize, Problem> {
        let cure = "add them to its equipment first";
        self.place(model, firmware).ok_or_else(|| {
            let (model, firmware) = (model.escape_debug(), firmware.escape_debug());
            let what =
                format!("`{model}` with firmware `{firmware}` is not what `{}` is for; {cure}", self.id);
            invalid("model", &what)
        })
    }

    /// Drafts the change; one that changes nothing touches nothing.
    pub(super) fn write(self, draft: &mut Draft, actor: &Actor<'_>) -> Result<Applied, Problem> {
        let Self { id, record: before, permit, equipment } = self;
        if before.is_some_and(|before| *before.equipment == *equipment) {
            return Ok(Applied::changed(permit.record().clone(), permit.rule(), shown(id)));
        }
        let whole = Template {
            id: id.as_str().into(),
            name: DEFAULT_NAME.into(),
            owner: None,
            visibility: Visibility::Organization,
            equipment: equipment.into_boxed_slice(),
        };
        let mut fields = record::template(&whole);
        if before.is_some() {
            let equipment = fields.remove("equipment").unwrap_or(Value::Null);
            let equipment = if whole.equipment.is_empty() { Value::Null } else { equipment };
            let change = Fields::from_iter([("equipment".to_owned(), equipment)]);
            draft.change(&permit, &written(actor, &permit)?, &change)?;
            return Ok(Applied::changed(permit.record().clone(), permit.rule(), shown(id)));
        }
        let made = actor.add_template(Account::Administrator, whole.visibility, &id);
        let made = made.map_err(|denial| Problem::denied(denial, "template", &id))?;
        fields.remove("owner");
        fields.insert("visibility".to_owned(), json!(whole.visibility.word()));
        draft.add(&made, &draft.place(None, None), &fields)?;
        Ok(Applied::added(made.record().clone(), made.rule(), shown(id)))
    }
}
