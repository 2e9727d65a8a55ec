//! What is counted and logged of an answer, whatever it came by.

use std::net::IpAddr;

use tracing::{debug, warn};

use crate::answer::{Answer, Outcome};
use crate::identify::Proof;
use crate::model::Protocol;
use crate::permit::Refusal;
use crate::telemetry::Requests;

/// Counts and logs an answer, whatever it is.
pub(super) fn report(requests: &Requests, transport: Protocol, peer: IpAddr, answer: &Answer<'_>) {
    let device = answer.phone.map_or("", |phone| phone.device.name.as_str());
    let file = answer.file.map_or("", |file| file.name.as_str());
    let (transport, proof) = (transport.word(), answer.proof.word());
    match &answer.outcome {
        Outcome::Served { kept, stale, .. } => {
            if let Some(error) = stale {
                requests.renders_failed.increment(1);
                warn!(
                    device,
                    error = error as &dyn std::error::Error,
                    "rendering failed; serving the last good file"
                );
            } else if *kept {
                requests.renders_kept.increment(1);
            } else {
                requests.renders_made.increment(1);
            }
            debug!(transport, %peer, device, proof, file, outcome = "served", "request");
        }
        Outcome::Refused(reason) => {
            requests.refusal(*reason);
            // Writing takes time that a stranger could measure: only who proved to be the device is told of aloud.
            if *reason == Refusal::Contradicted && answer.proof > Proof::Mac {
                warn!(transport, %peer, device, proof, file, outcome = reason.word(), "facts of a request do not agree");
            } else {
                debug!(transport, %peer, device, proof, file, outcome = reason.word(), "request");
            }
        }
        Outcome::Failed(error) => {
            requests.failed.increment(1);
            requests.renders_failed.increment(1);
            warn!(device, error = error as &dyn std::error::Error, "rendering failed");
        }
    }
}
