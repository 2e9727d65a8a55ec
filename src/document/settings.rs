//! Settings and vendor parameters out of a table; the same at every level.

use crate::document::{Entry, nearest};
use crate::model::{
    KeyKind, Kind, LineKey, Raw, RawParameter, SETTINGS, Scope, Secret, SettingId, Settings, Value, Zone,
    check_host, check_url,
};

/// Most characters of a vendor parameter's value.
const RAW_MAX: usize = 4096;

/// Reads the table `settings` of a level; `scope` is [`Scope::Line`] where only a line's settings make sense.
pub fn read_settings(entry: &Entry<'_>, scope: Scope) -> Settings {
    let mut values = Vec::new();
    for entry in entry.table().into_iter().flatten() {
        let Some(id) = SettingId::find(entry.key()) else {
            unknown_setting(&entry);
            continue;
        };
        if scope == Scope::Line && id.setting().scope == Scope::Phone {
            entry.error("belongs to the phone as a whole; set it on the device or an account");
        } else if let Some(value) = read_value(&entry, id.setting().kind) {
            values.push((id, value));
        }
    }
    Settings::new(values)
}

/// Reads the table `raw` of a level: `name = value`, or `vendor = { name = value }`.
pub fn read_raw(entry: &Entry<'_>) -> Raw {
    let mut parameters = Vec::new();
    for entry in entry.table().into_iter().flatten() {
        if entry.is_table() {
            for inner in entry.table().into_iter().flatten() {
                parameters.extend(read_parameter(&inner, Some(entry.key())));
            }
        } else {
            parameters.extend(read_parameter(&entry, None));
        }
    }
    Raw(parameters.into_boxed_slice())
}

fn read_parameter(entry: &Entry<'_>, vendor: Option<&str>) -> Option<RawParameter> {
    let value = entry.scalar()?;
    if entry.key().is_empty() || entry.key().chars().any(char::is_control) {
        entry.error("is not a parameter's name; write it as the vendor does");
        None
    } else if value.len() > RAW_MAX {
        entry.error(format!("has {} bytes; at most {RAW_MAX} are possible", value.len()));
        None
    } else {
        Some(RawParameter { vendor: vendor.map(Into::into), name: entry.key().into(), value: value.into() })
    }
}

fn unknown_setting(entry: &Entry<'_>) {
    let names = SETTINGS.iter().map(|setting| setting.name);
    entry.error(match nearest(entry.key(), names) {
        Some(near) => format!("is not a setting; did you mean `{near}`?"),
        None => "is not a setting; `bellhop catalog --settings` lists them all".to_owned(),
    });
}

fn read_value(entry: &Entry<'_>, kind: Kind) -> Option<Value> {
    match kind {
        Kind::Bool => entry.boolean().map(Value::Bool),
        Kind::Choice(words) => entry.choice(words).map(|word| Value::Text(word.into())),
        Kind::Choices(words) => read_texts(entry, |item| item.choice(words)),
        Kind::Host => entry.checked(check_host).map(|host| Value::Text(host.into())),
        Kind::Integer(low, high) => entry.integer(low, high).map(Value::Integer),
        Kind::LineKeys => Some(Value::LineKeys(read_line_keys(entry))),
        Kind::Secret(low, high) => read_secret(entry, low, high).map(Value::Secret),
        Kind::Text(max) => entry.text(max).map(|text| Value::Text(text.into())),
        Kind::Texts(max) => read_texts(entry, |item| item.text(max)),
        Kind::Url => entry.checked(check_url).map(|url| Value::Text(url.into())),
        Kind::Zone => {
            let name = entry.text(64)?;
            if Zone::find(name).is_none() {
                entry.error("is not a zone of the time-zone database; write one like `Europe/Bucharest`");
                return None;
            }
            Some(Value::Text(name.into()))
        }
    }
}

/// Reads a secret of `low` to `high` characters, none of them a control character or a blank at an end.
pub fn read_secret(entry: &Entry<'_>, low: usize, high: usize) -> Option<Secret> {
    let text = entry.text(high)?;
    let length = text.chars().count();
    if text == "generate" {
        entry.error("is still to be made; run `bellhop generate` to fill it in");
        None
    } else if length < low {
        entry.error(format!("has {length} characters; use {low} to {high}"));
        None
    } else if text.trim() != text || text.chars().any(char::is_control) {
        entry.error("has control characters, or blanks at an end, which phones drop; leave them out");
        None
    } else {
        Some(Secret::new(text))
    }
}

fn read_texts<'d>(entry: &Entry<'d>, read: impl Fn(&Entry<'d>) -> Option<&'d str>) -> Option<Value> {
    let mut texts: Vec<Box<str>> = Vec::new();
    for item in entry.list() {
        let text = read(&item)?;
        if texts.iter().any(|known| **known == *text) {
            item.error(format!("holds `{}` twice; keep the preferred place", text.escape_debug()));
            return None;
        }
        texts.push(text.into());
    }
    if texts.is_empty() {
        entry.error("is empty; give at least one, or leave the key out");
        return None;
    }
    Some(Value::Texts(texts.into_boxed_slice()))
}

const KEY_KEYS: &[&str] = &["expansion", "key", "label", "line", "type", "value"];

fn read_line_keys(entry: &Entry<'_>) -> Box<[LineKey]> {
    let mut keys: Vec<LineKey> = Vec::new();
    for item in entry.list() {
        let Some(table) = item.table() else {
            continue;
        };
        let mut key = LineKey {
            kind: KeyKind::Empty,
            value: "".into(),
            label: "".into(),
            line: 1,
            key: 0,
            expansion: 0,
        };
        let mut kind = None;
        for entry in table.clone() {
            match entry.key() {
                "expansion" => key.expansion = small(entry.integer(0, 6)),
                "key" => key.key = entry.integer(1, 999).and_then(|n| u16::try_from(n).ok()).unwrap_or(1),
                "label" => key.label = entry.text_or_empty(64).unwrap_or_default().into(),
                "line" => key.line = small(entry.integer(1, 99)),
                "type" => kind = entry.one_of(KeyKind::ALL),
                "value" => key.value = entry.text_or_empty(255).unwrap_or_default().into(),
                _ => entry.unknown(KEY_KEYS),
            }
        }
        if table.get("type").is_none() {
            table.missing("type", "say what the key does, like `type = \"blf\"`");
        }
        let Some(kind) = kind else {
            continue;
        };
        key.kind = kind;
        if kind.needs_value() && key.value.is_empty() {
            table.missing("value", "give the number or URL that the key acts on");
        }
        if key.key == 0 {
            let same_module = keys.iter().filter(|other| other.expansion == key.expansion);
            key.key = same_module.map(|other| other.key).max().unwrap_or_default() + 1;
        }
        if keys.iter().any(|other| (other.expansion, other.key) == (key.expansion, key.key)) {
            table.error(format!("key {} is taken by another one; give each its own place", key.key));
        }
        keys.push(key);
    }
    keys.into_boxed_slice()
}

fn small(number: Option<u32>) -> u8 {
    number.and_then(|number| u8::try_from(number).ok()).unwrap_or_default()
}
