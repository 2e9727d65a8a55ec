//! Rows of edits as one change: all of them or none, each with why, before, after, and what undoes it.

use std::cell::{Cell, RefCell};

use bellhop::operation::{
    Caller, Code, Edit, Fields, Many, ManyOutcome, Problem, RowOutcome, Status, Through, perform_many,
};
use bellhop::reload::{Desk, Loader};
use serde_json::{Value, json};

use crate::support::Site;

const FLEET: &str = r#"
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
"#;

/// The serial of a device by its number.
pub(super) fn serial(number: usize) -> String {
    format!("q7x2m9t4h8k3w6e5r1y{number:03}zpan")
}

pub(super) fn mac(number: usize) -> String {
    format!("00:15:65:00:00:{number:02X}")
}

/// A site with so many devices, each with an extension of its own on its first line.
pub(super) fn site(devices: usize) -> Site {
    let mut text = FLEET.to_owned();
    for number in 0..devices {
        text += &format!(
            "\n[[extension]]\nnumber = \"7*{number:03}\"\nuser = \"user\"\nsip = {{ password = \"CANARY-{number:03}\" }}\n\
             \n# Beside the door.\n[[device]]\nserial = \"{}\"\nname = \"Phone {number:03}\"\nmodel = \"yealink/t46s\"\n\
             mac = \"{}\"\nadmin-password = \"CANARY-admin\"\nowner = \"sp\"\norganization = \"org\"\n\
             lines = [\"7*{number:03}\"]\n",
            serial(number),
            mac(number),
        );
    }
    Site::new().write("fleet/sp/org.toml", &text)
}

pub(super) fn caller(account: &str) -> Caller {
    Caller { account: account.to_owned(), login: None, through: Through::Shell, peer: None, run: None }
}

pub(super) fn fields(value: Value) -> Fields {
    let Value::Object(fields) = value else { panic!("fields are a table") };
    fields
}

pub(super) fn edit(number: usize, what: Value) -> Edit {
    Edit::DeviceEdit { device: serial(number), fields: fields(what) }
}

/// How rows are done here.
#[derive(Clone, Copy, Default)]
pub(super) struct How {
    pub(super) dry_run: bool,
    pub(super) skip_refused: bool,
    pub(super) diff: bool,
}

pub(super) fn run(site: &Site, account: &str, edits: &[(u64, Edit)], how: How) -> ManyOutcome {
    let mut loader = Loader::new(&site.path("bellhop.toml")).unwrap();
    run_at(&mut loader.desk(), account, edits, how)
}

pub(super) fn run_at(desk: &mut Desk<'_>, account: &str, edits: &[(u64, Edit)], how: How) -> ManyOutcome {
    let options = Many {
        dry_run: how.dry_run,
        skip_refused: how.skip_refused,
        diff: how.diff,
        cancelled: &|| false,
        progress: &|_| (),
        note: &mut |_| Ok(()),
    };
    perform_many(desk, &caller(account), edits, options).unwrap()
}

pub(super) fn numbered(edits: Vec<Edit>) -> Vec<(u64, Edit)> {
    (2..).zip(edits).collect()
}

pub(super) fn statuses(outcome: &ManyOutcome) -> Vec<Status> {
    outcome.rows.iter().map(|row| row.status).collect()
}

fn why(row: &RowOutcome) -> String {
    row.problem.as_ref().map(|problem| problem.message.clone()).unwrap_or_default()
}

pub(super) fn text(site: &Site) -> String {
    std::fs::read_to_string(site.path("fleet/sp/org.toml")).unwrap()
}

fn audited(site: &Site) -> Vec<Value> {
    let log = std::fs::read_to_string(site.path("state/audit.log")).unwrap_or_default();
    log.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn rows_are_one_change_with_a_line_in_the_audit_log_for_each_changed_record() {
    let site = site(5);
    let edits: Vec<Edit> = (0..5).map(|number| edit(number, json!({ "notes": "moved" }))).collect();
    let outcome = run(&site, "sp", &numbered(edits.clone()), How::default());
    assert!(outcome.committed && outcome.changed, "{outcome:?}");
    assert_eq!(statuses(&outcome), [Status::Done; 5]);
    assert_eq!(outcome.rows[3].row, 5);
    assert_eq!(outcome.rows[3].after["notes"], "moved");
    assert_eq!(text(&site).matches("notes = \"moved\"").count(), 5);
    assert_eq!(text(&site).matches("# Beside the door.").count(), 5, "what is not edited stays");
    let log = audited(&site);
    assert_eq!(log.len(), 5);
    assert!(log.iter().all(|line| line["snapshot"] == log[0]["snapshot"] && line["account"] == "sp"));
    let again = run(&site, "sp", &numbered(edits), How::default());
    assert_eq!(statuses(&again), [Status::Unchanged; 5]);
    assert!(!again.committed && !again.changed);
    assert_eq!(audited(&site).len(), 5);
}

#[test]
fn one_row_that_is_refused_refuses_all_unless_it_may_be_left_out() {
    let site = site(4);
    let before = text(&site);
    let mut edits: Vec<Edit> = (0..4).map(|number| edit(number, json!({ "notes": "new" }))).collect();
    edits[1] = edit(1, json!({ "model": "yealink/t999" }));
    edits[2] = edit(2, json!({ "update-interval": 0 }));
    let edits = numbered(edits);
    let outcome = run(&site, "sp", &edits, How::default());
    assert!(!outcome.committed);
    assert_eq!(statuses(&outcome), [Status::Done, Status::Refused, Status::Refused, Status::Done]);
    assert!(why(&outcome.rows[1]).contains("t999"), "{}", why(&outcome.rows[1]));
    let field = outcome.rows[2].problem.as_ref().and_then(|problem| problem.field.clone());
    assert_eq!(field.as_deref(), Some("update-interval"), "a fault of the trial is traced to its row");
    assert_eq!(text(&site), before);
    assert!(audited(&site).is_empty());
    let outcome = run(&site, "sp", &edits, How { skip_refused: true, ..How::default() });
    assert!(outcome.committed);
    assert_eq!(text(&site).matches("notes = \"new\"").count(), 2);
    assert_eq!(audited(&site).len(), 2);
}

#[test]
fn a_dry_run_tells_all_and_changes_nothing() {
    let site = site(3);
    let before = text(&site);
    let edits = numbered(vec![
        edit(0, json!({ "admin-password": "CANARY-new" })),
        edit(1, json!({ "name": "Elsewhere" })),
        Edit::DeviceRemove { device: serial(2) },
    ]);
    let outcome = run(&site, "sp", &edits, How { dry_run: true, diff: true, ..How::default() });
    assert_eq!(statuses(&outcome), [Status::Done; 3]);
    assert!(!outcome.committed && outcome.changed && outcome.snapshot.is_none());
    assert_eq!(
        (&outcome.rows[1].before["name"], &outcome.rows[1].after["name"]),
        (&json!("Phone 001"), &json!("Elsewhere"))
    );
    let diff = outcome.diff.as_ref().unwrap();
    assert!(diff.files.contains("+name = \"Elsewhere\""), "{}", diff.files);
    assert!(!diff.rendered.is_empty());
    let told = format!(
        "{outcome:?}{:?}",
        outcome.rows.iter().map(|row| (&row.before, &row.after)).collect::<Vec<_>>()
    );
    assert!(!told.contains("CANARY") && !diff.files.contains("CANARY"), "{told}");
    assert!(!told.contains(&serial(0)));
    assert_eq!(text(&site), before);
    assert!(audited(&site).is_empty());
}

#[test]
fn two_rows_about_one_record_are_both_refused_with_each_others_number() {
    let site = site(3);
    let edits = vec![
        (2, edit(0, json!({ "notes": "one" }))),
        (3, edit(1, json!({ "notes": "other" }))),
        (7, Edit::DeviceEdit { device: mac(0), fields: fields(json!({ "name": "Twin" })) }),
    ];
    let outcome = run(&site, "sp", &edits, How { skip_refused: true, ..How::default() });
    assert_eq!(statuses(&outcome), [Status::Refused, Status::Done, Status::Refused]);
    assert!(why(&outcome.rows[0]).contains("row 7"), "{}", why(&outcome.rows[0]));
    assert!(why(&outcome.rows[2]).contains("row 2"), "{}", why(&outcome.rows[2]));
}

#[test]
fn two_rows_that_want_one_address_or_extension_are_both_refused() {
    let site = site(2);
    let add = |mac: &str, line: &str| Edit::DeviceAdd {
        fields: fields(
            json!({ "name": "New one", "model": "yealink/t46s", "mac": mac, "lines": [line], "owner": "sp" }),
        ),
    };
    let text = text(&site) + "\n[[extension]]\nnumber = \"7*900\"\nuser = \"user\"\n";
    let site = site.write("fleet/sp/org.toml", &text);
    let edits = vec![(2, add("00:15:65:AA:00:01", "7*900")), (3, add("00:15:65:AA:00:02", "7*900"))];
    let outcome = run(&site, "sp", &edits, How { skip_refused: true, ..How::default() });
    assert_eq!(statuses(&outcome), [Status::Refused; 2]);
    assert!(
        why(&outcome.rows[0]).contains("`7*900`") && why(&outcome.rows[0]).contains("row 3"),
        "{outcome:?}"
    );
}

#[test]
fn a_row_that_waits_for_another_one_is_judged_again() {
    let site = site(2);
    let edits =
        numbered(vec![edit(0, json!({ "lines": ["7*000", "7*001"] })), edit(1, json!({ "lines": null }))]);
    let outcome = run(&site, "sp", &edits, How::default());
    assert!(outcome.committed, "{outcome:?}");
    assert!(text(&site).contains("lines = [\"7*000\", \"7*001\"]"));
}

#[test]
fn edits_with_one_number_stand_or_fall_together() {
    let site = site(2);
    let before = text(&site);
    let secret = |asked: Value| Edit::ExtensionEdit { extension: "7*000".to_owned(), fields: fields(asked) };
    let edits = vec![
        (2, secret(json!({ "sip": { "password": "CANARY-next" } }))),
        (2, edit(0, json!({ "settings": { "user-password": "no" } , "model": "yealink/none" }))),
        (3, edit(1, json!({ "notes": "new" }))),
    ];
    let outcome = run(&site, "sp", &edits, How { skip_refused: true, ..How::default() });
    assert_eq!(statuses(&outcome), [Status::Refused, Status::Done]);
    assert_eq!(outcome.rows[0].problem.as_ref().and_then(|problem| problem.edit), Some(1));
    assert_eq!(text(&site).matches("CANARY-next").count(), 0);
    assert_ne!(text(&site), before);
}

#[test]
fn the_outcome_is_noted_right_before_the_change_is_made_and_may_forbid_it() {
    let site = site(2);
    let before = text(&site);
    let edits = numbered(vec![edit(0, json!({ "notes": "new" }))]);
    let mut loader = Loader::new(&site.path("bellhop.toml")).unwrap();
    let mut desk = loader.desk();
    let seen = RefCell::new(Vec::new());
    let progress = Cell::new(0);
    let options = Many {
        dry_run: false,
        skip_refused: false,
        diff: false,
        cancelled: &|| false,
        progress: &|rows| progress.set(rows),
        note: &mut |outcome| {
            seen.borrow_mut().push((outcome.rows[0].inverse.len(), text(&site) == before));
            Err(Problem::new(Code::Failed, "the disk is full"))
        },
    };
    let problem = perform_many(&mut desk, &caller("sp"), &edits, options).unwrap_err();
    assert_eq!(problem.message, "the disk is full");
    assert_eq!(*seen.borrow(), [(1, true)]);
    assert_eq!(progress.get(), 1);
    assert_eq!(text(&site), before);
}

#[test]
fn whoever_cancels_finds_everything_as_it_was() {
    let site = site(2);
    let before = text(&site);
    let edits = numbered(vec![edit(0, json!({ "notes": "new" }))]);
    let mut loader = Loader::new(&site.path("bellhop.toml")).unwrap();
    let mut desk = loader.desk();
    let options = Many {
        dry_run: false,
        skip_refused: true,
        diff: false,
        cancelled: &|| true,
        progress: &|_| (),
        note: &mut |_| panic!("nothing is noted of what is cancelled"),
    };
    let outcome = perform_many(&mut desk, &caller("sp"), &edits, options).unwrap();
    assert!(outcome.cancelled && !outcome.committed);
    assert_eq!(text(&site), before);
}
