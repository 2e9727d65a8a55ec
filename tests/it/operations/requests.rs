//! Requests: many edits as one, dry runs, versions, the audit log.

use bellhop::operation::{Code, Edit, Outcome, Request};
use serde_json::{Value, json};

use super::{ask, device, fields, request, said, site, texts};
use crate::support::Site;

fn name(name: &str) -> Edit {
    Edit::DeviceEdit {
        device: "t4h7k2m9x3q8w6e5r1y0u9p2an".to_owned(),
        fields: fields(json!({ "name": name })),
    }
}

fn dry(edits: Vec<Edit>) -> Request {
    Request { dry_run: true, ..request(edits) }
}

/// Reads the audit log.
fn audit(site: &Site) -> Vec<Value> {
    let text = std::fs::read_to_string(site.path("state/audit.log")).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_request_with_one_bad_edit_changes_nothing_and_says_which() {
    let site = site();
    let before = texts(&site);
    let problem =
        ask(&site, "sp", &request(vec![name("First name"), name("x"), name("Third name")])).unwrap_err();
    assert_eq!((problem.edit, problem.field.as_deref()), (Some(1), Some("name")));
    assert_eq!(texts(&site), before);
    let remove = Edit::DeviceRemove { device: "Desk".to_owned() };
    let problem = ask(&site, "org", &request(vec![name("First name"), remove])).unwrap_err();
    assert_eq!((problem.edit, problem.code), (Some(1), Code::NotFound), "the first edit named it otherwise");
    assert_eq!(texts(&site), before);
}

#[test]
fn a_later_edit_sees_what_an_earlier_one_did() {
    let site = site();
    let edits = vec![
        name("Window"),
        Edit::DeviceClear { device: "Window".to_owned() },
        Edit::DeviceAdd {
            fields: fields(json!({ "name": "Door", "model": "yealink/t46s", "lines": ["0087*001"] })),
        },
        Edit::DeviceDisable { device: "Door".to_owned() },
    ];
    let outcome = ask(&site, "sp", &request(edits)).unwrap();
    assert!(outcome.changed && outcome.results.len() == 4);
    assert_eq!(outcome.results[3]["status"], "disabled");
    assert_eq!(site.load().assigned("0087*001").unwrap().0.device.name, "Door");
}

#[test]
fn a_newcomer_is_set_up_in_one_request_from_its_organization_to_its_phone() {
    let site = site();
    let account =
        |kind: &str, record: Value| Edit::AccountAdd { kind: kind.to_owned(), fields: fields(record) };
    let extension = json!({ "number": "0088*001", "user": "anna", "sip": { "password": "CANARY-sip-9" } });
    let phone = json!({
        "name": "Phone of Anna", "model": "yealink/t46s", "mac": "0015657a0001",
        "organization": "neworg", "lines": ["0088*001"], "admin-password": "generate",
    });
    let edits = vec![
        account("organization", json!({ "id": "neworg", "name": "New one" })),
        account("user", json!({ "id": "anna", "organization": "neworg", "name": "Anna" })),
        Edit::ExtensionAdd { fields: fields(extension) },
        Edit::DeviceAdd { fields: fields(phone) },
    ];
    let mut reversed = edits.clone();
    reversed.reverse();
    let before = texts(&site);
    let problem = ask(&site, "sp", &request(reversed)).unwrap_err();
    assert_eq!((problem.edit, problem.field.as_deref()), (Some(0), Some("lines")));
    assert_eq!(texts(&site), before);
    let outcome = ask(&site, "sp", &request(edits)).unwrap();
    assert_eq!(outcome.results[3]["extensions"][0]["number"], "0088*001");
    let text = std::fs::read_to_string(site.path("fleet/sp/neworg.toml")).unwrap();
    for table in ["[[organization]]", "[[user]]", "[[extension]]", "[[device]]"] {
        assert_eq!(text.matches(table).count(), 1, "{text}");
    }
    assert!(!said(&outcome).contains("CANARY"));
    assert_eq!(audit(&site).len(), 4, "one line a change");
}

#[test]
fn too_many_edits_are_refused_as_a_whole() {
    let site = site();
    let problem = ask(&site, "sp", &request(vec![name("Window"); 1001])).unwrap_err();
    assert_eq!((problem.code, problem.edit), (Code::Invalid, None));
    let outcome = ask(&site, "sp", &request(Vec::new())).unwrap();
    assert!(!outcome.changed && outcome.results.is_empty());
}

#[test]
fn a_dry_run_shows_what_would_change_and_leaves_every_byte() {
    let site = site();
    let before = texts(&site);
    let edit = Edit::DeviceEdit {
        device: "Desk".to_owned(),
        fields: fields(json!({ "settings": { "vlan": 77 }, "admin-password": "CANARY-new-one" })),
    };
    let outcome = ask(&site, "sp", &dry(vec![edit])).unwrap();
    assert_eq!(texts(&site), before);
    assert!(!site.path("state/audit.log").exists());
    assert!(outcome.changed && outcome.snapshot.is_none());
    let diff = outcome.diff.clone().unwrap();
    assert!(diff.files.contains("vlan = 77") && diff.files.contains("+++ device "), "{}", diff.files);
    let main = diff.rendered.iter().find(|file| file.file == "0015654aa937.cfg").unwrap();
    assert_eq!(main.device, "Desk");
    assert!(main.diff.contains("+") && main.diff.contains("77"), "{}", main.diff);
    assert!(!said(&outcome).contains("CANARY"), "{}", said(&outcome));
}

#[test]
fn a_dry_run_of_a_refusal_is_refused_and_not_written_down() {
    let site = site();
    let remove = Edit::DeviceRemove { device: "Desk".to_owned() };
    assert_eq!(ask(&site, "org", &dry(vec![remove])).unwrap_err().code, Code::Forbidden);
    assert!(!site.path("state/audit.log").exists());
}

#[test]
fn an_edit_for_another_version_of_the_record_is_refused() {
    let site = site();
    let version = device(&site, "sp", "Desk")["version"].as_str().unwrap().to_owned();
    let with =
        |if_match: &str, edit: Edit| Request { if_match: Some(if_match.to_owned()), ..request(vec![edit]) };
    assert!(ask(&site, "sp", &with(&version, name("Window"))).unwrap().changed);
    let before = texts(&site);
    let problem = ask(&site, "sp", &with(&version, name("Door"))).unwrap_err();
    assert_eq!(problem.code, Code::Changed);
    assert_eq!(texts(&site), before);
    let next = device(&site, "sp", "Window")["version"].as_str().unwrap().to_owned();
    assert_ne!(next, version);
    assert!(ask(&site, "sp", &with(&format!("\"{next}\""), name("Door"))).unwrap().changed);
}

#[test]
fn a_version_differs_with_a_secret_and_tells_nothing_of_it() {
    let site = site();
    let version = |site: &Site| device(site, "sp", "Desk")["version"].clone();
    let before = version(&site);
    assert_eq!(before, version(&site));
    let edit = Edit::DeviceEdit {
        device: "Desk".to_owned(),
        fields: fields(json!({ "settings": { "user-password": "another-one" } })),
    };
    ask(&site, "sp", &request(vec![edit])).unwrap();
    assert_ne!(version(&site), before);
}

#[test]
fn changes_and_refusals_are_written_down_with_their_rule_and_no_secret() {
    let site = site();
    let password = Edit::DevicePassword { device: "Desk two".to_owned() };
    ask(&site, "sp", &request(vec![name("Desk two"), password])).unwrap();
    let remove = Edit::DeviceRemove { device: "Desk two".to_owned() };
    ask(&site, "org", &request(vec![remove])).unwrap_err();
    let lines = audit(&site);
    let told = |key: &str| lines.iter().map(|line| line[key].as_str().unwrap_or("-")).collect::<Vec<_>>();
    assert_eq!(told("operation"), ["device-edit", "device-password", "device-remove"]);
    assert_eq!(told("outcome"), ["done", "done", "refused"]);
    assert_eq!(told("account"), ["sp", "sp", "org"]);
    assert_eq!(told("rule"), ["R5", "R5", "R6"]);
    assert_eq!(
        (&lines[0]["before"]["name"], &lines[0]["after"]["name"]),
        (&"Desk".into(), &"Desk two".into())
    );
    let text = std::fs::read_to_string(site.path("state/audit.log")).unwrap();
    assert!(!text.contains("CANARY") && !text.contains("t4h7k2m9x3q8w6e5r1y0u9p2an"), "{text}");
    let id = device(&site, "sp", "Desk two")["id"].as_str().unwrap().to_owned();
    assert_eq!(lines[0]["record"], format!("device {id}"));
}

#[test]
fn a_request_warns_of_what_it_wrote_and_of_nothing_else() {
    let site = site();
    let interval = |interval: u32| {
        let device = "Desk".to_owned();
        request(vec![Edit::DeviceEdit { device, fields: fields(json!({ "update-interval": interval })) }])
    };
    let outcome = ask(&site, "sp", &interval(99_999)).unwrap();
    assert_eq!(outcome.warnings.len(), 1, "{:?}", outcome.warnings);
    assert!(outcome.warnings[0].contains("it is told"), "{:?}", outcome.warnings);
    let another = json!({ "name": "Door", "model": "yealink/t46s", "lines": ["0087*003"] });
    let outcome = ask(&site, "sp", &request(vec![Edit::DeviceAdd { fields: fields(another) }])).unwrap();
    assert_eq!(outcome.warnings, [""; 0], "the other device in the same file is not its business");
}

#[test]
fn nothing_is_edited_in_files_that_are_faulty_as_they_are() {
    let site = site().write("fleet/broken.toml", "[[device]]\nserial = 5\n");
    let before = texts(&site);
    let problem = ask(&site, "administrator", &request(vec![name("Window")])).unwrap_err();
    assert_eq!(problem.code, Code::Faulty);
    assert!(!problem.message.contains("fleet/"), "{problem}");
    assert_eq!(texts(&site), before);
}

#[test]
fn a_request_reads_from_json_and_refuses_what_it_does_not_know() {
    let text = r#"{ "edits": [{ "operation": "device-disable", "device": "Desk" }], "dry-run": true }"#;
    let request: Request = serde_json::from_str(text).unwrap();
    assert_eq!(request, dry(vec![Edit::DeviceDisable { device: "Desk".to_owned() }]));
    for text in [
        r#"{ "edits": [{ "operation": "device-disable", "device": "Desk", "force": true }] }"#,
        r#"{ "edits": [{ "operation": "device-destroy", "device": "Desk" }] }"#,
        r#"{ "edit": [] }"#,
    ] {
        assert!(serde_json::from_str::<Request>(text).is_err(), "{text}");
    }
    let outcome: Outcome = ask(&site(), "sp", &request).unwrap();
    assert!(outcome.diff.is_some());
}
