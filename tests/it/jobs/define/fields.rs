//! Every operation and every field of it: what it takes, what it refuses, and what comes of it.

use std::collections::BTreeSet;

use bellhop::model::{FieldKind, FieldRole, JobOperation, OperationField};
use bellhop::operation::{Code, Edit};
use serde_json::{Value, json};

use super::{DESK, build, device, fleet, job, planned, run, site};
use crate::support::Site;

/// A value that a field takes, and one that it does not.
fn samples(field: &OperationField) -> (String, &'static str) {
    let (good, bad) = match field.kind {
        FieldKind::Account if field.name == "owner" => ("org", "a b"),
        FieldKind::Account => ("user", "a b"),
        FieldKind::Address => ("192.0.2.10", "192.0.2"),
        FieldKind::Addresses => ("192.0.2.1|192.0.2.2", "192.0.2.1|x"),
        FieldKind::Boolean => ("yes", "perhaps"),
        FieldKind::Choice(words) => (words[0], "nonsense"),
        FieldKind::Choices(words) => return (format!("{}|{}", words[1], words[0]), "nonsense"),
        FieldKind::Device => ("Hall", "\u{7}"),
        FieldKind::Extension => ("102", "a b"),
        FieldKind::Firmware => ("66.86", "\u{7}"),
        FieldKind::Host => ("files.example.net", "http://x"),
        FieldKind::Integer(low, _) => return (low.to_string(), "-1"),
        FieldKind::Level => ("view", "all"),
        FieldKind::Mac => ("00:15:65:4A:A9:40", "01:00:00:00:00:00"),
        FieldKind::Model => ("Yealink SIP-T46S", "xyzzy"),
        FieldKind::Name => ("Reception", "ab"),
        FieldKind::Organization => ("org", "a b"),
        FieldKind::Secret(low, _) => return ("s".repeat(low.max(9)), "\u{7}"),
        FieldKind::Serial => ("q8w6e5r1y0u9p2ant4h7k2m9x3", "a/b"),
        FieldKind::Status => ("no", "perhaps"),
        FieldKind::Template => ("ours", "a b"),
        FieldKind::Text(_) => ("A text", "\u{7}"),
        FieldKind::Texts(_) => ("cn|sn", "cn|cn"),
        FieldKind::Url => ("https://files.example.net/x", "x"),
        FieldKind::User => ("phone", "a:b"),
        FieldKind::Vendor => ("Yealink", "Nobody"),
        FieldKind::Zone => ("Europe/Bucharest", "Mars/Base"),
    };
    (good.to_owned(), bad)
}

/// Every field of an operation, one of the vendor's own included.
fn fields_of(operation: JobOperation) -> Vec<OperationField> {
    let raw = operation.field("raw.features.dnd");
    operation.fields(3).into_iter().chain(raw).collect()
}

/// Cells that the operation needs in any case.
fn needed(operation: JobOperation) -> Vec<(&'static str, &'static str)> {
    match operation {
        JobOperation::DeviceCreate => vec![("name", "Lobby"), ("model", "yealink/t46s")],
        JobOperation::DeviceSetAdminPassword => vec![("device", "Hall"), ("admin-password", "CANARY-other")],
        JobOperation::DeviceSetStatus => vec![("device", "Hall"), ("status", "disabled")],
        JobOperation::LevelSet => vec![("account", "102"), ("level", "modify")],
        JobOperation::LineSetSecret => vec![("extension", "101"), ("secret", "CANARY-other")],
        JobOperation::TemplateApply => vec![("device", "Hall"), ("template", "ours")],
        JobOperation::DeviceAssign => vec![("device", "Hall"), ("line-1", "103")],
        JobOperation::DeviceEdit => vec![("device", "Hall"), ("notes", "x")],
        JobOperation::DeviceClear | JobOperation::DeviceDelete | JobOperation::DeviceRotateUrl => {
            vec![("device", "Hall")]
        }
    }
}

/// Builds a job for each operation that asks for all of its fields.
fn with_all() -> Site {
    let site = site();
    for (word, operation) in JobOperation::ALL {
        let told = fields_of(*operation).into_iter().map(|field| (field.name.to_string(), json!({})));
        build(&site, job(&word.replace('.', "-"), "bulk", word, told.collect::<Value>())).unwrap();
    }
    site
}

fn id(operation: JobOperation) -> String {
    operation.word().replace('.', "-")
}

#[test]
fn every_field_of_every_operation_takes_its_values_and_refuses_others_by_name() {
    let site = with_all();
    let snapshot = site.load();
    let plan_of = |operation: JobOperation, cells: &[(&str, &str)]| {
        bellhop::jobs::plan(&snapshot, snapshot.job(&id(operation)).unwrap(), &super::row(cells))
    };
    let mut kinds = BTreeSet::new();
    for (_, operation) in JobOperation::ALL {
        for field in fields_of(*operation) {
            kinds.insert(format!("{:?}", field.kind).split('(').next().unwrap().to_owned());
            let name = &*field.name;
            let (good, bad) = samples(&field);
            let with = |value| {
                let mut cells: Vec<(&str, &str)> = needed(*operation);
                cells.retain(|(other, _)| *other != name);
                if field.role == FieldRole::OtherKey {
                    cells.retain(|(other, _)| *other != "device");
                }
                if name == "vendor" {
                    cells.retain(|(other, _)| *other != "model");
                    cells.push(("model", "T46S"));
                }
                cells.push((name, value));
                cells
            };
            let good = match (field.role, name) {
                (FieldRole::OtherKey, "mac") => "00:15:65:4A:A9:38",
                (FieldRole::OtherKey, _) => "h7k2m9x3q8w6e5r1y0u9p2ant4",
                _ => &good,
            };
            let plan = plan_of(*operation, &with(good)).unwrap_or_else(|problem| panic!("{name}: {problem}"));
            assert!(!plan.edits.is_empty(), "{operation:?} {name}");
            let problem = plan_of(*operation, &with(bad)).expect_err(name);
            let gone = problem.code == Code::NotFound && field.role == FieldRole::OtherKey;
            assert!(problem.code == Code::Invalid || gone, "{name}: {problem:?}");
            assert_eq!(problem.field.as_deref(), Some(name), "{operation:?}: {problem:?}");
            if field.kind.is_secret() {
                assert!(!problem.message.contains(bad), "{name}: {problem}");
            }
            let cleared = plan_of(*operation, &with("clear"));
            if !field.clears {
                let problem = cleared.expect_err(name);
                assert_eq!(problem.field.as_deref(), Some(name), "{operation:?}: {problem:?}");
            }
            if field.generates {
                let plan = plan_of(*operation, &with("generate")).unwrap();
                assert!(plan.generates || *operation == JobOperation::DeviceCreate, "{name}");
            }
        }
    }
    assert_eq!(kinds.len(), 26, "every type of field: {kinds:?}");
}

#[test]
fn every_operation_does_what_its_row_says() {
    let site = with_all();
    let did = |operation: &str, cells: &[(&str, &str)]| {
        let outcome = run(&site, operation, "builder", cells);
        outcome.unwrap_or_else(|problem| panic!("{operation} {cells:?}: {problem:?}"))
    };
    let desk = || device(&site, DESK).unwrap();
    did(
        "device-edit",
        &[("device", "Desk"), ("notes", "Left"), ("settings.vlan", "5"), ("settings.codecs", "pcma|g722")],
    );
    assert_eq!((&desk()["notes"], &desk()["settings"]["vlan"]), (&json!("Left"), &json!(5)));
    assert_eq!(desk()["settings"]["codecs"], json!(["pcma", "g722"]));
    did(
        "device-edit",
        &[("mac", "00:15:65:4A:A9:37"), ("notes", "clear"), ("settings.vlan", "clear"), ("name", "")],
    );
    assert_eq!((&desk()["notes"], desk()["settings"].get("vlan")), (&json!(""), None));
    assert_eq!((&desk()["mac"], &desk()["name"]), (&json!("00:15:65:4A:A9:37"), &json!("Desk")));
    did("device-assign", &[("serial", DESK), ("line-3", "102"), ("organization", "org")]);
    assert_eq!(desk()["lines"], json!(["101", "", "102"]));
    did("device-assign", &[("device", DESK), ("line-1", "clear")]);
    assert_eq!(desk()["lines"], json!(["", "", "102"]));
    did("device-set-status", &[("device", "Desk"), ("status", "no")]);
    assert_eq!(desk()["status"], json!("disabled"));
    did("device-set-status", &[("device", "Desk"), ("status", "enabled")]);
    assert_eq!(desk()["status"], json!("enabled"));
    did("template-apply", &[("device", "Desk"), ("template", "ours")]);
    assert_eq!(desk()["template"], json!("ours"));
    did("template-apply", &[("device", "Desk"), ("template", "clear")]);
    assert_eq!(desk()["template"], json!("default"));
    let made = did("device-set-admin-password", &[("device", "Desk"), ("admin-password", "generate")]);
    let made = made.results[0]["admin-password"].as_str().unwrap().to_owned();
    assert!(fleet(&site).contains(&made));
    did("device-set-admin-password", &[("device", "Desk"), ("admin-password", "CANARY-set")]);
    assert!(fleet(&site).contains("CANARY-set"));
    did("device-edit", &[("device", "Desk"), ("admin-password", "clear")]);
    assert_eq!(desk()["admin-password-mode"], json!("none"));
    did("line-set-secret", &[("extension", "102"), ("secret", "CANARY-secret"), ("passcode", "4711")]);
    assert!(fleet(&site).contains("CANARY-secret") && fleet(&site).contains("4711"));
    let made = did("line-set-secret", &[("extension", "102"), ("secret", "generate")]);
    assert!(fleet(&site).contains(made.results[0]["sip-password"].as_str().unwrap()));
    did("level-set", &[("account", "102"), ("level", "view")]);
    assert!(fleet(&site).contains("provisioning = \"view\""));
    did("level-set", &[("account", "102"), ("level", "clear")]);
    assert!(!fleet(&site).contains("provisioning = \"view\""));
    let rotated = did("device-rotate-url", &[("device", "Desk")]);
    let serial = rotated.results[0]["serial"].as_str().unwrap().to_owned();
    assert!(fleet(&site).contains(&serial) && !fleet(&site).contains(DESK));
    did("device-clear", &[("device", "Desk")]);
    assert_eq!(device(&site, "Desk").unwrap()["lines"], json!([]));
    did("device-delete", &[("serial", &serial)]);
    assert_eq!(device(&site, "Desk").unwrap_err().code, Code::NotFound);
    did(
        "device-create",
        &[
            ("name", "Lobby"),
            ("vendor", "Yealink"),
            ("model", "T46S"),
            ("mac", "00:15:65:4a:a9:41"),
            ("line-2", "101"),
            ("network.address", "192.0.2.10"),
            ("network.netmask", "255.255.255.0"),
            ("network.gateway", "192.0.2.1"),
            ("raw.features.dnd", "1"),
            ("notes", "clear"),
            ("status", "0"),
            ("protocol", "http"),
        ],
    );
    let lobby = device(&site, "Lobby").unwrap();
    for (key, value) in [
        ("model", json!("yealink/t46s")),
        ("mac", json!("00:15:65:4A:A9:41")),
        ("lines", json!(["", "101"])),
        ("owner", json!("org")),
        ("status", json!("disabled")),
    ] {
        assert_eq!(lobby[key], value, "{key}");
    }
    assert_eq!(
        (&lobby["network"]["gateway"], &lobby["raw"]),
        (&json!("192.0.2.1"), &json!({ "features.dnd": "1" }))
    );
    did(
        "device-edit",
        &[("device", "Lobby"), ("network.address", "clear"), ("owner", "user"), ("firmware", "66.86")],
    );
    assert_eq!(device(&site, "Lobby").unwrap().get("network"), None);
}

#[test]
fn nothing_outside_the_platform_is_touched_or_told_of() {
    let site = with_all();
    for (operation, cells, field) in [
        ("device-edit", vec![("device", "Strange"), ("notes", "x")], "device"),
        ("device-edit", vec![("mac", "00:15:65:99:99:99"), ("notes", "x")], "mac"),
        ("device-clear", vec![("serial", "strangerserialk7x2m9q4w8e6")], "serial"),
        ("device-assign", vec![("device", "Hall"), ("line-1", "901")], "line-1"),
        ("device-edit", vec![("device", "Hall"), ("organization", "other")], "organization"),
        ("device-edit", vec![("device", "Hall"), ("owner", "other-user")], "owner"),
        ("template-apply", vec![("device", "Hall"), ("template", "theirs")], "template"),
        ("line-set-secret", vec![("extension", "901"), ("secret", "CANARY-x")], "extension"),
        ("level-set", vec![("account", "other-user"), ("level", "view")], "account"),
        ("level-set", vec![("account", "sp"), ("level", "view")], "account"),
    ] {
        let problem = planned(&site, operation, &cells).expect_err(operation);
        assert_eq!((problem.code, problem.field.as_deref()), (Code::NotFound, Some(field)), "{problem:?}");
        assert!(problem.message.ends_with("as far as you may see"), "{problem}");
        assert!(!problem.message.contains("strangerserial"), "{problem}");
    }
    // Those above the platform are known to it, as a device may be theirs; none is given to them.
    for above in ["sp", "administrator"] {
        let problem =
            run(&site, "device-edit", "builder", &[("device", "Hall"), ("owner", above)]).unwrap_err();
        assert_eq!(problem.field.as_deref(), Some("owner"), "{problem:?}");
    }
    // The platform itself is above its runs.
    let problem = run(&site, "level-set", "builder", &[("account", "org"), ("level", "modify")]).unwrap_err();
    assert_eq!(problem.code, Code::Forbidden);
}

#[test]
fn a_row_says_nothing_but_what_the_job_takes() {
    let site = site();
    let told = json!({
        "name": { "required": true },
        "settings.vlan": { "fixed": 10 },
        "notes": { "default": "By the help desk" },
        "settings.lldp": { "choices": ["true"] },
    });
    build(&site, job("edit", "bulk", "device.edit", told)).unwrap();
    let edit = |cells: &[(&str, &str)]| {
        let cells: Vec<_> = [("device", "Desk")].iter().chain(cells).copied().collect();
        planned(&site, "edit", &cells)
    };
    let expected = |fields: Value| {
        vec![Edit::DeviceEdit {
            device: site.load().phone_by_serial(DESK).unwrap().device.serial.public_id(),
            fields: super::fields(fields),
        }]
    };
    let plan = edit(&[("name", "Desk 1")]).unwrap();
    assert_eq!(
        plan.edits,
        expected(json!({ "name": "Desk 1", "notes": "By the help desk", "settings": { "vlan": 10 } }))
    );
    let plan =
        edit(&[("name", "Desk 1"), ("notes", "clear"), ("settings.vlan", " 10 "), ("settings.lldp", "yes")]);
    let all = json!({ "name": "Desk 1", "notes": null, "settings": { "vlan": 10, "lldp": true } });
    assert_eq!(plan.unwrap().edits, expected(all));
    for (cells, field, why) in [
        (vec![], "name", "is missing; the job needs it"),
        (vec![("name", "clear")], "name", "is needed; give a value"),
        (
            vec![("name", "Desk 1"), ("settings.vlan", "11")],
            "settings.vlan",
            "is fixed by the job; leave it out",
        ),
        (
            vec![("name", "Desk 1"), ("settings.vlan", "clear")],
            "settings.vlan",
            "is fixed by the job; leave it out",
        ),
        (
            vec![("name", "Desk 1"), ("settings.lldp", "no")],
            "settings.lldp",
            "is none of the job's choices; write one of `true`",
        ),
        (
            vec![("name", "Desk 1"), ("nmae", "x")],
            "nmae",
            "the job takes no field `nmae`; did you mean `name`?",
        ),
        (vec![("name", "Desk 1"), ("owner", "org")], "owner", "the job takes no field `owner`"),
    ] {
        let problem = edit(&cells).unwrap_err();
        assert_eq!(problem.field.as_deref(), Some(field), "{problem}");
        assert!(problem.message.contains(why), "{problem}");
    }
    edit(&[("name", "Desk 1"), ("owner", "")]).expect("a blank cell says nothing");
}

#[test]
fn models_are_known_by_what_other_systems_call_them() {
    let site = with_all().with_every_vendor();
    let model = |cells: &[(&str, &str)]| {
        let cells: Vec<_> = [("name", "Lobby")].iter().chain(cells).copied().collect();
        planned(&site, "device-create", &cells).map(|plan| match &plan.edits[0] {
            Edit::DeviceAdd { fields } => fields["model"].as_str().unwrap().to_owned(),
            other => panic!("{other:?}"),
        })
    };
    for name in
        ["yealink/t46s", "T46S", "t46s", "SIP-T46S", "Yealink T46S", "yealink-t46s", "Yealink SIP T46S"]
    {
        assert_eq!(model(&[("model", name)]).unwrap(), "yealink/t46s", "{name}");
    }
    for vendor in ["Yealink", "yealink", "YEALINK"] {
        assert_eq!(model(&[("vendor", vendor), ("model", "T46S")]).unwrap(), "yealink/t46s");
    }
    for (cells, field, why) in [
        (vec![("vendor", "Polycom"), ("model", "T46S")], "model", "there is no model `T46S` of `polycom`"),
        (vec![("model", "T46SX")], "model", "there is no model `T46SX`"),
        (vec![("vendor", "Yealnik"), ("model", "T46S")], "vendor", "did you mean `yealink`?"),
    ] {
        let problem = model(&cells).unwrap_err();
        assert_eq!((problem.code, problem.field.as_deref()), (Code::Invalid, Some(field)), "{problem}");
        assert!(problem.message.contains(why), "{problem}");
    }
    let catalog = site.load();
    let catalog = &catalog.world().catalog;
    // Whatever several vendors call alike needs the vendor.
    for one in catalog.models() {
        let found = catalog.models_called(None, &one.name);
        assert!(found.iter().any(|model| model.id == one.id), "{} is called {}", one.id, one.name);
        if found.len() > 1 {
            let problem = model(&[("model", &one.name)]).unwrap_err();
            assert!(
                problem.message.contains("is the name of several models")
                    && problem.message.contains(&*one.id)
            );
            let vendor = &catalog.vendor(one.vendor).name;
            assert_eq!(model(&[("vendor", vendor), ("model", &one.name)]).unwrap(), *one.id);
        }
    }
}

#[test]
fn the_same_device_is_created_once_and_another_one_with_its_address_is_refused() {
    let site = with_all();
    let lobby = [
        ("name", "Lobby"),
        ("model", "T46S"),
        ("mac", "0015654AA942"),
        ("admin-password", "generate"),
        ("settings.user-password", "generate"),
        ("protocol", "http"),
    ];
    assert!(!planned(&site, "device-create", &lobby).unwrap().generates, "its address tells it");
    assert!(run(&site, "device-create", "builder", &lobby).unwrap().changed);
    assert!(!run(&site, "device-create", "builder", &lobby).unwrap().changed);
    let other = [("name", "Other"), ("model", "T46S"), ("mac", "0015654AA942"), ("protocol", "http")];
    let problem = run(&site, "device-create", "builder", &other).unwrap_err();
    assert_eq!(problem.code, Code::Conflict, "{problem:?}");
    let strange = [("name", "Strange"), ("model", "T46S"), ("mac", "001565999999"), ("protocol", "http")];
    let problem = run(&site, "device-create", "builder", &strange).unwrap_err();
    assert_eq!((problem.code, problem.field.as_deref()), (Code::Conflict, Some("mac")), "{problem:?}");
    let without = planned(&site, "device-create", &[("name", "Lobby"), ("model", "T46S")]).unwrap();
    assert!(without.generates, "nothing tells it from the next one");
}
