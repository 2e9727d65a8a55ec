//! What a log event says, field by field, for machines.

use std::error::Error;
use std::fmt::{Debug, Write};

use serde_json::Value;
use tracing::field::{Field, Visit};

/// The fields of an event, in its order; the message apart.
///
/// The libraries' own JSON and journald writers drop the cause of an error, which is most of what it says.
#[derive(Default)]
pub(super) struct Fields {
    pub(super) message: String,
    pub(super) fields: Vec<(&'static str, Value)>,
}

impl Fields {
    /// Writes message and fields as one line for people.
    pub(super) fn line(&self) -> String {
        let mut line = self.message.clone();
        for (name, value) in &self.fields {
            let space = if line.is_empty() { "" } else { " " };
            // Writing to a string does not fail; JSON keeps lines lines.
            write!(line, "{space}{name}={value}").ok();
        }
        line
    }

    fn put(&mut self, field: &Field, value: Value) {
        if let (true, Value::String(text)) = (field.name() == "message", &value) {
            self.message.clone_from(text);
        } else {
            self.fields.push((field.name(), value));
        }
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let mut text = value.to_string();
        let mut cause = value.source();
        while let Some(error) = cause {
            write!(text, ": {error}").ok();
            cause = error.source();
        }
        self.put(field, text.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.put(field, format!("{value:?}").into());
    }
}
