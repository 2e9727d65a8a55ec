//! Accounts: who sees, adds, changes and removes them.

use bellhop::operation::{Code, Edit, Query};
use serde_json::{Value, json};

use super::{ALL, ask, done, fields, refused, request, seen, site, texts};
use crate::support::Site;

fn add(kind: &str, record: Value) -> Edit {
    Edit::AccountAdd { kind: kind.to_owned(), fields: fields(record) }
}

fn edit(account: &str, changes: Value) -> Edit {
    Edit::AccountEdit { account: account.to_owned(), fields: fields(changes) }
}

fn remove(account: &str) -> Edit {
    Edit::AccountRemove { account: account.to_owned() }
}

fn show(site: &Site, actor: &str, account: &str) -> Value {
    seen(site, actor, &Query::Account { account: account.to_owned() }).unwrap()
}

fn ids(site: &Site, actor: &str, kind: Option<&str>, below: Option<&str>) -> Vec<String> {
    let (kind, below) = (kind.map(str::to_owned), below.map(str::to_owned));
    let list = seen(site, actor, &Query::Accounts { kind, below, page: ALL }).unwrap();
    list["rows"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn everybody_lists_the_accounts_in_their_sight_the_highest_first() {
    let site = site();
    let all = ["sp", "stranger-sp", "org", "stranger-org", "stranger-user", "user"];
    assert_eq!(ids(&site, "administrator", None, None), all);
    assert_eq!(ids(&site, "administrator", Some("user"), Some("sp")), ["user"]);
    assert_eq!(ids(&site, "sp", None, None), ["sp", "org", "user"]);
    assert_eq!(ids(&site, "sp", Some("organization"), None), ["org"]);
    assert_eq!(ids(&site, "org", None, Some("org")), ["user"]);
    assert_eq!(ids(&site, "user", None, None), ["user"]);
}

#[test]
fn a_list_below_what_is_out_of_sight_is_refused_like_one_below_nothing() {
    let site = site();
    let of = |below: &str| {
        let query = Query::Accounts { kind: None, below: Some(below.to_owned()), page: ALL };
        seen(&site, "sp", &query).unwrap_err()
    };
    let (hidden, missing) = (of("stranger-org"), of("nobody"));
    assert_eq!((hidden.code, hidden.field.as_deref()), (Code::NotFound, Some("below")));
    assert_eq!(hidden.message.replace("stranger-org", "nobody"), missing.message);
    let kind = Query::Accounts { kind: Some("client".to_owned()), below: None, page: ALL };
    let kind = seen(&site, "sp", &kind).unwrap_err();
    assert_eq!((kind.code, kind.field.as_deref()), (Code::Invalid, Some("kind")));
}

#[test]
fn an_account_is_shown_with_what_lies_below_it_and_the_levels_that_can_be_set() {
    let site = site();
    let org = show(&site, "sp", "org");
    assert_eq!(
        (&org["kind"], &org["provider"], &org["provisioning"]),
        (&json!("organization"), &json!("sp"), &json!("view"))
    );
    assert_eq!(org["settable-levels"], json!(["none", "view", "modify"]));
    assert_eq!(org["counts"], json!({ "users": 1, "extensions": 3, "devices": 1 }));
    assert_eq!((&org["roles-management"], &org["sip-management"]), (&json!(true), &Value::Null));
    assert_eq!(show(&site, "org", "user")["settable-levels"], json!(["none", "view"]));
    assert_eq!(show(&site, "org", "org")["settable-levels"], json!([]), "nobody sets its own");
    let top = show(&site, "administrator", "administrator");
    assert_eq!(top["counts"]["providers"], 2);
    assert_eq!(show(&site, "sp", "0087*001")["number"], "0087*001", "an extension is an account, too");
}

#[test]
fn an_account_out_of_sight_is_told_of_like_one_that_does_not_exist() {
    let site = site();
    let of = |account: &str| {
        let query = Query::Account { account: account.to_owned() };
        seen(&site, "sp", &query).unwrap_err()
    };
    let missing = of("nobody").message;
    for hidden in ["stranger-sp", "stranger-org", "stranger-user", "0999*001", "administrator"] {
        assert_eq!(of(hidden).message.replace(hidden, "nobody"), missing);
        for edit in [edit(hidden, json!({ "name": "x" })), remove(hidden), level(hidden, "none")] {
            let problem = refused(&site, "sp", edit);
            assert_eq!(
                (problem.code, problem.message.replace(hidden, "nobody")),
                (Code::NotFound, missing.clone())
            );
        }
    }
}

#[test]
fn the_actor_is_told_of_itself() {
    let site = site();
    let of = |account: &str| seen(&site, account, &Query::Self_).unwrap();
    let org = of("org");
    assert_eq!(
        (&org["account"], &org["kind"], &org["provisioning"]),
        (&json!("org"), &json!("organization"), &json!("view"))
    );
    assert_eq!(
        (&org["parent"], &org["sees-devices"], &org["adds-devices"]),
        (&json!("sp"), &json!(true), &json!(true))
    );
    let second = of("0087*002");
    assert_eq!((&second["adds-devices"], second["why"].is_string()), (&json!(false), true));
}

#[test]
fn accounts_are_added_below_those_on_modify_and_go_where_their_records_belong() {
    let site = site();
    done(&site, "administrator", add("provider", json!({ "id": "sp2", "name": "Second" })));
    let org = done(
        &site,
        "sp",
        add("organization", json!({ "id": "org2", "name": "Second", "provisioning": "modify" })),
    );
    assert_eq!((&org["provider"], &org["provisioning"]), (&json!("sp"), &json!("modify")));
    done(
        &site,
        "org2",
        add("user", json!({ "id": "user2", "name": "Second", "settings": { "language": "de" } })),
    );
    done(
        &site,
        "administrator",
        add("user", json!({ "id": "user3", "organization": "org2", "name": "Third" })),
    );
    let files = texts(&site);
    let holds =
        |path: &str, text: &str| files.iter().any(|(file, all)| file.ends_with(path) && all.contains(text));
    assert!(holds("fleet/sp2.toml", "sp2") && holds("fleet/sp/org2.toml", "org2"), "{files:?}");
    assert!(holds("fleet/sp/org2.toml", "user2") && holds("fleet/sp/org2.toml", "user3"), "{files:?}");
    assert_eq!(show(&site, "org2", "user2")["provisioning"], "none", "a new account begins on none");
}

#[test]
fn nobody_adds_accounts_outside_its_tree_without_modify_or_beside_itself() {
    let site = site();
    for (actor, kind, record, code) in [
        ("org", "user", json!({ "id": "n", "name": "N" }), Code::Forbidden),
        ("user", "user", json!({ "id": "n", "organization": "org", "name": "N" }), Code::NotFound),
        ("sp", "provider", json!({ "id": "n", "name": "N" }), Code::Forbidden),
        ("sp", "organization", json!({ "id": "n", "provider": "stranger-sp", "name": "N" }), Code::NotFound),
        ("sp", "user", json!({ "id": "n", "organization": "stranger-org", "name": "N" }), Code::NotFound),
        ("sp", "user", json!({ "id": "n", "organization": "sp", "name": "N" }), Code::NotFound),
        ("sp", "user", json!({ "id": "n", "name": "N" }), Code::Invalid),
        ("administrator", "organization", json!({ "id": "n", "name": "N" }), Code::Invalid),
    ] {
        let problem = refused(&site, actor, add(kind, record.clone()));
        assert_eq!(problem.code, code, "{actor} {record} {problem:?}");
    }
    let (hidden, missing) = ("stranger-org", "nobody");
    let of =
        |id: &str| refused(&site, "sp", add("user", json!({ "id": "n", "organization": id, "name": "N" })));
    assert_eq!(of(hidden).message.replace(hidden, missing), of(missing).message);
}

#[test]
fn ids_are_identifiers_that_nobody_has_seen_or_not() {
    let site = site();
    for id in ["", "a b", "../x", "ä", &"x".repeat(65)] {
        let problem = refused(&site, "sp", add("organization", json!({ "id": id, "name": "N" })));
        assert_eq!((problem.code, problem.field.as_deref()), (Code::Invalid, Some("id")), "{id}");
    }
    let mut messages = Vec::new();
    for id in ["org", "stranger-org", "administrator", "user"] {
        let problem = refused(&site, "sp", add("organization", json!({ "id": id, "name": "N" })));
        assert_eq!((problem.code, problem.field.as_deref()), (Code::Conflict, Some("id")), "{id}");
        messages.push(problem.message.replace(id, "?"));
    }
    messages.dedup();
    assert_eq!(messages.len(), 1, "{messages:?}");
}

#[test]
fn what_a_record_does_not_know_is_told_with_the_nearest_word() {
    let site = site();
    let problem = refused(&site, "sp", edit("org", json!({ "nmae": "x" })));
    assert_eq!((problem.code, problem.field.as_deref()), (Code::Invalid, Some("nmae")));
    assert!(problem.message.contains("`name`"), "{problem}");
    let problem = refused(&site, "sp", edit("org", json!({ "settings": { "languag": "de" } })));
    assert!(problem.message.contains("`language`"), "{problem}");
    let problem = refused(&site, "administrator", add("client", json!({})));
    assert_eq!((problem.code, problem.field.as_deref()), (Code::Invalid, Some("kind")));
}

#[test]
fn an_account_is_changed_by_those_above_it_on_modify() {
    let site = site();
    let changes =
        json!({ "name": "Renamed", "settings": { "language": "de" }, "raw": { "yealink": { "a.b": "1" } } });
    let org = done(&site, "sp", edit("org", changes));
    assert_eq!((&org["name"], &org["settings"]["language"]), (&json!("Renamed"), &json!("de")));
    assert_eq!(org["raw"]["yealink"]["a.b"], "1");
    done(&site, "administrator", edit("org", json!({ "settings": { "language": null } })));
    assert_eq!(show(&site, "sp", "org")["settings"], Value::Null);
    for (actor, account) in [("org", "user"), ("org", "org"), ("sp", "sp"), ("user", "user")] {
        let problem = refused(&site, actor, edit(account, json!({ "name": "x" })));
        assert_eq!(
            (problem.code, problem.rule.as_deref()),
            (Code::Forbidden, Some("accounts")),
            "{actor} {account}"
        );
    }
}

#[test]
fn what_an_account_says_already_is_no_change() {
    let site = site();
    let org = show(&site, "sp", "org");
    let same = json!({ "name": org["name"], "provisioning": org["provisioning"], "provider": "sp", "id": "org", "roles-management": true });
    let outcome = ask(&site, "sp", &request(vec![edit("org", same)])).unwrap();
    assert!(!outcome.changed);
}

#[test]
fn an_id_stays_and_a_level_is_set_by_its_own_operation() {
    let site = site();
    let renamed = refused(&site, "administrator", edit("org", json!({ "id": "other" })));
    assert_eq!((renamed.code, renamed.field.as_deref()), (Code::Invalid, Some("id")));
    let level = refused(&site, "sp", edit("org", json!({ "provisioning": "modify" })));
    assert_eq!((level.code, level.field.as_deref()), (Code::Forbidden, Some("provisioning")));
}

#[test]
fn roles_and_sip_management_are_given_by_those_who_have_roles_management() {
    let site = site();
    let user = done(&site, "sp", edit("user", json!({ "sip-management": false, "roles-management": false })));
    assert_eq!((&user["sip-management"], &user["roles-management"]), (&json!(false), &json!(false)));
    done(&site, "administrator", edit("sp", json!({ "roles-management": false })));
    for key in ["sip-management", "roles-management"] {
        let problem = refused(&site, "sp", edit("user", json!({ key: true })));
        assert_eq!((problem.code, problem.field.as_deref()), (Code::Forbidden, Some(key)));
    }
    assert_eq!(refused(&site, "sp", level("org", "none")).rule.as_deref(), Some("set-level"));
    done(&site, "administrator", level("org", "none"));
}

#[test]
fn accounts_move_by_the_administrator_alone_and_only_where_no_device_is_torn_apart() {
    let site = site();
    let moved = json!({ "provider": "stranger-sp" });
    let problem = refused(&site, "sp", edit("org", moved.clone()));
    assert_eq!((problem.code, problem.field.as_deref()), (Code::Forbidden, Some("provider")));
    let problem = refused(&site, "administrator", edit("org", moved.clone()));
    assert_eq!((problem.code, problem.field.as_deref()), (Code::Conflict, Some("provider")));
    assert!(problem.message.contains("`Desk`"), "{problem}");
    let missing = refused(&site, "administrator", edit("org", json!({ "provider": "nobody" })));
    assert_eq!((missing.code, missing.field.as_deref()), (Code::NotFound, Some("provider")));

    done(
        &site,
        "administrator",
        Edit::DeviceEdit { device: "Desk".to_owned(), fields: fields(json!({ "owner": "org" })) },
    );
    let org = done(&site, "administrator", edit("org", moved));
    assert_eq!(org["provider"], "stranger-sp");
    let hidden = seen(&site, "sp", &Query::Account { account: "org".to_owned() }).unwrap_err();
    assert_eq!(hidden.code, Code::NotFound, "rights follow at once");
}

#[test]
fn a_user_that_moves_to_another_organization_leaves_its_lines_behind() {
    let site = site();
    done(&site, "sp", add("organization", json!({ "id": "org2", "name": "Second" })));
    let outcome =
        ask(&site, "administrator", &request(vec![edit("user", json!({ "organization": "org2" }))])).unwrap();
    assert!(outcome.warnings.iter().any(|warning| warning.contains("`Desk`")), "{outcome:?}");
    let snapshot = site.load();
    assert_eq!(&*snapshot.user("user").unwrap().organization, "org2");
    let desk = snapshot.phones().find(|phone| phone.device.name == "Desk").unwrap();
    assert!(desk.device.lines.iter().all(Option::is_none));
    assert_eq!(desk.device.organization.as_deref(), Some("org"), "the device is kept");
}

#[test]
fn a_user_does_not_move_away_from_the_organization_of_a_device_that_it_owns() {
    let site = site();
    done(&site, "sp", add("organization", json!({ "id": "org2", "name": "Second" })));
    let owner = fields(json!({ "owner": "user", "lines": [] }));
    done(&site, "sp", Edit::DeviceEdit { device: "Desk".to_owned(), fields: owner });
    let problem = refused(&site, "administrator", edit("user", json!({ "organization": "org2" })));
    assert_eq!((problem.code, problem.field.as_deref()), (Code::Conflict, Some("organization")));
    assert!(problem.message.contains("`Desk`"), "{problem}");
    let kept = fields(json!({ "organization": null }));
    done(&site, "sp", Edit::DeviceEdit { device: "Desk".to_owned(), fields: kept });
    done(&site, "administrator", edit("user", json!({ "organization": "org2" })));
}

#[test]
fn an_account_is_removed_only_when_nothing_hangs_on_it() {
    let site = site();
    done(&site, "sp", Edit::LoginAdd { fields: fields(json!({ "id": "anna", "account": "user" })) });
    for (account, held) in [
        ("sp", vec!["1 organization (`org`)", "1 device (`Desk`)"]),
        ("org", vec!["1 user (`user`)", "1 device (`Desk`)"]),
        ("user", vec!["3 extensions (`0087*001`, `0087*002`, `0087*003`)", "1 login (`anna`)"]),
    ] {
        let problem = refused(&site, "administrator", remove(account));
        assert_eq!(problem.code, Code::Conflict, "{account}");
        assert!(held.iter().all(|held| problem.message.contains(held)), "{problem}");
    }
    assert_eq!(refused(&site, "org", remove("user")).code, Code::Forbidden);
    assert_eq!(refused(&site, "sp", remove("sp")).code, Code::Forbidden, "nobody removes itself");
    let extension = refused(&site, "sp", remove("0087*001"));
    assert_eq!((extension.code, extension.field.as_deref()), (Code::Invalid, Some("account")));

    let all = ["0087*001", "0087*002", "0087*003"]
        .map(|number| Edit::ExtensionRemove { extension: number.to_owned() });
    let mut edits = all.to_vec();
    edits.push(Edit::LoginRemove { login: "anna".to_owned() });
    edits.push(remove("user"));
    edits.push(Edit::DeviceRemove { device: "Desk".to_owned() });
    edits.push(remove("org"));
    assert!(ask(&site, "sp", &request(edits)).unwrap().changed);
    done(&site, "administrator", remove("sp"));
    assert!(site.load().provider("sp").is_none());
}

#[test]
fn an_account_that_owns_a_template_is_not_removed() {
    let site = site().write(
        "fleet/template.toml",
        "[[provider]]\nid = \"sp3\"\nname = \"Third\"\n\n\
         [[template]]\nid = \"tpl\"\nname = \"Its own\"\nowner = \"sp3\"\nvisibility = \"provider\"\n",
    );
    let problem = refused(&site, "administrator", remove("sp3"));
    assert!(problem.message.contains("1 template (`tpl`)"), "{problem}");
}

#[test]
fn secrets_in_settings_and_vendor_parameters_are_masked_and_stay_when_the_mask_comes_back() {
    let site = site();
    let secrets = json!({ "settings": { "admin-password": "CANARY-settings" }, "raw": { "yealink": { "x.password": "CANARY-raw" } } });
    let told = done(&site, "sp", edit("org", secrets));
    assert!(!told.to_string().contains("CANARY"), "{told}");
    let again = json!({ "settings": told["settings"], "raw": told["raw"] });
    assert!(!ask(&site, "sp", &request(vec![edit("org", again)])).unwrap().changed);
    assert!(
        texts(&site).iter().any(|(_, text)| text.contains("CANARY-settings") && text.contains("CANARY-raw"))
    );
}

/// Sets a level.
pub(super) fn level(account: &str, level: &str) -> Edit {
    Edit::LevelSet { account: account.to_owned(), level: Some(level.to_owned()) }
}
