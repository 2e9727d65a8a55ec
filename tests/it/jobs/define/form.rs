//! Forms: what they ask for, and that what they let be is what a run takes.

use bellhop::operation::{Page, Query};
use serde_json::{Value, json};

use super::schema::faults;
use super::{DESK, build, caller, form, job, planned_of, seen, site};
use crate::support::Site;

fn property(site: &Site, job: &str, field: &str) -> Value {
    form(site, job)["properties"][field].clone()
}

fn consts(property: &Value) -> Vec<&str> {
    property["oneOf"].as_array().unwrap().iter().filter_map(|one| one["const"].as_str()).collect()
}

/// A job that asks for a field of each type.
fn with_types() -> Site {
    let site = site();
    let asked = |name: &str| (name.to_owned(), json!({}));
    let mut told: serde_json::Map<String, Value> = [
        "firmware",
        "mac",
        "mac-based",
        "line-2",
        "organization",
        "owner",
        "template",
        "status",
        "protocol",
        "host",
        "notes",
        "network.address",
        "network.netmask",
        "network.gateway",
        "network.dns-servers",
        "settings.codecs",
        "settings.time-zone",
        "settings.logo-url",
        "settings.ldap-name-attributes",
        "raw.features.dnd",
        "admin-password",
        "update-interval",
    ]
    .into_iter()
    .map(asked)
    .collect();
    told.insert(
        "name".to_owned(),
        json!({ "label": "What it is called", "minimum": 5, "maximum": 8, "pattern": "[A-Z]\\w+" }),
    );
    told.insert("settings.vlan".to_owned(), json!({ "minimum": 10, "maximum": 20 }));
    told.insert(
        "settings.user-password".to_owned(),
        json!({ "minimum": 4, "maximum": 6, "pattern": "\\d+" }),
    );
    told.insert("settings.language".to_owned(), json!({ "choices": ["de", "en"] }));
    told.insert("application-version".to_owned(), json!({ "default": "1.0" }));
    told.insert("model".to_owned(), json!({ "fixed": "yealink/t46s" }));
    build(&site, job("types", "on-demand", "device.edit", Value::Object(told))).unwrap();
    site
}

#[test]
fn what_a_form_lets_be_a_run_takes_and_what_it_refuses_a_run_refuses() {
    let site = with_types();
    let form = form(&site, "types");
    let desk = site.load().phone_by_serial(DESK).unwrap().device.serial.public_id();
    let good = [
        ("name", json!("Desk_1")),
        ("firmware", json!("66.86")),
        ("mac", json!("00:15:65:4A:A9:40")),
        ("mac", json!("00-15-65-4a-a9-40")),
        ("mac", json!("0015654aa940")),
        ("mac", Value::Null),
        ("mac-based", json!(true)),
        ("line-2", json!("102")),
        ("line-2", Value::Null),
        ("organization", json!("org")),
        ("owner", json!("103")),
        ("template", json!("ours")),
        ("template", json!("default")),
        ("template", Value::Null),
        ("status", json!("disabled")),
        ("protocol", json!("https")),
        ("host", json!("files.example.net")),
        ("notes", json!("On the left.")),
        ("notes", Value::Null),
        ("network.dns-servers", json!(["192.0.2.1", "192.0.2.2"])),
        ("settings.codecs", json!(["pcma", "g722"])),
        ("settings.time-zone", json!("Europe/Bucharest")),
        ("settings.logo-url", json!("https://files.example.net/a.bmp")),
        ("settings.ldap-name-attributes", json!(["cn"])),
        ("settings.vlan", json!(10)),
        ("settings.vlan", Value::Null),
        ("settings.user-password", json!("4711")),
        ("settings.language", json!("de")),
        ("application-version", json!("2.0")),
        ("raw.features.dnd", json!("1")),
        ("admin-password", json!("CANARY-new")),
        ("admin-password", json!("generate")),
        ("update-interval", json!(99_999)),
    ];
    for (field, value) in &good {
        let values = json!({ "device": desk, (*field): value });
        assert_eq!(faults(&form, &values), [""; 0], "{values}");
        planned_of(&site, "types", &values).unwrap_or_else(|why| panic!("{values}: {why}"));
    }
    let bad = [
        ("name", json!("Desk")),
        ("name", json!("Desk_12345")),
        ("name", json!("desk_1")),
        ("name", Value::Null),
        ("firmware", json!("1.2.3")),
        ("mac", json!("00:15:65:4A:A9")),
        ("mac", json!("00:15:65:4A:A9:4G")),
        ("mac-based", json!("perhaps")),
        ("line-2", json!("901")),
        ("organization", json!("other")),
        ("owner", json!("other")),
        ("template", json!("theirs")),
        ("status", json!("broken")),
        ("protocol", json!("ftp")),
        ("network.address", json!("192.0.2")),
        ("network.dns-servers", json!(["192.0.2.1", "192.0.2.2", "192.0.2.3"])),
        ("settings.codecs", json!(["pcma", "pcma"])),
        ("settings.codecs", json!(["mp3"])),
        ("settings.vlan", json!(9)),
        ("settings.vlan", json!(21)),
        ("settings.vlan", json!("many")),
        ("settings.user-password", json!("12a4")),
        ("settings.user-password", json!("generate")),
        ("settings.user-password", json!("1234567")),
        ("settings.language", json!("fr")),
        ("notes", json!("x".repeat(256))),
        ("admin-password", json!("abc")),
        ("update-interval", json!(0)),
        ("model", json!("yealink/t42s")),
        ("nonsense", json!("x")),
    ];
    for (field, value) in &bad {
        let values = json!({ "device": desk, (*field): value });
        assert_ne!(faults(&form, &values), [""; 0], "{values}");
        assert!(planned_of(&site, "types", &values).is_err(), "{values}");
    }
    let nothing = json!({ "notes": "x" });
    assert_ne!(faults(&form, &nothing), [""; 0]);
    assert!(planned_of(&site, "types", &nothing).unwrap_err().contains("`device` is missing"));
}

#[test]
fn a_form_asks_for_what_is_not_fixed_with_labels_help_and_defaults() {
    let site = with_types();
    let whole = form(&site, "types");
    assert_eq!((&whole["required"], &whole["additionalProperties"]), (&json!(["device"]), &json!(false)));
    assert_eq!(whole["properties"].get("model"), None, "it is fixed");
    assert_eq!(property(&site, "types", "name")["title"], json!("What it is called"));
    assert_eq!(property(&site, "types", "name")["pattern"], json!("^(?:[A-Z]\\w+)$"));
    assert_eq!(property(&site, "types", "application-version")["default"], json!("1.0"));
    assert_eq!(whole["x-bellhop-order"][0], json!("device"));
    for secret in ["admin-password", "settings.user-password"] {
        let property = property(&site, "types", secret);
        assert_eq!(
            (&property["writeOnly"], &property["format"]),
            (&json!(true), &json!("password")),
            "{secret}"
        );
    }
    assert_eq!(property(&site, "types", "settings.vlan")["minimum"], json!(10));
}

#[test]
fn what_can_be_chosen_is_of_the_platform() {
    let site = with_types();
    assert_eq!(
        consts(&property(&site, "types", "line-2")),
        ["102", "103"],
        "101 is on a line, 901 is another's"
    );
    assert_eq!(consts(&property(&site, "types", "organization")), ["org"]);
    assert_eq!(consts(&property(&site, "types", "owner")), ["101", "102", "103", "org", "user"]);
    assert_eq!(consts(&property(&site, "types", "template")), ["default", "ours"]);
    assert_eq!(consts(&property(&site, "types", "firmware")), ["66.86"]);
    let devices = property(&site, "types", "device");
    let titles: Vec<&str> =
        devices["oneOf"].as_array().unwrap().iter().map(|one| one["title"].as_str().unwrap()).collect();
    assert_eq!(titles, ["Desk (T46S, 00:15:65:4A:A9:37)", "Hall (T46S, 00:15:65:4A:A9:38)"]);
    let levels = json!({ "level": { "choices": ["view", "none"] } });
    build(&site, job("level", "on-demand", "level.set", levels)).unwrap();
    assert_eq!(consts(&property(&site, "level", "level")), ["view", "none"], "in the job's order");
    assert_eq!(consts(&property(&site, "level", "account")), ["101", "102", "103", "user"]);
}

#[test]
fn choices_of_a_job_that_are_gone_are_not_offered() {
    let site = site();
    let told = json!({ "line-1": { "choices": ["102", "103", "clear"] }, "template": { "default": "ours" } });
    build(&site, job("lines", "on-demand", "device.edit", told)).unwrap();
    let offered = || property(&site, "lines", "line-1")["oneOf"].clone();
    let two = json!([
        { "const": "102", "title": "102 – Second" },
        { "const": "103", "title": "103" },
        { "const": null, "title": "—" },
    ]);
    assert_eq!(offered(), two);
    let text = super::fleet(&site).replace("lines = [\"101\"]", "lines = [\"103\"]");
    site.put("fleet/fleet.toml", &text);
    assert_eq!(offered().as_array().unwrap().len(), 2, "103 is on a line");
}

#[test]
fn a_list_that_is_too_long_for_a_form_is_asked_for_in_parts() {
    let site = site();
    let mut more = String::new();
    for number in 1000..1200 {
        more +=
            &format!("[[extension]]\nnumber = \"{number}\"\nuser = \"user\"\ndisplay-name = \"N{number}\"\n");
    }
    site.put("fleet/more.toml", &more);
    build(&site, job("assign", "on-demand", "device.assign", json!({ "line-1": {} }))).unwrap();
    let property = property(&site, "assign", "line-1");
    assert_eq!(property.get("oneOf"), None);
    assert_eq!(
        property["x-bellhop-choices"],
        json!({ "query": "job-choices", "job": "assign", "field": "line-1", "total": 202 })
    );
    let choices = |text: Option<&str>, offset| {
        let query = Query::JobChoices {
            job: "assign".to_owned(),
            field: "line-1".to_owned(),
            text: text.map(str::to_owned),
            page: Page { offset, limit: 2 },
        };
        seen(&site, &caller("user", Some("builder")), &query).unwrap()
    };
    assert_eq!(choices(None, 1)["rows"][0], json!({ "value": "1001", "title": "1001 – N1001" }));
    assert_eq!(choices(Some("n111"), 0)["total"], json!(10));
    assert_eq!(choices(Some("901"), 0)["total"], json!(0), "another's");
}

#[test]
fn a_device_may_be_named_in_several_ways_where_the_job_asks_so() {
    let site = site();
    build(&site, job("by-mac", "on-demand", "device.clear", json!({ "mac": { "label": "MAC" } }))).unwrap();
    assert_eq!(form(&site, "by-mac")["required"], json!(["mac"]));
    assert_eq!(form(&site, "by-mac")["properties"].as_object().unwrap().len(), 1);
    let told = json!({ "mac": {}, "device": {} });
    build(&site, job("either", "on-demand", "device.clear", told)).unwrap();
    let either = form(&site, "either");
    assert_eq!(
        (&either["required"], &either["anyOf"]),
        (&json!([]), &json!([{ "required": ["device"] }, { "required": ["mac"] }]))
    );
    assert!(planned_of(&site, "either", &json!({ "mac": "00:15:65:4A:A9:37" })).is_ok());
    let both = json!({ "mac": "00:15:65:4A:A9:37", "device": "Hall" });
    assert!(planned_of(&site, "either", &both).unwrap_err().contains("another device than `device`"));
}

#[test]
fn what_an_operation_cannot_do_without_is_asked_for_though_the_job_says_nothing() {
    let site = site();
    for (operation, required) in [
        ("device.create", json!(["model", "name"])),
        ("device.set-admin-password", json!(["device", "admin-password"])),
        ("device.set-status", json!(["device", "status"])),
        ("level.set", json!(["account", "level"])),
        ("template.apply", json!(["device", "template"])),
    ] {
        let id = operation.replace('.', "-");
        build(&site, job(&id, "on-demand", operation, json!({}))).unwrap();
        let form = form(&site, &id);
        assert_eq!(form["required"], required);
        assert_eq!(form["x-bellhop-order"], required);
        assert!(planned_of(&site, &id, &json!({})).is_err(), "{operation}");
    }
}
