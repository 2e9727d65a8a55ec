//! Small things that templates see.

use std::sync::Arc;

use minijinja::value::{Object, ObjectRepr, Value};
use minijinja::{Error, State};

use crate::model::{Change, LineKey, Secret, Zone};
use crate::render::Secrets;
use crate::template::SecretText;

/// What stands for a secret that is not to be seen.
pub(super) const MASK: &str = "********";

/// Gives a secret as a template may see it; undefined where it may not, so that printing it fails.
pub(super) fn secret(secret: &Secret, secrets: Secrets) -> Value {
    secret_text(secret.expose(), secrets)
}

/// Gives a secret text as a template may see it.
pub(super) fn secret_text(text: &str, secrets: Secrets) -> Value {
    match secrets {
        Secrets::Forbid => Value::UNDEFINED,
        Secrets::Mask => SecretText::value(MASK),
        Secrets::Write => SecretText::value(text),
    }
}

/// Names with their values, fixed when made.
#[derive(Debug)]
pub(super) struct Fields<const N: usize>(pub(super) [(&'static str, Value); N]);

impl<const N: usize> Object for Fields<N> {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.0.iter().find(|(name, _)| *name == key).map(|(_, value)| value.clone())
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }
}

/// Gives names with their values to a template.
pub(super) fn fields<const N: usize>(fields: [(&'static str, Value); N]) -> Value {
    Value::from_object(Fields(fields))
}

/// Gives the rules of a time zone to a template.
pub(super) fn zone(name: &str, zone: &Zone) -> Value {
    let (sign, hours, minutes) =
        (if zone.offset < 0 { '-' } else { '+' }, zone.offset.abs() / 60, zone.offset.abs() % 60);
    let short = if minutes == 0 { format!("{sign}{hours}") } else { format!("{sign}{hours}:{minutes:02}") };
    let change = |change: Option<Change>| {
        change.map_or(Value::from(()), |change| {
            fields([
                ("month", Value::from(change.month)),
                ("week", Value::from(change.week)),
                ("weekday", Value::from(change.weekday)),
                ("hour", Value::from(change.minute / 60)),
                ("minute", Value::from(change.minute % 60)),
            ])
        })
    };
    fields([
        ("name", Value::from(name)),
        ("offset", Value::from(zone.offset)),
        ("short", Value::from(short)),
        ("padded", Value::from(format!("{sign}{hours:02}:{minutes:02}"))),
        ("saving", Value::from(zone.saving)),
        ("start", change(zone.changes.map(|(start, _)| start))),
        ("end", change(zone.changes.map(|(_, end)| end))),
        ("posix", Value::from(zone.posix.as_str())),
    ])
}

/// Gives a key beside the display to a template.
pub(super) fn key(key: &LineKey) -> Value {
    let label = if key.label.is_empty() { &key.value } else { &key.label };
    fields([
        ("type", Value::from(key.kind.word())),
        ("value", Value::from(&*key.value)),
        ("label", Value::from(&**label)),
        ("line", Value::from(key.line)),
        ("key", Value::from(key.key)),
        ("expansion", Value::from(key.expansion)),
    ])
}

/// The function `key(place)` and `key(place, module)`: the key in a place, or none.
#[derive(Debug)]
pub(super) struct KeyAt(pub(super) Vec<LineKey>);

impl Object for KeyAt {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn call(self: &Arc<Self>, _: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
        let (place, module): (u16, Option<u8>) = minijinja::value::from_args(args)?;
        let is_it = |found: &&LineKey| found.key == place && found.expansion == module.unwrap_or_default();
        Ok(self.0.iter().find(is_it).map_or(Value::from(()), key))
    }
}
