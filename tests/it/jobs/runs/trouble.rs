//! Crashes, disks that refuse, and two who work at once.

use bellhop::jobs::runs::{Advance, RunState};
use bellhop::operation::Code;
use serde_json::Value;

use crate::jobs::runs::{Bench, login, rows};

const TWO: &str = "device,notes\nHall,a\nDesk,b\n";

/// Gives a file of the only run.
fn file(bench: &Bench, name: &str) -> std::path::PathBuf {
    let mut folders =
        std::fs::read_dir(bench.site.path("state/runs")).unwrap().map(|entry| entry.unwrap().path());
    folders.find(|path| path.is_dir()).unwrap().join(name)
}

fn header(bench: &Bench) -> Value {
    serde_json::from_str(&std::fs::read_to_string(file(bench, "run.json")).unwrap()).unwrap()
}

fn recover(bench: &Bench) {
    bench.at_desk(|desk| bench.runs.recover(desk)).unwrap();
}

/// Has a run stand as it did right before its batch was made, with all that is on the disk for it.
fn before_the_commit(bench: &Bench) -> Value {
    let run = bench.order("helper", &rows("rows", TWO)).unwrap();
    // Something is in the way of the change itself, so that only what goes before it is done.
    let way = bench.site.path("fleet/.org.toml.new");
    bench.at_desk(|desk| {
        assert!(matches!(bench.runs.advance(desk, &run.id).unwrap(), Advance::More(_)));
        std::fs::create_dir_all(way.join("taken")).unwrap();
        assert!(matches!(bench.runs.advance(desk, &run.id).unwrap(), Advance::More(_)));
    });
    std::fs::remove_dir_all(way).unwrap();
    header(bench)
}

#[test]
fn what_was_about_to_be_made_and_was_not_is_forgotten_and_done_again() {
    let mut bench = Bench::new();
    let header = before_the_commit(&bench);
    assert!(header["intent"].is_object() && header["run"]["state"] == "running", "{header}");
    assert!(std::fs::metadata(file(&bench, "rows.jsonl")).unwrap().len() > 0);
    assert_eq!(bench.notes("Hall"), "");
    // Another process.
    bench.runs = Bench::open(&bench.site, &bench.clock);
    recover(&bench);
    assert_eq!(std::fs::metadata(file(&bench, "rows.jsonl")).unwrap().len(), 0);
    let ready = bench.runs.ready().unwrap();
    let run = bench.execute(&ready[0]).unwrap();
    assert_eq!((run.state, run.counts.done, run.batches), (RunState::Done, 2, 1), "{run:?}");
    assert_eq!((bench.notes("Hall"), bench.notes("Desk")), ("a".to_owned(), "b".to_owned()));
    assert_eq!(bench.audited("run-start").len(), 1, "begun once");
    assert_eq!(bench.runs.verify().unwrap(), (1, Vec::new()));
}

#[test]
fn what_was_made_is_told_as_made_though_the_process_died_before_it_said_so() {
    let mut bench = Bench::new();
    let header = before_the_commit(&bench);
    let kept = std::fs::read(file(&bench, "run.json")).unwrap();
    let id = header["run"]["id"].as_str().unwrap().parse().unwrap();
    let folder = file(&bench, "");
    // The same change is made, and the header is as it was before that.
    bench.runs = Bench::open(&bench.site, &bench.clock);
    bench.execute(&id).unwrap();
    let log = std::fs::read_to_string(bench.site.path("state/audit.log")).unwrap();
    let end = log.lines().position(|line| line.contains("run-end")).unwrap();
    let log: String = log.lines().take(end).map(|line| format!("{line}\n")).collect();
    std::fs::write(bench.site.path("state/audit.log"), log).unwrap();
    std::fs::write(folder.join("run.json"), kept).unwrap();
    std::fs::write(folder.join("live"), "").unwrap();
    bench.runs = Bench::open(&bench.site, &bench.clock);
    recover(&bench);
    let run = bench.look("helper", &id).unwrap();
    assert_eq!((run.state, run.counts.done, run.batches), (RunState::Done, 2, 1), "{run:?}");
    assert!(bench.runs.ready().unwrap().is_empty());
    assert_eq!(bench.audited("device-edit").len(), 2, "nothing was done twice");
    assert_eq!(bench.runs.verify().unwrap(), (1, Vec::new()));
    bench.undo("helper", &id).unwrap();
    assert_eq!(bench.notes("Desk"), "");
}

#[test]
fn a_run_whose_change_cannot_be_written_has_failed_and_says_so() {
    let bench = Bench::new();
    let run = bench.order("helper", &rows("rows", TWO)).unwrap();
    let run = bench.at_desk(|desk| {
        std::fs::create_dir_all(bench.site.path("fleet/.org.toml.new/taken")).unwrap();
        bench.runs.execute(desk, &run.id)
    });
    let run = run.unwrap();
    assert_eq!((run.state, run.counts.failed, run.batches), (RunState::Failed, 2, 0), "{run:?}");
    assert_eq!(bench.notes("Hall"), "");
    assert_eq!(bench.runs.verify().unwrap(), (1, Vec::new()));
    std::fs::remove_dir_all(bench.site.path("fleet/.org.toml.new")).unwrap();
    let again = bench.runs.retry(&bench.site.load(), &login("helper"), &run.id).unwrap();
    assert_eq!(bench.execute(&again.id).unwrap().counts.done, 2);
}

#[test]
fn a_run_whose_record_cannot_be_kept_changes_nothing_and_goes_on_later() {
    let bench = Bench::new();
    let run = bench.order("helper", &rows("rows", TWO)).unwrap();
    std::fs::create_dir_all(file(&bench, "undo.jsonl/taken")).unwrap();
    assert_eq!(bench.execute(&run.id).unwrap_err().code, Code::Failed);
    assert_eq!(bench.notes("Hall"), "");
    assert_eq!(bench.look("helper", &run.id).unwrap().state, RunState::Running, "it is to be gone on with");
    std::fs::remove_dir_all(file(&bench, "undo.jsonl")).unwrap();
    assert_eq!(bench.runs.ready().unwrap(), std::slice::from_ref(&run.id));
    assert_eq!(bench.execute(&run.id).unwrap().state, RunState::Done);
    let other = bench.order("helper", &rows("rows", "device,notes\nHall,c\n")).unwrap();
    let folder = bench.site.path("state/runs").join(other.id.as_str());
    std::fs::create_dir_all(folder.join(".run.json.new/taken")).unwrap();
    assert_eq!(bench.execute(&other.id).unwrap_err().code, Code::Failed, "it cannot even begin");
    assert_eq!(bench.notes("Hall"), "a");
    assert_eq!(bench.look("helper", &other.id).unwrap().state, RunState::Scheduled);
    std::fs::remove_dir_all(folder.join(".run.json.new")).unwrap();
    assert_eq!(bench.execute(&other.id).unwrap().state, RunState::Done);
    assert_eq!(bench.audited("run-start").len(), 2, "what was not kept was not noted");
}

#[test]
fn an_order_that_cannot_be_noted_is_not_taken() {
    let bench = Bench::new();
    std::fs::create_dir_all(bench.site.path("state/audit.log")).unwrap();
    let problem = bench.order("helper", &rows("rows", TWO)).unwrap_err();
    assert_eq!(problem.code, Code::Failed);
    let folders = std::fs::read_dir(bench.site.path("state/runs"))
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().path().is_dir());
    assert_eq!(folders.count(), 0, "nothing is left of it");
}

#[test]
fn an_end_that_could_not_be_noted_is_noted_later() {
    let bench = Bench::new();
    let run = bench.run("helper", &rows("rows", TWO));
    // As it stands after a crash between the record and its line of the log.
    let log = std::fs::read_to_string(bench.site.path("state/audit.log")).unwrap();
    let end: Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
    let shorter: String = log.lines().take(log.lines().count() - 1).map(|line| format!("{line}\n")).collect();
    std::fs::write(bench.site.path("state/audit.log"), shorter).unwrap();
    let (_, faults) = bench.runs.verify().unwrap();
    assert!(faults[0].to_string().contains("does not tell of its end"), "{faults:?}");
    let mut entry = end;
    for key in ["number", "previous", "hash"] {
        entry.as_object_mut().unwrap().remove(key);
    }
    let digest = sha256(&std::fs::read(file(&bench, "run.json")).unwrap());
    let unnoted = serde_json::json!({ "file": "run.json", "sha256": digest, "entry": entry });
    std::fs::write(file(&bench, "unnoted"), unnoted.to_string()).unwrap();
    std::fs::write(file(&bench, "live"), "").unwrap();
    recover(&bench);
    recover(&bench);
    assert_eq!(bench.audited("run-end").len(), 1);
    assert_eq!(bench.runs.verify().unwrap(), (1, Vec::new()));
    assert!(!file(&bench, "unnoted").exists() && !file(&bench, "live").exists());
    assert_eq!(bench.look("helper", &run.id).unwrap().state, RunState::Done);
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn two_processes_do_not_work_on_one_run() {
    let bench = Bench::new();
    let run = bench.order("helper", &rows("rows", TWO)).unwrap();
    let other = Bench::open(&bench.site, &bench.clock);
    bench.at_desk(|desk| {
        assert!(matches!(bench.runs.advance(desk, &run.id).unwrap(), Advance::More(_)));
        let problem = other.advance(desk, &run.id).unwrap_err();
        assert!(problem.message.contains("being worked on"), "{problem}");
        assert!(other.ready().unwrap().is_empty());
        other.recover(desk).unwrap();
        assert_eq!(bench.runs.execute(desk, &run.id).unwrap().state, RunState::Done);
    });
    assert_eq!(bench.audited("device-edit").len(), 2);
}
