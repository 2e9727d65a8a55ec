//! A second person decides, and a run begins when it is due.

use std::time::Duration;

use bellhop::jobs::runs::{Order, RunState, Runs};
use bellhop::operation::{Code, Edit, Request, perform};
use serde_json::json;

use crate::jobs::runs::{BEGIN, Bench, administrator, asked, fields, login, rows};

const DAY: Duration = Duration::from_secs(86_400);

fn password() -> Order {
    asked("password", json!({ "device": "Hall" }))
}

fn later(start_at: &str, zone: Option<&str>) -> Order {
    let order = rows("rows", "device,notes\nHall,later\n");
    Order { start_at: Some(start_at.to_owned()), time_zone: zone.map(str::to_owned), ..order }
}

#[test]
fn a_run_that_needs_approval_waits_for_another_login_that_administers_its_kind() {
    let bench = Bench::new();
    let run = bench.order("helper", &password()).unwrap();
    assert_eq!(run.state, RunState::Waiting);
    assert!(bench.runs.ready().unwrap().is_empty());
    assert_eq!(bench.execute(&run.id).unwrap_err().code, Code::Conflict);
    let approve = |who: &str| bench.runs.approve(&bench.site.load(), &login(who), &run.id);
    assert_eq!(approve("helper").unwrap_err().code, Code::Forbidden, "nobody approves their own run");
    assert_eq!(
        approve("second").unwrap_err().code,
        Code::NotFound,
        "another of the help desk does not see it"
    );
    assert_eq!(approve("nobody").unwrap_err().code, Code::NotFound);
    let approved = approve("chief").unwrap();
    assert_eq!(approved.state, RunState::Scheduled);
    assert_eq!(approved.approved.unwrap().by.login.as_deref(), Some("chief"));
    assert_eq!(approve("chief").unwrap_err().code, Code::Conflict);
    assert_eq!(bench.execute(&run.id).unwrap().state, RunState::Done);
    assert_eq!(bench.audited("run-approve").len(), 2, "what was refused, and what was done");
}

#[test]
fn who_orders_a_run_does_not_approve_it_whatever_they_administer() {
    let bench = Bench::new();
    let run = bench.order("chief", &password()).unwrap();
    let snapshot = bench.site.load();
    let problem = bench.runs.approve(&snapshot, &login("chief"), &run.id).unwrap_err();
    assert!(problem.message.contains("second person"), "{problem}");
    assert_eq!(bench.runs.approve(&snapshot, &administrator(), &run.id).unwrap().state, RunState::Scheduled);
}

#[test]
fn a_rejected_run_has_ended_and_changed_nothing() {
    let bench = Bench::new();
    let run = bench.order("helper", &password()).unwrap();
    let rejected = bench.runs.reject(&bench.site.load(), &login("chief"), &run.id).unwrap();
    assert_eq!(rejected.state, RunState::Rejected);
    assert!(bench.runs.approve(&bench.site.load(), &login("chief"), &run.id).is_err());
    assert_eq!(bench.runs.verify().unwrap(), (1, Vec::new()));
}

#[test]
fn a_run_that_nobody_approves_in_time_is_rejected() {
    let bench = Bench::new();
    let run = bench.order("helper", &password()).unwrap();
    let tidy = || bench.runs.tidy(bench.site.load().config()).unwrap();
    bench.pass(29 * DAY);
    tidy();
    assert_eq!(bench.look("helper", &run.id).unwrap().state, RunState::Waiting);
    bench.pass(2 * DAY);
    tidy();
    let run = bench.look("helper", &run.id).unwrap();
    assert_eq!((run.state, run.why.as_deref()), (RunState::Rejected, Some("nobody approved it in time")));
    assert_eq!(bench.runs.verify().unwrap(), (1, Vec::new()));
}

#[test]
fn a_run_begins_when_it_is_due_in_its_zone_and_not_before() {
    let bench = Bench::new();
    let run = bench.order("helper", &later("2026-12-01T22:00", Some("Europe/Bucharest"))).unwrap();
    assert_eq!((run.state, run.due.as_str()), (RunState::Scheduled, "2026-12-01T20:00:00.000Z"));
    assert!(bench.runs.ready().unwrap().is_empty());
    assert_eq!(bench.runs.until_next().unwrap(), Some(Duration::from_secs(10 * 3600)), "since {BEGIN}");
    let problem = bench.execute(&run.id).unwrap_err();
    assert_eq!(problem.code, Code::Conflict, "{problem}");
    bench.pass(Duration::from_secs(10 * 3600));
    assert_eq!(bench.runs.ready().unwrap(), std::slice::from_ref(&run.id));
    assert_eq!(bench.execute(&run.id).unwrap().state, RunState::Done);
    assert_eq!(bench.notes("Hall"), "later");
}

#[test]
fn a_time_that_no_clock_shows_is_refused_and_one_that_comes_twice_is_told_of() {
    let bench = Bench::new();
    let problem = bench.order("helper", &later("2027-03-28T03:30", Some("Europe/Bucharest"))).unwrap_err();
    assert_eq!(problem.field.as_deref(), Some("start-at"));
    assert!(problem.message.contains("the next time is 2027-03-28T04:00"), "{problem}");
    let run = bench.order("helper", &later("2027-10-31T03:30", Some("Europe/Bucharest"))).unwrap();
    assert_eq!(run.due, "2027-10-31T00:30:00.000Z");
    assert!(run.warnings.iter().any(|warning| warning.contains("comes twice")), "{:?}", run.warnings);
    assert!(bench.order("helper", &later("2026-12-01T09:59", None)).unwrap_err().message.contains("is past"));
}

#[test]
fn a_job_says_when_its_runs_begin_and_a_run_says_otherwise() {
    let bench = Bench::new();
    let kept = Order::new("kept", bellhop::jobs::runs::Input::Kept);
    let run = bench.order("helper", &kept).unwrap();
    assert_eq!(run.due, "2027-01-04T20:00:00.000Z");
    let now = Order { start_at: Some("now".to_owned()), ..kept };
    assert_eq!(bench.run("helper", &now).state, RunState::Done);
    assert_eq!(bench.notes("Hall"), "kept");
}

#[test]
fn a_login_that_has_lost_its_grant_until_then_runs_nothing() {
    let bench = Bench::new();
    let run = bench.order("helper", &later("2026-12-01T22:00", None)).unwrap();
    let fleet = std::fs::read_to_string(bench.site.path("fleet/org.toml")).unwrap();
    bench.site.put("fleet/org.toml", &fleet.replace("logins = [\"helper\", \"second\"]", "logins = []"));
    bench.pass(DAY);
    let run = bench.execute(&run.id).unwrap();
    assert_eq!((run.state, run.counts.pending), (RunState::Refused, 1), "{run:?}");
    assert_eq!(bench.notes("Hall"), "");
    assert!(bench.look("helper", &run.id).is_err(), "whoever has no right there sees nothing");
}

#[test]
fn a_job_that_was_changed_since_does_not_run_in_the_place_of_the_one_that_was_approved() {
    let bench = Bench::new();
    let run = bench.order("helper", &password()).unwrap();
    bench.runs.approve(&bench.site.load(), &login("chief"), &run.id).unwrap();
    let name = fields(json!({ "name": "Another" }));
    let edits = vec![Edit::JobEdit { job: "password".to_owned(), fields: name }];
    let request = Request { edits, dry_run: false, if_match: None };
    bench.at_desk(|desk| perform(desk, &administrator(), &request)).unwrap();
    let run = bench.execute(&run.id).unwrap();
    assert_eq!(run.state, RunState::Refused);
    assert!(run.why.unwrap().contains("version 1, now 2"));
}

#[test]
fn without_the_feature_nobody_runs_anything_and_the_records_are_kept() {
    let bench = Bench::new();
    let done = bench.run("helper", &rows("rows", "device,notes\nHall,on\n"));
    let waiting = bench.order("helper", &later("2026-12-01T22:00", None)).unwrap();
    bench.site.put(
        "bellhop.toml",
        &std::fs::read_to_string(bench.site.path("bellhop.toml"))
            .unwrap()
            .replace("provisioning-jobs = true", "provisioning-jobs = false"),
    );
    bench.pass(DAY);
    for who in ["helper", "chief", "administrator"] {
        assert!(bench.order(who, &rows("rows", "device,notes\nHall,off\n")).is_err(), "{who}");
    }
    assert_eq!(bench.execute(&waiting.id).unwrap().state, RunState::Refused);
    assert!(bench.look("helper", &done.id).is_err() && bench.look("chief", &done.id).is_err());
    assert!(bench.look("administrator", &done.id).is_ok());
    let runs = Runs::open(&bench.site.path("state"));
    assert_eq!(runs.verify().unwrap(), (2, Vec::new()));
}
