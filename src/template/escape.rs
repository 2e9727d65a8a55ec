//! Escaping by the syntax of a file, so that no display name breaks it.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Object, ObjectRepr, Rest, Value, ValueKind};
use minijinja::{Error, ErrorKind};

use crate::template::fence::spend_text;

/// How text is written into a file so that it stays text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Escape {
    /// One value a line: control characters, line ends among them, become blanks.
    #[default]
    Line,
    /// XML 1.0, element or attribute: references for `& < > " '`, blanks for control characters.
    Xml,
}

impl Escape {
    /// Gives the escaping of a template: XML for names that end in `.xml`, lines for all others.
    pub fn of_template(name: &str) -> Self {
        if name.ends_with(".xml") { Self::Xml } else { Self::Line }
    }

    /// Tells whether a parameter can have this name: one that would leave its place in the file cannot.
    pub fn takes_name(self, name: &str) -> bool {
        match self {
            Self::Line => !name.is_empty() && !name.contains(char::is_control),
            Self::Xml => {
                let mut bytes = name.bytes();
                let first = bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
                first && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
            }
        }
    }

    /// Gives the name that the engine knows it by.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::Xml => "xml",
        }
    }

    /// Writes `text`, escaped.
    ///
    /// # Errors
    /// Only what `out` reports.
    pub fn write(self, out: &mut dyn fmt::Write, text: &str) -> fmt::Result {
        let mut done = 0;
        for (at, c) in text.char_indices() {
            let instead = match (self, c) {
                (_, '\u{2028}' | '\u{2029}') => " ",
                (_, c) if c.is_control() => " ",
                (Self::Xml, '&') => "&amp;",
                (Self::Xml, '<') => "&lt;",
                (Self::Xml, '>') => "&gt;",
                (Self::Xml, '"') => "&quot;",
                (Self::Xml, '\'') => "&apos;",
                (Self::Xml, '\u{fffe}' | '\u{ffff}') => " ",
                _ => continue,
            };
            out.write_str(&text[done..at])?;
            out.write_str(instead)?;
            done = at + c.len_utf8();
        }
        out.write_str(&text[done..])
    }
}

/// A secret as templates see it: prints its text, tests as true unless empty, and is never altered on its way.
pub struct SecretText(Box<str>);

impl SecretText {
    /// Makes the template's view of a secret.
    pub fn value(text: &str) -> Value {
        Value::from_object(Self(text.into()))
    }

    /// Gives the text.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(••••)")
    }
}

impl Object for SecretText {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn is_true(self: &Arc<Self>) -> bool {
        !self.0.is_empty()
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The function `secret(part, …)`: joins texts, secrets among them, into one secret.
#[expect(clippy::needless_pass_by_value, reason = "the engine hands arguments over so")]
pub(super) fn join_secret(parts: Rest<Value>) -> Result<Value, Error> {
    let mut joined = String::new();
    for part in parts.iter() {
        let text = text_of(part).filter(|_| !part.is_undefined());
        let text = text
            .ok_or_else(|| Error::new(ErrorKind::UndefinedError, "secret() is given nothing, or a list"))?;
        joined.push_str(&text);
        spend_text(joined.len())?;
    }
    Ok(SecretText::value(&joined))
}

/// Gives a value's text, or `None` for lists and tables, which have none.
pub(super) fn text_of(value: &Value) -> Option<std::borrow::Cow<'_, str>> {
    if let Some(text) = value.as_str() {
        return Some(text.into());
    }
    if let Some(secret) = value.downcast_object_ref::<SecretText>() {
        return Some(secret.expose().into());
    }
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => Some("".into()),
        ValueKind::Bool | ValueKind::Number => Some(value.to_string().into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(escape: Escape, text: &str) -> String {
        let mut out = String::new();
        escape.write(&mut out, text).unwrap();
        out
    }

    #[test]
    fn no_text_leaves_its_place() {
        let nasty = "Tom & \"Jerry\" <x>\r\n100%\u{0}\u{85}\u{2028}'";
        assert_eq!(escaped(Escape::Line, nasty), "Tom & \"Jerry\" <x>  100%   '");
        assert_eq!(escaped(Escape::Xml, nasty), "Tom &amp; &quot;Jerry&quot; &lt;x&gt;  100%   &apos;");
    }

    #[test]
    fn secrets_print_in_templates_and_nowhere_else() {
        let value = SecretText::value("CANARY-3");
        assert_eq!(text_of(&value).as_deref(), Some("CANARY-3"));
        let secret = value.downcast_object_ref::<SecretText>().unwrap();
        assert_eq!(format!("{secret:?}"), "SecretText(••••)");
    }
}
