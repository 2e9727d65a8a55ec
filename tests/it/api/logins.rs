//! Sessions, tokens, cookies and guessing.

use bellhop::login::{NewToken, hash_password};
use bellhop::model::Secret;
use serde_json::{Value, json};

use crate::api::json;
use crate::support::{ACCOUNTS, DEVICE, Reply, Running, Site};

const PASSWORD: &str = "correct horse battery";

/// A site with logins of an organization and of the administrator, and tokens of the former: one reads, one writes,
/// one is over.
struct Signed {
    server: Running,
    reading: String,
    writing: String,
    over: String,
}

fn signed() -> Signed {
    let hash = hash_password(&Secret::new(PASSWORD)).unwrap();
    let hash = hash.expose();
    let mut records = format!(
        "[[login]]\nid = \"clerk\"\naccount = \"org\"\npassword = \"{hash}\"\n\n\
         [[login]]\nid = \"gone\"\naccount = \"org\"\npassword = \"{hash}\"\nstatus = \"disabled\"\n\n\
         [[login]]\nid = \"root\"\naccount = \"administrator\"\npassword = \"{hash}\"\n"
    );
    let mut token = |scope: &str, more: &str| {
        let made = NewToken::generate().unwrap();
        let (id, hash) = (&made.id, made.hash.expose());
        records += &format!(
            "\n[[token]]\nid = \"{id}\"\nlogin = \"clerk\"\nname = \"test\"\nhash = \"{hash}\"\nscope = \"{scope}\"\n{more}"
        );
        made.token.expose().to_owned()
    };
    let (reading, writing) = (token("read", ""), token("write", "expires = 2999-01-01T00:00:00Z\n"));
    let over = token("write", "expires = 2001-01-01T00:00:00Z\n");
    let accounts = ACCOUNTS.replace("id = \"org\"\n", "id = \"org\"\nprovisioning = \"modify\"\n");
    let site = Site::new()
        .write("fleet/accounts.toml", &accounts)
        .write("fleet/device.toml", DEVICE)
        .write("fleet/logins.toml", &records);
    Signed { server: Running::start(site), reading, writing, over }
}

impl Signed {
    fn sign_in(&self, login: &str, password: &str) -> Reply {
        let body = json!({ "login": login, "password": password }).to_string();
        self.server.api("POST /api/v1/sessions\nContent-Type: application/json\r\n", &body)
    }

    fn bearer(&self, secret: &str, head: &str, body: &str) -> Reply {
        self.with(&format!("Authorization: Bearer {secret}\r\n"), head, body)
    }

    fn with(&self, lines: &str, head: &str, body: &str) -> Reply {
        self.server.api(&format!("{head}\nContent-Type: application/json\r\n{lines}"), body)
    }
}

fn code(reply: &Reply) -> (u16, Value) {
    (reply.status, json(reply)["code"].clone())
}

#[test]
fn a_session_begins_with_a_password_and_ends_when_it_is_signed_out() {
    let signed = signed();
    let begun = signed.sign_in("clerk", PASSWORD);
    assert_eq!(begun.status, 201, "{begun:?}");
    let told = json(&begun);
    let secret = told["session"].as_str().unwrap();
    let cookie = begun.header("set-cookie").unwrap();
    assert!(cookie.starts_with(&format!("bellhop-session={secret}; ")), "{cookie}");
    for word in ["; HttpOnly", "; SameSite=Strict", "; Path=/api", "; Max-Age="] {
        assert!(cookie.contains(word), "{word}: {cookie}");
    }
    assert!(!cookie.contains("Secure"), "a cookie for TLS alone would be lost on this machine's own address");
    assert_eq!(signed.bearer(secret, "GET /api/v1/devices", "").status, 200);
    let listed = json(&signed.bearer(secret, "GET /api/v1/sessions", ""));
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["login"]), (1, &json!("clerk")));
    assert!(!listed.to_string().contains(secret), "a list opens nothing");
    let ended = signed.bearer(secret, "DELETE /api/v1/sessions", "");
    assert_eq!((ended.status, json(&ended)), (200, json!({ "ended": 1 })));
    assert_eq!(signed.bearer(secret, "GET /api/v1/devices", "").status, 401);
}

#[test]
fn sessions_are_ended_by_id_by_their_own_login_alone() {
    let signed = signed();
    let session = |login: &str| json(&signed.sign_in(login, PASSWORD));
    let (first, second, root) = (session("clerk"), session("clerk"), session("root"));
    let text = |value: &Value, key: &str| value[key].as_str().unwrap().to_owned();
    let (own, others) = (text(&second, "session"), format!("DELETE /api/v1/sessions/{}", text(&root, "id")));
    assert_eq!(signed.bearer(&own, &others, "").status, 404);
    assert_eq!(signed.bearer(&own, "GET /api/v1/sessions?login=root", "").status, 403);
    let ended = signed.bearer(&own, &format!("DELETE /api/v1/sessions/{}", text(&first, "id")), "");
    assert_eq!(json(&ended), json!({ "ended": 1 }));
    assert_eq!(signed.bearer(&text(&first, "session"), "GET /api/v1/devices", "").status, 401);
    let all = signed.bearer(&text(&root, "session"), "DELETE /api/v1/sessions/all?login=clerk", "");
    assert_eq!(json(&all), json!({ "ended": 1 }), "the administrator ends anybody's");
    assert_eq!(signed.bearer(&own, "GET /api/v1/devices", "").status, 401);
}

#[test]
fn a_wrong_password_a_login_that_is_disabled_and_none_at_all_are_told_alike() {
    let signed = signed();
    let wrong = signed.sign_in("clerk", "wrong horse battery");
    assert_eq!(code(&wrong), (401, json!("unauthorized")));
    for login in ["gone", "nobody"] {
        let reply = signed.sign_in(login, PASSWORD);
        assert_eq!((&reply.head, &reply.body), (&wrong.head, &wrong.body), "{login}");
    }
    let late =
        (0..20).map(|_| signed.sign_in("clerk", "wrong horse battery")).find(|reply| reply.status == 429);
    let late = late.expect("guessing is slowed down");
    assert_eq!(code(&late).1, json!("busy"));
    let seconds: u64 = late.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=900).contains(&seconds), "{seconds}");
}

#[test]
fn a_token_opens_what_its_scope_says_until_it_is_over() {
    let signed = signed();
    for (token, looks, edits) in
        [(&signed.reading, 200, 403), (&signed.writing, 200, 200), (&signed.over, 401, 401)]
    {
        assert_eq!(signed.bearer(token, "GET /api/v1/devices", "").status, looks);
        assert_eq!(
            signed.bearer(token, "POST /api/v1/queries", "{\"query\":\"device\",\"device\":\"Desk\"}").status,
            looks
        );
        let edit = "{\"edits\":[{\"operation\":\"device-disable\",\"device\":\"Desk\"}],\"dry-run\":true}";
        let reply = signed.bearer(token, "POST /api/v1/edits", edit);
        assert_eq!(reply.status, edits, "{reply:?}");
    }
    let as_other = signed.with(
        &format!("Authorization: Bearer {}\r\nBellhop-Account: administrator\r\n", signed.writing),
        "GET /api/v1/devices",
        "",
    );
    assert_eq!(code(&as_other), (403, json!("forbidden")), "only the operator acts as other accounts");
    let server = signed.bearer(&signed.writing, "GET /api/v1/status", "");
    assert_eq!(server.status, 403, "the server itself is the administrator's");
}

#[test]
fn a_change_by_cookie_comes_from_the_servers_own_pages() {
    let signed = signed();
    let begun = json(&signed.sign_in("clerk", PASSWORD));
    let cookie = format!("Cookie: theme=dark; bellhop-session={}\r\n", begun["session"].as_str().unwrap());
    assert_eq!(signed.with(&cookie, "GET /api/v1/devices", "").status, 200);
    let edit = "{\"edits\":[{\"operation\":\"device-disable\",\"device\":\"Desk\"}],\"dry-run\":true}";
    for (lines, status) in [
        ("", 403),
        ("Origin: https://evil.example\r\n", 403),
        ("Origin: null\r\n", 403),
        ("Origin: http://localhost.evil.example\r\n", 403),
        ("Origin: http://localhost\r\n", 200),
        ("Bellhop-Request: 1\r\n", 200),
    ] {
        let reply = signed.with(&format!("{cookie}{lines}"), "POST /api/v1/edits", edit);
        assert_eq!(reply.status, status, "{lines}: {reply:?}");
    }
    assert_eq!(signed.with(&cookie, "DELETE /api/v1/sessions", "").status, 403);
    let out = signed.with(&format!("{cookie}Bellhop-Request: 1\r\n"), "DELETE /api/v1/sessions", "");
    assert_eq!(json(&out), json!({ "ended": 1 }));
    assert!(out.header("set-cookie").unwrap().contains("; Max-Age=0"), "{out:?}");
}

#[test]
fn the_operator_acts_as_a_login_that_is_enabled_with_its_account_and_name() {
    let signed = signed();
    let operator = signed.server.operator();
    let acts = |lines: &str, head: &str, body: &str| signed.with(&format!("{operator}{lines}"), head, body);
    let own = acts("Bellhop-Login: clerk\r\n", "GET /api/v1/self", "");
    assert_eq!((own.status, &json(&own)["account"]), (200, &json!("org")), "{own:?}");
    let edit = "{\"edits\":[{\"operation\":\"device-disable\",\"device\":\"Desk\"}]}";
    assert_eq!(acts("Bellhop-Login: clerk\r\n", "POST /api/v1/edits", edit).status, 200);
    let noted = json(&acts("", "GET /api/v1/audit?who=clerk", ""));
    let line = &noted["rows"][0];
    assert_eq!(
        (&line["login"], &line["account"], &line["through"]),
        (&json!("clerk"), &json!("org"), &json!("shell"))
    );
    for (lines, why) in [
        ("Bellhop-Login: nobody\r\n", "no login `nobody`"),
        ("Bellhop-Login: gone\r\n", "disabled"),
        ("Bellhop-Login: clerk\r\nBellhop-Account: org\r\n", "not both"),
    ] {
        let refused = acts(lines, "GET /api/v1/self", "");
        assert_eq!(code(&refused), (403, json!("forbidden")), "{lines}");
        assert!(json(&refused)["message"].as_str().unwrap().contains(why), "{refused:?}");
    }
    let as_other = signed.with(
        &format!("Authorization: Bearer {}\r\nBellhop-Login: root\r\n", signed.writing),
        "GET /api/v1/devices",
        "",
    );
    assert_eq!(code(&as_other), (403, json!("forbidden")), "only the operator acts as other logins");
}
