//! What undoes rows, and rows that exchange what they have; many edits of a request beside one after the other.

use std::collections::BTreeMap;

use bellhop::model::{Device, Extension};
use bellhop::operation::{Edit, Request, Status, perform};
use bellhop::reload::Loader;
use bellhop::snapshot::Snapshot;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::bulk::{How, caller, edit, fields, mac, numbered, run, run_at, serial, site, statuses, text};
use crate::support::Site;

/// Every device and extension, the times left out that the server writes.
fn records(snapshot: &Snapshot) -> (BTreeMap<String, Device>, BTreeMap<String, Extension>) {
    let device =
        |device: &Device| (device.serial.expose().to_owned(), Device { dates: None, ..device.clone() });
    let devices = snapshot.phones().map(|phone| device(phone.device)).collect();
    let extensions =
        snapshot.extensions().map(|record| (record.number.to_string(), record.clone())).collect();
    (devices, extensions)
}

/// Something to do with the device or extension of a number.
fn any_edit(number: usize) -> impl Strategy<Value = Edit> {
    let change = prop_oneof![
        Just(json!({ "name": "Another one", "notes": "x" })),
        Just(json!({ "notes": null, "status": "disabled", "admin-password": "CANARY-other" })),
        Just(json!({ "settings": { "user-password": "CANARY-1", "language": "de" }, "raw": { "a.b": "1" } })),
        Just(json!({ "admin-password": null, "update-interval": 30, "organization": null })),
        Just(
            json!({ "network": { "address": "192.0.2.7", "netmask": "255.255.255.0", "gateway": "192.0.2.1" } })
        ),
        Just(json!({ "serial": "generate", "protocol": "https" })),
        Just(json!({ "owner": "org", "mac-based": true, "protocol": "http" })),
        Just(json!({ "model": "yealink/none" })),
        (0..6_usize).prop_map(|other| json!({ "mac": mac(other) })),
        (0..6_usize).prop_map(|other| json!({ "lines": [format!("7*{other:03}")] })),
        Just(json!({ "lines": null })),
    ];
    prop_oneof![
        6 => change.prop_map(move |what| edit(number, what)),
        1 => Just(Edit::DeviceRemove { device: serial(number) }),
        1 => Just(Edit::DeviceClear { device: serial(number) }),
        1 => Just(Edit::DeviceRotate { device: serial(number) }),
        1 => Just(Edit::DevicePassword { device: serial(number) }),
        1 => Just(Edit::ExtensionRemove { extension: format!("7*{number:03}") }),
        1 => Just(Edit::ExtensionEdit {
            extension: format!("7*{number:03}"),
            fields: fields(json!({ "display-name": "Hall", "sip": { "password": "generate" } })),
        }),
        1 => Just(Edit::LevelSet { account: format!("7*{number:03}"), level: Some("view".to_owned()) }),
        1 => Just(Edit::DeviceAdd { fields: fields(json!({
            "serial": format!("n{}", serial(number)), "name": "New one", "model": "yealink/t46s",
            "mac": mac(100 + number), "owner": "sp",
        })) }),
    ]
}

fn any_rows() -> impl Strategy<Value = Vec<Edit>> {
    let each: Vec<_> = (0..6).map(any_edit).collect();
    (each, proptest::sample::subsequence((0..6).collect::<Vec<usize>>(), 1..=6))
        .prop_map(|(edits, chosen)| chosen.into_iter().map(|at| edits[at].clone()).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn the_inverse_of_rows_gives_every_record_back(edits in any_rows()) {
        let site = site(6);
        let mut loader = Loader::new(&site.path("bellhop.toml")).unwrap();
        let mut desk = loader.desk();
        let before = records(desk.snapshot());
        let left_out = How { skip_refused: true, ..How::default() };
        let outcome = run_at(&mut desk, "administrator", &numbered(edits.clone()), left_out);
        for row in outcome.rows.iter().filter(|row| row.status == Status::Done) {
            prop_assert!(!row.inverse.is_empty());
            prop_assert!(row.after_version.iter().all(|version| version.stands(desk.snapshot())));
        }
        let rows = outcome.rows.iter().rev().flat_map(|row| row.inverse.iter().map(|edit| (row.row, edit.clone())));
        let undone = run_at(&mut desk, "administrator", &rows.collect::<Vec<_>>(), How::default());
        let refused: Vec<_> = undone.rows.iter().filter_map(|row| row.problem.clone()).collect();
        prop_assert!(refused.is_empty(), "{refused:?} of {edits:?}");
        prop_assert_eq!(records(desk.snapshot()), before);
    }

    #[test]
    fn edits_of_a_request_come_to_the_same_together_as_one_after_the_other(
        edits in proptest::collection::vec((0..6_usize).prop_flat_map(any_edit), 1..12),
        by_name in any::<bool>(),
    ) {
        // What is generated differs each time.
        let generates = |edit: &Edit| {
            let text = serde_json::to_string(edit).unwrap();
            text.contains("generate") || text.contains("rotate") || text.contains("device-password")
        };
        let mut edits: Vec<Edit> = edits.into_iter().filter(|edit| !generates(edit)).collect();
        if by_name {
            let named = |name: &str| Edit::DeviceEdit { device: name.to_owned(), fields: fields(json!({ "host": "h" })) };
            edits.push(named("Another one"));
            edits.push(named("New one"));
        }
        let (one, other) = (site(6), site(6));
        let together = at_once(&one, &edits);
        let each = one_by_one(&other, &edits);
        prop_assert_eq!(&together, &each);
        if together.is_ok() {
            let (one, other) = (text(&one), text(&other));
            prop_assert_eq!(without_times(&one), without_times(&other));
        } else {
            prop_assert!(!text(&one).contains("updated = "), "nothing is changed");
        }
    }
}

/// What edits of one request answer, or which of them is refused, and why.
type Answers = Result<Vec<Value>, (usize, String, Option<String>)>;

fn at_once(site: &Site, edits: &[Edit]) -> Answers {
    let mut loader = Loader::new(&site.path("bellhop.toml")).unwrap();
    let request = Request { edits: edits.to_vec(), ..Request::default() };
    let outcome = perform(&mut loader.desk(), &caller("sp"), &request);
    let outcome = outcome.map_err(|problem| (problem.edit.unwrap(), problem.message, problem.field))?;
    Ok(outcome.results.into_iter().map(timeless).collect())
}

fn one_by_one(site: &Site, edits: &[Edit]) -> Answers {
    let mut loader = Loader::new(&site.path("bellhop.toml")).unwrap();
    let mut desk = loader.desk();
    let mut answers = Vec::new();
    for (at, edit) in edits.iter().enumerate() {
        let request = Request { edits: vec![edit.clone()], ..Request::default() };
        let outcome = perform(&mut desk, &caller("sp"), &request);
        let outcome = outcome.map_err(|problem| (at, problem.message, problem.field))?;
        answers.extend(outcome.results.into_iter().map(timeless));
    }
    Ok(answers)
}

/// Takes away what the clock says; the version holds it, too.
fn timeless(mut answer: Value) -> Value {
    if let Some(answer) = answer.as_object_mut() {
        answer.retain(|key, _| !["created", "updated", "version"].contains(&key.as_str()));
    }
    answer
}

fn without_times(text: &str) -> Vec<&str> {
    let is_time = |line: &&str| line.starts_with("updated = ") || line.starts_with("created = ");
    text.lines().filter(|line| !is_time(line)).collect()
}

#[test]
fn rows_exchange_addresses_and_lines() {
    let site = site(4);
    let before = records(&site.load());
    let edits = numbered(vec![
        edit(0, json!({ "mac": mac(1) })),
        edit(1, json!({ "mac": mac(2), "mac-based": true, "protocol": "http" })),
        edit(2, json!({ "mac": mac(0), "lines": ["7*003"] })),
        edit(3, json!({ "lines": ["", "7*002"] })),
    ]);
    let outcome = run(&site, "sp", &edits, How::default());
    assert_eq!(statuses(&outcome), [Status::Done; 4], "{outcome:?}");
    let after = site.load();
    let device = |number: usize| after.phone_by_serial(&serial(number)).unwrap().device.clone();
    for (number, now) in [(0, 1), (1, 2), (2, 0), (3, 3)] {
        assert_eq!(device(number).mac.map(|mac| mac.to_string()), Some(mac(now)));
    }
    assert_eq!(device(3).lines[1].as_deref(), Some("7*002"));
    let rows =
        outcome.rows.iter().rev().flat_map(|row| row.inverse.iter().map(|edit| (row.row, edit.clone())));
    let undone = run(&site, "sp", &rows.collect::<Vec<_>>(), How::default());
    assert!(undone.committed, "{undone:?}");
    assert_eq!(records(&site.load()), before);
}

#[test]
fn whoever_relies_on_a_row_that_is_refused_is_refused() {
    let site = site(3);
    let before = text(&site);
    let edits = numbered(vec![
        edit(0, json!({ "mac": mac(1) })),
        edit(1, json!({ "mac": mac(0), "model": "yealink/none" })),
        edit(2, json!({ "notes": "new" })),
    ]);
    let outcome = run(&site, "sp", &edits, How { skip_refused: true, ..How::default() });
    assert_eq!(statuses(&outcome), [Status::Refused, Status::Refused, Status::Done], "{outcome:?}");
    let after = text(&site);
    let lines: Vec<&str> =
        after.lines().filter(|line| !line.starts_with("updated") && !line.starts_with("notes")).collect();
    assert_eq!(lines, before.lines().collect::<Vec<_>>());
}

#[test]
fn what_is_touched_afterwards_is_told_by_its_version() {
    let site = site(2);
    let outcome = run(&site, "sp", &numbered(vec![edit(0, json!({ "notes": "one" }))]), How::default());
    let version = &outcome.rows[0].after_version[0];
    assert!(version.stands(&site.load()));
    run(&site, "sp", &numbered(vec![edit(1, json!({ "notes": "two" }))]), How::default());
    assert!(version.stands(&site.load()), "another record");
    run(&site, "sp", &numbered(vec![edit(0, json!({ "admin-password": "CANARY-2" }))]), How::default());
    assert!(!version.stands(&site.load()));
    assert!(!format!("{version:?}").contains(&serial(0)));
}
