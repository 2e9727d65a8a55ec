//! Taking a run back, and what of a run is seen by whom.

use std::time::Duration;

use bellhop::jobs::runs::{RowStatus, RunFilter, RunState};
use bellhop::operation::{Code, Page};
use serde_json::json;

use crate::jobs::runs::{ALL, Bench, asked, login, rows};

const TWO: &str = "device,notes\nHall,a\nDesk,b\n";

fn texts(bench: &Bench) -> String {
    let read = |name: &str| std::fs::read_to_string(bench.site.path(name)).unwrap();
    // When a record was changed is the server's own to say.
    let text = read("fleet/org.toml") + &read("fleet/jobs.toml");
    text.lines().filter(|line| !line.starts_with("updated")).collect::<Vec<_>>().join("\n")
}

#[test]
fn an_undone_run_leaves_every_record_as_it_was() {
    let bench = Bench::new();
    let before = texts(&bench);
    let run = bench.run("helper", &rows("rows", TWO));
    assert_ne!(texts(&bench), before);
    let undone = bench.undo("helper", &run.id).unwrap();
    assert_eq!(undone.state, RunState::Undone);
    assert_eq!(undone.undone.unwrap().by.login.as_deref(), Some("helper"));
    assert_eq!(texts(&bench), before);
    assert_eq!(bench.look("helper", &run.id).unwrap().state, RunState::Undone);
    let problem = bench.undo("chief", &run.id).unwrap_err();
    assert!(problem.message.contains("undone already"), "{problem}");
    assert_eq!(bench.runs.verify().unwrap(), (1, Vec::new()), "its record is as it was");
    assert_eq!(bench.audited("run-undo").len(), 1);
}

#[test]
fn what_a_run_removed_or_took_over_goes_back_to_an_owner_above_the_platform() {
    let more = r#"
[[template]]
id = "hidden"
name = "Of the provider alone"
owner = "sp"
visibility = "provider"
equipment = [{ model = "yealink/t46s", firmware = "66.86" }]

[[job]]
id = "delete"
platform = "org"
kind = "on-demand"
operation = "device.delete"

[[job]]
id = "take"
platform = "org"
kind = "on-demand"
operation = "device.edit"
fields = { owner = { fixed = "org" }, template = { fixed = "default" } }
"#;
    let bench = Bench::with(more);
    let path = bench.site.path("fleet/org.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let hidden = text.replacen("owner = \"sp\"\n", "owner = \"sp\"\ntemplate = \"hidden\"\n", 1);
    assert_ne!(hidden, text);
    std::fs::write(&path, hidden).unwrap();
    let sorted = || {
        // A record that is put back is a new one: it goes to the usual place of its owner, and says so.
        let fleet = bench.site.path("fleet");
        let files = ["org.toml", "jobs.toml", "sp.toml", "sp/org.toml"].map(|name| fleet.join(name));
        let text: String = files.iter().filter_map(|path| std::fs::read_to_string(path).ok()).collect();
        let unsaid = ["created = ", "updated = ", "status = \"enabled\""];
        let is_said =
            |line: &&str| !line.trim().is_empty() && !unsaid.iter().any(|said| line.starts_with(said));
        let mut lines: Vec<String> = text.lines().filter(is_said).map(str::to_owned).collect();
        lines.sort_unstable();
        lines.join("\n")
    };
    for job in ["delete", "take"] {
        let before = sorted();
        let run = bench.run("chief", &asked(job, json!({ "device": "Hall" })));
        assert_eq!(run.state, RunState::Done, "{job}: {:?}", bench.rows(&run.id));
        assert_ne!(sorted(), before, "{job}");
        bench.undo("chief", &run.id).unwrap();
        assert_eq!(sorted(), before, "{job}");
    }
}

#[test]
fn a_run_is_not_undone_once_something_else_has_touched_what_it_did() {
    let bench = Bench::new();
    let run = bench.run("helper", &rows("rows", TWO));
    bench.touch("Desk", "by hand");
    let before = texts(&bench);
    let problem = bench.undo("helper", &run.id).unwrap_err();
    assert_eq!(problem.code, Code::Conflict);
    let desk = bench.rows(&run.id)[1].record.clone().unwrap();
    assert!(problem.message.contains(&desk), "{problem}");
    assert!(!problem.message.contains(&bench.rows(&run.id)[0].record.clone().unwrap()), "{problem}");
    assert_eq!(texts(&bench), before);
    bench.touch("Desk", "b");
    // Its notes are as the run left them, but for the time of the change: something did touch it.
    assert_eq!(bench.look("helper", &run.id).unwrap().state, RunState::Done);
}

#[test]
fn a_run_in_batches_is_undone_as_one_change() {
    let bench = Bench::new();
    let before = texts(&bench);
    let run = bench.run("helper", &rows("batches", "device,notes\nHall,a\nDesk,b\nNonesuch,c\n"));
    assert_eq!(run.counts.done, 2);
    bench.undo("chief", &run.id).unwrap();
    assert_eq!(texts(&bench), before);
}

#[test]
fn a_new_url_is_taken_back_too() {
    let bench = Bench::new();
    let before = texts(&bench);
    let run = bench.run("helper", &asked("rotate", json!({ "device": "Hall" })));
    bench.undo("helper", &run.id).unwrap();
    assert_eq!(texts(&bench), before);
    let again = bench.run("helper", &asked("rotate", json!({ "device": "Hall" })));
    assert_eq!(again.counts.done, 1, "an undone run has done nothing");
}

#[test]
fn others_do_not_undo_a_run_and_nobody_does_after_its_days() {
    let bench = Bench::new();
    let run = bench.run("chief", &rows("rows", TWO));
    assert_eq!(bench.undo("helper", &run.id).unwrap_err().code, Code::NotFound);
    bench.pass(Duration::from_secs(31 * 86_400));
    bench.runs.tidy(bench.site.load().config()).unwrap();
    let problem = bench.undo("chief", &run.id).unwrap_err();
    assert!(problem.message.contains("undo-days"), "{problem}");
    assert!(bench.runs.retry(&bench.site.load(), &login("chief"), &run.id).is_err());
    let left: Vec<_> = std::fs::read_dir(bench.site.path("state/runs").join(run.id.as_str()))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    for secret in ["input", "undo.jsonl", "answers.jsonl"] {
        assert!(!left.iter().any(|name| name == secret), "{left:?}");
    }
    assert_eq!(bench.runs.verify().unwrap(), (1, Vec::new()), "its record is kept");
}

#[test]
fn each_sees_the_runs_that_are_theirs_to_see() {
    let bench = Bench::new();
    let mut ids = Vec::new();
    for who in ["helper", "second", "chief"] {
        let order = asked("rename", json!({ "device": "Hall", "notes": who }));
        ids.push(bench.run(who, &order).id);
    }
    let list = |who: &str, filter: &RunFilter, page: Page| {
        let told = bench.runs.list(&bench.site.load(), &login(who), filter, page).unwrap();
        let rows = told["rows"].as_array().unwrap().iter();
        let ids: Vec<String> = rows.map(|row| row["id"].as_str().unwrap().to_owned()).collect();
        (ids, told["total"].as_u64().unwrap())
    };
    let all = RunFilter::default();
    assert_eq!(list("helper", &all, ALL).0, [ids[0].as_str()]);
    assert_eq!(list("second", &all, ALL).0, [ids[1].as_str()]);
    assert_eq!(list("nobody", &all, ALL).1, 0);
    assert_eq!(list("chief", &all, ALL).1, 3);
    assert_eq!(list("administrator", &all, ALL).1, 3);
    let part = list("chief", &all, Page { offset: 1, limit: 1 });
    assert_eq!((part.0.len(), part.1), (1, 3));
    let of = RunFilter { runner: Some("second".to_owned()), ..RunFilter::default() };
    assert_eq!(list("chief", &of, ALL).0, [ids[1].as_str()]);
    let none = RunFilter { state: Some(RunState::Undone), ..RunFilter::default() };
    assert_eq!(list("chief", &none, ALL).1, 0);
    let rows = bench.runs.rows(&bench.site.load(), &login("helper"), &ids[1], None, ALL);
    assert_eq!(rows.unwrap_err().code, Code::NotFound);
}

#[test]
fn a_record_that_somebody_changed_afterwards_is_found() {
    let bench = Bench::new();
    let run = bench.run("helper", &rows("rows", TWO));
    let other = bench.run("helper", &rows("rows", "device,notes\nHall,c\n"));
    let folder = |id: &bellhop::jobs::runs::RunId| bench.site.path("state/runs").join(id.as_str());
    let path = folder(&run.id).join("rows.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("\"b\"", "\"z\"")).unwrap();
    std::fs::remove_dir_all(folder(&other.id)).unwrap();
    let (_, faults) = bench.runs.verify().unwrap();
    let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    let has = |id: &bellhop::jobs::runs::RunId, what: &str| {
        told.iter().any(|fault| fault.contains(id.as_str()) && fault.contains(what))
    };
    assert!(has(&run.id, "not as it was") && has(&other.id, "gone"), "{told:?}");
}

#[test]
fn no_secret_gets_into_the_record_of_a_run() {
    let bench = Bench::new();
    let run = bench.order("helper", &asked("password", json!({ "device": "Hall" }))).unwrap();
    bench.runs.approve(&bench.site.load(), &login("chief"), &run.id).unwrap();
    let run = bench.execute(&run.id).unwrap();
    assert_eq!(run.state, RunState::Done, "{run:?}");
    let fleet = std::fs::read_to_string(bench.site.path("fleet/org.toml")).unwrap();
    let password =
        fleet.lines().find_map(|line| line.strip_prefix("admin-password = \"")?.strip_suffix('"')).unwrap();
    assert_ne!(password, "CANARY-admin-1");
    assert_eq!(bench.rows(&run.id)[0].status, RowStatus::Done);
    let folder = bench.site.path("state/runs").join(run.id.as_str());
    for name in ["run.json", "rows.jsonl"] {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        assert!(!text.contains(password) && !text.contains("CANARY"), "{name}: {text}");
    }
    let log = std::fs::read_to_string(bench.site.path("state/audit.log")).unwrap();
    assert!(!log.contains(password) && !log.contains("CANARY"));
    let answers = bench.runs.collect(&bench.site.load(), &login("helper"), &run.id).unwrap();
    assert!(serde_json::to_string(&answers).unwrap().contains(password), "{answers:?}");
}
