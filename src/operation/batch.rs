//! Edits of one request that are drafted together and tried out once.
//!
//! Promises: what comes of a request is what comes of its edits one after the other. So those alone go together that
//! are about records of one kind, each about another one, and of which none changes what another one may do. What is
//! refused here is tried again once those before it stand; where those that go together spoil each other, they are done
//! one by one.

use std::collections::HashSet;

use crate::edit::{Draft, Noted};
use crate::model::RecordRef;
use crate::operation::apply::apply;
use crate::operation::engine::Applied;
use crate::operation::look::acting;
use crate::operation::{Caller, Edit, Problem, device};
use crate::reload::Desk;
use crate::rights::Actor;

/// Most edits that are drafted together.
const MOST: usize = 1000;

/// Edits that were decided together, each with what it brings.
pub(super) struct Batch {
    pub(super) applied: Vec<Applied>,
    pub(super) noted: Vec<Noted>,
}

/// The kinds of edits that go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Device,
    Extension,
}

/// Tells which family an edit is of, if its like go together.
fn family(edit: &Edit) -> Option<Family> {
    match edit {
        Edit::DeviceAdd { .. }
        | Edit::DeviceClear { .. }
        | Edit::DeviceDisable { .. }
        | Edit::DeviceEdit { .. }
        | Edit::DeviceEnable { .. }
        | Edit::DevicePassword { .. }
        | Edit::DeviceRemove { .. }
        | Edit::DeviceRotate { .. } => Some(Family::Device),
        Edit::ExtensionAdd { .. } => Some(Family::Extension),
        // Levels, users and kinds say what the next edit may do.
        Edit::ExtensionEdit { fields, .. } => {
            let decides = ["kind", "provisioning", "user"].iter().any(|key| fields.contains_key(*key));
            (!decides).then_some(Family::Extension)
        }
        _ => None,
    }
}

/// Decides as many of these edits as may go together, at least two; nothing where the first is to be done by itself.
pub(super) fn decide(
    desk: &Desk<'_>,
    draft: &Draft,
    caller: &Caller,
    edits: &[Edit],
) -> Result<Option<Batch>, Problem> {
    let Some(first) = edits.first().and_then(family) else { return Ok(None) };
    let together = edits.iter().take(MOST).take_while(|edit| family(edit) == Some(first)).count();
    if together < 2 {
        return Ok(None);
    }
    let actor = acting(desk.snapshot(), caller)?;
    let mut touched: HashSet<RecordRef> = HashSet::new();
    let mut batch = Batch { applied: Vec::new(), noted: Vec::new() };
    for (at, edit) in edits[..together].iter().enumerate() {
        if at > 0 && is_by_name(&actor, edit) {
            break;
        }
        let mut aside = draft.aside();
        let Ok(applied) = apply(&mut aside, &actor, caller, edit) else { break };
        let records: Vec<&RecordRef> =
            applied.changes.iter().flat_map(|change| change.before.iter().chain(&change.after)).collect();
        if applied.changes.len() > 1 || records.iter().any(|record| touched.contains(record)) {
            break;
        }
        touched.extend(records.into_iter().cloned());
        batch.applied.push(applied);
        batch.noted.extend(aside.into_noted());
    }
    Ok((batch.applied.len() > 1).then_some(batch))
}

/// Tells whether an edit calls its device by its name, which an edit before it may have given another one, too.
fn is_by_name(actor: &Actor<'_>, edit: &Edit) -> bool {
    let (Edit::DeviceClear { device: called }
    | Edit::DeviceDisable { device: called }
    | Edit::DeviceEdit { device: called, .. }
    | Edit::DeviceEnable { device: called }
    | Edit::DevicePassword { device: called }
    | Edit::DeviceRemove { device: called }
    | Edit::DeviceRotate { device: called }) = edit
    else {
        return false;
    };
    device::find(actor, called).is_ok_and(|phone| phone.device.name == *called)
}
