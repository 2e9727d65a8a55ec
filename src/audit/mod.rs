//! The audit log: one line a change or a refusal, who and by which rule, before and after.
//!
//! Promises: lines are only ever added, by as many processes as like, and are on the disk when [`Log::append`] returns;
//! each names the one before by its hash, so that a line which is changed, taken out, moved or put in is found by
//! [`Log::verify`], and a cut tail by whoever wrote down the last line's hash; no secret gets into it. A half line that
//! a power cut leaves is set aside and told of, and the chain goes on; so it does over files that are renamed by a
//! rotation. Read next: [`Entry`], [`Log`].

mod chain;
mod entry;
mod files;
mod log;
mod mask;
mod search;
#[cfg(test)]
mod tests;
mod verify;

pub use self::entry::{Entry, Outcome};
pub use self::log::{AuditError, Log};
pub use self::mask::{DOTS, differences, is_secret, masked};
pub use self::search::{Found, Search};
pub use self::verify::{Broken, Verdict};

/// A line's place in the chain: what to write down somewhere else, so that a cut tail is noticed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// Number of the line, from 1, over all files.
    pub number: u64,
    /// SHA-256 of the line with all that goes before it, in hexadecimal digits.
    pub hash: String,
}
