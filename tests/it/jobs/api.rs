//! Runs over the API: a help desk that may do nothing else, files in and out, approvals, progress, limits.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::support::{Reply, Running, Site, exchange, request, until};

/// An organization with phones and a neighbour, a help desk, and whoever administers jobs.
fn fleet() -> String {
    let mut text = String::from(
        r#"
[[provider]]
id = "sp"
name = "Provider"
provisioning = "modify"

[[organization]]
id = "org"
provider = "sp"
name = "Organization"
provisioning = "modify"

[[organization]]
id = "other"
provider = "sp"
name = "Neighbour"
provisioning = "modify"

[[user]]
id = "help"
organization = "org"
name = "Help desk"
"#,
    );
    for login in ["anna", "bert", "chief"] {
        text += &format!("\n[[login]]\nid = \"{login}\"\naccount = \"help\"\n");
    }
    for (number, organization) in [(1, "org"), (2, "org"), (3, "org"), (9, "other")] {
        text += &format!(
            "\n[[device]]\nserial = \"q7x2m9t4h8k3w6e5r1y{number:03}zpan\"\nname = \"Phone {number}\"\n\
             model = \"yealink/t46s\"\nmac = \"00:15:65:00:00:0{number}\"\nowner = \"{organization}\"\n\
             organization = \"{organization}\"\nadmin-password = \"CANARY-admin\"\n"
        );
    }
    text + JOBS
}

const JOBS: &str = r#"
[[group]]
id = "desk"
logins = ["anna", "bert"]

[[grant]]
id = "desk"
group = "desk"
platform = "org"
provisioning = true
on-demand-jobs = ["status", "careful"]
bulk-jobs = ["names"]

[[grant]]
id = "chief"
login = "chief"
platform = "org"
provisioning = true
provisioning-administrator = true

[[job]]
id = "status"
name = "Switch a device on or off"
platform = "org"
kind = "on-demand"
operation = "device.set-status"
fields = { device = {}, status = { default = "disabled" } }

[[job]]
id = "careful"
name = "Switch a device off with two"
platform = "org"
kind = "on-demand"
operation = "device.set-status"
approval = true
fields = { device = {}, status = { fixed = "disabled" } }

[[job]]
id = "names"
name = "Note something of devices"
platform = "org"
kind = "bulk"
operation = "device.edit"
fields = { device = {}, notes = {} }

[[job]]
id = "secret-job"
name = "Clear devices"
platform = "org"
kind = "on-demand"
operation = "device.clear"
"#;

fn server() -> Running {
    let site = Site::new().config("[features]\nprovisioning-jobs = true\n");
    Running::start(site.write("fleet/all.toml", &fleet()))
}

fn ask(server: &Running, login: &str, head: &str, kind: &str, body: &str) -> Reply {
    let lines = format!("{}Bellhop-Login: {login}\r\n{kind}", server.operator());
    server.api(&format!("{head}\n{lines}"), body)
}

fn get(server: &Running, login: &str, path: &str) -> Reply {
    ask(server, login, &format!("GET /api/v1/{path}"), "", "")
}

fn post(server: &Running, login: &str, path: &str, body: &Value) -> Reply {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    ask(server, login, &format!("POST /api/v1/{path}"), "Content-Type: application/json\r\n", &body)
}

fn body(reply: &Reply) -> Value {
    serde_json::from_slice(&reply.body).unwrap_or_else(|error| panic!("{error}: {reply:?}"))
}

/// The runs of a list.
fn ids(listed: &Reply) -> Vec<String> {
    let told = body(listed);
    told["rows"].as_array().unwrap().iter().map(|run| run["id"].as_str().unwrap().to_owned()).collect()
}

const CSV: &str = "Content-Type: text/csv; charset=utf-8\r\n";

#[test]
fn a_help_desk_runs_what_it_is_permitted_and_sees_names_forms_and_its_own_runs_alone() {
    let server = server();
    let jobs = body(&get(&server, "anna", "jobs"));
    let named: Vec<&str> =
        jobs["rows"].as_array().unwrap().iter().map(|job| job["id"].as_str().unwrap()).collect();
    assert_eq!(named.len(), 3, "{jobs}");
    assert!(["careful", "names", "status"].iter().all(|id| named.contains(id)), "{jobs}");
    assert!(
        jobs["rows"][0]["operation"].is_null(),
        "what a job does is not for whoever only runs it: {jobs}"
    );
    let form = body(&get(&server, "anna", "jobs/status/form"));
    assert!(form["properties"]["device"].is_object() && form["properties"]["status"].is_object(), "{form}");
    let ordered = post(&server, "anna", "jobs/status/runs", &json!({ "values": { "device": "Phone 1" } }));
    let run = body(&ordered);
    assert_eq!(
        (ordered.status, &run["state"], &run["runner"]["login"]),
        (201, &json!("done"), &json!("anna")),
        "{run}"
    );
    let location = ordered.header("location").unwrap().to_owned();
    assert_eq!(location, format!("/api/v1/runs/{}", run["id"].as_str().unwrap()));
    let own = body(&ask(&server, "anna", &format!("GET {location}"), "", ""));
    assert_eq!(own, run);
    let id = run["id"].as_str().unwrap();
    // Another member of the same group sees no runs but its own.
    assert_eq!(ids(&get(&server, "anna", "runs")), [id]);
    assert_eq!(ids(&get(&server, "bert", "runs")), [""; 0]);
    let of_chief =
        post(&server, "chief", "jobs/secret-job/runs", &json!({ "values": { "device": "Phone 2" } }));
    assert_eq!(of_chief.status, 201, "{of_chief:?}");
    let theirs = body(&of_chief)["id"].as_str().unwrap().to_owned();
    // Of one second, either may be told first.
    let all = ids(&get(&server, "chief", "runs"));
    let has = |run: &str| all.iter().any(|known| known == run);
    assert!(all.len() == 2 && has(id) && has(&theirs), "who administers jobs sees all of them: {all:?}");
    for part in ["", "/rows", "/progress"] {
        let hidden = get(&server, "anna", &format!("runs/{theirs}{part}"));
        let missing = get(&server, "anna", &format!("runs/20200101-000000-000000{part}"));
        let text = |reply: &Reply, id: &str| String::from_utf8_lossy(&reply.body).replace(id, "…");
        assert_eq!((hidden.status, missing.status), (404, 404), "{part}");
        assert_eq!(text(&hidden, &theirs), text(&missing, "20200101-000000-000000"), "{part}");
    }
    let hidden = get(&server, "anna", "jobs/secret-job");
    assert_eq!((hidden.status, body(&hidden)["code"].clone()), (404, json!("not-found")));
    for (head, status) in [
        ("GET /api/v1/devices/Phone%201", 404),
        ("PATCH /api/v1/devices/Phone%201", 404),
        ("DELETE /api/v1/jobs/status", 403),
        ("POST /api/v1/jobs/secret-job/runs", 404),
        ("GET /api/v1/groups", 403),
        ("GET /api/v1/grants", 403),
        ("GET /api/v1/audit", 403),
    ] {
        let kind = "Content-Type: application/json\r\n";
        let sent = if head.starts_with("GET") || head.starts_with("DELETE") { "" } else { "{}" };
        let refused = ask(&server, "anna", head, kind, sent);
        assert_eq!(refused.status, status, "{head}: {refused:?}");
    }
    let beyond = post(&server, "anna", "jobs/status/runs", &json!({ "values": { "device": "Phone 9" } }));
    let nobodys = post(&server, "anna", "jobs/status/runs", &json!({ "values": { "device": "Phone 8" } }));
    let text = |reply: &Reply, name: &str| {
        let told = body(reply);
        (reply.status, told["message"].to_string().replace(name, "…"))
    };
    assert_eq!(text(&beyond, "Phone 9"), text(&nobodys, "Phone 8"), "a neighbour's phone is like none");
}

#[test]
fn a_file_of_rows_goes_in_as_csv_or_json_lines_and_what_became_of_them_comes_out() {
    let server = server();
    let csv = "device,notes\r\nPhone 1,beside the door\r\nPhone 2,\"a, b\"\r\nPhone 9,theirs\r\n";
    let preview = ask(&server, "anna", "POST /api/v1/jobs/names/runs?dry-run=true", CSV, csv);
    let told = body(&preview);
    assert_eq!(
        (preview.status, &told["state"], &told["counts"]["refused"]),
        (200, &json!("refused"), &json!(1)),
        "{told}"
    );
    assert!(told["diff"]["files"].as_str().unwrap().contains("+notes = \"beside the door\""), "{told}");
    assert!(!told.to_string().contains("CANARY"), "{told}");
    assert_eq!(ids(&get(&server, "anna", "runs")), [""; 0], "nothing is kept of a dry run");
    let csv = csv.replace("Phone 9,theirs\r\n", "Phone 3,\r\n");
    let ordered = ask(&server, "anna", "POST /api/v1/jobs/names/runs?wait=30&notes=moved", CSV, &csv);
    let run = body(&ordered);
    assert_eq!(
        (ordered.status, &run["state"], &run["notes"]),
        (201, &json!("done"), &json!("moved")),
        "{run}"
    );
    let counts = &run["counts"];
    assert_eq!(
        (&counts["rows"], &counts["done"], &counts["unchanged"]),
        (&json!(3), &json!(2), &json!(1)),
        "{run}"
    );
    let path = format!("GET /api/v1/runs/{}/rows", run["id"].as_str().unwrap());
    let rows = body(&ask(&server, "anna", &format!("{path}?status=done"), "", ""));
    assert_eq!((&rows["total"], &rows["rows"][1]["after"]["notes"]), (&json!(2), &json!("a, b")), "{rows}");
    let file = ask(&server, "anna", &path, "Accept: text/csv\r\n", "");
    assert_eq!(file.header("content-type"), Some("text/csv; charset=utf-8"));
    let text = String::from_utf8(file.body).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((lines[0], lines.len()), ("row,record,status,message,changed", 4), "{text}");
    assert!(lines[1].starts_with("2,device ") && lines[1].contains(",done,,notes"), "{text}");
    let lines = ask(&server, "anna", &path, "Accept: application/x-ndjson\r\n", "");
    assert_eq!(String::from_utf8(lines.body).unwrap().lines().count(), 3);
    assert_eq!(ask(&server, "anna", &path, "Accept: text/html\r\n", "").status, 406);
    let again = "{\"device\":\"Phone 1\",\"notes\":\"beside the door\"}\n";
    let kind = "Content-Type: application/x-ndjson\r\n";
    let again = body(&ask(&server, "anna", "POST /api/v1/jobs/names/runs?wait=30", kind, again));
    assert_eq!((&again["state"], &again["counts"]["unchanged"]), (&json!("done"), &json!(1)), "{again}");
    let rows = json!({ "rows": [{ "device": "Phone 1", "notes": "gone" }, { "device": "Phone 1", "notes": "twice" }] });
    let refused = post(&server, "anna", "jobs/names/runs?wait=30", &rows);
    assert_eq!((refused.status, body(&refused)["field"].clone()), (422, json!("rows")), "{refused:?}");
    let faulty = "device,notes,colour,taste\r\nPhone 1,x,red,sweet\r\n";
    let faulty = ask(&server, "anna", "POST /api/v1/jobs/names/runs", CSV, faulty);
    let told = body(&faulty);
    assert_eq!((faulty.status, told["faults"].as_array().unwrap().len()), (422, 2), "{told}");
    let undone = post(&server, "anna", &format!("runs/{}/undo", run["id"].as_str().unwrap()), &Value::Null);
    assert_eq!((undone.status, body(&undone)["state"].clone()), (200, json!("undone")), "{undone:?}");
}

#[test]
fn an_inventory_comes_out_as_csv_without_secrets_to_whoever_sees_devices() {
    let server = server();
    let path = "GET /api/v1/devices?organization=org";
    let file = server.api(&format!("{path}\n{}Accept: text/csv\r\n", server.operator()), "");
    assert_eq!(
        (file.status, file.header("content-type")),
        (200, Some("text/csv; charset=utf-8")),
        "{file:?}"
    );
    let text = String::from_utf8(file.body).unwrap();
    assert_eq!(text.lines().count(), 4, "{text}");
    assert!(!text.contains("CANARY") && !text.contains("Phone 9"), "{text}");
    let refused = ask(&server, "anna", path, "Accept: text/csv\r\n", "");
    assert_eq!(refused.status, 403, "{refused:?}");
}

#[test]
fn another_login_that_administers_jobs_approves_a_run_or_rejects_it() {
    let server = server();
    let order = |device: &str| {
        let ordered = post(&server, "anna", "jobs/careful/runs", &json!({ "values": { "device": device } }));
        let run = body(&ordered);
        assert_eq!((ordered.status, &run["state"]), (202, &json!("waiting")), "{run}");
        run["id"].as_str().unwrap().to_owned()
    };
    let run = order("Phone 1");
    let decide = |login: &str, what: &str, run: &str| {
        post(&server, login, &format!("runs/{run}/{what}"), &Value::Null)
    };
    assert_eq!(decide("anna", "approve", &run).status, 403, "nobody approves one's own run");
    assert_eq!(decide("bert", "approve", &run).status, 404, "a member of the help desk does not see it");
    let approved = decide("chief", "approve", &run);
    assert_eq!((approved.status, body(&approved)["approved"]["by"]["login"].clone()), (200, json!("chief")));
    until("the run has ended", || body(&get(&server, "anna", &format!("runs/{run}")))["state"] == "done");
    assert_eq!(decide("chief", "approve", &run).status, 409);
    let run = order("Phone 2");
    let rejected = decide("chief", "reject", &run);
    assert_eq!((rejected.status, body(&rejected)["state"].clone()), (200, json!("rejected")));
    let run = order("Phone 2");
    let cancelled = decide("anna", "cancel", &run);
    assert_eq!((cancelled.status, body(&cancelled)["state"].clone()), (200, json!("cancelled")));
    let later = SystemTime::now() + Duration::from_secs(30 * 86_400);
    let later = humantime::format_rfc3339_seconds(later).to_string()[..16].to_owned();
    let path = format!("jobs/status/runs?start-at={later}&time-zone=UTC");
    let scheduled = post(&server, "anna", &path, &json!({ "values": { "device": "Phone 2" } }));
    let told = body(&scheduled);
    assert_eq!((scheduled.status, &told["state"]), (202, &json!("scheduled")), "{told}");
    assert_eq!(told["due"], json!(format!("{later}:00.000Z")));
}

#[test]
fn a_run_is_watched_until_it_ends() {
    let server = server();
    let ordered = post(&server, "anna", "jobs/careful/runs", &json!({ "values": { "device": "Phone 1" } }));
    let run = body(&ordered)["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/runs/{run}/progress");
    let told = body(&get(&server, "anna", &format!("runs/{run}/progress")));
    assert_eq!(
        (&told["state"], &told["phase"], &told["rows"]),
        (&json!("waiting"), &json!("waiting"), &json!(1)),
        "{told}"
    );
    let lines = format!("{}Bellhop-Login: anna\r\nAccept: text/event-stream\r\n", server.operator());
    let asked = request(&format!("GET {path}\n{lines}"), "");
    let stream = std::thread::scope(|scope| {
        let watching = scope.spawn(|| exchange(server.admin, &[asked.as_bytes()]));
        assert_eq!(post(&server, "chief", &format!("runs/{run}/approve"), &Value::Null).status, 200);
        watching.join().unwrap()
    });
    let text = String::from_utf8(stream).unwrap();
    assert!(text.contains("Content-Type: text/event-stream"), "{text}");
    let events: Vec<&str> = text.lines().filter(|line| line.starts_with("event: ")).collect();
    assert_eq!(events.last(), Some(&"event: end"), "{text}");
    let last = text.lines().filter_map(|line| line.strip_prefix("data: ")).next_back().unwrap();
    let last: Value = serde_json::from_str(last).unwrap();
    assert_eq!((&last["state"], &last["applied"]), (&json!("done"), &json!(1)), "{text}");
}

#[test]
fn a_body_that_is_too_long_is_refused_before_it_is_read_and_whoever_may_not_is_told_first() {
    let server = server();
    let operator = server.operator();
    let head = |login: &str, job: &str, length: usize| {
        format!(
            "POST /api/v1/jobs/{job}/runs HTTP/1.1\r\nHost: x\r\n{operator}Bellhop-Login: {login}\r\n{CSV}\
             Content-Length: {length}\r\nConnection: close\r\n\r\n"
        )
    };
    // Not a byte of the bodies is ever sent: the answers come without them.
    let large = Reply::parse(&exchange(server.admin, &[head("anna", "names", 65 << 20).as_bytes()]));
    assert_eq!((large.status, body(&large)["code"].clone()), (413, json!("too-large")));
    assert!(body(&large)["message"].as_str().unwrap().contains("64 MiB"), "{large:?}");
    let refused = Reply::parse(&exchange(server.admin, &[head("anna", "secret-job", 1 << 20).as_bytes()]));
    assert_eq!(refused.status, 404, "{refused:?}");
    let kind = "Content-Type: application/json\r\n";
    let json = head("anna", "names", 5 << 20).replace(CSV, kind);
    let json = Reply::parse(&exchange(server.admin, &[json.as_bytes()]));
    assert_eq!((json.status, body(&json)["code"].clone()), (413, json!("too-large")));
    let xml = ask(&server, "anna", "POST /api/v1/jobs/names/runs", "Content-Type: text/xml\r\n", "<rows/>");
    assert_eq!(xml.status, 415);
}
