//! Changing devices, and taking them away.

use bellhop::model::Protocol;
use bellhop::operation::{Code, Edit, Query};
use serde_json::{Value, json};

use super::{SERIAL, STRANGE_SERIAL, ask, device, done, fields, refused, request, seen, site, texts};
use crate::support::{Site, ask as ask_as_phone, outcome};

fn edit(called: &str, more: Value) -> Edit {
    Edit::DeviceEdit { device: called.to_owned(), fields: fields(more) }
}

fn named(called: &str, make: fn(String) -> Edit) -> Edit {
    make(called.to_owned())
}

/// Says how a phone fares that asks for its main file by a serial.
fn served(site: &Site, serial: &str) -> bool {
    let snapshot = site.load();
    outcome(&ask_as_phone(&snapshot, Protocol::Http, &format!("/{serial}/0015654aa937.cfg"), None)).0
        == "served"
}

#[test]
fn an_edit_changes_the_keys_that_differ_and_keeps_the_rest_of_the_file() {
    let site = site();
    let shown = done(
        &site,
        "sp",
        edit("Desk", json!({ "name": "Desk", "notes": "by the window", "mac": "0015654aa937" })),
    );
    assert_eq!(shown["notes"], "by the window");
    let text = std::fs::read_to_string(site.path("fleet/sp/org.toml")).unwrap();
    assert!(text.starts_with("\n# The provider that the tests are about."), "{text}");
    assert!(text.contains("serial = \"t4h7k2m9x3q8w6e5r1y0u9p2an\"   # kept\n"), "{text}");
    assert!(text.contains("mac = \"00:15:65:4A:A9:37\"\n"), "what is said in other words stays: {text}");
    assert!(text.contains("notes = \"by the window\"\n") && text.contains("updated = 20"), "{text}");
}

#[test]
fn an_edit_that_says_what_is_so_already_changes_nothing() {
    let site = site();
    let before = texts(&site);
    let same = json!({
        "status": "enabled", "template": "default", "mac-based": false, "notes": "", "lines": ["0087*001", ""],
        "settings": { "user-password": "********" }, "protocol": "http", "admin-password": "********",
    });
    let outcome = ask(&site, "sp", &request(vec![edit("Desk", same)])).unwrap();
    assert!(!outcome.changed, "{outcome:?}");
    assert_eq!(texts(&site), before);
}

#[test]
fn an_account_below_modify_edits_some_fields_and_is_told_which_it_may_not() {
    let site = site();
    done(&site, "org", edit("Desk", json!({ "notes": "by the organization" })));
    for (key, value) in [
        ("serial", json!("k3m8q2w7e5r9t4y6u1i0p3a5s7")),
        ("owner", json!("org")),
        ("organization", json!(null)),
        ("lines", json!([])),
        ("status", json!("disabled")),
    ] {
        let problem = refused(&site, "org", edit("Desk", json!({ key: value })));
        assert_eq!((problem.code, problem.field.as_deref()), (Code::Forbidden, Some(key)), "{problem:?}");
        assert_eq!(problem.rule.as_deref(), Some("R5"));
    }
    let rotated = refused(&site, "org", named("Desk", |device| Edit::DeviceRotate { device }));
    assert_eq!(rotated.field.as_deref(), Some("serial"));
}

#[test]
fn an_extension_edits_little_of_the_device_that_it_is_on() {
    let site = site();
    done(
        &site,
        "0087*001",
        edit("Desk", json!({ "name": "My desk", "settings": { "time-zone": "Europe/Bucharest" } })),
    );
    for (key, value) in [
        ("mac", json!("0015657a0001")),
        ("protocol", json!("https")),
        ("model", json!("yealink/t42s")),
        ("settings", json!({ "vlan": 5 })),
    ] {
        let problem = refused(&site, "0087*001", edit(SERIAL, json!({ key: value })));
        assert_eq!(
            (problem.rule.as_deref(), problem.field.as_deref()),
            (Some("R7"), Some(key)),
            "{problem:?}"
        );
    }
    let other = refused(&site, "0087*002", edit(SERIAL, json!({ "name": "Mine" })));
    assert_eq!(other.code, Code::NotFound, "it is not on it");
}

#[test]
fn removing_and_clearing_need_modify() {
    let site = site();
    for account in ["org", "user", "0087*001"] {
        for make in [|device| Edit::DeviceRemove { device }, |device| Edit::DeviceClear { device }]
            as [fn(String) -> Edit; 2]
        {
            let problem = refused(&site, account, named("Desk", make));
            assert!(problem.rule.is_some() || problem.code == Code::NotFound, "{account}: {problem:?}");
        }
    }
    let cleared = done(&site, "sp", named("Desk", |device| Edit::DeviceClear { device }));
    assert_eq!((&cleared["lines"], &cleared["organization"]), (&json!([]), &Value::Null));
    assert_eq!(cleared["serial"], SERIAL, "the device is kept");
    assert!(site.load().assigned("0087*001").is_none());
    done(&site, "sp", named("Desk", |device| Edit::DeviceRemove { device }));
    assert!(site.load().phone_by_serial(SERIAL).is_none());
    assert!(!served(&site, SERIAL), "its URL is dead");
}

#[test]
fn a_disabled_device_gets_nothing_until_it_is_enabled() {
    let site = site();
    assert!(served(&site, SERIAL));
    done(&site, "sp", named("Desk", |device| Edit::DeviceDisable { device }));
    assert!(!served(&site, SERIAL));
    done(&site, "sp", named("Desk", |device| Edit::DeviceEnable { device }));
    assert!(served(&site, SERIAL));
}

#[test]
fn rotating_kills_the_old_url_and_shows_the_new_one() {
    let site = site();
    let before = device(&site, "sp", "Desk");
    let rotated = done(&site, "sp", named("Desk", |device| Edit::DeviceRotate { device }));
    let serial = rotated["serial"].as_str().unwrap();
    assert_ne!(serial, SERIAL);
    assert_ne!(rotated["id"], before["id"], "the old id tells nothing of the new one");
    assert_eq!((served(&site, SERIAL), served(&site, serial)), (false, true));
    assert!(
        rotated["urls"].as_array().unwrap().iter().all(|url| url.as_str().unwrap().contains(serial)),
        "{rotated}"
    );
    let again = done(&site, "sp", edit("Desk", json!({ "serial": "generate" })));
    assert!(
        !served(&site, serial) && served(&site, again["serial"].as_str().unwrap()),
        "a word does the same"
    );
}

#[test]
fn a_new_admin_password_is_shown_once_and_reaches_the_phone() {
    let site = site();
    let shown = done(&site, "sp", named("Desk", |device| Edit::DevicePassword { device }));
    let password = shown["admin-password"].as_str().unwrap().to_owned();
    assert!(password.len() >= 12);
    assert!(!device(&site, "sp", "Desk").to_string().contains(&password));
    let text = std::fs::read_to_string(site.path("fleet/sp/org.toml")).unwrap();
    assert!(text.contains(&password) && !text.contains("CANARY-admin"), "{text}");
    let refused = refused(&site, "0087*002", named(SERIAL, |device| Edit::DevicePassword { device }));
    assert_eq!(refused.code, Code::NotFound);
}

#[test]
fn a_password_is_taken_away_wherever_it_stands() {
    let site = site();
    done(&site, "sp", edit("Desk", json!({ "admin-password": null, "settings": { "user-password": null } })));
    let text = std::fs::read_to_string(site.path("fleet/sp/org.toml")).unwrap();
    assert!(!text.contains("CANARY-admin") && !text.contains("CANARY-user"), "{text}");
    assert_eq!(device(&site, "sp", "Desk")["admin-password-mode"], "none");
}

#[test]
fn a_mac_or_serial_of_another_device_is_a_conflict_without_a_name() {
    let site = site();
    for (key, value) in [("mac", "00:15:65:99:99:99"), ("serial", STRANGE_SERIAL)] {
        let problem = refused(&site, "sp", edit("Desk", json!({ key: value })));
        assert_eq!((problem.code, problem.field.as_deref()), (Code::Conflict, Some(key)));
        assert!(!problem.message.to_lowercase().contains("stranger"), "{problem}");
    }
}

#[test]
fn another_model_must_take_what_the_device_has() {
    let site = site();
    let problem = refused(&site, "sp", edit("Desk", json!({ "protocol": "gopher" })));
    assert_eq!(problem.field.as_deref(), Some("protocol"));
    done(&site, "sp", edit("Desk", json!({ "lines": ["0087*001", "0087*002"] })));
    let problem = refused(&site, "sp", edit("Desk", json!({ "model": "yealink/t99" })));
    assert_eq!((problem.code, problem.field.as_deref()), (Code::Invalid, Some("model")));
}

/// Makes each edit that names a device.
fn each(called: &str) -> Vec<Edit> {
    let device = called.to_owned();
    vec![
        edit(called, json!({ "notes": "mine" })),
        edit(called, json!({})),
        Edit::DeviceClear { device: device.clone() },
        Edit::DeviceDisable { device: device.clone() },
        Edit::DeviceEnable { device: device.clone() },
        Edit::DevicePassword { device: device.clone() },
        Edit::DeviceRemove { device: device.clone() },
        Edit::DeviceRotate { device },
    ]
}

#[test]
fn no_edit_tells_a_device_of_a_stranger_from_one_that_does_not_exist() {
    let site = site();
    let id = device(&site, "administrator", STRANGE_SERIAL)["id"].as_str().unwrap().to_owned();
    for account in ["sp", "org", "user", "0087*001"] {
        for called in [STRANGE_SERIAL, "00:15:65:99:99:99", "Stranger phone", &id] {
            for (hidden, missing) in each(called).into_iter().zip(each("nobody-has-this")) {
                let (hidden, missing) = (refused(&site, account, hidden), refused(&site, account, missing));
                let told = hidden.message.replace(called, "nobody-has-this");
                assert_eq!(
                    (&told, hidden.code, &hidden.rule),
                    (&missing.message, missing.code, &missing.rule)
                );
                assert_eq!(missing.code, Code::NotFound);
            }
        }
    }
    let text = std::fs::read_to_string(site.path("state/audit.log")).unwrap();
    assert!(text.contains(&id) && !text.contains(STRANGE_SERIAL), "the log names it by its id");
}

#[test]
fn what_a_dead_name_called_is_not_found() {
    let site = site();
    done(&site, "sp", edit("Desk", json!({ "name": "Window" })));
    let problem = seen(&site, "sp", &Query::Device { device: "Desk".to_owned() }).unwrap_err();
    assert_eq!(problem.code, Code::NotFound);
}
