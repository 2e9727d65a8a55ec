//! The functions `param` and `rest`, by which templates write parameters.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use minijinja::value::{Object, ObjectRepr, Value};
use minijinja::{Error, ErrorKind, State};

use crate::template::escape::text_of;
use crate::template::fence::spend_text;
use crate::template::syntax::Piece;
use crate::template::{Escape, SecretText, Syntax};

/// Parameters that somebody set in the vendor's own words: they go before what the template says.
#[derive(Debug, Default)]
pub struct Overrides(pub Vec<Override>);

/// One parameter of [`Overrides`].
pub struct Override {
    /// Its name; an index follows in brackets.
    pub name: Box<str>,
    /// Its value, as a template sees it.
    pub value: Value,
    /// Whether it was written.
    written: AtomicBool,
}

impl Override {
    /// Makes one that was not written yet.
    pub fn new(name: &str, value: Value) -> Self {
        Self { name: name.into(), value, written: AtomicBool::new(false) }
    }
}

impl std::fmt::Debug for Override {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Override({:?} ••••)", self.name)
    }
}

/// Makes the functions of one rendering.
#[derive(Debug, Clone)]
pub struct Parameters {
    /// How the file writes parameters.
    pub syntax: Arc<Syntax>,
    /// What goes before the template's own values.
    pub overrides: Arc<Overrides>,
}

impl Parameters {
    /// Makes `param(name, value)` and `param(name, value, index)`, which write one parameter.
    pub fn param(&self) -> Value {
        Value::from_object(Param(self.clone()))
    }

    /// Makes `rest()` and `rest(prefix)`, which write the overrides that `param` did not meet.
    pub fn rest(&self) -> Value {
        Value::from_object(Rest(self.clone()))
    }

    fn write(&self, name: &str, index: Option<&Value>, value: &Value) -> Result<String, Error> {
        let mut out = String::with_capacity(64);
        let syntax = &*self.syntax;
        let pattern = index.and(syntax.indexed.as_ref()).unwrap_or(&syntax.pattern);
        if pattern.pieces().is_empty() {
            let cure = "say in the catalog how a parameter is written";
            return Err(failed(format!("the file's `syntax` has no `parameter`; {cure}")));
        }
        if !syntax.escape.takes_name(name) {
            return Err(failed(format!(
                "`{}` cannot be a parameter's name in this file",
                name.escape_debug()
            )));
        }
        for piece in pattern.pieces() {
            match piece {
                Piece::Index => write!(out, "{}", index.unwrap_or(&Value::UNDEFINED)).map_err(Error::from)?,
                Piece::Name => out.push_str(name),
                Piece::Text(text) => out.push_str(text),
                Piece::Value => self.write_value(&mut out, name, value)?,
            }
            spend_text(out.len())?;
        }
        Ok(out)
    }

    fn write_value(&self, out: &mut String, name: &str, value: &Value) -> Result<(), Error> {
        let syntax = &*self.syntax;
        let Some(text) = text_of(value) else {
            return Err(failed(format!("`{name}` is given a list; join its items")));
        };
        if let Some(null) = syntax.null.as_deref().filter(|_| text.is_empty()) {
            out.push_str(null);
            return Ok(());
        }
        let quoted = syntax.quotes(&text);
        if value.downcast_object_ref::<SecretText>().is_some() {
            let lost = text.chars().find(|c| !syntax.charset.has(*c) || quoted && *c == '"');
            if lost.is_some_and(|_| syntax.escape != Escape::Xml) {
                return Err(failed(format!(
                    "the secret for `{name}` has a character that this file cannot hold"
                )));
            }
        }
        if quoted {
            out.push('"');
            syntax.escape.write(out, &text.replace('"', "'"))?;
            out.push('"');
        } else if syntax.null.as_deref() == Some(&*text) {
            // A display name that happens to be the vendor's word for nothing.
            write!(out, " {text}")?;
        } else if value.is_safe() {
            // A macro's output was escaped when it was made.
            out.push_str(&text);
        } else {
            syntax.escape.write(out, &text)?;
        }
        Ok(())
    }
}

#[derive(Debug)]
struct Param(Parameters);

impl Object for Param {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn call(self: &Arc<Self>, _: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
        let (name, value, index) = match args {
            [name, value] => (name, value, None),
            [name, value, index] => (name, value, Some(index)),
            _ => return Err(failed("param takes a name, a value and perhaps an index".into())),
        };
        let name = name.as_str().ok_or_else(|| failed("the name of a parameter is a text".into()))?;
        if value.is_undefined() {
            return Err(Error::new(
                ErrorKind::UndefinedError,
                format!("what is given for `{name}` does not exist"),
            ));
        }
        let value = self.0.overrides.take(name, index).unwrap_or(value);
        self.0.write(name, index, value).map(Value::from_safe_string)
    }
}

impl Overrides {
    fn take(&self, name: &str, index: Option<&Value>) -> Option<&Value> {
        let is_it = |other: &str| match index {
            None => other == name,
            Some(index) => split_index(other).is_some_and(|(n, i)| n == name && i == index.to_string()),
        };
        let mut found = None;
        for other in self.0.iter().filter(|other| is_it(&other.name)) {
            other.written.store(true, Ordering::Relaxed);
            found = Some(&other.value);
        }
        found
    }
}

#[derive(Debug)]
struct Rest(Parameters);

impl Object for Rest {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn call(self: &Arc<Self>, _: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
        let prefix = args.first().and_then(Value::as_str).unwrap_or_default();
        let mut lines: Vec<String> = Vec::new();
        for (at, other) in self.0.overrides.0.iter().enumerate() {
            let Some(name) = other.name.strip_prefix(prefix) else {
                continue;
            };
            let again = self.0.overrides.0[at + 1..].iter().any(|later| later.name == other.name);
            let indexed = split_index(name).filter(|_| self.0.syntax.indexed.is_some());
            let (name, index) =
                indexed.map_or((name, None), |(name, index)| (name, Some(Value::from(index))));
            // A name of another vendor, set at a level above, is not for this file.
            let fits = self.0.syntax.escape.takes_name(name);
            if !fits || other.written.swap(true, Ordering::Relaxed) || again {
                continue;
            }
            lines.push(self.0.write(name, index.as_ref(), &other.value)?);
        }
        Ok(Value::from_safe_string(lines.join("\n")))
    }
}

fn split_index(name: &str) -> Option<(&str, &str)> {
    name.strip_suffix(']')?.split_once('[')
}

fn failed(message: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, message)
}
