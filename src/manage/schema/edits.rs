//! Edits and queries by name, as `POST /edits` and `POST /queries` take them.

use serde_json::{Map, Value, json};

use crate::manage::schema::parts::{closed, flag, nullable, table, text, text_or_empty, words};
use crate::manage::schema::shown::{Answer, diff, texts};
use crate::manage::schema::{jobs, records};
use crate::model::TEXT_MAX;

/// Edits that are one change.
pub(super) fn request() -> Value {
    let fields = || json!({ "type": "object", "description": "the record's keys, as those of its own path" });
    let name = |help: &str| text(TEXT_MAX, help);
    let place = || {
        json!({
            "template": name("the template's id"), "model": text(130, "the model"), "firmware": text(64, "the firmware"),
        })
    };
    let (account, extension, device) =
        (name("its id"), name("its number"), name("its id, serial, MAC address or name"));
    let (template, login, token) =
        (name("the template's id"), name("the login's id"), name("the token's id"));
    let kind = words(["provider", "organization", "user"], "what it is");
    let level = records::level()["properties"]["level"].clone();
    let body = json!({ "type": ["string", "null"], "maxLength": 1_048_576 });
    let mut file = place();
    file["file"] = text(TEXT_MAX, "the file's name in the catalog");
    file["body"] = body;
    let edits: Vec<Value> = [
        ("account-add", json!({ "kind": kind, "fields": fields() })),
        ("account-edit", json!({ "account": account, "fields": fields() })),
        ("account-remove", json!({ "account": account })),
        ("level-set", json!({ "account": account, "level": level })),
        ("extension-add", json!({ "fields": fields() })),
        ("extension-edit", json!({ "extension": extension, "fields": fields() })),
        ("extension-remove", json!({ "extension": extension })),
        ("device-add", json!({ "fields": fields() })),
        ("device-edit", json!({ "device": device, "fields": fields() })),
        ("device-remove", json!({ "device": device })),
        ("device-clear", json!({ "device": device })),
        ("device-enable", json!({ "device": device })),
        ("device-disable", json!({ "device": device })),
        ("device-rotate", json!({ "device": device })),
        ("device-password", json!({ "device": device })),
        ("template-add", json!({ "fields": fields() })),
        ("template-edit", json!({ "template": template, "fields": fields() })),
        ("template-remove", json!({ "template": template })),
        ("template-equip", place()),
        ("template-unequip", place()),
        ("template-file", file),
        ("template-import", json!({ "template": template, "exported": records::exported() })),
        ("preferences-set", json!({ "fields": fields() })),
        ("login-add", json!({ "fields": fields() })),
        ("login-edit", json!({ "login": login, "fields": fields() })),
        ("login-remove", json!({ "login": login })),
        ("token-add", json!({ "fields": fields() })),
        ("token-revoke", json!({ "token": token })),
    ]
    .into_iter()
    .chain(job_edits())
    .map(|(word, keys)| tagged("operation", word, &keys, &[]))
    .collect();
    let keys = json!({
        "edits": { "type": "array", "minItems": 1, "maxItems": 1000, "items": { "oneOf": edits } },
        "dry-run": flag("whether to tell what would come of it, and change nothing"),
        "if-match": nullable(text(128, "the version that the first edit's record must have, as `ETag` gave it")),
    });
    table("Edits that are one change: all of them, or none.", &["edits"], keys)
}

/// What came of edits that are one change.
pub(super) fn outcome() -> Value {
    let results = json!({
        "type": "array", "items": { "type": ["object", "null"] },
        "description": "what each edit gives, as its own path would in `result`; null where it removed something",
    });
    let keys = json!({
        "results": results, "changed": flag("whether anything changed, or would"),
        "snapshot": { "type": ["integer", "null"], "minimum": 0, "description": "the snapshot that holds the change" },
        "warnings": texts("what somebody should look at"),
    });
    Answer::new("What came of edits that are one change.", keys).with(json!({ "diff": diff() })).schema()
}

/// One look.
pub(super) fn query() -> Value {
    let name = |help: &str| text(TEXT_MAX, help);
    let below = || nullable(name("below this account"));
    let filter = json!({
        "context": nullable(name("seen by this account")),
        "owner": nullable(name("owned by this account")),
        "organization": nullable(name("assigned to this organization")),
        "extension": nullable(name("with this extension on a line")),
        "model": nullable(name("of this model, or of all of a vendor")),
        "status": nullable(words(["enabled", "disabled"], "of this status")),
        "text": nullable(text_or_empty(TEXT_MAX, "with this text in name, MAC address, notes or lines")),
    });
    let filter = table("Which devices.", &[], filter);
    let kind = nullable(words(["provider", "organization", "user"], "of this kind"));
    let model = nullable(text(130, "of this model"));
    let file = nullable(name("the file; the main one when not set"));
    let template = || json!({ "template": name("the template's id") });
    let body = json!({
        "type": ["string", "null"], "maxLength": 262_144,
        "description": "a body to try that is not saved, in place of the file's own",
    });
    let preview = json!({ "template": name("the template's id"), "device": name("the device"), "file": file, "body": body });
    let ways: Vec<Value> = [
        ("self", json!({})),
        ("accounts", json!({ "kind": kind, "below": below(), "page": page() })),
        ("account", json!({ "account": name("its id") })),
        (
            "extensions",
            json!({ "below": below(), "assignable": flag("those that can be assigned"), "page": page() }),
        ),
        ("extension", json!({ "extension": name("its number") })),
        ("devices", json!({ "filter": filter, "page": page() })),
        ("device", json!({ "device": name("its id, serial, MAC address or name") })),
        ("device-options", json!({ "model": model })),
        ("templates", json!({ "page": page() })),
        ("template", template()),
        ("template-preview", preview),
        ("template-check", template()),
        ("template-export", json!({ "template": name("the template's id"), "model": model })),
        ("preferences", json!({})),
        ("logins", json!({ "page": page() })),
        ("login", json!({ "login": name("its id") })),
        ("tokens", json!({ "login": nullable(name("of this login")), "page": page() })),
    ]
    .into_iter()
    .chain(job_queries())
    .map(|(word, keys)| tagged("query", word, &keys, OPTIONAL))
    .collect();
    json!({ "type": "object", "oneOf": ways, "description": "One look." })
}

/// Edits of groups, grants and jobs.
fn job_edits() -> [(&'static str, Value); 13] {
    let fields = || json!({ "type": "object", "description": "the record's keys, as those of its own path" });
    let name = |help: &str| text(TEXT_MAX, help);
    let (group, grant, job) = (name("the group's id"), name("the grant's id"), name("the job's id"));
    let login = name("the login's id");
    [
        ("group-add", json!({ "fields": fields() })),
        ("group-edit", json!({ "group": group, "fields": fields() })),
        ("group-remove", json!({ "group": group })),
        ("group-join", json!({ "group": group, "login": login })),
        ("group-leave", json!({ "group": group, "login": login })),
        ("grant-add", json!({ "fields": fields() })),
        ("grant-edit", json!({ "grant": grant, "fields": fields() })),
        ("grant-remove", json!({ "grant": grant })),
        ("grant-permit", json!({ "grant": grant, "job": job })),
        ("grant-revoke", json!({ "grant": grant, "job": job })),
        ("job-add", json!({ "fields": fields() })),
        ("job-edit", json!({ "job": job, "fields": fields() })),
        ("job-remove", json!({ "job": job })),
    ]
}

/// Looks at groups, grants and jobs.
fn job_queries() -> [(&'static str, Value); 8] {
    let name = |help: &str| text(TEXT_MAX, help);
    let jobs_filter = json!({
        "platform": nullable(name("of this provider or organization")),
        "kind": nullable(jobs::kind()), "operation": nullable(jobs::operation()),
        "runnable": flag("those that the actor may run, alone"),
    });
    let jobs_filter = table("Which jobs.", &[], jobs_filter);
    [
        ("groups", json!({ "page": page() })),
        ("group", json!({ "group": name("its id") })),
        (
            "grants",
            json!({
                "login": nullable(name("of this login and its groups")), "group": nullable(name("of this group")),
                "platform": nullable(name("for the jobs of this platform")), "page": page(),
            }),
        ),
        ("grant", json!({ "grant": name("its id") })),
        ("jobs", json!({ "filter": jobs_filter, "page": page() })),
        ("job", json!({ "job": name("its id") })),
        ("job-form", json!({ "job": name("its id") })),
        (
            "job-choices",
            json!({
                "job": name("its id"), "field": name("the field"),
                "text": nullable(text_or_empty(TEXT_MAX, "with this text in it")), "page": page(),
            }),
        ),
    ]
}

/// Which part of a list.
fn page() -> Value {
    let keys = json!({
        "offset": { "type": "integer", "minimum": 0, "maximum": 1_000_000_000 },
        "limit": { "type": "integer", "minimum": 1, "maximum": 1_000_000_000 },
    });
    table("Which part of a list.", &["limit"], keys)
}

/// Keys of queries that may be missing.
const OPTIONAL: &[&str] = &["kind", "below", "model", "file", "body", "login", "group", "platform", "text"];

/// A table that a word tells from others; keys in `optional` may be missing where they may be null.
fn tagged(tag: &str, word: &str, keys: &Value, optional: &[&str]) -> Value {
    let mut all = Map::from_iter([(tag.to_owned(), words([word], "what it is"))]);
    let mut required = vec![tag.to_owned()];
    for (key, schema) in keys.as_object().into_iter().flatten() {
        let may_be_null = schema["type"].as_array().is_some_and(|kinds| kinds.contains(&json!("null")));
        if !(optional.contains(&key.as_str()) && may_be_null) {
            required.push(key.clone());
        }
        all.insert(key.clone(), schema.clone());
    }
    let required: Vec<&str> = required.iter().map(String::as_str).collect();
    closed(word, &required, &all)
}
