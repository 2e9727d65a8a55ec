//! The commands that run jobs: what they are given, what they tell, how they end; without a server, and by one.

use std::fs;

use serde_json::{Value, json};

use crate::jobs::cli::{done, json as shown, run, site};
use crate::support::{SERIAL, Site};

/// A site whose help desk may run three jobs and import devices.
fn desk() -> Site {
    let site = site();
    let jobs = r#"
[[grant]]
id = "anna"
login = "anna"
platform = "org"
provisioning = true
on-demand-jobs = ["create", "secret"]
bulk-jobs = ["import", "rooms"]

[[grant]]
id = "bert"
login = "bert"
platform = "org"
provisioning = true
provisioning-administrator = true

[[job]]
id = "secret"
name = "Set the password of a phone"
platform = "org"
kind = "on-demand"
operation = "device.set-admin-password"
fields = { admin-password = { required = true } }

[[job]]
id = "rooms"
name = "Say where phones are"
platform = "org"
kind = "bulk"
operation = "device.edit"
fields = { notes = {} }
columns = { "Room" = "notes", "Nothing" = "" }
approval = true
"#;
    site.write("fleet/more.toml", jobs)
}

fn anna<'w>(words: &[&'w str]) -> Vec<&'w str> {
    [&["as", "anna"], words].concat()
}

#[test]
fn a_member_of_the_help_desk_runs_what_it_may_and_hears_what_is_missing() {
    let site = desk();
    for (code, words, part) in [
        (
            2,
            &["job", "run", "create"][..],
            "the job asks for `mac`; there is no terminal to ask at, give --set mac=…",
        ),
        (2, &["job", "run", "create", "--set", "maac=1"], "did you mean `mac`?"),
        (2, &["job", "run", "create", "--set", "model=x"], "it asks for"),
        (
            2,
            &["job", "run", "secret", "--set", "device=Desk", "--set", "admin-password=CANARY"],
            "--set-file",
        ),
        (2, &["job", "run", "import", "--set", "mac=1"], "runs over rows; give them with --file"),
        (2, &["job", "run", "create", "--file", "x.csv"], "is run once with values"),
        (1, &["job", "run", "creat"], "did you mean `create`?"),
        (1, &["job", "run", "create", "--set", "mac=nonsense"], "mac"),
        (1, &["run", "show", "2026"], "there is no run `2026`"),
        (4, &["job", "edit", "create", "--name", "Mine"], "(jobs)"),
        (1, &["device", "remove", "Desk", "--yes"], "as far as you may see"),
    ] {
        let (ended, out, err) = run(&site, &anna(words), "");
        assert_eq!(ended, Some(code), "{words:?}: {out}{err}");
        assert!(err.contains(part) && !err.contains("CANARY"), "{words:?}: {err}");
    }
    let created = done(&site, &anna(&["job", "run", "create", "--set", "mac=00:15:65:4A:A9:38"]), "");
    assert!(created.contains("name: Phone") && created.contains("serial: ••••"), "{created}");
    assert_eq!(shown(&site, &["device", "show", "00:15:65:4A:A9:38"])["owner"], "org");
    // What was asked for is there: nothing changes. Another device with its address is refused.
    let told = shown(&site, &anna(&["job", "run", "create", "--set", "mac=00:15:65:4A:A9:38"]));
    assert_eq!(
        (&told["run"]["state"], &told["run"]["counts"]["unchanged"]),
        (&"done".into(), &1.into()),
        "{told}"
    );
    let other = ["job", "run", "create", "--set", "mac=00:15:65:4A:A9:38", "--set", "name=Other"];
    let (code, _, err) = run(&site, &anna(&other), "");
    assert_eq!((code, err.contains("is refused: 1 row")), (Some(1), true), "{err}");
    let secret = ["job", "run", "secret", "--set", "device=Desk", "--set-file", "admin-password=-"];
    let told = done(&site, &anna(&secret), "CANARY-admin-password\n");
    assert!(told.contains("admin-password: •••• -> ••••") && !told.contains("CANARY"), "{told}");
    assert!(done(&site, &["render", "Desk", "--reveal"], "").contains("CANARY-admin-password"));
    let generate = ["job", "run", "secret", "--set", "device=Desk", "--set", "admin-password=generate"];
    let told = done(&site, &anna(&generate), "");
    assert!(told.contains("shown once:"), "{told}");
    let runs = shown(&site, &anna(&["run", "list"]));
    assert_eq!(runs.as_array().unwrap().len(), 5, "{runs}");
    let id = runs[0]["id"].as_str().unwrap();
    assert_eq!(done(&site, &anna(&["run", "collect", id, "--json"]), "").trim(), "[]", "once");
    assert!(done(&site, &["run", "verify"], "").starts_with("5 records of runs are as"));
}

const ROWS: &str =
    "mac;name\n00:15:65:4A:A9:41;Phone 1\n00:15:65:4A:A9:42;Phone 2\n00:15:65:4A:A9:37;Phone 3\n";

#[test]
fn a_file_is_run_dry_then_really_then_again_and_taken_back() {
    let site = desk().write("rows.csv", ROWS).write("good.csv", &ROWS.replace("A9:37", "A9:43"));
    let (file, good) = (site.path("rows.csv"), site.path("good.csv"));
    let (file, good) = (file.to_str().unwrap(), good.to_str().unwrap());
    let results = site.path("results.csv");
    let results = results.to_str().unwrap();
    let (code, out, err) = run(&site, &anna(&["job", "run", "import", "--file", file, "--dry-run"]), "");
    assert_eq!((code, err.contains("would be refused: 3 rows")), (Some(1), true), "{out}{err}");
    assert!(out.contains("4    refused"), "{out}");
    let (code, out, err) =
        run(&site, &anna(&["job", "run", "import", "--file", file, "--results", results]), "");
    assert_eq!((code, err.contains("is refused: 3 rows")), (Some(1), true), "{out}{err}");
    let written = fs::read_to_string(results).unwrap();
    assert!(written.starts_with("row,record,status,message,changed\r\n"), "{written}");
    assert_eq!(shown(&site, &["device", "list"]).as_array().unwrap().len(), 1, "all of it, or nothing");
    let dry = done(&site, &anna(&["job", "run", "import", "--file", good, "--dry-run"]), "");
    assert!(dry.contains("+name = \"Phone 2\"") && dry.contains("  name: Phone 3"), "{dry}");
    let told = shown(&site, &anna(&["job", "run", "import", "--file", good]));
    assert_eq!(told["run"]["counts"]["done"], 3, "{told}");
    let id = told["run"]["id"].as_str().unwrap();
    // As JSON lines on standard input, and the same as before.
    let lines: String = good_rows().iter().map(|row| format!("{row}\n")).collect();
    let (code, out, err) = run(&site, &anna(&["job", "run", "import", "--file", "-", "--json"]), &lines);
    assert_eq!(code, Some(0), "{out}{err}");
    let again: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(again["run"]["counts"]["unchanged"], 3, "{again}");
    let csv = done(&site, &anna(&["run", "rows", id, "--csv"]), "");
    assert_eq!(csv.lines().count(), 4, "{csv}");
    assert_eq!(run(&site, &anna(&["run", "undo", id]), "").0, Some(2), "it is asked about");
    done(&site, &anna(&["run", "undo", id, "--yes"]), "");
    assert_eq!(shown(&site, &["device", "list"]).as_array().unwrap().len(), 1);
    assert_eq!(shown(&site, &anna(&["run", "show", id]))["state"], "undone");
    let (code, _, err) = run(&site, &anna(&["run", "undo", id, "--yes"]), "");
    assert_eq!((code, err.contains("is undone already")), (Some(1), true), "{err}");
}

fn good_rows() -> [Value; 3] {
    [41, 42, 43].map(|number| json!({ "mac": format!("00:15:65:4A:A9:{number}"), "name": format!("Phone {}", number - 40) }))
}

#[test]
fn a_run_waits_for_a_second_person_and_begins_when_it_is_due() {
    let site = desk();
    let rows = "device,Room,Nothing\nDesk,first floor,x\n";
    let (code, out, err) =
        run(&site, &anna(&["job", "run", "rooms", "--file", "-", "--notes", "moved"]), rows);
    assert_eq!((code, out.as_str()), (Some(0), ""), "{err}");
    assert!(err.contains("it waits for the approval of a second person: `bellhop run approve "), "{err}");
    let runs = shown(&site, &["as", "bert", "run", "list", "--state", "waiting"]);
    let id = runs[0]["id"].as_str().unwrap();
    assert_eq!(run(&site, &anna(&["run", "approve", id]), "").0, Some(4), "not one's own");
    done(&site, &["as", "bert", "run", "approve", id], "");
    done(&site, &anna(&["run", "follow", id]), "");
    assert_eq!(shown(&site, &["device", "show", "Desk"])["notes"], "first floor");
    let time = std::time::SystemTime::now() + std::time::Duration::from_secs(100 * 86_400);
    let time = humantime::format_rfc3339_seconds(time).to_string();
    let local = time.trim_end_matches('Z').replace('T', " ");
    let later = ["job", "run", "create", "--set", "mac=00:15:65:4A:A9:50", "--at", &local, "--zone", "UTC"];
    let (code, _, err) = run(&site, &anna(&later), "");
    let begins = format!("it begins at {}", time.trim_end_matches('Z'));
    assert_eq!((code, err.contains(&begins)), (Some(0), true), "{err}");
    let runs = shown(&site, &anna(&["run", "list", "--state", "scheduled"]));
    done(&site, &anna(&["run", "cancel", runs[0]["id"].as_str().unwrap()]), "");
    let (code, _, err) = run(&site, &anna(&["run", "list", "--state", "scheduld"]), "");
    assert_eq!((code, err.contains("did you mean `scheduled`?")), (Some(2), true), "{err}");
}

#[test]
fn an_inventory_is_printed_as_csv_that_a_job_reads_again() {
    let site = desk();
    let csv = done(&site, &["device", "list", "--csv"], "");
    assert!(csv.starts_with("device,serial,mac,name,") && csv.contains(SERIAL), "{csv}");
    let (code, out, _) = run(&site, &["as", "0087*002", "device", "list", "--csv"], "");
    assert_eq!((code, out.as_str()), (Some(4), ""), "who sees none gets none");
    let edit =
        "[[job]]\nid = \"inventory\"\nplatform = \"org\"\nkind = \"bulk\"\noperation = \"device.edit\"\n";
    let columns: Vec<&str> = csv.lines().next().unwrap().split(',').skip(1).collect();
    let fields: String = columns.iter().map(|name| format!("\"{name}\" = {{}}\n")).collect();
    done(&site, &["job", "add", "--from", "-"], &format!("{edit}[job.fields]\n{fields}"));
    let (code, out, err) = run(&site, &["job", "run", "inventory", "--file", "-", "--json"], &csv);
    assert_eq!(code, Some(0), "{out}{err}");
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(told["run"]["counts"]["unchanged"], 1, "{told}");
}
