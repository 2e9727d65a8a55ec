//! Whether the records of runs are as they were when the runs ended.

use std::collections::HashMap;

use crate::audit::{AuditError, Log, Search};
use crate::jobs::runs::Runs;
use crate::jobs::runs::record::RunId;
use crate::jobs::runs::store::StoreError;

/// A record that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("run {run}: {what}")]
pub struct RunFault {
    /// The run.
    pub run: RunId,
    /// What is wrong.
    pub what: &'static str,
}

/// The records cannot be compared with the audit log.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The audit log cannot be read.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// A record cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Runs {
    /// Tells which records of runs are not as they were when the runs ended, by their digests in the audit log; how many
    /// were compared stands before.
    ///
    /// # Errors
    /// The audit log or a record cannot be read.
    pub fn verify(&self) -> Result<(usize, Vec<RunFault>), VerifyError> {
        let mut known: HashMap<RunId, String> = HashMap::new();
        let wanted = Search { operation: Some("run".to_owned()), ..Search::default() };
        // Nothing is mended here: whoever verifies changes nothing.
        let lines = Log::at(self.store.state()).search(&wanted)?;
        // Of runs that ended before, the lines may lie elsewhere, packed.
        let oldest = lines.first().map(|line| line.entry.at.clone());
        for line in lines {
            let sha256 = line.entry.after.get("sha256").and_then(|sha256| sha256.as_str());
            let run = line.entry.run.and_then(|run| run.parse().ok());
            known.extend(run.zip(sha256.map(str::to_owned)));
        }
        let (mut compared, mut faults) = (0, Vec::new());
        let mut fault = |run: &RunId, what| faults.push(RunFault { run: run.clone(), what });
        for run in self.store.ids()? {
            let noted = known.remove(&run);
            if self.store.is_unnoted(&run) {
                continue;
            }
            let Some(kept) = self.store.header(&run).ok().flatten() else {
                if noted.is_some() {
                    fault(&run, "its record cannot be read any more");
                }
                continue;
            };
            compared += usize::from(kept.run.state.is_end());
            match noted {
                Some(noted) if self.store.digest(&run)? != noted => {
                    fault(&run, "its record is not as it was when the run ended");
                }
                None if kept
                    .run
                    .ended
                    .is_some_and(|ended| oldest.as_ref().is_some_and(|oldest| ended > *oldest)) =>
                {
                    fault(&run, "the audit log does not tell of its end");
                }
                Some(_) | None => (),
            }
        }
        for run in known.into_keys() {
            fault(&run, "its record is gone");
        }
        faults.sort_by(|one, other| one.run.cmp(&other.run));
        Ok((compared, faults))
    }
}
