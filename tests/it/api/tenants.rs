//! Every operation of the document by every kind of account, and with what is another tenant's.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::api::{document, json as body_of, operations, shape};
use crate::support::{Reply, Running, Site};

/// Two trees that are alike; the second is the other tenant's.
const TREES: &str = r#"
[[provider]]
id = "sp"
name = "Provider"
provisioning = "modify"

[[organization]]
id = "org"
provider = "sp"
name = "Organization"
provisioning = "modify"

[[user]]
id = "user"
organization = "org"
name = "User"
provisioning = "modify"

[[extension]]
number = "0087*001"
user = "user"
sip = { password = "CANARY-sip-1" }

[[extension]]
number = "0087*002"
user = "user"
sip = { password = "CANARY-sip-2" }

[[device]]
serial = "t4h7k2m9x3q8w6e5r1y0u9p2an"
name = "Desk"
model = "yealink/t46s"
mac = "00:15:65:4A:A9:37"
owner = "org"
organization = "org"
lines = ["0087*001"]
notes = "beside the door"
admin-user = "admin"
admin-password = "CANARY-admin"
update-user = "desk"
update-password = "CANARY-update"
network = { address = "10.0.0.7", netmask = "255.255.255.0", gateway = "10.0.0.1", dns-servers = ["10.0.0.2"] }
settings = { vlan = 7, codecs = ["pcma", "g722"], user-password = "CANARY-user", line-keys = [{ type = "blf", value = "100", label = "Bob" }] }
raw = { "account.1.label" = "x", yealink = { "phone_setting.x" = true } }

[[template]]
id = "mine"
name = "Mine"
owner = "org"
visibility = "organization"
equipment = [{ model = "yealink/t46s", firmware = "66.86" }]

[[login]]
id = "clerk"
account = "org"

[[token]]
id = "mytoken"
login = "clerk"
name = "Mine"
hash = "0000000000000000000000000000000000000000000000000000000000000000"

[[user]]
id = "help"
organization = "org"
name = "Help desk"

[[login]]
id = "lister"
account = "help"

[[login]]
id = "builder"
account = "help"

[[login]]
id = "chief"
account = "help"

[[group]]
id = "desk"
name = "Help desk"
logins = ["lister"]

[[grant]]
id = "desk.org"
group = "desk"
platform = "org"
provisioning = true
on-demand-jobs = ["order"]

[[grant]]
id = "builder.org"
login = "builder"
platform = "org"
provisioning = true
on-demand-admin = true

[[grant]]
id = "chief.org"
login = "chief"
platform = "org"
provisioning = true
provisioning-administrator = true

[[job]]
id = "order"
name = "Switch a device on"
platform = "org"
kind = "on-demand"
operation = "device.set-status"
fields = { device = {}, status = { default = "enabled" } }

[[provider]]
id = "sp2"
name = "Other provider"
provisioning = "modify"

[[organization]]
id = "org2"
provider = "sp2"
name = "Other organization"
provisioning = "modify"

[[user]]
id = "user2"
organization = "org2"
name = "Other user"
provisioning = "modify"

[[extension]]
number = "0099*001"
user = "user2"
sip = { password = "CANARY-sip-3" }

[[extension]]
number = "0099*002"
user = "user2"
sip = { password = "CANARY-sip-4" }

[[device]]
serial = "x4h7k2m9x3q8w6e5r1y0u9p2an"
name = "Theirs"
model = "yealink/t46s"
mac = "00:15:65:4A:A9:99"
owner = "org2"
organization = "org2"
lines = ["0099*001"]

[[template]]
id = "theirs"
name = "Theirs"
owner = "org2"
visibility = "organization"

[[login]]
id = "boss2"
account = "org2"

[[token]]
id = "token22"
login = "boss2"
name = "Theirs"
hash = "1111111111111111111111111111111111111111111111111111111111111111"

[[group]]
id = "desk2"
name = "Their desk"
logins = ["boss2"]

[[grant]]
id = "desk2.org2"
group = "desk2"
platform = "org2"
provisioning = true
provisioning-administrator = true

[[job]]
id = "order2"
name = "Their job"
platform = "org2"
kind = "on-demand"
operation = "device.set-status"
fields = { device = {}, status = { fixed = "enabled" } }
"#;

/// What a part of a path is called: its name, one's own record, and another tenant's ones, each with a name of nobody's.
struct Named(&'static str, &'static str, &'static [(&'static str, &'static str)]);

/// What a part of a path is called: one's own, another tenant's, and nobody's, which is as long.
const NAMES: &[Named] = &[
    Named(
        "account",
        "org",
        &[("sp2", "sp9"), ("org2", "org9"), ("user2", "user9"), ("0099*001", "0099*009")],
    ),
    Named("extension", "0087*002", &[("0099*001", "0099*009")]),
    Named(
        "device",
        "Desk",
        &[
            ("Theirs", "Nobody"),
            ("00:15:65:4A:A9:99", "00:15:65:4A:A9:98"),
            ("x4h7k2m9x3q8w6e5r1y0u9p2an", "y4h7k2m9x3q8w6e5r1y0u9p2an"),
        ],
    ),
    Named("template", "mine", &[("theirs", "nobody")]),
    Named("group", "desk", &[("desk2", "desk9")]),
    Named("grant", "desk.org", &[("desk2.org2", "desk9.org9")]),
    Named("job", "order", &[("order2", "order9")]),
    Named("login", "clerk", &[("boss2", "boss9")]),
    Named("token", "mytoken", &[("token22", "token99")]),
];

/// A run that nobody ordered.
const NO_RUN: &str = "20200101-000000-000000";

/// A server with two trees, and a run in each.
struct Tenants {
    server: Running,
    own_run: String,
    their_run: String,
}

impl Tenants {
    /// Names one's own record for a part of a path.
    fn own(&self, part: &str) -> String {
        match part {
            "run" => self.own_run.clone(),
            part => NAMES.iter().find(|Named(name, ..)| *name == part).unwrap().1.to_owned(),
        }
    }

    /// Gives what a path names that others have, and what nobody has.
    fn others(&self, path: &str) -> Option<(&'static str, Vec<(&str, &str)>)> {
        if path.contains("{run}") {
            return Some(("run", vec![(self.their_run.as_str(), NO_RUN)]));
        }
        let mut names = NAMES.iter();
        let Named(name, _, pairs) = names.find(|Named(name, ..)| path.contains(&format!("{{{name}}}")))?;
        Some((name, pairs.to_vec()))
    }
}

/// Who asks: accounts, and logins behind an `@`.
const ACTORS: &[&str] = &["sp", "org", "user", "0087*002", "@lister", "@builder", "@chief"];

fn server() -> Tenants {
    let site = Site::new().config("[features]\nprovisioning-jobs = true\n");
    let server = Running::start(site.write("fleet/trees.toml", TREES));
    let run = |job: &str, device: &str| {
        let body = json!({ "values": { "device": device } });
        let ordered = ask(&server, "administrator", "POST", &format!("/api/v1/jobs/{job}/runs"), Some(&body));
        let told = body_of(&ordered);
        assert_eq!((ordered.status, &told["state"]), (201, &json!("done")), "{told}");
        told["id"].as_str().unwrap().to_owned()
    };
    let (own_run, their_run) = (run("order", "Desk"), run("order2", "Theirs"));
    Tenants { server, own_run, their_run }
}

fn ask(server: &Running, actor: &str, method: &str, path: &str, body: Option<&Value>) -> Reply {
    let path = path.replace('*', "%2A").replace(' ', "%20");
    let acting = match actor.strip_prefix('@') {
        Some(login) => format!("Bellhop-Login: {login}"),
        None => format!("Bellhop-Account: {actor}"),
    };
    let head =
        format!("{method} {path}\n{}{acting}\r\nContent-Type: application/json\r\n", server.operator());
    server.api(&head, &body.map(Value::to_string).unwrap_or_default())
}

/// Makes the body that an operation takes: what its schema requires, and nothing else.
fn body(document: &Value, operation: &Value) -> Option<Value> {
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    let name = schema["$ref"].as_str()?.rsplit('/').next()?;
    let known = match name {
        "AccountNew" => json!({ "kind": "user", "id": "fresh", "organization": "org" }),
        "DeviceNew" => json!({ "name": "Fresh", "model": "yealink/t46s", "lines": ["0087*002"] }),
        "Edits" => json!({ "edits": [{ "operation": "device-disable", "device": "Desk" }], "dry-run": true }),
        "Exported" => json!({ "version": 1, "equipment": [] }),
        "ExtensionNew" => json!({ "number": "0087*077", "user": "user" }),
        "JobNew" => {
            json!({ "id": "fresh", "platform": "org", "kind": "on-demand", "operation": "device.clear" })
        }
        "LevelEdit" => json!({ "level": "view" }),
        "GrantNew" => json!({ "login": "clerk", "platform": "sp" }),
        "GroupNew" => json!({ "id": "fresh", "logins": ["clerk"] }),
        "LoginNew" => json!({ "id": "fresh", "account": "org" }),
        "Look" => json!({ "query": "device", "device": "Desk" }),
        "OrderNew" => json!({ "values": { "device": "Desk" } }),
        "TemplateNew" => json!({ "id": "fresh", "name": "Fresh" }),
        "TokenNew" => json!({ "login": "clerk", "name": "Fresh" }),
        _ => sample(&document["components"]["schemas"][name]),
    };
    Some(known)
}

fn sample(schema: &Value) -> Value {
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let value = |key: &str| match key {
        "model" => json!("yealink/t46s"),
        "firmware" => json!("66.86"),
        "file" => json!("{mac}.cfg"),
        _ => json!("x"),
    };
    let members: Map<String, Value> =
        required.iter().filter_map(|key| Some((key.as_str()?.to_owned(), value(key.as_str()?)))).collect();
    Value::Object(members)
}

/// Fills a path's braces, and gives it the query that it needs.
fn filled(path: &str, operation: &Value, names: &impl Fn(&str) -> String) -> String {
    let parts = path.split('/').map(|part| {
        let name = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
        name.map_or_else(|| part.to_owned(), names)
    });
    let path = parts.collect::<Vec<_>>().join("/");
    let mut query = Vec::new();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let name = parameter["name"].as_str().unwrap();
        match (parameter["in"].as_str().unwrap(), name) {
            ("query", "dry-run") => query.push("dry-run=true".to_owned()),
            ("query", "device") => query.push("device=Desk".to_owned()),
            ("query", "model") if parameter["required"] == true => {
                query.push("model=yealink/t46s".to_owned());
            }
            ("query", "field") => query.push("field=status".to_owned()),
            ("query", "firmware") => query.push("firmware=66.86".to_owned()),
            _ => (),
        }
    }
    if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
}

#[test]
fn what_is_another_tenants_is_told_of_like_what_does_not_exist_by_every_operation() {
    let tenants = server();
    let server = &tenants.server;
    let document = document(server);
    let mut asked = 0;
    for (method, path, operation) in operations(&document) {
        let Some((name, pairs)) = tenants.others(&path) else {
            let names: Vec<&str> =
                path.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect();
            let known = ["address", "bits", "network", "session"];
            assert!(
                names.iter().all(|name| known.contains(name)),
                "{path} names something that no test knows"
            );
            continue;
        };
        let body = body(&document, &operation);
        for actor in ACTORS {
            for (theirs, nobodys) in pairs.iter().copied() {
                let answer = |called: &str| {
                    let path = filled(&path, &operation, &|part| {
                        if part == name { called.to_owned() } else { tenants.own(part) }
                    });
                    let reply = ask(server, actor, &method, &path, body.as_ref());
                    let text = String::from_utf8(reply.body).unwrap().replace(called, "…");
                    (reply.status, reply.head.replace(called, "…"), text)
                };
                let (hidden, missing) = (answer(theirs), answer(nobodys));
                assert_eq!(hidden, missing, "{actor} {method} {path} {theirs}");
                assert!(matches!(hidden.0, 403 | 404), "{actor} {method} {path} {theirs}: {hidden:?}");
                asked += 1;
            }
        }
    }
    assert!(asked > 200, "{asked}");
}

/// Method, path, what makes the body of a name, another tenant's name, and nobody's.
struct Row<'r>(&'r str, &'r str, &'r dyn Fn(&str) -> Value, &'r str, &'r str);

#[test]
fn a_field_or_filter_that_names_another_tenants_record_tells_nothing_of_it() {
    let tenants = server();
    let server = &tenants.server;
    let new = |key: &str, value: Value| {
        let mut body = json!({ "name": "Fresh", "model": "yealink/t46s" });
        body[key] = value;
        body
    };
    let rows: &[Row<'_>] = &[
        Row("POST", "/api/v1/devices", &|id| new("owner", json!(id)), "org2", "org9"),
        Row("POST", "/api/v1/devices", &|id| new("organization", json!(id)), "org2", "org9"),
        Row("POST", "/api/v1/devices", &|id| new("lines", json!([id])), "0099*002", "0099*009"),
        Row("POST", "/api/v1/devices", &|id| new("template", json!(id)), "theirs", "nobody"),
        Row("PATCH", "/api/v1/devices/Desk", &|id| json!({ "owner": id }), "org2", "org9"),
        Row("PATCH", "/api/v1/devices/Desk", &|id| json!({ "organization": id }), "org2", "org9"),
        Row("PATCH", "/api/v1/devices/Desk", &|id| json!({ "lines": [id] }), "0099*002", "0099*009"),
        Row("PATCH", "/api/v1/devices/Desk", &|id| json!({ "template": id }), "theirs", "nobody"),
        Row(
            "POST",
            "/api/v1/extensions",
            &|id| json!({ "number": "0087*077", "user": id }),
            "user2",
            "user9",
        ),
        Row(
            "POST",
            "/api/v1/accounts",
            &|id| json!({ "kind": "user", "id": "fresh", "organization": id }),
            "org2",
            "org9",
        ),
        Row(
            "POST",
            "/api/v1/accounts",
            &|id| json!({ "kind": "organization", "id": "fresh", "provider": id }),
            "sp2",
            "sp9",
        ),
        Row("POST", "/api/v1/logins", &|id| json!({ "id": "fresh", "account": id }), "org2", "org9"),
        Row("POST", "/api/v1/tokens", &|id| json!({ "login": id, "name": "Fresh" }), "boss2", "boss9"),
        Row(
            "POST",
            "/api/v1/templates",
            &|id| json!({ "id": "fresh", "name": "Fresh", "owner": id }),
            "org2",
            "org9",
        ),
    ];
    for actor in ACTORS {
        for Row(method, path, body, theirs, nobodys) in rows {
            let answer = |called: &str| {
                let reply = ask(server, actor, method, &format!("{path}?dry-run=true"), Some(&body(called)));
                let text = String::from_utf8(reply.body).unwrap().replace(called, "…");
                (reply.status, reply.head, text)
            };
            let (hidden, missing) = (answer(theirs), answer(nobodys));
            assert_eq!(hidden, missing, "{actor} {method} {path} {theirs}");
            assert!(hidden.0 >= 400, "{actor} {method} {path} {theirs}: {hidden:?}");
        }
        for (path, theirs, nobodys) in [
            ("/api/v1/devices?owner=", "org2", "org9"),
            ("/api/v1/devices?organization=", "org2", "org9"),
            ("/api/v1/devices?extension=", "0099*001", "0099*009"),
            ("/api/v1/devices?text=", "Theirs", "Nobody"),
            ("/api/v1/devices?context=", "org2", "org9"),
            ("/api/v1/accounts?below=", "org2", "org9"),
            ("/api/v1/extensions?below=", "user2", "user9"),
            ("/api/v1/tokens?login=", "boss2", "boss9"),
        ] {
            let answer = |called: &str| {
                let reply = ask(server, actor, "GET", &format!("{path}{called}"), None);
                (reply.status, String::from_utf8(reply.body).unwrap().replace(called, "…"))
            };
            let (hidden, missing) = (answer(theirs), answer(nobodys));
            assert_eq!(hidden, missing, "{actor} {path}{theirs}");
            assert!(hidden.0 >= 400 || hidden.1.contains("\"total\":0"), "{actor} {path}: {hidden:?}");
        }
    }
}

#[test]
fn no_list_shows_anything_of_another_tenant() {
    let tenants = server();
    let server = &tenants.server;
    for actor in ACTORS {
        for list in [
            "accounts",
            "extensions",
            "devices",
            "devices/options",
            "templates",
            "logins",
            "tokens",
            "self",
            "groups",
            "grants",
            "jobs",
            "runs",
        ] {
            let reply = ask(server, actor, "GET", &format!("/api/v1/{list}"), None);
            // By chance an id could hold one of the words.
            let text = String::from_utf8(reply.body).unwrap().replace(&tenants.own_run, "");
            for word in ["org2", "sp2", "user2", "0099", "heirs", "boss2", "token22", "Other", "CANARY"] {
                assert!(!text.contains(word), "{actor} {list} shows {word}: {text}");
            }
        }
    }
}

#[test]
fn every_operation_answers_every_kind_of_account_as_the_table_says() {
    let tenants = server();
    let server = &tenants.server;
    let document = document(server);
    let actors = ["administrator", "sp", "org", "user", "0087*002", "org2", "@lister", "@builder", "@chief"];
    let mut table = String::from(
        "# Status of each operation with what is the organization's, by who asks; edits as dry runs.\n",
    );
    table += "# Rewritten by BLESS=1.\n";
    let mut misfits = Vec::new();
    writeln!(table, "{:<52} {}", "", actors.map(|actor| format!("{actor:>13}")).join(" ")).unwrap();
    for (method, path, operation) in operations(&document) {
        if (method.as_str(), path.as_str()) == ("POST", "/api/v1/sessions") {
            // It is open, and whoever tries too often is told to wait.
            continue;
        }
        let body = body(&document, &operation);
        let names = |part: &str| match part {
            "address" => "192.0.2.0".to_owned(),
            "bits" => "24".to_owned(),
            "network" => "all".to_owned(),
            "session" => "nobody".to_owned(),
            part => tenants.own(part),
        };
        let asked = filled(&path, &operation, &names);
        let statuses = actors.map(|actor| {
            let reply = ask(server, actor, &method, &asked, body.as_ref());
            assert!(reply.status < 500, "{actor} {method} {asked}: {reply:?}");
            if let Err(misfit) = shape::check(&document, &operation, &reply) {
                misfits.push(format!("{actor} {method} {asked}: {misfit}"));
            }
            format!("{:>13}", reply.status)
        });
        writeln!(table, "{:<52} {}", format!("{method} {path}"), statuses.join(" ")).unwrap();
    }
    assert!(misfits.is_empty(), "not as the document says:\n{}", misfits.join("\n"));
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/api/operations.txt");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&golden, &table).unwrap();
    }
    assert_eq!(table, fs::read_to_string(&golden).unwrap(), "BLESS=1 rewrites it; review the difference");
}
