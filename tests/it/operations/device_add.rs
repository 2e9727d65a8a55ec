//! Adding devices.

use bellhop::operation::{Code, Edit, Fields};
use serde_json::{Value, json};

use super::{SERIAL, STRANGE_SERIAL, ask, caller, done, fields, refused, request, site, texts};
use crate::support::Site;

fn phone(more: Value) -> Fields {
    let mut record = fields(json!({ "name": "New phone", "model": "yealink/t46s", "protocol": "https" }));
    record.extend(fields(more));
    record
}

fn add(more: Value) -> Edit {
    Edit::DeviceAdd { fields: phone(more) }
}

/// Reads a record of a document as it is written.
fn written(site: &Site, path: &str) -> String {
    std::fs::read_to_string(site.path(path)).unwrap_or_default()
}

#[test]
fn a_device_without_a_serial_gets_one_of_128_bits_that_is_shown() {
    let site = site();
    let added = done(&site, "sp", add(json!({ "lines": ["0087*003"] })));
    let serial = added["serial"].as_str().unwrap();
    assert_eq!(serial.len(), 26);
    assert_eq!(serial.parse::<bellhop::model::Serial>().unwrap().weakness(), None);
    let snapshot = site.load();
    let phone = snapshot.phone_by_serial(serial).unwrap();
    assert_eq!(phone.device.owner.as_deref(), Some("sp"), "the acting account owns it");
    let dates = phone.device.dates.as_ref().unwrap();
    assert!(dates.created.is_some() && dates.created == dates.updated);
    assert!(
        written(&site, "fleet/sp/org.toml").contains(serial),
        "it goes to the document of its line's organization"
    );
}

#[test]
fn what_an_administrator_adds_without_an_assignment_goes_to_its_own_document() {
    let site = site();
    let added = done(&site, "administrator", add(json!({ "serial": "generate" })));
    let text = written(&site, "fleet/administrator.toml");
    assert!(text.contains(added["serial"].as_str().unwrap()), "{text}");
    assert!(!text.contains("owner"), "{text}");
    assert_eq!(added["owner"], "administrator");
}

#[test]
fn the_same_device_again_is_no_change_and_another_one_of_its_serial_a_conflict() {
    let site = site();
    let serial = "k3m8q2w7e5r9t4y6u1i0p3a5s7";
    let record = json!({ "serial": serial, "mac": "0015657a0001", "lines": ["0087*003"], "notes": "", "admin-password": "generate" });
    done(&site, "sp", add(record.clone()));
    let before = texts(&site);
    let again = ask(&site, "sp", &request(vec![add(record)])).unwrap();
    assert!(!again.changed && again.snapshot.is_none(), "{again:?}");
    assert_eq!(again.results[0]["name"], "New phone");
    assert_eq!(texts(&site), before);
    let problem = refused(&site, "sp", add(json!({ "serial": serial, "mac": "0015657a0002" })));
    assert_eq!((problem.code, problem.field.as_deref()), (Code::Conflict, Some("serial")));
    assert!(problem.message.contains("`mac`"), "{problem}");
}

#[test]
fn a_serial_or_mac_of_a_stranger_is_a_conflict_that_says_nothing_of_it() {
    let site = site();
    for (key, value) in [("serial", STRANGE_SERIAL), ("mac", "00:15:65:99:99:99")] {
        let problem = refused(&site, "sp", add(json!({ key: value })));
        assert_eq!((problem.code, problem.field.as_deref()), (Code::Conflict, Some(key)));
        assert!(!problem.message.to_lowercase().contains("stranger"), "{problem}");
    }
}

#[test]
fn what_is_the_strangers_cannot_be_chosen_and_is_told_like_what_is_missing() {
    let site = site();
    for (key, hidden, missing) in [
        ("owner", json!("stranger-org"), json!("nobody")),
        ("organization", json!("stranger-org"), json!("nobody")),
        ("lines", json!(["0999*002"]), json!(["0777*777"])),
    ] {
        let of = |value: &Value| refused(&site, "sp", add(json!({ key: value })));
        let (hidden, missing) = (of(&hidden), of(&missing));
        assert_eq!(hidden.field.as_deref(), Some(key), "{hidden:?}");
        let same = hidden.message.replace("stranger-org", "nobody").replace("0999*002", "0777*777");
        assert_eq!(same, missing.message);
        assert_eq!((hidden.code, &hidden.rule), (missing.code, &missing.rule));
    }
}

#[test]
fn an_account_on_view_adds_for_an_extension_on_modify_alone() {
    let site = site();
    let none = refused(&site, "org", add(json!({})));
    assert_eq!((none.code, none.rule.as_deref()), (Code::Forbidden, Some("R4")));
    let view = refused(&site, "org", add(json!({ "lines": ["0087*002"] })));
    assert_eq!((view.code, view.rule.as_deref()), (Code::Forbidden, Some("R3")));
    let added = done(&site, "org", add(json!({ "lines": ["0087*003"] })));
    assert_eq!((&added["owner"], &added["removable"]), (&"org".into(), &false.into()));
}

#[test]
fn an_extension_provisions_itself_with_nothing_but_the_default_template() {
    let site = site();
    let added = done(&site, "0087*003", add(json!({})));
    assert_eq!((&added["lines"], &added["owner"]), (&json!(["0087*003"]), &"0087*003".into()));
    assert_eq!(added["template"], "default");
    let again = refused(&site, "0087*003", add(json!({})));
    assert_eq!((again.code, again.rule.as_deref()), (Code::Forbidden, Some("R7")));
    let other = refused(&site, "0087*001", add(json!({})));
    assert_eq!(other.rule.as_deref(), Some("R7"), "it is on a device of its provider");
}

#[test]
fn what_the_model_does_not_take_is_told_with_the_field_and_a_cure() {
    let site = site();
    for (more, field, cure) in [
        (json!({ "model": "yealink/t46" }), "model", "did you mean `yealink/t4"),
        (json!({ "firmware": "0.0" }), "firmware", "write `"),
        (json!({ "protocol": "gopher" }), "protocol", "write `"),
        (json!({ "mac": "0015" }), "mac", "six pairs"),
        (json!({ "mac": "4AA937" }), "mac", "begin with `"),
        (json!({ "mac-based": true }), "mac", "give it as `mac`"),
        (json!({ "mac-based": true, "mac": "0015657a0001", "protocol": "tftp" }), "mac-based", "TFTP"),
        (json!({ "model": "aastra/51i", "lines": ["", "0087*003"] }), "lines", "another model"),
        (json!({ "name": "x" }), "name", "3 to 32"),
        (json!({ "nmae": "x" }), "nmae", "did you mean `name`"),
        (json!({ "created": "2026-01-01T00:00:00Z" }), "created", "leave it out"),
        (json!({ "update-interval": 0 }), "update-interval", "from 1 to"),
        (json!({ "admin-password": "********" }), "admin-password", "leave it out"),
        (json!({ "settings": { "user-password": "********" } }), "settings", "leave it out"),
    ] {
        let problem = refused(&site, "sp", add(more));
        assert_eq!((problem.code, problem.field.as_deref()), (Code::Invalid, Some(field)), "{problem:?}");
        assert!(problem.message.contains(cure), "{problem}");
        assert!(!problem.message.contains(".toml") && !problem.message.contains("/fleet"), "{problem}");
    }
}

#[test]
fn a_generated_password_is_shown_once_and_is_one_that_the_phone_takes() {
    let site = site();
    let added = done(&site, "sp", add(json!({ "serial": "generate", "admin-password": "generate" })));
    let password = added["admin-password"].as_str().unwrap().to_owned();
    assert!((12..=64).contains(&password.len()), "{}", password.len());
    let shown = super::device(&site, "sp", added["id"].as_str().unwrap());
    assert!(!shown.to_string().contains(&password));
    assert_eq!(shown["admin-password-mode"], "own");
}

#[test]
fn a_line_that_is_taken_and_a_kind_that_is_no_phone_are_refused() {
    let site = site();
    let taken = refused(&site, "sp", add(json!({ "lines": ["0087*001"] })));
    assert_eq!((taken.code, taken.field.as_deref()), (Code::Forbidden, Some("lines")));
    let site = site.write(
        "fleet/queue.toml",
        "[[extension]]\nnumber = \"0087*900\"\nuser = \"user\"\nkind = \"queue\"\nprovisioning = \"modify\"\n",
    );
    for account in ["sp", "administrator"] {
        let queue = refused(&site, account, add(json!({ "lines": ["0087*900"] })));
        assert_eq!((queue.rule.is_some(), queue.field.as_deref()), (true, Some("lines")));
        assert!(queue.message.contains("phone terminal"), "{queue}");
    }
}

#[test]
fn an_account_that_is_gone_does_nothing() {
    let site = site();
    let problem = refused(&site, "nobody", add(json!({})));
    assert_eq!(problem.code, Code::Forbidden);
    let mut loader = bellhop::reload::Loader::new(&site.path("bellhop.toml")).unwrap();
    let query = bellhop::operation::Query::Device { device: SERIAL.to_owned() };
    assert!(bellhop::operation::look(loader.desk().snapshot(), &caller("nobody"), &query).is_err());
}
