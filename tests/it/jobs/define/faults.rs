//! What can be wrong with a definition: each with its message, told to whoever builds the job and of the files alike.

use bellhop::operation::Code;
use serde_json::{Value, json};

use super::{FLEET, build, job, site};

/// Writes a value as TOML has it.
fn toml(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(toml).collect::<Vec<_>>().join(", ")),
        Value::Object(table) => {
            let pairs = table.iter().map(|(key, value)| format!("{key:?} = {}", toml(value)));
            format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// Every wrong definition, and what is said of it.
fn wrong() -> Vec<(Value, &'static str)> {
    let edit = |told: Value| job("wrong", "on-demand", "device.edit", told);
    let bulk = |operation: &str, told: Value| job("wrong", "bulk", operation, told);
    let with = |mut job: Value, key: &str, value: Value| {
        job[key] = value;
        job
    };
    let name = json!({ "name": {} });
    vec![
        // Names of fields.
        (edit(json!({ "nmae": {} })), "device.edit has no field `nmae`; did you mean `name`?"),
        (
            edit(json!({ "lines": {} })),
            "device.edit has no field `lines`; name them one by one: `line-1`, `line-2`",
        ),
        (
            edit(json!({ "line-0": {} })),
            "device.edit has no field `line-0`; lines are counted from 1: `line-1`, `line-2`",
        ),
        (
            edit(json!({ "settings.vlann": {} })),
            "device.edit has no field `settings.vlann`; did you mean `settings.vlan`?",
        ),
        (
            edit(json!({ "settings.line-keys": {} })),
            "device.edit has no field `settings.line-keys`; the keys beside the display are edited with the device itself",
        ),
        (
            edit(json!({ "settings.admin-password": {} })),
            "device.edit has no field `settings.admin-password`; write `admin-password`",
        ),
        (edit(json!({ "raw": {} })), "device.edit has no field `raw`; name the parameter: `raw.NAME`"),
        (
            job("wrong", "on-demand", "device.delete", name.clone()),
            "device.delete has no field `name`; it has `device`, `serial`, `mac`",
        ),
        (
            job("wrong", "on-demand", "line.set-secret", json!({ "password": {} })),
            "line.set-secret has no field `password`; write `secret` or `passcode`",
        ),
        // Where a value comes from.
        (
            edit(json!({ "name": { "fixed": "Desk 1", "required": true } })),
            "field `name`: is fixed, so that nobody is asked for it; leave `required` out",
        ),
        (
            edit(json!({ "name": { "fixed": "Desk 1", "choices": ["Desk 1"] } })),
            "field `name`: is fixed, so that nobody is asked for it; leave `choices` out",
        ),
        (
            edit(json!({ "notes": { "fixed": "" } })),
            "field `notes`: its fixed value says nothing; write a value, or `clear` to take it away",
        ),
        (
            edit(json!({ "name": { "fixed": "clear" } })),
            "field `name`: its fixed value cannot be taken away; give a value",
        ),
        (
            edit(json!({ "device": { "default": "clear" }, "name": {} })),
            "field `device`: its default does not name anything; write what it is called",
        ),
        // Values of each type.
        (
            edit(json!({ "settings.vlan": { "fixed": 5000 } })),
            "field `settings.vlan`: its fixed value is `5000`; give a whole number from 1 to 4094",
        ),
        (
            edit(json!({ "settings.vlan": { "default": "many" } })),
            "field `settings.vlan`: its default is `many`; give a whole number from 1 to 4094",
        ),
        (
            edit(json!({ "mac-based": { "fixed": "perhaps" } })),
            "field `mac-based`: its fixed value does not know `perhaps`; write `true` or `false`",
        ),
        (edit(json!({ "mac": { "fixed": "00:15" } })), "field `mac`: its fixed value is not a MAC address"),
        (
            edit(json!({ "name": { "fixed": "ab" } })),
            "field `name`: its fixed value has the wrong length; use 3 to 32 characters",
        ),
        (
            edit(json!({ "admin-password": { "fixed": "abc" } })),
            "field `admin-password`: its fixed value has 3 characters; use 4 to 64",
        ),
        (
            edit(json!({ "status": { "fixed": "on" } })),
            "field `status`: its fixed value does not know `on`; write `enabled` or `disabled`",
        ),
        (
            edit(json!({ "protocol": { "fixed": "ftp" } })),
            "field `protocol`: its fixed value does not know `ftp`; write one of `http`, `https`, `tftp`",
        ),
        (edit(json!({ "host": { "fixed": "http://x" } })), "field `host`: its fixed value is not a host"),
        (
            edit(json!({ "settings.logo-url": { "fixed": "x" } })),
            "field `settings.logo-url`: its fixed value is not a URL",
        ),
        (
            edit(json!({ "settings.time-zone": { "fixed": "Mars/Base" } })),
            "field `settings.time-zone`: its fixed value is not a zone of the time-zone database",
        ),
        (
            edit(json!({ "settings.codecs": { "fixed": "pcma|mp3" } })),
            "field `settings.codecs`: its fixed value does not know `mp3`",
        ),
        (
            edit(json!({ "network.address": { "fixed": "1.2.3" } })),
            "field `network.address`: its fixed value is not an IPv4 address",
        ),
        (
            edit(json!({ "network.dns-servers": { "fixed": "1.2.3.4|1.2.3.5|1.2.3.6" } })),
            "field `network.dns-servers`: its fixed value has more than two name servers; keep two",
        ),
        (
            edit(json!({ "organization": { "fixed": "a b" } })),
            "field `organization`: its fixed value is not an identifier",
        ),
        (
            edit(json!({ "line-1": { "fixed": "a b" } })),
            "field `line-1`: its fixed value is not an extension's number",
        ),
        (
            edit(json!({ "serial": { "fixed": "a/b" } })),
            "field `serial`: its fixed value is not usable in a URL",
        ),
        (
            job("wrong", "on-demand", "level.set", json!({ "level": { "fixed": "all" } })),
            "field `level`: its fixed value does not know `all`; write one of `modify`, `none`, `view`",
        ),
        // Bounds, patterns and choices.
        (
            edit(json!({ "settings.vlan": { "minimum": 20, "maximum": 10 } })),
            "field `settings.vlan`: `minimum` is 20, which is above `maximum`, 10; swap them",
        ),
        (
            edit(json!({ "settings.vlan": { "maximum": 5000 } })),
            "field `settings.vlan`: `maximum` is 5000, but the field takes 1 to 4094",
        ),
        (
            edit(json!({ "name": { "minimum": 1 } })),
            "field `name`: `minimum` is 1, but the field takes 3 to 32 characters",
        ),
        (
            edit(json!({ "mac": { "minimum": 1 } })),
            "field `mac`: `minimum` and `maximum` are for numbers and texts; leave them out",
        ),
        (
            edit(json!({ "settings.vlan": { "pattern": "1." } })),
            "field `settings.vlan`: `pattern` is for texts; leave it out",
        ),
        (
            edit(json!({ "name": { "pattern": "[a-z" } })),
            "field `name`: `pattern` `[a-z` is no regular expression; mend its brackets and repetitions",
        ),
        (
            edit(json!({ "name": { "pattern": "(?=a)b" } })),
            "field `name`: `pattern` has a group that looks around or sets a mode",
        ),
        (
            edit(json!({ "name": { "pattern": "(?:[a-z]{500}){500}" } })),
            "field `name`: `pattern` is too large",
        ),
        (
            edit(json!({ "name": { "default": "Desk 1", "pattern": "[a-z]+" } })),
            "field `name`: its default has not the form that the job asks for",
        ),
        (
            edit(json!({ "settings.vlan": { "default": 5, "minimum": 10 } })),
            "field `settings.vlan`: its default has to be 10 or more",
        ),
        (
            edit(json!({ "settings.vlan": { "choices": [10, 5000] } })),
            "field `settings.vlan`: its choice 2 is `5000`; give a whole number from 1 to 4094",
        ),
        (
            edit(json!({ "settings.vlan": { "choices": [10, "010"] } })),
            "field `settings.vlan`: choice 2 is there already; leave it out",
        ),
        (
            edit(json!({ "settings.vlan": { "choices": [10, ""] } })),
            "field `settings.vlan`: its choice 2 says nothing",
        ),
        (
            edit(json!({ "settings.vlan": { "choices": [10, 20], "default": 30 } })),
            "field `settings.vlan`: its default is none of the job's choices; write one of `10`, `20`",
        ),
        (
            edit(json!({ "settings.vlan": { "choices": [10, 20], "minimum": 15 } })),
            "field `settings.vlan`: its choice 1 has to be 15 or more",
        ),
        (
            edit(json!({ "name": { "choices": ["Desk 1", "clear"] } })),
            "field `name`: its choice 2 cannot be taken away; give a value",
        ),
        (
            edit(json!({ "admin-password": { "choices": ["CANARY-1", "CANARY-2"] } })),
            "field `admin-password`: is a secret, which no list tells; leave `choices` out",
        ),
        // What the operation needs.
        (
            edit(json!({})),
            "device.edit is given nothing to change; name a field of it, like `name` or `settings.time-zone`",
        ),
        (edit(json!({ "device": {} })), "device.edit is given nothing to change"),
        (
            job("wrong", "on-demand", "device.assign", json!({})),
            "device.assign is given nothing to change; name a field of it, like `line-1` or `organization`",
        ),
        (
            job("wrong", "on-demand", "line.set-secret", json!({})),
            "line.set-secret is given nothing to change; name a field of it, like `secret` or `passcode`",
        ),
        // The catalog.
        (
            edit(json!({ "vendor": { "fixed": "Yealnik" }, "model": {} })),
            "field `vendor`: there is no vendor `Yealnik`; did you mean `yealink`?",
        ),
        (
            edit(json!({ "model": { "fixed": "yealink/t46x" } })),
            "field `model`: there is no model `yealink/t46x`; did you mean `yealink/t4",
        ),
        (
            edit(json!({ "vendor": { "fixed": "Aastra" }, "model": { "fixed": "T46S" } })),
            "field `model`: there is no model `T46S` of `aastra`",
        ),
        (
            edit(json!({ "model": { "choices": ["yealink/t46s", "nonsense"] } })),
            "field `model`: there is no model `nonsense`",
        ),
        (
            edit(json!({ "model": { "fixed": "T46S" }, "firmware": { "default": "1.2" } })),
            "field `firmware`: model `yealink/t46s` has no firmware `1.2`; write `66.86`",
        ),
        (
            edit(json!({ "model": { "fixed": "T46S" }, "line-17": {} })),
            "field `line-17`: model `yealink/t46s` has 16 lines; leave the field out",
        ),
        // Kinds.
        (
            with(edit(name.clone()), "batch", json!(5)),
            "`batch` is for bulk jobs, which run over rows; leave it out",
        ),
        (with(edit(name.clone()), "rows", json!("name\nx\n")), "`rows` is for bulk jobs"),
        (with(edit(name.clone()), "mapping", json!("fusionpbx")), "`mapping` is for bulk jobs"),
        (with(edit(name.clone()), "columns", json!({ "A": "name" })), "`columns` is for bulk jobs"),
        (with(edit(name.clone()), "stop-on-error", json!(false)), "`stop-on-error` is for bulk jobs"),
        (
            with(bulk("device.edit", name.clone()), "stop-on-error", json!(false)),
            "`stop-on-error` is for jobs in batches; give `batch`, or leave it out",
        ),
        (
            with(bulk("device.edit", name.clone()), "mapping", json!("fusionpbxx")),
            "there is no mapping `fusionpbxx`; did you mean `fusionpbx`?",
        ),
        (
            bulk("device.edit", json!({ "device": { "fixed": "Desk" }, "name": {} })),
            "field `device`: a fixed value would be the same in every row of a bulk job; have it asked for",
        ),
        (
            bulk("device.create", json!({ "mac": { "fixed": "0015654aa941" }, "name": {}, "model": {} })),
            "field `mac`: a fixed value would be the same in every row",
        ),
        (
            bulk("line.set-secret", json!({ "extension": { "default": "101" }, "secret": {} })),
            "field `extension`: a default would be the same in every row",
        ),
        // Columns.
        (
            with(bulk("device.edit", name.clone()), "columns", json!({ "A": "name", "a": "" })),
            "`columns` has the header `a` twice",
        ),
        (
            with(bulk("device.edit", name.clone()), "columns", json!({ " ": "name" })),
            "`columns` has a blank header; leave it out",
        ),
        (
            with(bulk("device.edit", name.clone()), "columns", json!({ "A": "name", "B": "name" })),
            "`columns` has two headers for the field `name`; leave one of them out",
        ),
        (
            with(bulk("device.edit", name.clone()), "columns", json!({ "A": "nmae" })),
            "`columns`, header `A`: device.edit has no field `nmae`; did you mean `name`?",
        ),
        (
            with(bulk("device.edit", name.clone()), "columns", json!({ "A": "notes" })),
            "`columns`: header `A` stands for `notes`, which runs do not give; name it in `fields`, or leave the column out",
        ),
        // Schedules.
        (
            with(edit(name.clone()), "start-at", json!("2026-12-01T22:00Z")),
            "`start-at` is no local time; write one like `2026-12-01T22:00`, without an offset",
        ),
        (with(edit(name.clone()), "start-at", json!("2026-02-30T22:00")), "`start-at` is no local time"),
        (
            with(
                with(edit(name.clone()), "start-at", json!("2026-12-01T22:00")),
                "time-zone",
                json!("Mars/Base"),
            ),
            "`time-zone` is `Mars/Base`, which is not in the time-zone database; write one like `Europe/Bucharest`",
        ),
        (
            with(edit(name.clone()), "time-zone", json!("UTC")),
            "`time-zone` is for `start-at`, which is missing",
        ),
        // The shape of the record.
        (with(edit(name.clone()), "operation", json!("device.explode")), "does not know `device.explode`"),
        (with(edit(name), "nmae", json!("x")), "did you mean `name`?"),
        (
            edit(json!({ "name": { "fixed": "Desk 1", "default": "Desk 2" } })),
            "is fixed and has a default; leave one of them out",
        ),
        (edit(json!({ "name": { "lable": "x" } })), "did you mean `label`?"),
        (edit(json!({ "name": { "choices": "x" } })), "write a list in square brackets"),
    ]
}

#[test]
fn every_wrong_definition_is_refused_with_its_cure_whoever_writes_it() {
    let site = site();
    let mut differ = Vec::new();
    for (job, why) in wrong() {
        let problem = build(&site, job.clone()).expect_err(&job.to_string());
        if !problem.message.contains(why) || problem.code != Code::Invalid {
            differ.push(format!("added: {job}\n  is    {problem}\n  wants {why}"));
        }
        let job = job.as_object().unwrap().iter().map(|(key, value)| format!("{key:?} = {}\n", toml(value)));
        let text = format!("[[job]]\n{}", job.collect::<String>());
        site.put("fleet/wrong.toml", &text);
        let faults = site.try_load().map(|_| ()).map_err(|faults| site.lines(&faults).join("\n"));
        // Words of closed sets are told of in other words where the file is read.
        let why = why.replace("does not know `device.explode`", "device.explode");
        match faults {
            Err(told) if told.contains(&why) && told.contains("fleet/wrong.toml:") => (),
            told => differ.push(format!("written: {text}  is    {told:?}\n  wants {why}")),
        }
        std::fs::remove_file(site.path("fleet/wrong.toml")).unwrap();
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
    assert_eq!(super::fleet(&site), FLEET, "nothing was written");
}

#[test]
fn what_a_job_names_has_to_be_of_its_platform_when_it_is_built() {
    let site = site();
    for (operation, told, field) in [
        ("device.edit", json!({ "line-1": { "fixed": "901" } }), "line-1"),
        ("device.edit", json!({ "organization": { "choices": ["org", "other"] } }), "organization"),
        ("device.edit", json!({ "owner": { "default": "other" } }), "owner"),
        ("template.apply", json!({ "template": { "fixed": "theirs" } }), "template"),
        ("device.clear", json!({ "device": { "fixed": "Strange" } }), "device"),
        ("device.clear", json!({ "mac": { "fixed": "00:15:65:99:99:99" } }), "mac"),
        ("device.clear", json!({ "serial": { "fixed": "strangerserialk7x2m9q4w8e6" } }), "serial"),
        ("line.set-secret", json!({ "extension": { "choices": ["101", "901"] }, "secret": {} }), "extension"),
        ("level.set", json!({ "account": { "fixed": "other-user" }, "level": {} }), "account"),
    ] {
        let problem = build(&site, job("names", "on-demand", operation, told.clone())).expect_err(operation);
        assert_eq!(problem.field, Some(format!("fields.{field}")), "{problem}");
        let there_is_none: Value = serde_json::from_str(
            &told
                .to_string()
                .replace("901", "999")
                .replace("Strange", "Nothing")
                .replace("other-user", "nobody-here")
                .replace("\"other\"", "\"nothing\"")
                .replace("theirs", "nothing")
                .replace("99:99:99", "88:88:88")
                .replace("strangerserial", "nobodyatallsse"),
        )
        .unwrap();
        let same = build(&site, job("names", "on-demand", operation, there_is_none)).unwrap_err();
        let without_name = |text: &str| text.split('`').step_by(2).collect::<String>();
        assert_eq!(without_name(&problem.message), without_name(&same.message));
        assert!(!problem.message.contains("strangerserial"), "{problem}");
    }
}

#[test]
fn a_job_names_the_mappings_that_there_are() {
    let shipped: Vec<&str> = bellhop::jobs::mappings().map(|mapping| mapping.id).collect();
    assert_eq!(shipped, bellhop::model::MAPPINGS);
}

#[test]
fn a_definition_with_everything_right_stands() {
    let site = site();
    let told = json!({
        "device": { "label": "Phone" },
        "name": { "minimum": 3, "maximum": 20, "pattern": "[A-Z][A-Za-z0-9 ]*", "help": "As on the door." },
        "settings.vlan": { "default": 10, "choices": [10, 20, "clear"] },
        "line-1": { "fixed": "clear" },
        "raw.features.dnd": { "fixed": "'clear" },
        "serial": { "fixed": "generate" },
    });
    let mut right = job("right", "bulk", "device.edit", told);
    right["columns"] = json!({ "Phone": "device", "Name": "name", "Remark": "" });
    right["mapping"] = json!("fusionpbx");
    right["batch"] = json!(100);
    right["stop-on-error"] = json!(false);
    right["start-at"] = json!("2026-12-01T22:00");
    right["time-zone"] = json!("Europe/Bucharest");
    right["approval"] = json!(true);
    right["rows"] = json!("device,name\nDesk,Desk 1\n");
    let told = build(&site, right.clone()).unwrap();
    for (key, value) in
        right.as_object().unwrap().iter().filter(|(key, _)| !matches!(key.as_str(), "fields" | "rows"))
    {
        assert_eq!(&told[key], value, "{key}");
    }
    assert_eq!(told["rows"], json!("********"), "rows may hold secrets");
    assert_eq!(told["fields"]["serial"], json!({ "fixed": "********" }));
    assert_eq!(site.load().job("right").unwrap().fields.len(), 6);
}
