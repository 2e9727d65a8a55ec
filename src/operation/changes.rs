//! What a request changes of a record: fields that say what the record says already are no change.

use serde_json::Value;

use crate::operation::Fields;
use crate::operation::record::MASK;

/// Gives the part of `asked` that says something else than `record`; a key that `record` lacks has its default.
///
/// Tables are compared key by key (RFC 7396), and a masked secret that comes back is no change.
pub(super) fn changes(record: &Fields, asked: &Fields, defaults: &[(&str, Value)]) -> Fields {
    let mut changes = Fields::new();
    for (key, asked) in asked {
        let usual = defaults.iter().find(|(name, _)| name == key).map_or(&Value::Null, |(_, usual)| usual);
        let now = record.get(key).unwrap_or(usual);
        let asked_or_usual = if asked.is_null() { usual } else { asked };
        if let Some(change) = change(now, asked_or_usual) {
            // Null takes a key away, where the default's own words would stay in the file.
            let change = if asked.is_null() { Value::Null } else { change };
            changes.insert(key.clone(), change);
        }
    }
    changes
}

/// Lists the keys that change, those inside a table after a point: `settings.time-zone`.
pub(super) fn keys(changes: &Fields) -> Vec<String> {
    let mut keys = Vec::new();
    for (key, value) in changes {
        match value {
            Value::Object(table) if !table.is_empty() => {
                keys.extend(table.keys().map(|inner| format!("{key}.{inner}")));
            }
            _ => keys.push(key.clone()),
        }
    }
    keys
}

fn change(now: &Value, asked: &Value) -> Option<Value> {
    match (now, asked) {
        (_, Value::String(text)) if text == MASK => None,
        (Value::Object(now), Value::Object(asked)) => {
            let changes = changes(now, asked, &[]);
            (!changes.is_empty()).then_some(Value::Object(changes))
        }
        (Value::Null, Value::Object(asked)) => {
            let changes = changes(&Fields::new(), asked, &[]);
            (!changes.is_empty()).then_some(Value::Object(changes))
        }
        (now, asked) => (now != asked).then(|| asked.clone()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(value: Value) -> Fields {
        let Value::Object(fields) = value else { panic!("a table") };
        fields
    }

    #[test]
    fn only_what_differs_is_a_change() {
        let record = fields(json!({ "name": "Desk", "settings": { "vlan": 5 }, "status": "enabled" }));
        let asked = fields(json!({
            "name": "Desk", "notes": "", "status": "disabled", "settings": { "vlan": 5, "lldp": true }, "mac": null,
            "password": MASK,
        }));
        let changes = changes(&record, &asked, &[("notes", json!(""))]);
        assert_eq!(Value::Object(changes), json!({ "status": "disabled", "settings": { "lldp": true } }));
    }

    #[test]
    fn null_takes_away_only_what_is_there() {
        let record = fields(json!({ "template": "own", "settings": { "vlan": 5 } }));
        let asked =
            fields(json!({ "template": null, "settings": { "vlan": null, "lldp": null }, "host": null }));
        let changes = changes(&record, &asked, &[("template", json!("default"))]);
        assert_eq!(Value::Object(changes), json!({ "template": null, "settings": { "vlan": null } }));
    }
}
