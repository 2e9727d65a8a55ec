//! The heart: what a request gets, decided from a snapshot and nothing else.
//!
//! Promises: no socket, no clock, no waiting; every refusal is one and the same answer to the phone's side, its
//! reason is for the operator. Read next: [`answer`], whose four steps are `identify`, `permit`, `render` and the
//! answer itself.

use std::sync::Arc;

use crate::catalog::{File, Firmware};
use crate::identify::{Asked, Identity, Inquiry, Proof, identify};
use crate::model::{Mac, Protocol};
use crate::permit::{Permit, Refusal, decide};
use crate::render::{Aside, Outcome as Rendering, RenderError, Subject, render};
use crate::snapshot::{Phone, Rendered, Snapshot};

/// What a request gets.
pub struct Answer<'s> {
    /// How it went.
    pub outcome: Outcome,
    /// The device that it was found to be of.
    pub phone: Option<Phone<'s>>,
    /// What showed that.
    pub proof: Proof,
    /// The MAC address in the path, known or not.
    pub named: Option<Mac>,
    /// A mark of what it names a device by, known or not; names of files are none.
    pub identifier: Option<u64>,
    /// The firmware of the device's model whose version it tells.
    pub told_firmware: Option<&'s Firmware>,
    /// The file that it asks for.
    pub file: Option<&'s File>,
}

/// How a request went.
pub enum Outcome {
    /// The template failed, and no earlier file can stand in: the phone shall try again later.
    Failed(RenderError),
    /// Nothing, like everybody who gets nothing.
    Refused(Refusal),
    /// A file.
    Served {
        /// The file.
        file: Arc<Rendered>,
        /// Whether it was kept from before.
        kept: bool,
        /// Why it is an older one, where the newer one failed to render.
        stale: Option<RenderError>,
    },
}

/// Decides what a request gets.
pub fn answer<'s>(snapshot: &'s Snapshot, inquiry: &Inquiry<'_>) -> Answer<'s> {
    answer_with(snapshot, inquiry, |work| work())
}

/// Decides what a request gets, with rendering done `aside` by a caller who has others waiting.
pub fn answer_with<'s>(snapshot: &'s Snapshot, inquiry: &Inquiry<'_>, aside: Aside) -> Answer<'s> {
    let identity = identify(snapshot, inquiry);
    let subject = subject(&identity, inquiry.transport);
    let outcome = match (decide(snapshot, inquiry, &identity), &subject) {
        (Ok(permit), Some(subject)) => hand_out(snapshot, &permit, subject, aside),
        (Ok(_), None) => Outcome::Refused(Refusal::NoSuchFile),
        (Err(refusal), _) => Outcome::Refused(refusal),
    };
    let file = subject.map(|subject| subject.file());
    let told_firmware = identity.told_firmware();
    let Identity { phone, proof, told, .. } = identity;
    let (named, identifier) = (told.path_mac, told.identifier);
    Answer { outcome, phone, proof, named, identifier, told_firmware, file }
}

fn hand_out(snapshot: &Snapshot, permit: &Permit, subject: &Subject<'_>, aside: Aside) -> Outcome {
    match render(snapshot, permit, subject, aside) {
        Ok(Rendering::Kept(file)) => Outcome::Served { file, kept: true, stale: None },
        Ok(Rendering::Made(file)) => Outcome::Served { file, kept: false, stale: None },
        Ok(Rendering::Stale(file, error)) => Outcome::Served { file, kept: true, stale: Some(error) },
        Err(error) => Outcome::Failed(error),
    }
}

/// Names what is to be rendered for a request.
pub fn subject<'s>(identity: &Identity<'s, '_>, transport: Protocol) -> Option<Subject<'s>> {
    match (identity.phone, identity.asked) {
        (Some(phone), Asked::File(at)) => Some(Subject::Phone(phone, at)),
        (None, Asked::Common(common)) => Some(Subject::Common(common, transport)),
        _ => None,
    }
}
