//! What a decision gives: a permit, or why not.

use std::fmt;
use std::marker::PhantomData;

use crate::model::RecordRef;

/// What a permit lets do with a record.
pub trait Act {}

/// Making it.
#[derive(Debug)]
pub enum Add {}

/// Changing keys of it.
#[derive(Debug)]
pub enum Change {}

/// Taking it away.
#[derive(Debug)]
pub enum Remove {}

impl Act for Add {}
impl Act for Change {}
impl Act for Remove {}

/// Which keys of a record a permit is for.
///
/// A key inside a table is written after a point: `settings.time-zone`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keys {
    /// All of them.
    All,
    /// All but these.
    AllBut(&'static [&'static str]),
    /// These alone.
    Only(&'static [&'static str]),
}

impl Keys {
    /// Tells whether a key, or a key inside a table, is among them.
    pub(super) fn have(self, key: &str) -> bool {
        let listed = |keys: &[&str]| keys.contains(&key) || keys.contains(&table_of(key));
        match self {
            Self::All => true,
            Self::AllBut(keys) => !listed(keys),
            Self::Only(keys) => listed(keys),
        }
    }
}

/// Gives the key of a record that a key is in, or is.
fn table_of(key: &str) -> &str {
    key.split_once('.').map_or(key, |(table, _)| table)
}

/// The right to do one thing with one record; only this module's decisions make it.
#[derive(Debug)]
pub struct Permit<A: Act> {
    record: RecordRef,
    rule: Rule,
    keys: Keys,
    act: PhantomData<A>,
}

impl<A: Act> Permit<A> {
    pub(super) const fn new(record: RecordRef, rule: Rule, keys: Keys) -> Self {
        Self { record, rule, keys, act: PhantomData }
    }

    /// Gives the record that it is for.
    pub const fn record(&self) -> &RecordRef {
        &self.record
    }

    /// Gives the rule that made it.
    pub const fn rule(&self) -> Rule {
        self.rule
    }

    /// Tells whether it is for a key of the record, or for a key inside one of its tables: `settings.time-zone`.
    pub fn lets(&self, key: &str) -> bool {
        self.keys.have(key)
    }
}

/// Why somebody may not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Denial {
    /// The rule that made the decision.
    pub rule: Rule,
    /// Whether the actor may not even know that the thing exists: it is told what it would be told of nothing.
    pub hidden: bool,
    /// The key that is not the actor's to change, where it is about one.
    pub field: Option<&'static str>,
    /// A sentence for people.
    pub why: String,
}

impl Denial {
    pub(super) fn new(rule: Rule, why: impl Into<String>) -> Self {
        Self { rule, hidden: false, field: None, why: why.into() }
    }

    /// Has it tell nothing of the thing.
    pub(super) fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }

    /// Says which key it is about.
    pub(super) fn of(mut self, field: &'static str) -> Self {
        self.field = Some(field);
        self
    }
}

/// What a decision rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// The administrator sees and changes everything.
    Administrator,
    /// R1: what an account has any sight of.
    AnyVisible,
    /// R2: which devices it sees.
    See,
    /// R3: which extensions it may put on a line.
    Assignable,
    /// R4: whether it may add a device.
    Add,
    /// R5: whether, and what of it, it may edit.
    Edit,
    /// R6: whether it may remove a device or clear its assignments.
    Remove,
    /// R7: what an extension may do with its device.
    Extension,
    /// R9: an account without SIP management provisions nothing.
    SipManagement,
    /// Who sets the level of whom.
    SetLevel,
    /// Who manages accounts, extensions and logins.
    Accounts,
    /// Who sees, uses and changes templates.
    Templates,
    /// What is the administrator's alone.
    Preferences,
    /// What grants say: who builds, edits, deletes and runs jobs.
    Jobs,
}

impl Rule {
    /// Gives its name for people, programs and the audit log.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::AnyVisible => "R1",
            Self::See => "R2",
            Self::Assignable => "R3",
            Self::Add => "R4",
            Self::Edit => "R5",
            Self::Remove => "R6",
            Self::Extension => "R7",
            Self::SipManagement => "R9",
            Self::SetLevel => "set-level",
            Self::Accounts => "accounts",
            Self::Templates => "templates",
            Self::Preferences => "preferences",
            Self::Jobs => "jobs",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}
