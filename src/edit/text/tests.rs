use serde_json::json;
use toml_edit::{DocumentMut, Item, Table, Value};

use super::*;
use crate::model::RecordKind;

fn parse(text: &str) -> Option<Text> {
    Text::parse(&Arc::from(text))
}

const TEXT: &str = "\
# The phones of the house.

[[provider]]
id = \"sp\"   # the only one
name = 'Provider'

# Of the first floor.

# John's.
[[device]]
serial = \"first\" # secret
name   =   \"John\"
settings = { time-zone = \"Europe/Bucharest\", language = \"en\" }

[device.raw]
\"x y\" = 1 # kept

[[device]]
# Nobody's.
serial = \"second\"
lines = [
  \"1\", # one
]

# The end.
";

fn fields(json: Json) -> Map<String, Json> {
    match json {
        Json::Object(fields) => fields,
        other => panic!("{other} has no fields"),
    }
}

fn device(serial: &str) -> RecordRef {
    RecordRef::new(RecordKind::Device, serial)
}

fn edited(text: &str, edit: impl FnOnce(&mut Text) -> Result<(), DraftError>) -> String {
    let mut text = parse(text).unwrap();
    edit(&mut text).unwrap();
    text.write()
}

fn changed(text: &str, serial: &str, patch: Json) -> String {
    edited(text, |text| text.change(&device(serial), &fields(patch)))
}

#[test]
fn a_changed_value_changes_its_own_bytes_alone() {
    let text = changed(TEXT, "first", json!({ "name": "Jane" }));
    assert_eq!(text, TEXT.replace("\"John\"", "\"Jane\""));
    let text = changed(TEXT, "first", json!({ "settings": { "language": "ro" } }));
    assert_eq!(text, TEXT.replace("language = \"en\"", "language = \"ro\""));
    let text = changed(TEXT, "second", json!({ "lines": ["2"] }));
    assert_eq!(text, TEXT.replace("\"1\", # one", "\"2\", # one"));
    let text = changed(TEXT, "first", json!({ "raw": { "x y": 2 } }));
    assert_eq!(text, TEXT.replace("= 1 # kept", "= 2 # kept"));
}

#[test]
fn what_is_equal_already_stays_as_it_is_written() {
    let same = json!({
        "name": "John", "raw": { "x y": 1 }, "settings": { "language": "en" }, "owner": null,
    });
    assert_eq!(changed(TEXT, "first", same), TEXT);
}

#[test]
fn a_new_key_comes_last_and_null_takes_a_key_away() {
    let text = changed(TEXT, "first", json!({ "mac": "00:08:5D:1A:E9:8C" }));
    assert_eq!(text, TEXT.replace("\"en\" }\n", "\"en\" }\nmac = \"00:08:5D:1A:E9:8C\"\n"));
    let text = changed(TEXT, "first", json!({ "settings": null }));
    let line = "settings = { time-zone = \"Europe/Bucharest\", language = \"en\" }\n";
    assert_eq!(text, TEXT.replace(line, ""));
    let text = changed(TEXT, "first", json!({ "settings": { "time-zone": null } }));
    assert_eq!(text, TEXT.replace(" time-zone = \"Europe/Bucharest\",", ""));
    let text = changed(TEXT, "first", json!({ "raw": null }));
    assert_eq!(text, TEXT.replace("[device.raw]\n\"x y\" = 1 # kept\n\n", ""));
}

#[test]
fn a_comment_above_a_key_stays_when_the_key_goes() {
    let text = "[[user]]\nid = \"u\"\n# Who knows.\nname = \"U\"\n# More.\norganization = \"o\"\n";
    let user = RecordRef::new(RecordKind::User, "u");
    let without = |key: &str| edited(text, |text| text.change(&user, &fields(json!({ key: null }))));
    assert_eq!(without("name"), text.replace("name = \"U\"\n", ""));
    assert_eq!(without("organization"), text.replace("organization = \"o\"\n", ""));
}

#[test]
fn a_removed_record_takes_its_own_comment_and_no_other() {
    let text = edited(TEXT, |text| text.remove(&device("first")));
    let from = TEXT.find("\n# John's.").unwrap();
    let to = TEXT.find("\n[[device]]\n# Nobody's").unwrap();
    assert_eq!(text, format!("{}{}", &TEXT[..from], &TEXT[to..]));
    let text = edited(&text, |text| text.remove(&device("second")));
    assert_eq!(text, format!("{}\n# The end.\n", &TEXT[..from]));
    let provider = RecordRef::new(RecordKind::Provider, "sp");
    let text = edited(&text, |text| text.remove(&provider));
    assert_eq!(text, "# The phones of the house.\n\n# Of the first floor.\n\n# The end.\n");
}

#[test]
fn a_record_is_added_at_the_end_below_all_comments() {
    let new = fields(json!({
        "notes": "it's \"here\"", "serial": "third", "name": "New", "lines": ["", "2"], "mac-based": false,
        "update-interval": 10, "created": "2026-11-22T05:00:00Z", "settings": { "line-keys": [
            { "type": "line" }, { "type": "blf", "value": "1" },
        ] }, "owner": null,
    }));
    let text = edited(TEXT, |text| text.add(&device("third"), &new));
    let record = r##"
[[device]]
serial = "third"
name = "New"
mac-based = false
notes = "it's \"here\""
update-interval = 10
lines = ["", "2"]
settings = { line-keys = [
  { type = "line" },
  { type = "blf", value = "1" },
] }
created = 2026-11-22T05:00:00Z
"##;
    assert_eq!(text, format!("{TEXT}{record}"));
    let first = edited("", |text| text.add(&device("third"), &new));
    assert_eq!(first, record[1..]);
    let cut = edited("[[user]]\nid = \"u\"", |text| text.add(&device("third"), &new));
    assert_eq!(cut, format!("[[user]]\nid = \"u\"\n{record}"));
    let again = edited(&text, |text| text.remove(&device("third")));
    assert_eq!(again, TEXT);
}

#[test]
fn the_body_of_a_template_is_written_as_people_write_it() {
    let body = "#!version\n{% if line %}\nname = \"{{ line.name }}\"\n\tx = \\n\n{% endif %}\n";
    let new = fields(json!({
        "id": "t", "equipment": [{ "model": "a/b", "firmware": "1", "file": [{ "name": "{mac}.cfg", "body": body }] }],
    }));
    let text = edited("", |text| text.add(&RecordRef::new(RecordKind::Template, "t"), &new));
    assert!(text.contains(&format!("body = '''\n{body}'''\n")), "{text}");
    assert!(text.contains("[[template.equipment.file]]"), "{text}");
    let parsed: DocumentMut = text.parse().unwrap();
    assert_eq!(parsed["template"][0]["equipment"][0]["file"][0]["body"].as_str(), Some(body));
    let next = fields(json!({
        "equipment": [{ "model": "a/b", "firmware": "1", "file": [{ "name": "{mac}.cfg", "body": "one\ntwo" }] }],
    }));
    let template = RecordRef::new(RecordKind::Template, "t");
    let text = edited(&text, |text| text.change(&template, &next));
    assert!(text.ends_with("body = '''\none\ntwo'''\n"), "{text}");
}

#[test]
fn other_line_ends_and_a_mark_at_the_beginning_stay() {
    let text = format!("\u{feff}{}", TEXT.replace('\n', "\r\n"));
    let changed = changed(&text, "first", json!({ "name": "Jane" }));
    assert_eq!(changed, text.replace("\"John\"", "\"Jane\""));
    assert!(parse("a = 1\r\nb = 2\n").is_none());
}

#[test]
fn records_are_edited_however_they_are_written() {
    let text = "device = [\n  { serial = \"a\", name = \"A\" }, # first\n  { serial = \"b\" },\n]\n";
    let changed = changed(text, "a", json!({ "name": "B", "notes": "n" }));
    assert_eq!(changed, text.replace("name = \"A\"", "name = \"B\", notes = \"n\""));
    let removed = edited(text, |text| text.remove(&device("b")));
    assert!(!removed.contains("\"b\"") && removed.contains("# first"), "{removed}");
    let added = edited(text, |text| text.add(&device("c"), &fields(json!({ "serial": "c" }))));
    assert_eq!(added.parse::<DocumentMut>().unwrap()["device"][2]["serial"].as_str(), Some("c"));
    let dotted = "[[device]]\nserial = \"a\"\nsettings.language = \"en\" # spoken\n";
    let patch = json!({ "settings": { "language": "ro", "time-zone": "Europe/Bucharest" } });
    let changed = tests::changed(dotted, "a", patch);
    assert_eq!(
        changed,
        format!("{}settings.time-zone = \"Europe/Bucharest\"\n", dotted.replace("\"en\"", "\"ro\""))
    );
}

#[test]
fn sections_out_of_order_stay_where_they_are() {
    let text = "[[device]]\nserial = \"a\"\n\n[[user]]\nid = \"u\"\n\n[device.settings]\nlanguage = \"en\"\n";
    let changed = changed(text, "a", json!({ "name": "A", "settings": { "language": "ro" } }));
    assert_eq!(changed, text.replace("\"a\"\n", "\"a\"\nname = \"A\"\n").replace("\"en\"", "\"ro\""));
}

#[test]
fn preferences_are_the_one_record_of_their_kind() {
    let preferences = RecordRef::new(RecordKind::Preferences, "");
    let added = edited("", |text| text.add(&preferences, &fields(json!({ "mac-based": true }))));
    assert_eq!(added, "[preferences]\nmac-based = true\n");
    let text = edited(&added, |text| text.change(&preferences, &fields(json!({ "mac-based": false }))));
    assert_eq!(text, "[preferences]\nmac-based = false\n");
    assert_eq!(edited(&text, |text| text.remove(&preferences)), "");
}

#[test]
fn what_is_not_there_or_has_no_form_is_told() {
    let mut text = parse(TEXT).unwrap();
    assert!(matches!(text.change(&device("none"), &Map::new()), Err(DraftError::Missing(_))));
    assert!(matches!(text.remove(&device("none")), Err(DraftError::Missing(_))));
    let list = fields(json!({ "lines": [null] }));
    assert!(matches!(text.change(&device("first"), &list), Err(DraftError::Value(_))));
    assert!(parse("serial = \"a\nx").is_none());
}

/// Random documents and edits: what an edit is not about stays, and what is read back is what was meant.
mod properties {
    use std::collections::BTreeMap;
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;
    use crate::snapshot::Records;

    /// A record of a document: its comment, its serial and its text.
    #[derive(Debug, Clone)]
    struct Written {
        own: bool,
        serial: String,
        text: String,
    }

    #[derive(Debug, Clone)]
    enum Edit {
        Add(u8, Map<String, Json>),
        Change(u8, Map<String, Json>),
        Remove(u8),
    }

    fn notes() -> impl Strategy<Value = String> {
        prop_oneof![
            "[ -~]{0,20}",
            "[a-z\"'\\\\#=\\[\\]]{0,12}",
            "[äß€日\t ]{0,6}",
            Just("'''\"\"\"".to_owned())
        ]
    }

    fn some(key: &'static str, value: impl Strategy<Value = Json>) -> impl Strategy<Value = (String, Json)> {
        value.prop_map(move |value| (key.to_owned(), value))
    }

    fn patch() -> impl Strategy<Value = Map<String, Json>> {
        let field = prop_oneof![
            some("notes", notes().prop_map(Json::from)),
            some("notes", Just(Json::Null)),
            some("mac-based", any::<bool>().prop_map(Json::from)),
            some("update-interval", (1..99_999).prop_map(Json::from)),
            some("update-interval", Just(Json::Null)),
            some("lines", prop::collection::btree_set("[0-9]{1,4}", 0..4).prop_map(|lines| json!(lines))),
            some("created", Just(json!("2026-11-22T05:00:00Z"))),
            some("settings", settings()),
            some("settings", Just(Json::Null)),
            some("raw", notes().prop_map(|value| json!({ "a b.c": value, "yealink": { "x": 1 } }))),
        ];
        prop::collection::vec(field, 0..4).prop_map(|fields| fields.into_iter().collect())
    }

    fn settings() -> impl Strategy<Value = Json> {
        let keys = prop::collection::vec("[0-9]{1,3}", 0..4)
            .prop_map(|values| values.iter().map(|value| json!({ "type": "blf", "value": value })).collect());
        let keys = keys.prop_map(|keys: Vec<Json>| json!({ "line-keys": keys }));
        prop_oneof![
            keys,
            Just(json!({ "language": "en" })),
            Just(json!({ "language": null, "time-zone": "Europe/Bucharest" })),
        ]
    }

    fn written() -> impl Strategy<Value = Written> {
        let body = prop_oneof![
            Just(""),
            Just("notes = 'x' # why\n"),
            Just("settings = { language = \"en\",time-zone = \"Europe/Paris\" } # spoken\n"),
            Just("settings.language = \"en\"\n# Between.\nnotes = \"\"\"\n  two\nlines\"\"\"\n"),
            Just("lines = [ # who\n  \"1\", # first\n]\n\n[device.settings] # below\nlanguage = \"ro\"\n"),
            Just("\n[device.raw]\n\"x y\" = 1\n[[device.settings.line-keys]]\ntype = \"line\" # first\n"),
        ];
        (any::<bool>(), body).prop_map(|(own, body)| Written {
            own,
            serial: String::new(),
            text: body.to_owned(),
        })
    }

    fn document() -> impl Strategy<Value = Vec<Written>> {
        prop::collection::vec(written(), 0..5).prop_map(|mut records| {
            for (at, record) in records.iter_mut().enumerate() {
                record.serial = format!("serial-{at}");
                let comment = if record.own { format!("# Of {at} alone.\n") } else { String::new() };
                let between = if at % 2 == 0 { format!("# Before {at}.\n\n") } else { String::new() };
                let head =
                    format!("[[device]]\nserial = \"{}\"   # {at}\nname = 'Phone {at}'", record.serial);
                record.text = format!("{between}{comment}{head}\nmodel=\"a/b\"\n{}\n", record.text);
            }
            records
        })
    }

    fn edits() -> impl Strategy<Value = Vec<Edit>> {
        let edit = prop_oneof![
            (10..14_u8, patch()).prop_map(|(at, patch)| Edit::Add(at, patch)),
            (0..14_u8, patch()).prop_map(|(at, patch)| Edit::Change(at, patch)),
            (0..14_u8).prop_map(Edit::Remove),
        ];
        prop::collection::vec(edit, 1..12)
    }

    /// The document as JSON: each record by its serial.
    fn meaning(text: &str) -> BTreeMap<String, Json> {
        let document: DocumentMut = text.parse().unwrap();
        let Some(Item::ArrayOfTables(tables)) = document.get("device") else { return BTreeMap::new() };
        let record = |table: &Table| {
            (table["serial"].as_str().unwrap().to_owned(), in_json(&Item::Table(table.clone())))
        };
        tables.iter().map(record).collect()
    }

    fn in_json(item: &Item) -> Json {
        if let Some(table) = item.as_table_like() {
            return table.iter().map(|(key, item)| (key.to_owned(), in_json(item))).collect();
        }
        match item {
            Item::ArrayOfTables(tables) => {
                tables.iter().map(|table| in_json(&Item::Table(table.clone()))).collect()
            }
            Item::Value(Value::Array(array)) => {
                array.iter().map(|value| in_json(&Item::Value(value.clone()))).collect()
            }
            Item::Value(Value::String(text)) => text.value().clone().into(),
            Item::Value(Value::Integer(number)) => (*number.value()).into(),
            Item::Value(Value::Boolean(flag)) => (*flag.value()).into(),
            Item::Value(other) => other.to_string().trim().into(),
            _ => Json::Null,
        }
    }

    /// Merges as RFC 7396 says.
    fn merged(mut target: Json, patch: &Json) -> Json {
        let Json::Object(patch) = patch else { return patch.clone() };
        if !target.is_object() {
            target = json!({});
        }
        if let Json::Object(fields) = &mut target {
            for (key, value) in patch {
                let old = fields.remove(key);
                if !value.is_null() {
                    fields.insert(key.clone(), merged(old.unwrap_or_default(), value));
                }
            }
        }
        target
    }

    fn serial(at: u8) -> String {
        format!("serial-{at}")
    }

    fn whole(at: u8, patch: &Map<String, Json>) -> Map<String, Json> {
        let mut fields = patch.clone();
        fields.insert("serial".to_owned(), serial(at).into());
        fields.insert("name".to_owned(), format!("New {at}").into());
        fields.insert("model".to_owned(), "a/b".into());
        fields
    }

    fn is_faultless(text: &str) -> bool {
        let (_, faults) = Records::parse(Path::new("x.toml"), text);
        !faults.iter().any(crate::document::Fault::is_error)
    }

    proptest! {
        #[test]
        fn edits_of_many_records_at_once_are_those_of_each(records in document(), edits in edits()) {
            let before: String = records.iter().map(|record| record.text.as_str()).collect();
            let mut one_by_one = parse(&before).unwrap();
            let mut at_once = parse(&before).unwrap();
            let (mut seen, mut changes, mut new) = (Vec::new(), Vec::new(), Vec::new());
            for edit in &edits {
                let (Edit::Add(at, _) | Edit::Change(at, _) | Edit::Remove(at)) = edit;
                let record = device(&serial(*at));
                if seen.contains(at) {
                    continue;
                }
                seen.push(*at);
                match edit {
                    Edit::Add(_, patch) if !one_by_one.has(&record) => new.push((record, whole(*at, patch))),
                    Edit::Change(_, patch) if one_by_one.has(&record) => changes.push((record, patch.clone())),
                    _ => (),
                }
            }
            for (record, fields) in &changes {
                one_by_one.change(record, fields).unwrap();
            }
            for (record, fields) in &new {
                one_by_one.add(record, fields).unwrap();
            }
            at_once.change_all(&changes.iter().map(|(record, fields)| (record, fields)).collect::<Vec<_>>()).unwrap();
            at_once.add_all(&new.iter().map(|(record, fields)| (record, fields)).collect::<Vec<_>>()).unwrap();
            prop_assert_eq!(at_once.write(), one_by_one.write());
        }

        #[test]
        fn any_edits_mean_what_they_say_and_leave_all_else_alone(records in document(), edits in edits()) {
            let mut before: String = "# The file.\n\n".to_owned();
            before.extend(records.iter().map(|record| record.text.as_str()));
            before += "# The end.\n";
            prop_assert!(is_faultless(&before), "{before}");
            let mut text = parse(&before).unwrap();
            prop_assert!(matches!(text, Text::Parts(_)), "{before}");
            let mut all = Whole::parse(&before).unwrap();
            let mut wanted = meaning(&before);
            let mut touched = Vec::new();
            for edit in &edits {
                let (Edit::Add(at, _) | Edit::Change(at, _) | Edit::Remove(at)) = edit;
                touched.push(serial(*at));
                let is_there = wanted.contains_key(&serial(*at));
                match edit {
                    Edit::Add(at, patch) if !is_there => {
                        let fields = whole(*at, patch);
                        text.add(&device(&serial(*at)), &fields).unwrap();
                        all.add(RecordKind::Device, &fields).unwrap();
                        wanted.insert(serial(*at), merged(json!({}), &Json::Object(fields)));
                    }
                    Edit::Add(..) => prop_assert!(text.has(&device(&serial(*at)))),
                    Edit::Change(at, patch) if is_there => {
                        text.change(&device(&serial(*at)), patch).unwrap();
                        all.change(&device(&serial(*at)), patch).unwrap();
                        let old = wanted.remove(&serial(*at)).unwrap();
                        wanted.insert(serial(*at), merged(old, &Json::Object(patch.clone())));
                    }
                    Edit::Remove(at) if is_there => {
                        text.remove(&device(&serial(*at))).unwrap();
                        all.remove(&device(&serial(*at))).unwrap();
                        wanted.remove(&serial(*at));
                    }
                    Edit::Change(..) | Edit::Remove(_) => prop_assert!(!text.has(&device(&serial(*at)))),
                }
            }
            let after = text.write();
            prop_assert_eq!(&after, &all.write(), "in parts and as a whole");
            prop_assert_eq!(meaning(&after), wanted, "{}", after);
            prop_assert!(is_faultless(&after), "{}", after);
            // Whatever was not edited is there as it was, and in its order; comments of nobody stay in any case.
            let mut from = 0;
            for record in records.iter().filter(|record| !touched.contains(&record.serial)) {
                let text = record.text.split_once("[[device]]").unwrap().1.trim_end();
                let found = after[from..].find(text);
                prop_assert!(found.is_some(), "{} is lost or moved:\n{}", record.serial, after);
                from += found.unwrap_or_default() + text.len();
            }
            for comment in before.lines().filter(|line| line.starts_with("# Before") || line.starts_with("# The")) {
                prop_assert_eq!(after.matches(comment).count(), 1, "{}", after);
            }
        }
    }
}
