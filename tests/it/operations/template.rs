//! Templates: who sees and changes them, what they are for, and what becomes of the devices that use them.

use bellhop::operation::{Code, Edit, Query};
use serde_json::{Value, json};

use super::{ALL, SERIAL, device, done, fields, refused, request, seen, site};
use crate::support::Site;

const MODEL: &str = "yealink/t46s";
const FIRMWARE: &str = "66.86";

fn add(id: &str, visibility: Option<&str>) -> Edit {
    Edit::TemplateAdd {
        fields: fields(json!({ "id": id, "name": id.to_uppercase(), "visibility": visibility })),
    }
}

fn equip(id: &str) -> Edit {
    Edit::TemplateEquip { template: id.to_owned(), model: MODEL.to_owned(), firmware: FIRMWARE.to_owned() }
}

fn set(id: &str, body: Option<&str>) -> Edit {
    Edit::TemplateFile {
        template: id.to_owned(),
        model: MODEL.to_owned(),
        firmware: FIRMWARE.to_owned(),
        file: "{mac}.cfg".to_owned(),
        body: body.map(str::to_owned),
    }
}

fn change(id: &str, change: Value) -> Edit {
    Edit::TemplateEdit { template: id.to_owned(), fields: fields(change) }
}

fn give(template: &str) -> Edit {
    Edit::DeviceEdit { device: SERIAL.to_owned(), fields: fields(json!({ "template": template })) }
}

fn show(site: &Site, account: &str, id: &str) -> Value {
    seen(site, account, &Query::Template { template: id.to_owned() }).expect("the template is seen")
}

fn listed(site: &Site, account: &str) -> Vec<String> {
    let told = seen(site, account, &Query::Templates { page: ALL }).expect("templates are listed");
    let rows = told["rows"].as_array().expect("rows").clone();
    rows.iter().map(|row| row["id"].as_str().expect("an id").to_owned()).collect()
}

/// A site where the provider has a template with a body, and the device uses it.
fn in_use(body: &str) -> Site {
    let site = site();
    done(&site, "sp", add("own", Some("organization")));
    done(&site, "sp", equip("own"));
    done(&site, "sp", set("own", Some(body)));
    done(&site, "sp", give("own"));
    site
}

fn preview(
    site: &Site,
    account: &str,
    id: &str,
    body: Option<&str>,
) -> Result<String, bellhop::operation::Problem> {
    let query = Query::TemplatePreview {
        template: id.to_owned(),
        device: SERIAL.to_owned(),
        file: None,
        body: body.map(str::to_owned),
    };
    seen(site, account, &query).map(|told| told["body"].as_str().expect("a body").to_owned())
}

#[test]
fn a_template_is_offered_to_its_owner_and_those_below_for_its_equipment_alone() {
    // V10: a provider's template, visible to the provider and its organizations.
    let site = site();
    done(&site, "sp", add("own", Some("organization")));
    done(&site, "sp", equip("own"));
    for (account, offered) in [
        ("sp", true),
        ("org", true),
        ("user", true),
        ("stranger-sp", false),
        ("stranger-org", false),
        ("0087*001", false),
        ("administrator", false),
    ] {
        let options = |model: &str| {
            let told = seen(&site, account, &Query::DeviceOptions { model: Some(model.to_owned()) });
            told.expect("there are options").to_string().contains("\"id\":\"own\"")
        };
        assert_eq!(options(MODEL), offered, "{account}");
        assert!(!options("aastra/51i"), "{account} is offered it for another model");
    }
    for (account, sees) in
        [("administrator", true), ("sp", true), ("org", true), ("stranger-sp", false), ("0087*001", false)]
    {
        assert_eq!(listed(&site, account).contains(&"own".to_owned()), sees, "{account}");
        let shown = seen(&site, account, &Query::Template { template: "own".to_owned() });
        assert_eq!(shown.is_ok(), sees, "{account}");
        if let Err(problem) = shown {
            let of_nothing =
                seen(&site, account, &Query::Template { template: "nothing".to_owned() }).unwrap_err();
            assert_eq!(problem.message, of_nothing.message.replace("nothing", "own"));
        }
    }
}

#[test]
fn owners_choose_among_the_visibilities_of_their_kind() {
    for (account, visibility, allowed) in [
        ("administrator", "administrator", true),
        ("administrator", "provider", true),
        ("administrator", "organization", true),
        ("sp", "administrator", false),
        ("sp", "provider", true),
        ("sp", "organization", true),
        ("org", "administrator", false),
        ("org", "provider", false),
        ("org", "organization", true),
        ("user", "organization", false),
        ("0087*001", "organization", false),
    ] {
        let site = site();
        if allowed {
            let made = done(&site, account, add("own", Some(visibility)));
            assert_eq!(
                (made["owner"].as_str(), made["visibility"].as_str()),
                (Some(account), Some(visibility))
            );
        } else {
            assert_eq!(
                refused(&site, account, add("own", Some(visibility))).code,
                Code::Forbidden,
                "{account}"
            );
        }
    }
}

#[test]
fn ids_are_unique_and_names_are_for_each_owner() {
    let site = site();
    done(&site, "sp", add("own", None));
    assert_eq!(refused(&site, "stranger-sp", add("own", None)).code, Code::Conflict);
    assert_eq!(refused(&site, "administrator", add("default", None)).code, Code::Conflict);
    let named = |id: &str| Edit::TemplateAdd { fields: fields(json!({ "id": id, "name": "own" })) };
    assert_eq!(refused(&site, "sp", named("other")).field.as_deref(), Some("name"));
    done(&site, "stranger-sp", named("theirs"));
}

#[test]
fn a_body_reaches_the_phone_and_goes_again() {
    let site = in_use("OWN {{ device.name }}\n");
    assert_eq!(crate::templates::text(&site.load()), "OWN Desk\n");
    let shown = show(&site, "org", "own");
    assert_eq!(shown["equipment"][0]["files"]["{mac}.cfg"], json!("OWN {{ device.name }}\n"));
    assert_eq!((&shown["devices"], &shown["editable"]), (&json!(1), &json!(false)));
    let shown = done(&site, "sp", set("own", None));
    assert_eq!(shown["equipment"][0]["defaults"], json!(["{mac}.cfg"]));
    assert!(crate::templates::text(&site.load()).starts_with("#!version"));
    let outcome = super::ask(&site, "sp", &request(vec![set("own", None)])).unwrap();
    assert!(!outcome.changed, "what is so already is no change");
}

#[test]
fn what_devices_use_is_not_taken_from_under_them() {
    let site = in_use("OWN\n");
    let remove = Edit::TemplateRemove { template: "own".to_owned() };
    let unequip = Edit::TemplateUnequip {
        template: "own".to_owned(),
        model: MODEL.to_owned(),
        firmware: FIRMWARE.to_owned(),
    };
    for edit in [&remove, &unequip] {
        let problem = refused(&site, "sp", edit.clone());
        assert_eq!(problem.code, Code::Conflict);
        assert!(problem.message.starts_with("1 device uses"), "{}", problem.message);
    }
    // The device is the provider's: what providers see is enough for it.
    done(&site, "sp", change("own", json!({ "visibility": "provider" })));
    done(&site, "sp", change("own", json!({ "visibility": "organization" })));
    let owner = Edit::DeviceEdit { device: SERIAL.to_owned(), fields: fields(json!({ "owner": "org" })) };
    done(&site, "administrator", owner);
    let problem = refused(&site, "sp", change("own", json!({ "visibility": "provider" })));
    assert_eq!((problem.code, problem.field.as_deref()), (Code::Conflict, Some("visibility")));
    done(&site, "sp", change("own", json!({ "name": "Another name" })));
    done(&site, "administrator", give("default"));
    done(&site, "sp", unequip);
    done(&site, "sp", remove);
}

#[test]
fn equipment_is_of_the_catalog_and_there_once() {
    let site = site();
    done(&site, "sp", add("own", None));
    done(&site, "sp", equip("own"));
    assert_eq!(refused(&site, "sp", equip("own")).code, Code::Conflict);
    for (model, firmware, field, words) in [
        ("yealink/t46", FIRMWARE, "model", "did you mean `yealink/t46"),
        (MODEL, "1.0", "firmware", "write `66.86`"),
    ] {
        let (model, firmware) = (model.to_owned(), firmware.to_owned());
        let problem =
            refused(&site, "sp", Edit::TemplateEquip { template: "own".to_owned(), model, firmware });
        assert_eq!((problem.code, problem.field.as_deref()), (Code::Invalid, Some(field)));
        assert!(problem.message.contains(words), "{}", problem.message);
    }
    for (file, words) in [("nothing.cfg", "write `{mac}.cfg`"), ("y000000000066.cfg", "write `{mac}.cfg`")] {
        let edit = Edit::TemplateFile {
            template: "own".to_owned(),
            model: MODEL.to_owned(),
            firmware: FIRMWARE.to_owned(),
            file: file.to_owned(),
            body: Some("x".to_owned()),
        };
        let problem = refused(&site, "sp", edit);
        assert_eq!(problem.field.as_deref(), Some("file"));
        assert!(problem.message.contains(words), "{}", problem.message);
    }
}

#[test]
fn a_body_that_does_not_compile_or_fails_a_device_is_refused() {
    let site = in_use("OWN\n");
    let problem = refused(&site, "sp", set("own", Some("a\n{% if x %}\n")));
    assert_eq!((problem.code, problem.field.as_deref()), (Code::Invalid, Some("body")));
    assert!(
        problem.message.contains("`own` for yealink/t46s 66.86, file {mac}.cfg, line "),
        "{}",
        problem.message
    );
    let problem = refused(&site, "sp", set("own", Some("a\n{{ nothing }}\n")));
    assert_eq!(problem.code, Code::Invalid);
    assert!(problem.message.contains("line 2"), "{}", problem.message);
    let problem = refused(&site, "sp", set("own", Some(&"{% set x = 'a' ~ 'b' %}".repeat(20_000))));
    assert!(problem.message.contains("longer than 256 KiB"), "{}", problem.message);
    assert_eq!(crate::templates::text(&site.load()), "OWN\n");
}

#[test]
fn a_preview_tries_bodies_and_masks_secrets() {
    let site = in_use("OWN {{ lines[0].password }}\n");
    assert_eq!(preview(&site, "sp", "own", None), Ok("OWN ********\n".to_owned()));
    assert_eq!(preview(&site, "sp", "own", Some("NEW {{ device.name }}")), Ok("NEW Desk".to_owned()));
    assert!(preview(&site, "sp", "default", None).unwrap().starts_with("#!version"));
    assert_eq!(preview(&site, "org", "own", Some("NEW")).unwrap_err().code, Code::Forbidden);
    assert_eq!(preview(&site, "stranger-sp", "own", None).unwrap_err().code, Code::NotFound);
    assert_eq!(preview(&site, "stranger-sp", "default", None).unwrap_err().code, Code::NotFound);
    let failed = preview(&site, "sp", "own", Some("{{ nothing }}")).unwrap_err();
    assert!(failed.message.contains("line 1"), "{}", failed.message);
    assert_eq!(device(&site, "sp", "Desk")["template"], json!("own"));
}

#[test]
fn a_check_tells_every_device_whose_file_does_not_render() {
    let site = in_use("OWN\n");
    let query = Query::TemplateCheck { template: "own".to_owned() };
    let told = seen(&site, "sp", &query).unwrap();
    assert_eq!((&told["devices"], &told["faults"]), (&json!(1), &json!([])));
    // By hand, where nobody tries it out.
    let path = super::texts(&site).into_iter().find(|(_, text)| text.contains("OWN")).unwrap().0;
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("OWN", "{{ nothing }}")).unwrap();
    let told = seen(&site, "sp", &query).unwrap();
    assert_eq!(told["faults"][0]["device"], json!("Desk"));
    assert!(told["faults"][0]["message"].as_str().unwrap().contains("line 1"), "{told}");
    assert_eq!(seen(&site, "stranger-sp", &query).unwrap_err().code, Code::NotFound);
}

#[test]
fn what_is_exported_can_be_imported_elsewhere() {
    let site = in_use("OWN \"quoted\" '''\n{{ device.name }}\n");
    let export = |account: &str, id: &str, model: Option<&str>| {
        let query = Query::TemplateExport { template: id.to_owned(), model: model.map(str::to_owned) };
        seen(&site, account, &query)
    };
    let exported = export("sp", "own", None).unwrap();
    assert_eq!(exported["version"], json!(1));
    done(&site, "org", add("copy", None));
    let import = |id: &str, exported: Value| Edit::TemplateImport { template: id.to_owned(), exported };
    done(&site, "org", import("copy", exported.clone()));
    let copy = export("org", "copy", None).unwrap();
    assert_eq!(copy["equipment"], exported["equipment"]);
    assert_eq!(export("stranger-sp", "own", None).unwrap_err().code, Code::NotFound);

    // The catalog's own texts of a model, to start from.
    let shipped = export("org", "default", Some(MODEL)).unwrap();
    let text = shipped["equipment"][0]["files"]["{mac}.cfg"].as_str().unwrap();
    assert!(text.starts_with("#!version"), "{text}");
    let before = crate::templates::text(&site.load());
    assert_eq!(refused(&site, "sp", import("default", shipped.clone())).code, Code::Forbidden);
    assert_eq!(refused(&site, "org", import("default", shipped.clone())).code, Code::Forbidden);
    done(&site, "org", import("copy", shipped.clone()));
    done(&site, "administrator", import("default", shipped.clone()));
    done(&site, "administrator", set("default", Some("IMPORTED\n")));
    assert_eq!(crate::templates::text(&site.load()), before, "a body of its own stays");
    done(&site, "sp", give("default"));
    assert_eq!(crate::templates::text(&site.load()), "IMPORTED\n");
    assert_eq!(
        export("sp", "default", Some(MODEL)).unwrap()["equipment"][0]["files"]["{mac}.cfg"],
        json!("IMPORTED\n")
    );

    for broken in [
        json!(null),
        json!({ "version": 2, "equipment": [] }),
        json!({ "version": 1, "equipment": [{ "model": MODEL, "firmware": "none" }] }),
        json!({ "version": 1, "equipment": [{ "model": MODEL, "firmware": FIRMWARE, "file": {} }] }),
        json!({ "version": 1, "equipment": [{ "model": MODEL, "firmware": FIRMWARE, "files": { "{mac}.cfg": "{% if" } }] }),
        json!({ "version": 1, "equipment": [{ "model": MODEL, "firmware": FIRMWARE, "files": { "y000000000066.cfg": "" } }] }),
    ] {
        assert_eq!(refused(&site, "sp", import("own", broken.clone())).code, Code::Invalid, "{broken}");
    }
}

#[test]
fn nobody_changes_templates_of_others() {
    let site = in_use("OWN\n");
    done(&site, "administrator", add("ours", Some("organization")));
    for account in ["org", "user", "0087*001", "stranger-sp", "stranger-org"] {
        for edit in [
            set("own", Some("X")),
            equip("own"),
            change("own", json!({ "name": "X" })),
            set("ours", Some("X")),
        ] {
            let code = refused(&site, account, edit.clone()).code;
            assert!(matches!(code, Code::Forbidden | Code::NotFound), "{account} {edit:?}");
        }
        assert_eq!(refused(&site, account, set("default", Some("X"))).code, Code::Forbidden, "{account}");
    }
    assert_eq!(refused(&site, "sp", set("ours", Some("X"))).code, Code::Forbidden);
}
