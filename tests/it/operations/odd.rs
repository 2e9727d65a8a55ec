//! Odd values: whatever is asked for is done, or refused with a reason.

use bellhop::operation::{Code, Edit, Fields, Request, perform};
use bellhop::reload::Loader;
use serde_json::{Value, json};

use super::{caller, done, fields, site, texts};

/// Keys of accounts, extensions, devices, logins, tokens and preferences, and some that nothing has.
const KEYS: &[&str] = &[
    "id",
    "name",
    "provider",
    "organization",
    "user",
    "provisioning",
    "roles-management",
    "sip-management",
    "settings",
    "raw",
    "number",
    "kind",
    "display-name",
    "label",
    "sip",
    "account",
    "password",
    "status",
    "login",
    "scope",
    "expires",
    "created",
    "hash",
    "mac-based",
    "protocol",
    "update-interval",
    "admin-password",
    "lines",
    "mac",
    "model",
    "network",
    "owner",
    "serial",
    "template",
    "",
    "no such key",
    "\u{0}",
];

/// Makes values that no form would send.
fn odd() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(-1),
        json!(u64::MAX),
        json!("\u{0}\n\"'\\]"),
        json!("0087*001"),
        json!("x".repeat(5000)),
        json!([null, 1, "x", [1], {}]),
        json!({}),
        json!({ "a": null, "password": null, "": { "b": [null] } }),
        json!({ "password": "********", "port": "5060", "language": 7 }),
    ]
}

/// Makes every edit of the areas with one field in place of, or beside, what makes it whole.
fn edits(key: &str, value: &Value) -> Vec<Edit> {
    let with = |whole: Value| -> Fields {
        let mut whole = fields(whole);
        whole.insert(key.to_owned(), value.clone());
        whole
    };
    let text = value.as_str().unwrap_or(key).to_owned();
    vec![
        Edit::AccountAdd {
            kind: "organization".to_owned(),
            fields: with(json!({ "id": "new", "provider": "sp", "name": "N" })),
        },
        Edit::AccountAdd {
            kind: "user".to_owned(),
            fields: with(json!({ "id": "new", "organization": "org", "name": "N" })),
        },
        Edit::AccountEdit { account: "org".to_owned(), fields: with(json!({})) },
        Edit::AccountEdit { account: "user".to_owned(), fields: with(json!({})) },
        Edit::ExtensionAdd { fields: with(json!({ "number": "0087*9", "user": "user" })) },
        Edit::ExtensionEdit { extension: "0087*001".to_owned(), fields: with(json!({})) },
        Edit::DeviceAdd { fields: with(json!({ "name": "New", "model": "yealink/t46s" })) },
        Edit::DeviceEdit { device: "Desk".to_owned(), fields: with(json!({})) },
        Edit::LoginAdd { fields: with(json!({ "id": "new", "account": "org" })) },
        Edit::LoginEdit { login: "anna".to_owned(), fields: with(json!({})) },
        Edit::TokenAdd { fields: with(json!({ "login": "anna" })) },
        Edit::PreferencesSet { fields: with(json!({})) },
        Edit::LevelSet { account: text.clone(), level: Some(text) },
    ]
}

#[test]
fn whatever_is_asked_for_is_done_or_refused_with_a_reason_that_tells_of_no_file() {
    let site = site();
    done(
        &site,
        "administrator",
        Edit::LoginAdd { fields: fields(json!({ "id": "anna", "account": "org" })) },
    );
    let before = texts(&site);
    let mut loader = Loader::new(&site.path("bellhop.toml")).unwrap();
    let (mut was_done, mut was_refused) = (0, 0);
    for key in KEYS {
        for value in odd() {
            for edit in edits(key, &value) {
                let request = Request { edits: vec![edit.clone()], dry_run: true, if_match: None };
                match perform(&mut loader.desk(), &caller("administrator"), &request) {
                    Ok(_) => was_done += 1,
                    Err(problem) => {
                        was_refused += 1;
                        let told = format!("{problem}");
                        assert!(
                            !matches!(problem.code, Code::Failed | Code::Faulty),
                            "{edit:?}: {problem:?}"
                        );
                        assert!(
                            !told.is_empty() && !told.contains(".toml") && told.len() < 12_000,
                            "{edit:?}: {told}"
                        );
                    }
                }
            }
        }
    }
    assert!(was_done > 100 && was_refused > 1000, "{was_done} done, {was_refused} refused");
    assert_eq!(texts(&site), before);
}
