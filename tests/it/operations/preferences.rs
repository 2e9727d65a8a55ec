//! The global preferences, which are the administrator's.

use bellhop::operation::{Code, Edit, Query};
use serde_json::{Value, json};

use super::{ask, done, fields, refused, request, seen, site, texts};

fn set(changes: Value) -> Edit {
    Edit::PreferencesSet { fields: fields(changes) }
}

#[test]
fn the_administrator_alone_sees_and_sets_preferences() {
    let site = site();
    for actor in ["sp", "org", "user", "0087*001"] {
        let problem = refused(&site, actor, set(json!({ "mac-based": true })));
        assert_eq!(
            (problem.code, problem.rule.as_deref()),
            (Code::Forbidden, Some("preferences")),
            "{actor}"
        );
        assert_eq!(seen(&site, actor, &Query::Preferences).unwrap_err().code, Code::Forbidden, "{actor}");
    }
    let told = seen(&site, "administrator", &Query::Preferences).unwrap();
    assert_eq!((&told["mac-based"], &told["mac-based-holds"]), (&Value::Null, &json!(false)));
}

#[test]
fn preferences_are_kept_in_one_record_and_taken_back_by_null() {
    let site = site();
    let told = done(
        &site,
        "administrator",
        set(json!({ "mac-based": true, "protocol": "https", "update-interval": 3600 })),
    );
    assert_eq!(
        (&told["mac-based"], &told["protocol"], &told["update-interval"]),
        (&json!(true), &json!("https"), &json!(3600))
    );
    assert_eq!(told["mac-based-holds"], true);
    done(&site, "administrator", set(json!({ "update-interval": 600 })));
    let written: Vec<_> =
        texts(&site).into_iter().filter(|(_, text)| text.contains("[preferences]")).collect();
    assert_eq!(written.len(), 1);
    assert!(written[0].0.ends_with("fleet/administrator.toml"), "{}", written[0].0);
    let told = done(&site, "administrator", set(json!({ "mac-based": null, "protocol": null })));
    assert_eq!(
        (&told["mac-based"], &told["protocol"], &told["update-interval"]),
        (&Value::Null, &Value::Null, &json!(600))
    );
    assert_eq!(site.load().preferences().unwrap().mac_based, None);
}

#[test]
fn what_they_say_already_is_no_change_and_what_they_do_not_know_is_refused() {
    let site = site();
    done(&site, "administrator", set(json!({ "protocol": "https" })));
    let same = request(vec![set(json!({ "protocol": "https", "mac-based": null }))]);
    assert!(!ask(&site, "administrator", &same).unwrap().changed);
    for (changes, field) in [
        (json!({ "protocol": "ftp" }), "protocol"),
        (json!({ "update-interval": 1 }), "update-interval"),
        (json!({ "mac-bsaed": true }), "mac-bsaed"),
        (json!({ "mac-based": "yes" }), "mac-based"),
    ] {
        let problem = refused(&site, "administrator", set(changes));
        assert_eq!((problem.code, problem.field.as_deref()), (Code::Invalid, Some(field)), "{problem:?}");
    }
}
