//! The header of a run as it is kept: what is told of it, and what only whoever goes on with it needs.

use serde::{Deserialize, Serialize};

use crate::jobs::runs::record::{Counts, Run};
use crate::operation::Problem;

/// A header as it is kept: what is told of a run, and what only whoever goes on with it needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Kept {
    pub(super) run: Run,
    /// How the input is written.
    pub(super) form: Form,
    /// How many rows have a result; the next one is the first of the next batch.
    pub(super) settled: usize,
    /// Length of the files that belong to that, in bytes; what is behind is of a batch that was not made.
    pub(super) lengths: Lengths,
    /// A batch that is about to be made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) intent: Option<Intent>,
}

/// How an input is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Form {
    Csv,
    JsonLines,
    /// Values that were asked for, as a JSON object.
    Values,
}

/// Lengths of the files that grow with each batch, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Lengths {
    pub(super) rows: u64,
    pub(super) undo: u64,
    pub(super) answers: u64,
    pub(super) digests: u64,
}

/// A batch that is about to be made: all of it is on the disk, and the audit log will say whether it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Intent {
    /// Number of the audit log's last line before.
    pub(super) after: u64,
    /// What of the header is another one when it was made.
    pub(super) then: Then,
    /// Why it could not be written, as far as that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) failed: Option<Problem>,
}

/// What of the header is another one once a batch was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Then {
    pub(super) settled: usize,
    pub(super) lengths: Lengths,
    pub(super) counts: Counts,
    pub(super) batches: u32,
}

impl Kept {
    /// Writes it as it is kept.
    pub(super) fn text(&self) -> Vec<u8> {
        // Texts, numbers and maps with texts for keys: all of it has a form in JSON.
        let mut text = serde_json::to_vec_pretty(self).unwrap_or_default();
        text.push(b'\n');
        text
    }

    /// Takes the batch that was about to be made as made.
    pub(super) fn stand(&mut self) {
        if let Some(Intent { then, .. }) = self.intent.take() {
            let Then { settled, lengths, counts, batches } = then;
            (self.settled, self.lengths) = (settled, lengths);
            (self.run.counts, self.run.batches) = (counts, batches);
        }
    }
}
