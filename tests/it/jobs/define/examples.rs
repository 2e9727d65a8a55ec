//! The three jobs that the original has as examples, from building to doing.

use bellhop::operation::{Code, Edit, JobFilter, Page, Query};
use serde_json::{Value, json};

use super::{DESK, ask, build, caller, device, fields, fleet, form, job, run, seen, site};
use crate::support::Site;

fn create() -> Value {
    json!({
        "id": "create-device",
        "name": "Create a Device",
        "notes": "A new phone on a desk.",
        "platform": "org",
        "kind": "on-demand",
        "operation": "device.create",
        "fields": {
            "model": { "fixed": "Yealink T46S" },
            "organization": { "fixed": "org" },
            "protocol": { "fixed": "http" },
            "mac": { "label": "MAC address", "help": "It is on the back.", "required": true },
            "name": { "label": "Name" },
            "line-1": { "label": "Extension", "required": true },
            "status": { "default": "enabled", "choices": ["enabled", "disabled"] },
            "admin-password": { "fixed": "generate" },
        },
    })
}

fn passcode() -> Value {
    let told = json!({ "passcode": { "label": "New passcode", "required": true, "minimum": 4, "maximum": 6, "pattern": "\\d+" } });
    let mut job = job("edit-passcode", "on-demand", "line.set-secret", told);
    job["name"] = json!("Edit a Virtual Line Passcode");
    job
}

fn delete() -> Value {
    let mut job = job("delete-device", "on-demand", "device.delete", json!({}));
    job["name"] = json!("Delete Device");
    job
}

/// Has an on-demand administrator, whose account may do nothing itself, build the three jobs.
fn with_examples() -> Site {
    let site = site();
    for job in [create(), passcode(), delete()] {
        ask(&site, &caller("user", Some("builder")), vec![Edit::JobAdd { fields: fields(job) }]).unwrap();
    }
    let permit = |job: &str| Edit::GrantPermit { grant: "helps".to_owned(), job: job.to_owned() };
    let grant = json!({ "id": "helps", "group": "help-desk", "platform": "org", "provisioning": true });
    let mut edits = vec![Edit::GrantAdd { fields: fields(grant) }];
    edits.extend(["create-device", "edit-passcode", "delete-device"].map(permit));
    ask(&site, &caller("administrator", None), edits).unwrap();
    site
}

#[test]
fn a_device_is_created_by_who_may_do_nothing_else_and_belongs_to_the_platform() {
    let site = with_examples();
    let cells = [("mac", "00-15-65-4a-a9-39"), ("name", "Lobby"), ("line-1", "102")];
    let outcome = run(&site, "create-device", "helper", &cells).unwrap();
    let made = outcome.results[0]["admin-password"].as_str().unwrap();
    assert!(made.len() >= 8 && fleet(&site).contains(made) || fleet_of_org(&site).contains(made));
    let lobby = device(&site, "00:15:65:4A:A9:39").unwrap();
    for (key, value) in [
        ("name", json!("Lobby")),
        ("model", json!("yealink/t46s")),
        ("owner", json!("org")),
        ("organization", json!("org")),
        ("lines", json!(["102"])),
        ("status", json!("enabled")),
    ] {
        assert_eq!(lobby[key], value, "{key}");
    }
    // The helper itself sees nothing of it.
    let own = seen(&site, &caller("user", Some("helper")), &Query::Device { device: "Lobby".to_owned() });
    assert_eq!(own.unwrap_err().code, Code::NotFound);
    let again = run(&site, "create-device", "helper", &cells).unwrap();
    assert!(!again.changed, "the same again is no change");
    let mut other = cells;
    other[1].1 = "Hallway";
    let refused = run(&site, "create-device", "helper", &other).unwrap_err();
    assert_eq!(refused.code, Code::Conflict, "{refused:?}");
    assert!(refused.message.contains("`name`"), "{refused}");
}

/// Reads what is written for the organization, wherever that is.
fn fleet_of_org(site: &Site) -> String {
    let mut text = String::new();
    let mut folders = vec![site.path("fleet")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else {
                text += &std::fs::read_to_string(entry.path()).unwrap_or_default();
            }
        }
    }
    text
}

#[test]
fn a_passcode_is_edited_on_the_phone_that_the_extension_is_on() {
    let site = with_examples();
    let outcome =
        run(&site, "edit-passcode", "helper", &[("extension", "101"), ("passcode", "4711")]).unwrap();
    assert!(outcome.changed);
    assert!(fleet(&site).contains("user-password = \"4711\""), "{}", fleet(&site));
    for (wrong, why) in [("47", "4 to 64"), ("4711471", "4 to 6 characters"), ("47a1", "form")] {
        let cells = [("extension", "101"), ("passcode", wrong)];
        let problem = run(&site, "edit-passcode", "helper", &cells).unwrap_err();
        assert_eq!((problem.code, problem.field.as_deref()), (Code::Invalid, Some("passcode")));
        assert!(problem.message.contains(why) && !problem.message.contains(wrong), "{problem}");
    }
    let problem = run(&site, "edit-passcode", "helper", &[("extension", "103"), ("passcode", "4711")]);
    assert!(problem.unwrap_err().message.contains("it is on none"));
    let problem = run(&site, "edit-passcode", "helper", &[("extension", "901"), ("passcode", "4711")]);
    let problem = problem.unwrap_err();
    assert_eq!((problem.code, problem.field.as_deref()), (Code::NotFound, Some("extension")));
}

#[test]
fn a_device_is_deleted_and_one_that_is_not_there_is_as_it_should_be() {
    let site = with_examples();
    assert!(run(&site, "delete-device", "helper", &[("device", "Hall")]).unwrap().changed);
    assert_eq!(device(&site, "Hall").unwrap_err().code, Code::NotFound);
    for called in ["Hall", "Strange", "strangerserialk7x2m9q4w8e6", "00:15:65:99:99:99"] {
        let plan = super::planned(&site, "delete-device", &[("device", called)]).unwrap();
        assert!(plan.edits.is_empty(), "{called}");
        let note = plan.note.unwrap();
        assert!(note.contains("as far as you may see") && !note.contains("strangerserial"), "{note}");
    }
    device(&site, "Strange").unwrap();
}

#[test]
fn who_runs_a_job_sees_its_name_and_form_alone() {
    let site = with_examples();
    let page = Page { offset: 0, limit: 10 };
    let jobs = |login| {
        let query = Query::Jobs { filter: JobFilter { runnable: true, ..JobFilter::default() }, page };
        seen(&site, &caller("user", Some(login)), &query).unwrap()
    };
    let (helper, builder) = (jobs("helper"), jobs("builder"));
    assert_eq!((&helper["total"], &builder["total"]), (&json!(3), &json!(3)));
    assert_eq!(jobs("nobody")["total"], json!(0));
    assert_eq!(
        (&helper["rows"][0]["name"], helper["rows"][0].get("operation")),
        (&json!("Create a Device"), None)
    );
    assert_eq!(builder["rows"][0]["operation"], json!("device.create"));
    let one = Query::Job { job: "create-device".to_owned() };
    let helper = seen(&site, &caller("user", Some("helper")), &one).unwrap();
    assert_eq!((helper.get("fields"), helper.get("version")), (None, None), "{helper}");
    let builder = seen(&site, &caller("user", Some("builder")), &one).unwrap();
    assert_eq!(builder["fields"]["protocol"], json!({ "fixed": "http" }));
    assert_eq!((&builder["edition"], &builder["editable"]), (&json!(1), &json!(true)));
    for query in [one, Query::JobForm { job: "create-device".to_owned() }] {
        let refused = seen(&site, &caller("user", Some("nobody")), &query).unwrap_err();
        assert_eq!(refused.message, "there is no job `create-device`, as far as you may see");
    }
    let asked =
        seen(&site, &caller("user", Some("helper")), &Query::JobForm { job: "create-device".to_owned() });
    assert_eq!(asked.unwrap(), form(&site, "create-device"));
}

#[test]
fn the_forms_of_the_examples_are_as_checked_in() {
    let site = with_examples();
    let forms: Vec<Value> =
        ["create-device", "delete-device", "edit-passcode"].map(|id| form(&site, id)).into();
    let text = serde_json::to_string_pretty(&forms).unwrap() + "\n";
    assert!(!text.contains("CANARY") && !text.contains("strange") && !text.contains("901"), "{text}");
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/jobs/define/forms.json");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert_eq!(text, std::fs::read_to_string(&path).unwrap_or_default(), "rewrite it with BLESS=1");
}

#[test]
fn an_edit_counts_the_version_up_and_what_is_said_already_does_not() {
    let site = with_examples();
    let edit = |told: Value| {
        let edit = Edit::JobEdit { job: "create-device".to_owned(), fields: fields(told) };
        ask(&site, &caller("user", Some("builder")), vec![edit])
    };
    assert!(
        !edit(json!({ "name": "Create a Device", "fields": { "name": { "label": "Name" } } }))
            .unwrap()
            .changed
    );
    let outcome =
        edit(json!({ "fields": { "protocol": { "fixed": null, "default": "https" }, "status": null } }));
    let told = outcome.unwrap().results.remove(0);
    assert_eq!((&told["edition"], &told["fields"]["protocol"]), (&json!(2), &json!({ "default": "https" })));
    assert_eq!(told["fields"].get("status"), None);
    for (told, field) in [
        (json!({ "platform": "other" }), "platform"),
        (json!({ "kind": "bulk" }), "kind"),
        (json!({ "id": "x" }), "id"),
        (json!({ "version": 7 }), "version"),
    ] {
        let problem = edit(told).unwrap_err();
        assert_eq!((problem.code, problem.field.as_deref()), (Code::Invalid, Some(field)), "{problem}");
    }
}

#[test]
fn a_job_that_is_deleted_is_on_no_list_any_more() {
    let site = with_examples();
    let remove = Edit::JobRemove { job: "delete-device".to_owned() };
    let helper = ask(&site, &caller("user", Some("helper")), vec![remove.clone()]).unwrap_err();
    assert_eq!(helper.code, Code::Forbidden);
    ask(&site, &caller("user", Some("builder")), vec![remove]).unwrap();
    let snapshot = site.load();
    let listed = snapshot.grants().flat_map(|grant| &grant.on_demand_jobs);
    assert_eq!(listed.map(|id| &**id).collect::<Vec<_>>(), ["create-device", "edit-passcode"]);
}

#[test]
fn an_administrator_of_on_demand_jobs_builds_no_bulk_jobs_and_nothing_elsewhere() {
    let site = site();
    let builder = caller("user", Some("builder"));
    let mut bulk = job("bulk", "bulk", "device.delete", json!({}));
    let refused = ask(&site, &builder, vec![Edit::JobAdd { fields: fields(bulk.clone()) }]).unwrap_err();
    assert_eq!((refused.code, refused.rule.as_deref()), (Code::Forbidden, Some("jobs")));
    bulk["platform"] = json!("other");
    bulk["kind"] = json!("on-demand");
    let refused = ask(&site, &builder, vec![Edit::JobAdd { fields: fields(bulk.clone()) }]).unwrap_err();
    assert_eq!(refused.code, Code::NotFound);
    bulk["platform"] = json!("nothing");
    let nothing = ask(&site, &builder, vec![Edit::JobAdd { fields: fields(bulk) }]).unwrap_err();
    assert_eq!(nothing.message, refused.message.replace("other", "nothing"));
    build(&site, job("bulk", "bulk", "device.delete", json!({}))).unwrap();
    let hidden = seen(&site, &builder, &Query::Job { job: "bulk".to_owned() }).unwrap_err();
    assert_eq!(hidden.code, Code::NotFound);
    assert!(site.load().job("bulk").is_some());
    let _: &str = DESK;
}
