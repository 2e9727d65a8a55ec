//! Logins and tokens: who manages them, and that nothing of them is told but once.

use std::time::{Duration, SystemTime};

use bellhop::login::{Logins, Moment};
use bellhop::model::Secret;
use bellhop::operation::{Code, Edit, Query};
use serde_json::{Value, json};

use super::{ALL, ask, done, fields, refused, request, said, seen, site, texts};
use crate::support::Site;

const PASSWORD: &str = "CANARY-a-long-password";

fn add(record: Value) -> Edit {
    Edit::LoginAdd { fields: fields(record) }
}

fn edit(login: &str, changes: Value) -> Edit {
    Edit::LoginEdit { login: login.to_owned(), fields: fields(changes) }
}

fn remove(login: &str) -> Edit {
    Edit::LoginRemove { login: login.to_owned() }
}

fn token(record: Value) -> Edit {
    Edit::TokenAdd { fields: fields(record) }
}

fn revoke(token: &Value) -> Edit {
    Edit::TokenRevoke { token: token["id"].as_str().unwrap().to_owned() }
}

/// A site where `anna` is the organization's login, and another one the stranger's.
fn with_logins() -> Site {
    let site = site();
    done(
        &site,
        "administrator",
        add(json!({ "id": "anna", "account": "org", "password": PASSWORD, "name": "Anna" })),
    );
    done(&site, "administrator", add(json!({ "id": "stranger", "account": "stranger-org" })));
    site
}

fn ids(site: &Site, actor: &str, query: &Query) -> Vec<String> {
    let list = seen(site, actor, query).unwrap();
    list["rows"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

fn logins(site: &Site) -> (Logins, Moment) {
    let now = Moment::now();
    (Logins::open(&site.path("state"), now).unwrap(), now)
}

#[test]
fn a_login_signs_in_with_the_password_that_it_was_given() {
    let site = with_logins();
    std::fs::create_dir_all(site.path("state")).unwrap();
    let (logins, now) = logins(&site);
    let snapshot = site.load();
    let session = logins.sign_in(&snapshot, "anna", &Secret::new(PASSWORD), None, now).unwrap();
    let signed = logins.by_session(&snapshot, session.secret.expose(), now).unwrap();
    assert_eq!((&*signed.login, &*signed.account), ("anna", "org"));

    done(&site, "org", edit("anna", json!({ "password": "CANARY-another-password" })));
    let snapshot = site.load();
    assert!(
        logins.by_session(&snapshot, session.secret.expose(), now).is_err(),
        "a new password ends its sessions"
    );
    assert!(logins.sign_in(&snapshot, "anna", &Secret::new(PASSWORD), None, now).is_err());
    let new = Secret::new("CANARY-another-password");
    let session = logins.sign_in(&snapshot, "anna", &new, None, now).unwrap();
    done(&site, "org", edit("anna", json!({ "status": "disabled" })));
    assert!(logins.by_session(&site.load(), session.secret.expose(), now).is_err());
}

#[test]
fn a_password_is_kept_as_argon2id_and_told_to_nobody() {
    let site = with_logins();
    let text: String = texts(&site).into_iter().map(|(_, text)| text).collect();
    assert!(text.contains("$argon2id$v=19$m=19456,t=2,p=1$") && !text.contains(PASSWORD));
    let shown = seen(&site, "org", &Query::Login { login: "anna".to_owned() }).unwrap();
    assert_eq!((&shown["has-password"], shown.get("password")), (&json!(true), None));
    assert!(!shown.to_string().contains("argon2"), "{shown}");
    let list = seen(&site, "administrator", &Query::Logins { page: ALL }).unwrap();
    assert!(!list.to_string().contains("argon2") && !list.to_string().contains("CANARY"), "{list}");
}

#[test]
fn dry_runs_refusals_and_the_audit_log_show_no_password_and_no_hash() {
    let site = with_logins();
    let mut dry = request(vec![
        edit("anna", json!({ "password": "CANARY-dry-password" })),
        add(json!({ "id": "berta", "account": "user", "password": "CANARY-dry-password" })),
        token(json!({ "login": "anna" })),
    ]);
    dry.dry_run = true;
    let outcome = ask(&site, "sp", &dry).unwrap();
    let diff = outcome.diff.clone().unwrap().files;
    assert!(diff.contains("berta") && diff.contains("[[token]]"), "{diff}");
    for text in [&said(&outcome), &diff] {
        assert!(!text.contains("CANARY") && !text.contains("argon2"), "{text}");
    }
    let problem = refused(&site, "administrator", edit("anna", json!({ "password": "CANARY-shor" })));
    assert_eq!((problem.code, problem.field.as_deref()), (Code::Invalid, Some("password")));
    assert!(!format!("{problem} {problem:?}").contains("CANARY"), "{problem:?}");
    done(&site, "org", edit("anna", json!({ "password": "CANARY-audited-password" })));
    let made = done(&site, "org", token(json!({ "login": "anna" })));
    let secret = made["token"].as_str().unwrap().rsplit_once('_').unwrap().1;
    let audit = std::fs::read_to_string(site.path("state/audit.log")).unwrap();
    assert!(audit.contains("login-edit") && audit.contains("token-add"), "{audit}");
    assert!(!audit.contains("CANARY") && !audit.contains("argon2") && !audit.contains(secret), "{audit}");
}

#[test]
fn logins_are_managed_by_their_account_and_by_those_above_on_modify() {
    let site = with_logins();
    let all = Query::Logins { page: ALL };
    assert_eq!(ids(&site, "administrator", &all), ["anna", "stranger"]);
    assert_eq!(ids(&site, "sp", &all), ["anna"]);
    assert_eq!(ids(&site, "org", &all), ["anna"]);
    assert_eq!(ids(&site, "user", &all), [""; 0]);
    done(&site, "org", add(json!({ "id": "own" })));
    assert_eq!(seen(&site, "org", &Query::Login { login: "own".to_owned() }).unwrap()["account"], "org");
    done(&site, "sp", edit("own", json!({ "name": "Ours" })));
    let problem = refused(&site, "org", add(json!({ "id": "low", "account": "user" })));
    assert_eq!((problem.code, problem.rule.as_deref()), (Code::Forbidden, Some("accounts")), "it is on view");
    assert_eq!(problem.field.as_deref(), Some("account"));
    done(&site, "sp", add(json!({ "id": "low", "account": "user" })));
    done(&site, "sp", remove("low"));
}

#[test]
fn a_login_out_of_sight_is_told_of_like_one_that_does_not_exist() {
    let site = with_logins();
    let missing = seen(&site, "sp", &Query::Login { login: "nobody".to_owned() }).unwrap_err().message;
    for problem in [
        seen(&site, "sp", &Query::Login { login: "stranger".to_owned() }).unwrap_err(),
        seen(&site, "sp", &Query::Tokens { login: Some("stranger".to_owned()), page: ALL }).unwrap_err(),
        refused(&site, "sp", edit("stranger", json!({ "status": "disabled" }))),
        refused(&site, "sp", remove("stranger")),
        refused(&site, "sp", token(json!({ "login": "stranger" }))),
        refused(&site, "user", edit("stranger", json!({}))),
    ] {
        assert_eq!(
            (problem.code, problem.message.replace("stranger", "nobody")),
            (Code::NotFound, missing.clone())
        );
    }
    let of = |account: &str| refused(&site, "sp", add(json!({ "id": "n", "account": account })));
    for hidden in ["stranger-org", "administrator"] {
        assert_eq!(of(hidden).message.replace(hidden, "nobody"), of("nobody").message);
    }
    let taken = ["anna", "stranger"].map(|id| {
        let problem = refused(&site, "sp", add(json!({ "id": id, "account": "org" })));
        assert_eq!((problem.code, problem.field.as_deref()), (Code::Conflict, Some("id")));
        problem.message.replace(id, "?")
    });
    assert_eq!(taken[0], taken[1]);
}

#[test]
fn nobody_but_the_administrator_has_a_login_act_as_another_account() {
    let site = with_logins();
    for account in ["sp", "user", "administrator"] {
        let problem = refused(&site, "sp", edit("anna", json!({ "account": account })));
        assert_eq!((problem.code, problem.field.as_deref()), (Code::Forbidden, Some("account")));
    }
    assert_eq!(done(&site, "administrator", edit("anna", json!({ "account": "user" })))["account"], "user");
    let renamed = refused(&site, "administrator", edit("anna", json!({ "id": "other" })));
    assert_eq!((renamed.code, renamed.field.as_deref()), (Code::Invalid, Some("id")));
}

#[test]
fn a_token_is_shown_once_and_opens_what_its_login_may() {
    let site = with_logins();
    let made = done(
        &site,
        "org",
        token(json!({ "login": "anna", "name": "CI", "scope": "write", "expires": "90d" })),
    );
    let text = made["token"].as_str().unwrap().to_owned();
    assert!(text.starts_with("bh_") && text.contains(made["id"].as_str().unwrap()));
    let query = Query::Tokens { login: None, page: ALL };
    let list = seen(&site, "org", &query).unwrap();
    let row = &list["rows"][0];
    assert_eq!((&row["name"], &row["scope"], &row["over"]), (&json!("CI"), &json!("write"), &json!(false)));
    let secret = text.rsplit_once('_').unwrap().1;
    assert!(!list.to_string().contains(secret) && row.get("hash").is_none(), "{list}");
    assert!(!texts(&site).iter().any(|(_, text)| text.contains(secret)));
    assert_eq!(ids(&site, "sp", &query).len(), 1);
    assert_eq!(ids(&site, "user", &query).len(), 0);

    std::fs::create_dir_all(site.path("state")).unwrap();
    let (logins, now) = logins(&site);
    let signed = logins.by_token(&site.load(), &text, now).unwrap();
    assert_eq!(&*signed.account, "org");
    assert!(logins.by_token(&site.load(), &text, now.after(Duration::from_secs(91 * 86_400))).is_err());
    done(&site, "sp", revoke(&made));
    assert!(logins.by_token(&site.load(), &text, now).is_err());
    assert_eq!(refused(&site, "sp", revoke(&made)).code, Code::NotFound);
}

#[test]
fn tokens_end_and_read_only_unless_they_say_otherwise() {
    let site = with_logins();
    let made = done(&site, "org", token(json!({ "login": "anna" })));
    assert_eq!(made["scope"], "read");
    let end = humantime::parse_rfc3339(made["expires"].as_str().unwrap()).unwrap();
    let days = end.duration_since(SystemTime::now()).unwrap().as_secs() / 86_400;
    assert!((364..=365).contains(&days), "{days}");
    let never = done(&site, "org", token(json!({ "login": "anna", "expires": "never" })));
    assert!(never.get("expires").is_none(), "{never}");
    let offset =
        done(&site, "org", token(json!({ "login": "anna", "expires": "2090-01-01T00:00:00+02:00" })));
    assert_eq!(offset["expires"], "2089-12-31T22:00:00Z");
    for (record, field) in [
        (json!({ "login": "anna", "expires": "2020-01-01T00:00:00Z" }), "expires"),
        (json!({ "login": "anna", "expires": "soon" }), "expires"),
        (json!({ "login": "anna", "expires": "0s" }), "expires"),
        (json!({ "login": "anna", "expires": "9000000d" }), "expires"),
        (json!({ "login": "anna", "scope": "admin" }), "scope"),
        (json!({ "login": "anna", "hash": "0" }), "hash"),
        (json!({ "name": "x" }), "login"),
    ] {
        let problem = refused(&site, "org", token(record.clone()));
        assert_eq!((problem.code, problem.field.as_deref()), (Code::Invalid, Some(field)), "{record}");
    }
}

#[test]
fn a_login_goes_with_its_tokens() {
    let site = with_logins();
    for _ in 0..2 {
        done(&site, "org", token(json!({ "login": "anna" })));
    }
    let shown = seen(&site, "org", &Query::Login { login: "anna".to_owned() }).unwrap();
    assert_eq!(shown["tokens"], 2);
    done(&site, "org", remove("anna"));
    let snapshot = site.load();
    assert!(snapshot.login("anna").is_none() && snapshot.tokens().next().is_none());
}

#[test]
fn what_a_login_says_already_is_no_change() {
    let site = with_logins();
    let same = json!({ "id": "anna", "account": "org", "name": "Anna", "status": "enabled", "password": "********" });
    assert!(!ask(&site, "org", &request(vec![edit("anna", same)])).unwrap().changed);
    let problem = refused(&site, "org", edit("anna", json!({ "status": "off" })));
    assert_eq!((problem.code, problem.field.as_deref()), (Code::Invalid, Some("status")));
    let without = done(&site, "org", edit("anna", json!({ "password": null })));
    assert_eq!(without["has-password"], false);
}
