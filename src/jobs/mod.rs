//! Jobs that are run: once with values that are asked for, or over rows.
//!
//! Promises: a run acts with the rights of its grant and only on what is below the job's platform; every row is
//! validated before anything changes; a run that a crash interrupts is finished, can be resumed, or has changed nothing;
//! what a run says of itself is never changed afterwards, and no secret is in it.

mod cell;
mod export;
mod mapping;
mod plan;
mod results;
mod row;
mod rows;
pub mod runs;

pub use self::export::{ExportError, Exported, export};
pub use self::mapping::{MappedColumn, Mapping, Meaning, mapping, mappings};
pub use self::plan::{Plan, Planner, plan};
pub use self::results::{ResultRow, write_results};
pub use self::row::Row;
pub use self::rows::{CELL_MAX, FILE_MAX, Format, ROWS_MAX, RowFault, Rows, read_rows};
pub use crate::model::Cell;
pub use crate::operation::job_form as form;
