//! Versions, races, edits that are one change, and creates that may be repeated.

use std::sync::Barrier;
use std::thread;

use serde_json::{Value, json};

use crate::api::json;
use crate::support::{ACCOUNTS, DEVICE, FILE, Reply, Running, SERIAL, Site};

fn server() -> Running {
    Running::start(Site::new().write("fleet/accounts.toml", ACCOUNTS).write("fleet/device.toml", DEVICE))
}

fn ask(server: &Running, head: &str, lines: &str, body: &Value) -> Reply {
    let operator = server.operator();
    let body = if body.is_null() { String::new() } else { body.to_string() };
    server.api(&format!("{head}\n{operator}Content-Type: application/json\r\n{lines}"), &body)
}

fn version(server: &Running) -> String {
    let shown = ask(server, "GET /api/v1/devices/Desk", "", &Value::Null);
    assert_eq!(shown.status, 200, "{shown:?}");
    shown.header("etag").unwrap().to_owned()
}

#[test]
fn an_edit_says_which_snapshot_holds_it_and_the_phone_has_it_at_once() {
    let server = server();
    let before = server.get(&format!("/{SERIAL}/{FILE}")).body;
    let edited = ask(&server, "PATCH /api/v1/devices/Desk", "", &json!({ "settings": { "language": "de" } }));
    assert_eq!(edited.status, 200, "{edited:?}");
    let told = json(&edited);
    let serial = edited.header("bellhop-snapshot").unwrap().to_owned();
    assert_eq!((told["snapshot"].to_string(), &told["changed"]), (serial, &json!(true)));
    assert_ne!(server.get(&format!("/{SERIAL}/{FILE}")).body, before);
    assert_eq!(edited.header("etag"), Some(version(&server).as_str()), "the answer has the new version");
    let again = ask(&server, "PATCH /api/v1/devices/Desk", "", &json!({ "settings": { "language": "de" } }));
    assert_eq!((again.status, &json(&again)["changed"]), (200, &json!(false)));
    assert_eq!(again.header("bellhop-snapshot"), None, "nothing changed");
    assert!(json(&again)["snapshot"].is_null());
}

#[test]
fn of_two_who_edit_the_same_version_one_is_told_to_look_again() {
    let server = server();
    for round in 0..5 {
        let version = version(&server);
        let barrier = Barrier::new(2);
        let edit = |name: &str| {
            let lines = format!("If-Match: {version}\r\n");
            let body = json!({ "notes": format!("{name} {round}") });
            barrier.wait();
            ask(&server, "PATCH /api/v1/devices/Desk", &lines, &body).status
        };
        let (edit, mut statuses) = (&edit, Vec::new());
        thread::scope(|scope| {
            let both = ["one", "other"].map(|name| scope.spawn(move || edit(name)));
            statuses = both.into_iter().map(|thread| thread.join().unwrap()).collect();
        });
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412]);
    }
    let version = version(&server);
    for (lines, status) in [
        ("If-Match: \"0123456789abcdef\"\r\n".to_owned(), 412),
        ("If-Match:\r\n".to_owned(), 412),
        ("If-Match: *\r\n".to_owned(), 200),
        ("If-Match: W/\"x\"\r\n".to_owned(), 400),
        (format!("If-Match: {version}, \"other\"\r\n"), 400),
        (String::new(), 200),
    ] {
        let edited =
            ask(&server, "PATCH /api/v1/devices/Desk?dry-run=true", &lines, &json!({ "notes": "x" }));
        assert_eq!(edited.status, status, "{lines}: {edited:?}");
    }
}

#[test]
fn many_who_edit_at_once_lose_nothing() {
    let server = server();
    let edit = |user: usize| {
        let record =
            json!({ "kind": "user", "id": format!("user{user}"), "organization": "org", "name": "U" });
        let added = ask(&server, "POST /api/v1/accounts", "", &record);
        assert_eq!(added.status, 201, "{added:?}");
    };
    thread::scope(|scope| {
        for user in 0..12 {
            scope.spawn(move || edit(user));
        }
    });
    let listed = ask(&server, "GET /api/v1/accounts?kind=user&limit=5&offset=10", "", &Value::Null);
    let listed = json(&listed);
    assert_eq!((&listed["total"], &listed["offset"], &listed["limit"]), (&json!(13), &json!(10), &json!(5)));
    assert_eq!(listed["rows"].as_array().unwrap().len(), 3);
}

#[test]
fn a_device_with_a_serial_is_made_once_however_often_that_is_asked_for() {
    let server = server();
    let record = json!({
        "serial": "k2m9x3q8w6e5r1y0u9p2ant4h7", "name": "Lobby", "model": "yealink/t46s", "lines": ["0087*002"],
    });
    let make = |record: &Value| ask(&server, "POST /api/v1/devices", "", record);
    let made = make(&record);
    assert_eq!(made.status, 201, "{made:?}");
    let again = make(&record);
    assert_eq!((again.status, &json(&again)["changed"]), (200, &json!(false)));
    let mut other = record;
    other["name"] = json!("Other");
    let conflict = make(&other);
    assert_eq!((conflict.status, &json(&conflict)["code"]), (409, &json!("conflict")));
    assert_eq!(json(&conflict)["field"], json!("serial"));
    let dry = json!({ "name": "Kitchen", "model": "yealink/t46s" });
    let dry = ask(&server, "POST /api/v1/devices?dry-run=true", "", &dry);
    assert_eq!((dry.status, dry.header("bellhop-snapshot")), (200, None), "{dry:?}");
    assert!(json(&dry)["diff"]["files"].as_str().unwrap().contains("+name = \"Kitchen\""), "{dry:?}");
    let removed = ask(&server, "DELETE /api/v1/devices/Lobby", "", &Value::Null);
    assert_eq!(removed.status, 200, "{removed:?}");
    assert_eq!(ask(&server, "DELETE /api/v1/devices/Lobby", "", &Value::Null).status, 404);
}

#[test]
fn many_edits_are_one_change_or_none() {
    let server = server();
    let request = |last: &str| {
        json!({ "edits": [
            { "operation": "account-add", "kind": "organization", "fields": { "id": "new", "provider": "sp" } },
            { "operation": "account-add", "kind": "user", "fields": { "id": "newer", "organization": "new" } },
            { "operation": "extension-add", "fields": { "number": "0088*001", "user": "newer" } },
            { "operation": "device-add", "fields": {
                "name": "Lobby", "model": last, "mac": "00:15:65:00:00:42", "protocol": "http", "lines": ["0088*001"],
            } },
        ] })
    };
    let refused = ask(&server, "POST /api/v1/edits", "", &request("no/such"));
    let told = json(&refused);
    assert_eq!((refused.status, &told["edit"], &told["field"]), (422, &json!(3), &json!("model")), "{told}");
    assert_eq!(ask(&server, "GET /api/v1/accounts/new", "", &Value::Null).status, 404, "nothing was done");
    let done = ask(&server, "POST /api/v1/edits", "", &request("yealink/t46s"));
    let told = json(&done);
    assert_eq!((done.status, told["results"].as_array().unwrap().len()), (200, 4), "{told}");
    assert_eq!(done.header("bellhop-snapshot").unwrap(), told["snapshot"].to_string());
    let serial = told["results"][3]["serial"].as_str().unwrap();
    assert_eq!(server.get(&format!("/{serial}/001565000042.cfg")).status, 200, "the phone is there at once");
}

#[test]
fn a_body_that_makes_no_sense_is_told_with_its_field() {
    let server = server();
    let operator = server.operator();
    let raw = |kind: &str, body: &str| {
        let reply = server.api(&format!("POST /api/v1/devices\n{operator}{kind}"), body);
        (reply.status, json(&reply)["code"].clone(), json(&reply)["field"].clone())
    };
    let of_json = "Content-Type: application/json; charset=utf-8\r\n";
    let (model, codes) = ("\"model\":\"yealink/t46s\"", |code: &str| json!(code));
    for (kind, body, status, code, field) in [
        (of_json, "{".to_owned(), 400, "malformed", json!("body")),
        (of_json, "\u{0}".to_owned(), 400, "malformed", json!("body")),
        (of_json, "[]".to_owned(), 422, "invalid", json!("")),
        (of_json, format!("{{\"name\":\"Desk 2\",{model},\"colour\":1}}"), 422, "invalid", json!("colour")),
        (of_json, format!("{{\"name\":7,{model}}}"), 422, "invalid", json!("name")),
        (
            of_json,
            format!("{{\"name\":\"Desk 2\",{model},\"update-interval\":0}}"),
            422,
            "invalid",
            json!("update-interval"),
        ),
        (
            of_json,
            format!("{{\"name\":\"Desk 2\",{model},\"lines\":[\"0099*009\"]}}"),
            422,
            "invalid",
            json!("lines"),
        ),
        ("Content-Type: text/plain\r\n", "{}".to_owned(), 415, "unsupported-media-type", Value::Null),
        ("", "{}".to_owned(), 415, "unsupported-media-type", Value::Null),
    ] {
        let (was, said, about) = raw(kind, &body);
        assert_eq!((was, said, about), (status, codes(code), field), "{body}");
    }
    let head = format!(
        "POST /api/v1/devices HTTP/1.1\r\nHost: x\r\n{operator}{of_json}Content-Length: 4194305\r\nConnection: close\r\n\r\n"
    );
    let large = Reply::parse(&crate::support::exchange(server.admin, &[head.as_bytes()]));
    assert_eq!((large.status, &json(&large)["code"]), (413, &json!("too-large")));
}
