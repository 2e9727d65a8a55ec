//! Dry runs: what would change in files and in what phones get, for those who may know of it.

use bellhop::operation::{Edit, Outcome, Request};
use serde_json::{Value, json};

use super::{ask, fields, request, said, site, texts};
use crate::support::Site;

/// Tries edits, which must change nothing.
fn tried(site: &Site, account: &str, edits: Vec<Edit>) -> Outcome {
    let before = texts(site);
    let outcome = ask(site, account, &Request { dry_run: true, ..request(edits) }).unwrap();
    assert_eq!(texts(site), before);
    outcome
}

fn organization(settings: &Value) -> Edit {
    Edit::AccountEdit { account: "org".to_owned(), fields: fields(json!({ "settings": settings })) }
}

fn devices_told(outcome: &Outcome) -> Vec<String> {
    let diff = outcome.diff.as_ref().unwrap();
    let mut devices: Vec<String> = diff.rendered.iter().map(|file| file.device.clone()).collect();
    devices.dedup();
    devices
}

#[test]
fn a_change_of_an_account_shows_what_its_devices_would_get() {
    let site = site();
    let outcome = tried(&site, "sp", vec![organization(&json!({ "time-zone": "Europe/Bucharest" }))]);
    assert_eq!(devices_told(&outcome), ["Desk"], "not the stranger's, and not those that it does not change");
    let none = tried(
        &site,
        "sp",
        vec![Edit::LevelSet { account: "org".to_owned(), level: Some("none".to_owned()) }],
    );
    assert_eq!(devices_told(&none), [""; 0], "a level is in no phone's file");
    assert!(none.changed);
}

#[test]
fn twenty_devices_are_told_of_and_the_rest_is_counted() {
    let mut phones = String::new();
    for number in 0..24 {
        phones += &format!(
            "[[device]]\nserial = \"p{number:02}7h2m9x3q8w6e5r1y0u9p2an\"\nname = \"Phone {number:02}\"\n\
             model = \"yealink/t46s\"\nmac = \"00:15:65:00:00:{number:02}\"\norganization = \"org\"\n"
        );
    }
    let site = site().write("fleet/phones.toml", &phones);
    let outcome = tried(&site, "administrator", vec![organization(&json!({ "vlan": 77 }))]);
    assert_eq!(devices_told(&outcome).len(), 20);
    assert_eq!(outcome.warnings, ["5 more devices are touched"]);
}

#[test]
fn a_removed_device_loses_its_files_and_a_new_one_gets_some() {
    let site = site();
    let removed = tried(&site, "sp", vec![Edit::DeviceRemove { device: "Desk".to_owned() }]);
    let diff = removed.diff.clone().unwrap();
    assert!(diff.files.contains("-[[device]]"), "{}", diff.files);
    let gone = diff.rendered.iter().flat_map(|file| file.diff.lines().skip(2));
    assert!(!diff.rendered.is_empty() && gone.clone().all(|line| !line.starts_with('+')), "{diff:?}");
    let new =
        json!({ "name": "Door", "model": "yealink/t46s", "mac": "0015657a0001", "lines": ["0087*003"] });
    let added = tried(&site, "sp", vec![Edit::DeviceAdd { fields: fields(new) }]);
    assert_eq!(devices_told(&added), ["Door"]);
    for outcome in [removed, added] {
        assert!(!said(&outcome).contains("CANARY"), "{}", said(&outcome));
    }
}

#[test]
fn a_rotated_device_is_compared_with_itself_and_no_serial_is_in_a_diff() {
    let site = site();
    let rotated = tried(&site, "sp", vec![Edit::DeviceRotate { device: "Desk".to_owned() }]);
    let diff = rotated.diff.unwrap();
    let new = rotated.results[0]["serial"].as_str().unwrap();
    let told = serde_json::to_string(&diff).unwrap();
    assert!(!told.contains(super::SERIAL) && !told.contains(new), "{told}");
    for file in &diff.rendered {
        assert!(file.diff.lines().count() < 20, "little changes: {}", file.diff);
    }
}

#[test]
fn a_disabled_device_would_get_nothing() {
    let outcome = tried(&site(), "sp", vec![Edit::DeviceDisable { device: "Desk".to_owned() }]);
    assert_eq!(devices_told(&outcome), ["Desk"]);
    assert_eq!(outcome.results[0]["status"], "disabled");
}

#[test]
fn a_dry_run_shows_nothing_of_what_lies_beside_in_the_same_file() {
    let all = format!("{}\n# The stranger is rich.\n{}", super::FLEET, super::STRANGER);
    let site = Site::new().write("fleet/stranger-and-others.toml", &all);
    for edit in [
        Edit::DeviceEdit {
            device: "Desk".to_owned(),
            fields: fields(json!({ "settings": { "vlan": 9 }, "notes": "New" })),
        },
        Edit::DeviceRemove { device: "Desk".to_owned() },
    ] {
        let files = tried(&site, "sp", vec![edit.clone()]).diff.unwrap().files;
        assert!(files.contains("device ") && !files.to_lowercase().contains("stranger"), "{files}");
        let files = tried(&site, "administrator", vec![edit]).diff.unwrap().files;
        assert!(files.contains("fleet/stranger-and-others.toml") || files.contains("stranger"), "{files}");
    }
}
