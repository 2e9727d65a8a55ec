//! Operations on the global preferences, which are the administrator's.

use serde_json::{Value, json};

use crate::edit::Draft;
use crate::model::{RecordKind, RecordRef};
use crate::operation::changes::changes;
use crate::operation::engine::Applied;
use crate::operation::record;
use crate::operation::{Fields, Problem, version};
use crate::rights::Actor;

/// Shows the global preferences, with what holds where they say nothing.
pub(super) fn show(actor: &Actor<'_>) -> Result<Value, Problem> {
    actor.preferences().map_err(|denial| Problem::denied(denial, "preference", ""))?;
    Ok(shown(actor))
}

fn shown(actor: &Actor<'_>) -> Value {
    let snapshot = actor.snapshot();
    let mut fields = said(actor);
    let mac_based = fields.get("mac-based").and_then(Value::as_bool);
    let holds = mac_based.unwrap_or(snapshot.config().provisioning.mac_based);
    for key in ["mac-based", "protocol", "update-interval"] {
        fields.entry(key).or_insert(Value::Null);
    }
    fields.insert("mac-based-holds".to_owned(), json!(holds));
    fields.insert("version".to_owned(), json!(version(snapshot, &record())));
    Value::Object(fields)
}

/// Sets global preferences: null has one hold no more.
pub(super) fn set(draft: &mut Draft, actor: &Actor<'_>, asked: &Fields) -> Result<Applied, Problem> {
    let permit = actor.preferences().map_err(|denial| Problem::denied(denial, "preference", ""))?;
    let changes = changes(&said(actor), asked, &[]);
    if !changes.is_empty() {
        let at = actor.snapshot().written_at(&record()).map(|(path, _)| path.to_owned());
        let at = at.unwrap_or_else(|| draft.place(None, None));
        draft.change(&permit, &at, &changes)?;
    }
    Ok(Applied::changed(record(), permit.rule(), shown))
}

fn said(actor: &Actor<'_>) -> Fields {
    actor.snapshot().preferences().map(record::preferences).unwrap_or_default()
}

fn record() -> RecordRef {
    RecordRef::new(RecordKind::Preferences, "")
}
