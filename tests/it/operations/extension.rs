//! Extensions and their SIP data: who sees, adds, changes and removes them.

use bellhop::operation::{Code, Edit, Query};
use serde_json::{Value, json};

use super::{ALL, ask, device, done, fields, refused, request, said, seen, site, texts};
use crate::support::Site;

fn add(record: Value) -> Edit {
    Edit::ExtensionAdd { fields: fields(record) }
}

fn edit(extension: &str, changes: Value) -> Edit {
    Edit::ExtensionEdit { extension: extension.to_owned(), fields: fields(changes) }
}

fn remove(extension: &str) -> Edit {
    Edit::ExtensionRemove { extension: extension.to_owned() }
}

fn show(site: &Site, actor: &str, extension: &str) -> Value {
    seen(site, actor, &Query::Extension { extension: extension.to_owned() }).unwrap()
}

fn numbers(site: &Site, actor: &str, below: Option<&str>, assignable: bool) -> Vec<String> {
    let query = Query::Extensions { below: below.map(str::to_owned), assignable, page: ALL };
    let list = seen(site, actor, &query).unwrap();
    list["rows"].as_array().unwrap().iter().map(|row| row["number"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn everybody_lists_the_extensions_in_their_sight_and_those_that_can_be_put_on_a_line() {
    let site = site();
    let own = ["0087*001", "0087*002", "0087*003"];
    assert_eq!(numbers(&site, "administrator", None, false).len(), 5);
    assert_eq!(numbers(&site, "administrator", Some("sp"), false), own);
    assert_eq!(numbers(&site, "sp", None, false), own);
    assert_eq!(numbers(&site, "sp", None, true), ["0087*002", "0087*003"], "the first is on a line");
    assert_eq!(numbers(&site, "org", None, true), ["0087*003"], "the second is not on modify");
    assert_eq!(numbers(&site, "0087*003", None, false), ["0087*003"]);
    let hidden = Query::Extensions { below: Some("stranger-user".to_owned()), assignable: false, page: ALL };
    assert_eq!(seen(&site, "sp", &hidden).unwrap_err().code, Code::NotFound);
}

#[test]
fn an_extension_is_shown_with_its_sip_data_its_device_and_no_password() {
    let site = site();
    for actor in ["administrator", "sp", "org", "user", "0087*001"] {
        let told = show(&site, actor, "0087*001");
        assert!(!told.to_string().contains("CANARY"), "{told}");
        assert_eq!(told["sip"]["password"], "********");
        assert_eq!((&told["device"]["name"], &told["device"]["line"]), (&json!("Desk"), &json!(1)));
        assert_eq!(told["assignable"], false);
    }
    let told = show(&site, "sp", "0087*001");
    assert_eq!(
        (&told["kind"], &told["user"], &told["organization"]),
        (&json!("phone-terminal"), &json!("user"), &json!("org"))
    );
}

#[test]
fn an_extension_out_of_sight_is_told_of_like_one_that_does_not_exist() {
    let site = site();
    let missing = refused(&site, "sp", remove("0777*777")).message;
    for problem in [
        refused(&site, "sp", remove("0999*001")),
        refused(&site, "sp", edit("0999*001", json!({ "label": "x" }))),
        seen(&site, "sp", &Query::Extension { extension: "0999*001".to_owned() }).unwrap_err(),
    ] {
        assert_eq!(
            (problem.code, problem.message.replace("0999*001", "0777*777")),
            (Code::NotFound, missing.clone())
        );
    }
    let of = |user: &str| refused(&site, "sp", add(json!({ "number": "1", "user": user })));
    assert_eq!(of("stranger-user").message.replace("stranger-user", "nobody"), of("nobody").message);
}

#[test]
fn an_extension_is_added_beside_its_organization_with_its_sip_data() {
    let site = site();
    let record = json!({
        "number": "0087*010", "user": "user", "display-name": "Tenth", "provisioning": "view",
        "sip": { "user": "u10", "auth-user": "a10", "password": "CANARY-sip", "server": "pbx.example.net", "port": 5062, "transport": "tls" },
        "settings": { "dtmf": "info" },
    });
    let added = done(&site, "sp", add(record));
    assert!(!added.to_string().contains("CANARY"), "{added}");
    assert_eq!((&added["sip"]["port"], &added["sip"]["transport"]), (&json!(5062), &json!("tls")));
    assert_eq!(added["assignable"], true);
    let snapshot = site.load();
    assert_eq!(snapshot.extension("0087*010").unwrap().sip.password.as_ref().unwrap().expose(), "CANARY-sip");
    assert!(
        texts(&site)
            .iter()
            .any(|(path, text)| path.ends_with("fleet/sp/org.toml") && text.contains("0087*010"))
    );
}

#[test]
fn a_secret_that_is_copied_as_it_is_shown_is_refused_in_a_new_record() {
    let site = site();
    let sip = show(&site, "sp", "0087*001")["sip"].clone();
    let problem = refused(&site, "sp", add(json!({ "number": "0087*010", "user": "user", "sip": sip })));
    assert_eq!((problem.code, problem.field.as_deref()), (Code::Invalid, Some("sip")));
}

#[test]
fn a_user_on_modify_adds_extensions_for_itself_and_nobody_without_modify_does() {
    let site = site();
    for actor in ["org", "user"] {
        let problem = refused(&site, actor, add(json!({ "number": "0087*010", "user": "user" })));
        assert_eq!((problem.code, problem.rule.as_deref()), (Code::Forbidden, Some("accounts")), "{actor}");
    }
    done(&site, "administrator", super::account::level("user", "modify"));
    assert_eq!(done(&site, "user", add(json!({ "number": "0087*010" })))["user"], "user");
}

#[test]
fn a_number_is_one_that_nobody_has_seen_or_not() {
    let site = site();
    for number in ["", "a b", "1/2"] {
        let problem = refused(&site, "sp", add(json!({ "number": number, "user": "user" })));
        assert_eq!((problem.code, problem.field.as_deref()), (Code::Invalid, Some("number")), "{number}");
    }
    let taken = ["0087*001", "0999*001", "stranger-org"].map(|number| {
        let problem = refused(&site, "sp", add(json!({ "number": number, "user": "user" })));
        assert_eq!((problem.code, problem.field.as_deref()), (Code::Conflict, Some("number")));
        problem.message.replace(number, "?")
    });
    assert!(taken.iter().all(|message| *message == taken[0]), "{taken:?}");
}

#[test]
fn sip_data_is_changed_key_by_key_and_a_masked_password_stays() {
    let site = site();
    let told = done(
        &site,
        "sp",
        edit("0087*001", json!({ "sip": { "server": "new.example.net", "password": "********" } })),
    );
    assert_eq!(told["sip"], json!({ "server": "new.example.net", "password": "********" }));
    let snapshot = site.load();
    let sip = &snapshot.extension("0087*001").unwrap().sip;
    assert_eq!(sip.password.as_ref().unwrap().expose(), "CANARY-sip-1");
    done(&site, "sp", edit("0087*001", json!({ "sip": { "server": null } })));
    assert!(site.load().extension("0087*001").unwrap().sip.server.is_none());
    for (sip, word) in [(json!({ "port": 70000 }), "port"), (json!({ "pasword": "CANARY-x" }), "password")] {
        let problem = refused(&site, "sp", edit("0087*001", json!({ "sip": sip })));
        assert_eq!(problem.code, Code::Invalid);
        assert!(problem.message.contains(word) && !problem.message.contains("CANARY"), "{problem}");
    }
}

#[test]
fn a_generated_sip_password_is_shown_once() {
    let site = site();
    let told = done(&site, "sp", edit("0087*001", json!({ "sip": { "password": "generate" } })));
    let password = told["sip-password"].as_str().unwrap();
    assert!(password.len() >= 12);
    assert!(!show(&site, "sp", "0087*001").to_string().contains(password));
    assert_eq!(site.load().extension("0087*001").unwrap().sip.password.as_ref().unwrap().expose(), password);
}

#[test]
fn what_an_extension_says_already_is_no_change() {
    let site = site();
    let told = show(&site, "sp", "0087*001");
    let same = json!({ "number": "0087*001", "kind": "phone-terminal", "user": "user", "sip": told["sip"], "label": "" });
    assert!(!ask(&site, "sp", &request(vec![edit("0087*001", same)])).unwrap().changed);
    let renamed = refused(&site, "administrator", edit("0087*001", json!({ "number": "0087*009" })));
    assert_eq!((renamed.code, renamed.field.as_deref()), (Code::Invalid, Some("number")));
}

#[test]
fn an_extension_is_changed_by_those_above_it_on_modify() {
    let site = site();
    for actor in ["org", "user", "0087*001"] {
        let problem = refused(&site, actor, edit("0087*001", json!({ "display-name": "x" })));
        assert_eq!((problem.code, problem.rule.as_deref()), (Code::Forbidden, Some("accounts")), "{actor}");
        assert_eq!(refused(&site, actor, remove("0087*001")).code, Code::Forbidden, "{actor}");
    }
    for key in ["user", "provisioning"] {
        let problem = refused(&site, "sp", edit("0087*001", json!({ key: "none" })));
        assert_eq!((problem.code, problem.field.as_deref()), (Code::Forbidden, Some(key)));
    }
}

#[test]
fn what_is_no_phone_terminal_is_never_on_a_line() {
    let site = site();
    for kind in
        ["queue", "ivr", "voicemail", "conference", "callback", "calling-card", "intercom", "queue-login"]
    {
        let number = format!("0087*{kind}");
        let added = done(
            &site,
            "sp",
            add(json!({ "number": number, "user": "user", "kind": kind, "provisioning": "modify" })),
        );
        assert_eq!((&added["assignable"], &added["kind"]), (&json!(false), &json!(kind)));
        assert!(!numbers(&site, "administrator", None, true).contains(&number));
        let lines = fields(json!({ "lines": [number] }));
        for actor in ["sp", "administrator"] {
            let problem =
                refused(&site, actor, Edit::DeviceEdit { device: "Desk".to_owned(), fields: lines.clone() });
            assert!(matches!(problem.code, Code::Forbidden | Code::Invalid), "{problem:?}");
        }
        let problem = refused(&site, "administrator", edit("0087*001", json!({ "kind": kind })));
        assert_eq!((problem.code, problem.field.as_deref()), (Code::Conflict, Some("kind")));
    }
    done(&site, "sp", edit("0087*002", json!({ "kind": "queue" })));
    assert_eq!(show(&site, "sp", "0087*002")["assignable"], false);
    done(&site, "sp", edit("0087*002", json!({ "kind": null })));
    assert_eq!(show(&site, "sp", "0087*002")["assignable"], true);
    let problem = refused(&site, "sp", edit("0087*002", json!({ "kind": "phone" })));
    assert_eq!((problem.code, problem.field.as_deref()), (Code::Invalid, Some("kind")));
}

#[test]
fn an_extension_that_is_removed_leaves_its_device_with_a_free_line() {
    let site = site();
    let lines = fields(json!({ "lines": ["0087*001", "0087*002"] }));
    done(&site, "sp", Edit::DeviceEdit { device: "Desk".to_owned(), fields: lines });
    let outcome = ask(&site, "sp", &request(vec![remove("0087*001")])).unwrap();
    assert!(outcome.warnings.iter().any(|warning| warning.contains("`Desk`")), "{outcome:?}");
    let desk = device(&site, "sp", "Desk");
    assert_eq!(desk["lines"], json!(["", "0087*002"]));
    assert_eq!(desk["serial"], super::SERIAL);
    done(&site, "sp", remove("0087*002"));
    assert_eq!(device(&site, "sp", "Desk")["lines"], json!([]));
    let text = texts(&site).into_iter().map(|(_, text)| text).collect::<String>();
    assert!(text.contains("# kept"), "what is not edited stays as it is written");
}

#[test]
fn an_extension_that_owns_a_device_or_has_a_login_is_not_removed() {
    let site = site();
    done(
        &site,
        "0087*003",
        Edit::DeviceAdd {
            fields: fields(json!({ "name": "Its own", "model": "yealink/t46s", "protocol": "https" })),
        },
    );
    done(&site, "sp", Edit::LoginAdd { fields: fields(json!({ "id": "third", "account": "0087*003" })) });
    let problem = refused(&site, "sp", remove("0087*003"));
    assert_eq!(problem.code, Code::Conflict);
    assert!(problem.message.contains("`Its own`") && problem.message.contains("`third`"), "{problem}");
}

#[test]
fn an_extension_that_goes_to_another_organization_leaves_its_line() {
    let site = site();
    let user = |id: &str, organization: &str| Edit::AccountAdd {
        kind: "user".to_owned(),
        fields: fields(json!({ "id": id, "organization": organization, "name": id })),
    };
    done(&site, "sp", user("neighbour", "org"));
    done(&site, "administrator", user("guest", "stranger-org"));
    done(&site, "administrator", edit("0087*001", json!({ "user": "neighbour" })));
    assert_eq!(
        device(&site, "sp", "Desk")["lines"],
        json!(["0087*001"]),
        "within an organization it stays on its line"
    );
    done(&site, "administrator", edit("0087*001", json!({ "user": "guest" })));
    assert_eq!(device(&site, "sp", "Desk")["lines"], json!([]));
    assert_eq!(&*site.load().extension("0087*001").unwrap().user, "guest");
}

#[test]
fn without_sip_management_a_user_and_its_extensions_know_of_no_sip_data() {
    let site = site();
    let gate =
        Edit::AccountEdit { account: "user".to_owned(), fields: fields(json!({ "sip-management": false })) };
    done(&site, "sp", gate);
    for actor in ["user", "0087*001"] {
        let told = show(&site, actor, "0087*001");
        assert_eq!((told.get("sip"), &told["assignable"]), (None, &json!(false)), "{actor}");
    }
    assert!(show(&site, "org", "0087*001").get("sip").is_some());
    done(&site, "administrator", super::account::level("user", "modify"));
    let problem = refused(&site, "user", edit("0087*001", json!({ "sip": { "password": "CANARY-new" } })));
    assert_eq!((problem.code, problem.rule.as_deref()), (Code::Forbidden, Some("R9")));
    done(&site, "user", edit("0087*001", json!({ "display-name": "Still" })));
    let record = json!({ "number": "0087*010", "sip": { "password": "CANARY-new" } });
    let problem = refused(&site, "user", add(record));
    assert_eq!((problem.rule.as_deref(), problem.field.as_deref()), (Some("R9"), Some("sip")));
    done(&site, "user", add(json!({ "number": "0087*010" })));
}

#[test]
fn a_dry_run_shows_no_sip_password() {
    let site = site();
    let mut request = request(vec![
        edit("0087*001", json!({ "sip": { "password": "CANARY-dry" } })),
        add(json!({ "number": "0087*010", "user": "user", "sip": { "password": "CANARY-add" } })),
        remove("0087*002"),
    ]);
    request.dry_run = true;
    let before = texts(&site);
    let outcome = ask(&site, "sp", &request).unwrap();
    assert!(!said(&outcome).contains("CANARY"), "{}", said(&outcome));
    assert!(outcome.diff.unwrap().files.contains("0087*010"));
    assert_eq!(texts(&site), before);
}
