//! What a run would bring.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::jobs::runs::Runs;
use crate::jobs::runs::engine::within_job;
use crate::jobs::runs::given::{Planned, Read, planned, read};
use crate::jobs::runs::order::Order;
use crate::jobs::runs::record::{Counts, RowResult, RunState};
use crate::jobs::runs::results::{edits, result};
use crate::jobs::runs::take::given;
use crate::operation::{Caller, Diff, Many, Problem, RowOutcome, perform_many};
use crate::reload::Desk;

/// What a run would bring; nothing is kept of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Preview {
    /// How the run would end.
    pub state: RunState,
    /// How many rows would come to what.
    pub counts: Counts,
    /// What would become of each row.
    pub rows: Vec<RowResult>,
    /// What would change in the records' files, and in what phones get.
    pub diff: Diff,
    /// What somebody should look at.
    pub warnings: Vec<String>,
}

impl Runs {
    /// Tells what a run would bring that is ordered so, with the diff of the rendered files of the first devices.
    ///
    /// Nothing is kept of it, and the audit log is not told; but a refusal of the caller is.
    ///
    /// # Errors
    /// As with [`Runs::order`]; or the files are faulty.
    pub fn preview(&self, desk: &mut Desk<'_>, caller: &Caller, order: &Order) -> Result<Preview, Problem> {
        let job = self.runnable(desk.base(), caller, &order.job, "run-preview")?.clone();
        let given = given(&job, &order.input)?;
        let Read { rows, mut warnings } = read(desk.base(), &job, &given)?;
        let planned = planned(self, desk.base(), &job, &rows, order.again)?;
        let edits = edits(&planned);
        let options = Many {
            dry_run: true,
            skip_refused: true,
            diff: true,
            cancelled: &|| false,
            progress: &|_| (),
            note: &mut |_| Ok(()),
        };
        let outcome = perform_many(desk, &within_job(caller.clone(), &job, PREVIEW), &edits, options)?;
        let by_row: HashMap<u64, &RowOutcome> = outcome.rows.iter().map(|row| (row.row, row)).collect();
        let result = |planned: &Planned| result(planned, by_row.get(&planned.row).copied());
        let rows: Vec<RowResult> = planned.iter().map(result).collect();
        let all = rows.len() as u64;
        let mut counts = Counts { rows: all, pending: all, ..Counts::default() };
        rows.iter().for_each(|row| counts.settle(row.status));
        let stops = order.stop_on_error.unwrap_or(job.stop_on_error);
        let is_nothing = counts.done == 0 && counts.unchanged == 0;
        let is_refused = counts.refused > 0 && (stops || is_nothing);
        let state = if is_refused { RunState::Refused } else { RunState::Done };
        warnings.extend(outcome.warnings);
        Ok(Preview { state, counts, rows, diff: outcome.diff.unwrap_or_default(), warnings })
    }
}

/// What stands in the place of a run's name where there is none.
const PREVIEW: &str = "preview";
