//! What an edit brings, on its way from an area to the answer.

use serde_json::Value;

use crate::edit::DraftError;
use crate::model::RecordRef;
use crate::operation::{Code, Fields, Problem};
use crate::rights::{Account, Actor, Denial, Rule};
use crate::snapshot::Snapshot;

/// What an edit brings: what decided it, the records that it touches, the one that it is about first, and the answer.
///
/// The record is named as it is before and as it will be, so that both can be told of; what is not there has no name.
/// The answer is given once the state that holds the change stands, as the actor may see it then.
pub(super) struct Applied {
    pub(super) rule: Rule,
    pub(super) changes: Vec<Changed>,
    pub(super) answer: Box<dyn FnOnce(&Actor<'_>) -> Value>,
    pub(super) warnings: Vec<String>,
    /// What was generated, which is shown once.
    pub(super) made: Fields,
}

/// A record that an edit touches: what names it before, and after.
#[derive(Debug, Clone)]
pub(super) struct Changed {
    pub(super) before: Option<RecordRef>,
    pub(super) after: Option<RecordRef>,
}

impl Applied {
    /// Says that a record was added.
    pub(super) fn added(
        record: RecordRef,
        rule: Rule,
        answer: impl FnOnce(&Actor<'_>) -> Value + 'static,
    ) -> Self {
        Self::of(rule, Changed { before: None, after: Some(record) }, answer)
    }

    /// Says that a record was changed, or that what was asked for is what it says already.
    pub(super) fn changed(
        record: RecordRef,
        rule: Rule,
        answer: impl FnOnce(&Actor<'_>) -> Value + 'static,
    ) -> Self {
        Self::of(rule, Changed { before: Some(record.clone()), after: Some(record) }, answer)
    }

    /// Says that a record was changed, and what names it with it.
    pub(super) fn renamed(
        before: RecordRef,
        after: RecordRef,
        rule: Rule,
        answer: impl FnOnce(&Actor<'_>) -> Value + 'static,
    ) -> Self {
        Self::of(rule, Changed { before: Some(before), after: Some(after) }, answer)
    }

    /// Says that a record was removed.
    pub(super) fn removed(record: RecordRef, rule: Rule) -> Self {
        Self::of(rule, Changed { before: Some(record), after: None }, |_| Value::Null)
    }

    fn of(rule: Rule, changed: Changed, answer: impl FnOnce(&Actor<'_>) -> Value + 'static) -> Self {
        Self {
            rule,
            changes: vec![changed],
            answer: Box::new(answer),
            warnings: Vec::new(),
            made: Fields::new(),
        }
    }

    /// Says what was generated.
    #[must_use]
    pub(super) fn making(mut self, made: Fields) -> Self {
        self.made = made;
        self
    }

    /// Says what somebody should look at.
    #[must_use]
    pub(super) fn warning(mut self, warning: impl Into<String>) -> Self {
        self.warnings.push(warning.into());
        self
    }
}

impl Problem {
    /// Says that there is nothing of that name, as far as the actor may know: of what is not there and of what is not
    /// its to see in the same words.
    pub(super) fn not_found(kind: &str, called: &str) -> Self {
        Self::new(
            Code::NotFound,
            format!("there is no {kind} `{}`, as far as you may see", called.escape_debug()),
        )
    }

    /// Says what a decision said of something of a kind that was called so.
    pub(super) fn denied(denial: Denial, kind: &str, called: &str) -> Self {
        if denial.hidden {
            return Self::not_found(kind, called);
        }
        let Denial { rule, field, why, hidden: _ } = denial;
        let mut problem = Self::new(Code::Forbidden, why);
        problem.rule = Some(rule.word().to_owned());
        problem.field = field.map(str::to_owned);
        problem
    }
}

impl From<DraftError> for Problem {
    fn from(error: DraftError) -> Self {
        match error {
            DraftError::Locked(key) => {
                Self::new(Code::Forbidden, format!("`{key}` is not yours to change")).of_field(&key)
            }
            DraftError::Missing(_) | DraftError::Present(_) => Self::new(
                Code::Conflict,
                "the record's file is not as it was; look at the record and try again",
            ),
            DraftError::Read { .. } => {
                Self::new(Code::Failed, "the record's file cannot be read; the log of the server says why")
            }
            DraftError::Unfit(_) => Self::new(
                Code::Faulty,
                "the record's file cannot be edited; mend its syntax, and use one kind of line ends",
            ),
            DraftError::Value(key) => {
                let message = format!("`{key}` has a value that no file can hold; leave nulls out of lists");
                Self::new(Code::Invalid, message).of_field(&key)
            }
        }
    }
}

/// Gives the provider and the organization that an account is, or is below: where its records go.
pub(super) fn home<'s>(snapshot: &'s Snapshot, account: &str) -> (Option<&'s str>, Option<&'s str>) {
    let (mut provider, mut organization) = (None, None);
    let mut next = Account::find(snapshot, account);
    while let Some(account) = next {
        match account {
            Account::Provider(found) => provider = Some(found.id.as_str()),
            Account::Organization(found) => organization = Some(found.id.as_str()),
            Account::Administrator | Account::User(_) | Account::Extension(_) => (),
        }
        next = account.parent(snapshot);
    }
    (provider, organization)
}
