//! From the order to the end.

use bellhop::jobs::runs::{RowStatus, RunState};
use bellhop::operation::Code;
use serde_json::json;

use crate::jobs::runs::{Bench, asked, login, rows};

#[test]
fn a_member_of_the_help_desk_runs_an_on_demand_job_and_the_audit_log_tells_of_it() {
    let bench = Bench::new();
    let order = asked("rename", json!({ "device": "Hall", "notes": "for visitors" }));
    let run = bench.order("helper", &order).unwrap();
    assert_eq!(run.state, RunState::Scheduled);
    assert_eq!(bench.runs.ready().unwrap(), std::slice::from_ref(&run.id));
    let run = bench.execute(&run.id).unwrap();
    assert_eq!((run.state, run.counts.done, run.counts.pending), (RunState::Done, 1, 0), "{run:?}");
    assert_eq!(bench.notes("Hall"), "for visitors");
    let rows = bench.rows(&run.id);
    assert_eq!(rows[0].status, RowStatus::Done);
    assert_eq!(rows[0].after["notes"], "for visitors");
    for operation in ["run-order", "run-start", "device-edit", "run-end"] {
        let lines = bench.audited(operation);
        assert_eq!(lines.len(), 1, "{operation}");
        assert_eq!(lines[0].entry.run.as_deref(), Some(run.id.as_str()), "{operation}");
        assert_eq!(lines[0].entry.login.as_deref(), Some("helper"));
    }
    assert_eq!(bench.runs.verify().unwrap(), (1, Vec::new()));
    assert!(bench.runs.ready().unwrap().is_empty());
}

#[test]
fn a_job_that_is_on_no_list_is_as_if_it_were_not_there_and_the_audit_log_tells_of_the_attempt() {
    let bench = Bench::new();
    let order = asked("rename", json!({ "device": "Hall", "notes": "mine" }));
    let problem = bench.order("nobody", &order).unwrap_err();
    assert_eq!(problem.code, Code::NotFound);
    let none = bench.order("nobody", &asked("none", json!({}))).unwrap_err();
    assert_eq!(problem.message.replace("rename", "none"), none.message);
    assert_eq!(bench.audited("run-order").len(), 2);
    assert!(!bench.site.path("state/runs").exists(), "nothing is kept of it");
}

#[test]
fn a_device_beside_the_platform_is_told_of_like_one_that_is_not_there() {
    let bench = Bench::new();
    let order = |device: &str| rows("rows", &format!("device,notes\n{device},x\n"));
    let strange = bench.run("helper", &order("Strange"));
    let none = bench.run("helper", &order("Nonesuch"));
    assert_eq!((strange.state, none.state), (RunState::Refused, RunState::Refused));
    let why = |id| bench.rows(id)[0].problem.clone().unwrap().message;
    assert_eq!(why(&strange.id).replace("Strange", "Nonesuch"), why(&none.id));
}

#[test]
fn rows_are_one_change_and_one_that_is_refused_refuses_all() {
    let bench = Bench::new();
    let run = bench.run("helper", &rows("rows", "device,notes\nHall,a\nDesk,b\n"));
    assert_eq!((run.state, run.counts.done, run.batches), (RunState::Done, 2, 1), "{run:?}");
    let run = bench.run("helper", &rows("rows", "device,notes\nHall,c\nNonesuch,d\nDesk,e\n"));
    assert_eq!((run.state, run.counts.refused, run.counts.pending), (RunState::Refused, 1, 2), "{run:?}");
    assert_eq!((bench.notes("Hall"), bench.notes("Desk")), ("a".to_owned(), "b".to_owned()));
    let statuses = [(2, RowStatus::Pending), (3, RowStatus::Refused), (4, RowStatus::Pending)];
    assert_eq!(bench.statuses(&run.id), statuses);
    assert!(bench.look("helper", &run.id).is_ok());
    assert!(bench.runs.look(&bench.site.load(), &login("second"), &run.id).is_err(), "another's");
}

#[test]
fn a_preview_tells_each_row_and_what_phones_would_get_and_keeps_nothing() {
    let bench = Bench::new();
    let before = std::fs::read_to_string(bench.site.path("fleet/org.toml")).unwrap();
    let order = rows("rows", "device,notes\nHall,a\nNonesuch,b\n");
    let preview = bench.at_desk(|desk| bench.runs.preview(desk, &login("helper"), &order)).unwrap();
    assert_eq!((preview.state, preview.counts.done, preview.counts.refused), (RunState::Refused, 1, 1));
    assert_eq!(preview.rows[0].after["notes"], "a");
    assert!(preview.diff.files.contains("+notes = \"a\""), "{}", preview.diff.files);
    assert_eq!(std::fs::read_to_string(bench.site.path("fleet/org.toml")).unwrap(), before);
    assert!(bench.runs.ready().unwrap().is_empty() && bench.audited("run").is_empty());
    let problem = bench.at_desk(|desk| bench.runs.preview(desk, &login("nobody"), &order)).unwrap_err();
    assert_eq!(problem.code, Code::NotFound);
}

#[test]
fn whoever_fills_in_a_form_is_told_at_once_which_field_is_wrong() {
    let bench = Bench::new();
    for (values, field) in [
        (json!({ "device": "Hall" }), "notes"),
        (json!({ "device": "Hall", "notes": "x", "name": "Mine" }), "name"),
        // They may name the device, and change nothing of it.
        (json!({ "device": "Hall", "notes": "x", "mac": "00:15:65:00:00:77" }), "mac"),
        (json!({ "device": "Hall", "notes": "x", "mac": "00:15:65:00:00:02" }), "mac"),
        (json!({ "notes": "x" }), "device"),
    ] {
        let problem = bench.order("helper", &asked("rename", values.clone())).unwrap_err();
        assert_eq!(problem.field.as_deref(), Some(field), "{values}: {problem}");
    }
    let problem = bench.order("helper", &asked("rows", json!({ "device": "Hall" }))).unwrap_err();
    assert!(problem.message.contains("runs over rows"), "{problem}");
    let problem = bench.order("helper", &rows("rename", "device,notes\nHall,x\n")).unwrap_err();
    assert!(problem.message.contains("instead of rows"), "{problem}");
}
