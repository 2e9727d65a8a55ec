//! Jobs that are run: once with values that are asked for, or over rows.
//!
//! Promises: a run acts with the rights of its grant and only on what is below the job's platform; every row is
//! validated before anything changes; a run that a crash interrupts is finished, can be resumed, or has changed nothing;
//! what a run says of itself is never changed afterwards, and no secret is in it.

mod row;

pub use self::row::{Cell, Row};
