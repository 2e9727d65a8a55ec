//! Who gets in, and what everybody else hears.

use serde_json::json;

use crate::api::{document, json, operations};
use crate::support::{Running, Site};

/// Operations that need no login.
const OPEN: &[(&str, &str)] = &[("GET", "/api/v1/openapi.json"), ("POST", "/api/v1/sessions")];

/// Fills the braces of a path with a word that nothing is called by.
fn filled(path: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { "nobody" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

#[test]
fn whoever_shows_nothing_hears_the_same_of_every_route_and_method_known_or_not() {
    let server = Running::start(Site::with_phone());
    let document = document(&server);
    let unknown = server.api("GET /nothing/at/all", "");
    assert_eq!(unknown.status, 401);
    assert_eq!(unknown.header("www-authenticate"), Some("Bearer realm=\"bellhop\""));
    assert_eq!(json(&unknown)["code"], json!("unauthorized"));
    let mut asked = 0;
    for (method, path, _) in operations(&document) {
        if OPEN.contains(&(method.as_str(), path.as_str())) {
            continue;
        }
        for method in [method.as_str(), "PUT", "OPTIONS"] {
            for lines in [
                "",
                "Authorization: Bearer 0123456789abcdef0123456789abcdef\r\n",
                "Cookie: bellhop-session=x\r\n",
            ] {
                let reply = server.api(&format!("{method} {}\n{lines}", filled(&path)), "");
                assert_eq!(
                    (reply.status, &reply.head, &reply.body),
                    (401, &unknown.head, &unknown.body),
                    "{method} {path}"
                );
                asked += 1;
            }
        }
    }
    assert!(asked >= 9 * 3, "{asked}");
    for path in
        ["/", "/api", "/api/v1", "/api/v1/", "/api/v2/devices", "/healthz/", "/metrics/x", "/API/v1/status"]
    {
        let reply = server.api(&format!("GET {path}"), "");
        assert_eq!((reply.status, &reply.head, &reply.body), (401, &unknown.head, &unknown.body), "{path}");
    }
}

#[test]
fn health_metrics_and_the_document_need_no_login() {
    let server = Running::start(Site::with_phone());
    for (path, kind) in [
        ("/healthz", "text/plain; version=0.0.4; charset=utf-8"),
        ("/readyz", "text/plain; version=0.0.4; charset=utf-8"),
        ("/metrics", "text/plain; version=0.0.4; charset=utf-8"),
        ("/api/v1/openapi.json", "application/json"),
    ] {
        let reply = server.admin(path);
        assert_eq!((reply.status, reply.header("content-type")), (200, Some(kind)), "{path}");
        let head = server.api(&format!("HEAD {path}"), "");
        assert_eq!((head.status, head.body.len()), (200, 0), "{path}");
    }
}

#[test]
fn what_the_router_refuses_is_told_as_a_problem() {
    let server = Running::start(Site::with_phone());
    let operator = server.operator();
    let ask = |head: &str, lines: &str| server.api(&format!("{head}\n{operator}{lines}"), "");
    let nothing = ask("GET /api/v1/nothing", "");
    assert_eq!((nothing.status, &json(&nothing)["code"]), (404, &json!("not-found")));
    let put = ask("PUT /api/v1/status", "");
    assert_eq!((put.status, &json(&put)["code"]), (405, &json!("method-not-allowed")));
    assert_eq!(put.header("allow"), Some("GET,HEAD"));
    let xml = ask("GET /api/v1/status", "Accept: text/xml, application/json;q=0\r\n");
    assert_eq!((xml.status, &json(&xml)["code"]), (406, &json!("not-acceptable")));
    for accept in ["*/*", "application/*;q=0.5", "text/html, application/json"] {
        assert_eq!(ask("GET /api/v1/status", &format!("Accept: {accept}\r\n")).status, 200, "{accept}");
    }
    let query = ask("GET /api/v1/status?x=1", "");
    assert_eq!((query.status, &json(&query)["field"]), (400, &json!("query")));
    let network = ask("DELETE /api/v1/bans/everybody", "");
    assert_eq!((network.status, &json(&network)["field"]), (422, &json!("network")));
    for path in ["all", "192.0.2.7", "192.0.2.0/24", "2001%3Adb8%3A%3A%2F56"] {
        let lifted = ask(&format!("DELETE /api/v1/bans/{path}"), "");
        assert_eq!((lifted.status, json(&lifted)), (200, json!({ "lifted": 0 })), "{path}");
    }
}

#[test]
fn the_operator_acts_as_an_account_and_the_server_itself_is_the_administrators() {
    let server = Running::start(Site::with_phone());
    let operator = server.operator();
    let acts = |account: &str, head: &str| {
        server.api(&format!("{head}\n{operator}Bellhop-Account: {account}\r\n"), "")
    };
    assert_eq!(acts("administrator", "GET /api/v1/status").status, 200);
    for account in ["sp", "org", "user", "0087*001"] {
        for head in [
            "GET /api/v1/status",
            "GET /api/v1/fetched",
            "GET /api/v1/bans",
            "DELETE /api/v1/bans/all",
            "POST /api/v1/reload",
        ] {
            let reply = acts(account, head);
            assert_eq!((reply.status, &json(&reply)["code"]), (403, &json!("forbidden")), "{account} {head}");
        }
    }
    let nobody = acts("nobody", "GET /api/v1/status");
    assert_eq!((nobody.status, &json(&nobody)["code"]), (403, &json!("forbidden")));
}

#[test]
fn the_document_is_openapi_3_1_and_every_operation_says_what_can_go_wrong() {
    let server = Running::start(Site::with_phone());
    let document = document(&server);
    assert_eq!(document["openapi"], json!("3.1.0"));
    let mut ids = std::collections::BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        let id = operation["operationId"].as_str().unwrap();
        assert!(ids.insert(id.to_owned()), "two operations are called {id}");
        assert!(operation["summary"].as_str().is_some_and(|summary| summary.len() > 8), "{method} {path}");
        let is_open = OPEN.contains(&(method.as_str(), path.as_str()));
        assert_eq!(operation["responses"]["403"].is_null(), is_open && method == "GET", "{method} {path}");
        let problem = &operation["responses"]["500"]["content"]["application/json"]["schema"]["$ref"];
        assert_eq!(problem, &json!("#/components/schemas/Problem"), "{method} {path}");
    }
}
