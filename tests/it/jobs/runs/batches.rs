//! Batches, their end at an error or not, cancelling, trying again, and doing nothing twice.

use bellhop::jobs::runs::{Advance, Order, Phase, RowStatus, RunState};
use bellhop::operation::Code;
use serde_json::json;

use crate::jobs::runs::{Bench, asked, login, rows};

/// More phones, so that there is something to batch.
fn bench() -> Bench {
    let more: String = (3..=7)
        .map(|number| {
            format!(
                "\n[[device]]\nserial = \"q7x2m9t4h8k3w6e5r1y00{number}zpan\"\nname = \"Phone {number}\"\nmodel = \"yealink/t46s\"\n\
                 mac = \"00:15:65:00:00:0{number}\"\nowner = \"sp\"\norganization = \"org\"\n"
            )
        })
        .collect();
    Bench::with(&more)
}

const SEVEN: &str = "device,notes\nHall,x\nDesk,x\nPhone 3,x\nPhone 4,x\nPhone 5,x\nPhone 6,x\nPhone 7,x\n";

#[test]
fn rows_in_batches_leave_out_those_that_are_refused_where_the_job_goes_on() {
    let bench = bench();
    let csv = SEVEN.replace("Phone 4,x", "Nonesuch,x");
    let run = bench.run("helper", &rows("batches", &csv));
    assert_eq!((run.state, run.batches), (RunState::Done, 4), "{run:?}");
    assert_eq!((run.counts.done, run.counts.refused, run.counts.pending), (6, 1, 0));
    assert_eq!(bench.statuses(&run.id)[3], (5, RowStatus::Refused));
    assert_eq!(
        (bench.notes("Phone 3"), bench.notes("Phone 4"), bench.notes("Phone 5")),
        ("x".into(), String::new(), "x".into())
    );
    assert_eq!(bench.audited("run").iter().filter(|line| line.entry.after.contains_key("sha256")).count(), 1);
}

#[test]
fn what_is_found_wrong_before_anything_changes_leaves_everything_as_it_was() {
    let bench = bench();
    let run = bench.run("helper", &rows("careful", &SEVEN.replace("Phone 4,x", "Nonesuch,x")));
    assert_eq!((run.state, run.batches), (RunState::Refused, 0));
    assert_eq!((run.counts.refused, run.counts.pending), (1, 6));
    assert_eq!(bench.notes("Hall"), "");
}

#[test]
fn a_row_that_becomes_impossible_meanwhile_stops_the_run_and_the_batches_before_stay() {
    let bench = bench();
    let run = bench.order("helper", &rows("careful", SEVEN)).unwrap();
    // Begun, validated, and the first batch made.
    for _ in 0..3 {
        assert!(matches!(bench.at_desk(|desk| bench.runs.advance(desk, &run.id)).unwrap(), Advance::More(_)));
    }
    let jobs = std::fs::read_to_string(bench.site.path("fleet/jobs.toml")).unwrap();
    let gone = jobs.replace("name = \"Phone 4\"\nmodel = \"yealink/t46s\"\nmac = \"00:15:65:00:00:04\"\nowner = \"sp\"\norganization = \"org\"", "name = \"Phone 4\"\nmodel = \"yealink/t46s\"\nmac = \"00:15:65:00:00:04\"\nowner = \"sp\"\norganization = \"beside\"");
    assert_ne!(gone, jobs);
    bench.site.put("fleet/jobs.toml", &gone);
    let run = bench.execute(&run.id).unwrap();
    assert_eq!((run.state, run.batches), (RunState::Stopped, 1), "{run:?}");
    assert_eq!((run.counts.done, run.counts.refused, run.counts.pending), (2, 1, 4));
    assert_eq!((bench.notes("Desk"), bench.notes("Phone 3")), ("x".to_owned(), String::new()));
    assert_eq!(bench.runs.verify().unwrap(), (1, Vec::new()));
}

#[test]
fn a_run_is_cancelled_between_batches_and_what_was_done_stays() {
    let bench = bench();
    let run = bench.order("helper", &rows("careful", SEVEN)).unwrap();
    let progress = || bench.runs.progress(&bench.site.load(), &login("helper"), &run.id).unwrap();
    assert_eq!(progress().phase, Phase::Waiting);
    for _ in 0..3 {
        bench.at_desk(|desk| bench.runs.advance(desk, &run.id)).unwrap();
    }
    let now = progress();
    assert_eq!((now.phase, now.rows, now.validated, now.applied), (Phase::Applying, 7, 7, 2));
    let cancel = |who: &str| bench.runs.cancel(&bench.site.load(), &login(who), &run.id);
    assert_eq!(cancel("second").unwrap_err().code, Code::NotFound);
    assert_eq!(cancel("chief").unwrap().state, RunState::Running, "the next step hears of it");
    let run = bench.execute(&run.id).unwrap();
    assert_eq!((run.state, run.counts.done, run.counts.pending), (RunState::Cancelled, 2, 5), "{run:?}");
    assert_eq!(run.cancelled.clone().unwrap().by.login.as_deref(), Some("chief"));
    assert_eq!((bench.notes("Desk"), bench.notes("Phone 3")), ("x".to_owned(), String::new()));
    assert_eq!(
        bench.runs.cancel(&bench.site.load(), &login("helper"), &run.id).unwrap_err().code,
        Code::Conflict
    );
    assert_eq!(bench.runs.verify().unwrap(), (1, Vec::new()));
}

#[test]
fn a_run_is_cancelled_before_it_begins() {
    let bench = Bench::new();
    let run = bench.order("helper", &rows("rows", "device,notes\nHall,x\n")).unwrap();
    let run = bench.runs.cancel(&bench.site.load(), &login("helper"), &run.id).unwrap();
    assert_eq!(run.state, RunState::Cancelled);
    assert!(bench.execute(&run.id).is_err() && bench.runs.ready().unwrap().is_empty());
}

#[test]
fn a_retry_is_a_new_run_of_the_rows_that_were_not_done() {
    let bench = bench();
    let run = bench.run("helper", &rows("batches", &SEVEN.replace("Phone 4,x", "Nonesuch,x")));
    let retry = |id| bench.runs.retry(&bench.site.load(), &login("helper"), id);
    let again = retry(&run.id).unwrap();
    assert_eq!((again.retry_of.as_ref(), again.counts.rows), (Some(&run.id), 1));
    let again = bench.execute(&again.id).unwrap();
    assert_eq!(again.state, RunState::Refused);
    assert_eq!(bench.statuses(&again.id), [(5, RowStatus::Refused)], "it keeps its line");
    let jobs = std::fs::read_to_string(bench.site.path("fleet/jobs.toml")).unwrap();
    bench.site.put("fleet/jobs.toml", &jobs.replace("name = \"Phone 4\"", "name = \"Nonesuch\""));
    let third = retry(&again.id).unwrap();
    assert_eq!(bench.execute(&third.id).unwrap().counts.done, 1);
    assert_eq!(retry(&third.id).unwrap_err().code, Code::Conflict, "nothing is left");
}

#[test]
fn rows_that_were_never_reached_are_tried_again_too() {
    let bench = Bench::new();
    let run = bench.order("helper", &rows("rows", "device,notes\nHall,x\nDesk,y\n")).unwrap();
    bench.runs.cancel(&bench.site.load(), &login("helper"), &run.id).unwrap();
    let again = bench.runs.retry(&bench.site.load(), &login("helper"), &run.id).unwrap();
    assert_eq!(again.counts.rows, 2);
    assert_eq!(bench.execute(&again.id).unwrap().counts.done, 2);
}

#[test]
fn the_same_file_run_twice_changes_nothing_the_second_time() {
    let bench = bench();
    bench.run("helper", &rows("rows", SEVEN));
    let changes = bench.audited("device").len();
    let run = bench.run("helper", &rows("rows", SEVEN));
    assert_eq!((run.state, run.counts.unchanged, run.batches), (RunState::Done, 7, 0), "{run:?}");
    assert_eq!(bench.audited("device").len(), changes);
}

#[test]
fn what_is_generated_is_not_generated_again_for_the_same_row_unless_that_is_asked_for() {
    let bench = bench();
    let csv = "device\nHall\nDesk\n";
    let serial = |name: &str| {
        let snapshot = bench.site.load();
        let phone = snapshot.phones().find(|phone| phone.device.name == name).unwrap();
        phone.device.serial.expose().to_owned()
    };
    let before = serial("Hall");
    let first = bench.run("helper", &rows("rotates", csv));
    assert_eq!(first.counts.done, 2, "{first:?}");
    let rotated = serial("Hall");
    assert_ne!(rotated, before);
    let second = bench.run("helper", &rows("rotates", csv));
    assert_eq!((second.counts.unchanged, second.counts.done), (2, 0));
    assert_eq!(serial("Hall"), rotated);
    let note = bench.rows(&second.id)[0].note.clone().unwrap();
    assert!(note.contains(first.id.as_str()), "{note}");
    let other = bench.run("helper", &rows("rotates", "device\nPhone 3\nHall\n"));
    assert_eq!((other.counts.done, other.counts.unchanged), (1, 1), "a row counts wherever it stands");
    let again = bench.run("helper", &Order { again: true, ..rows("rotates", csv) });
    assert_eq!(again.counts.done, 2);
    assert_ne!(serial("Hall"), rotated);
}

#[test]
fn what_a_run_generated_is_told_once_and_to_its_runner_alone() {
    let bench = Bench::new();
    let run = bench.run("helper", &asked("rotate", json!({ "device": "Hall" })));
    let collect = |who: &str| bench.runs.collect(&bench.site.load(), &login(who), &run.id);
    assert_eq!(collect("chief").unwrap_err().code, Code::Forbidden);
    let answers = collect("helper").unwrap();
    let snapshot = bench.site.load();
    let hall = snapshot.phones().find(|phone| phone.device.name == "Hall").unwrap();
    let serial = hall.device.serial.expose();
    assert!(serde_json::to_string(&answers).unwrap().contains(serial), "{answers:?}");
    assert!(collect("helper").unwrap().is_empty(), "told once");
    let kept = std::fs::read_dir(bench.site.path("state/runs").join(run.id.as_str())).unwrap();
    for file in kept {
        let file = file.unwrap();
        let name = file.file_name().into_string().unwrap();
        let text = std::fs::read_to_string(file.path()).unwrap();
        assert!(name == "undo.jsonl" || !text.contains(serial), "{name} holds the new serial");
    }
    let log = std::fs::read_to_string(bench.site.path("state/audit.log")).unwrap();
    assert!(!log.contains(serial));
}
