//! Why something is not done.

use serde::{Deserialize, Serialize};

/// Why something is not done: a stable code for programs, a sentence for people, and the field that it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
#[error("{message}")]
pub struct Problem {
    /// What it is.
    pub code: Code,
    /// What is wrong, and the cure.
    pub message: String,
    /// The key of the record that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The rule that forbids it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Which edit of the request it is about, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edit: Option<usize>,
}

/// What kind of problem it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// A value is not possible (422).
    Invalid,
    /// The actor may not (403).
    Forbidden,
    /// There is nothing of that name, as far as the actor may know (404).
    NotFound,
    /// Something of that name, or with that value, is there already, or still in use (409).
    Conflict,
    /// The record is not as it was (412).
    Changed,
    /// The files are faulty, so that nothing can be edited before they are mended (503).
    Faulty,
    /// The disk or the system does not do what it should (500).
    Failed,
}

impl Problem {
    /// Makes a problem of a kind.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), field: None, rule: None, edit: None }
    }

    /// Says which field it is about.
    #[must_use]
    pub fn of_field(mut self, field: &str) -> Self {
        self.field = Some(field.to_owned());
        self
    }
}
