//! Edits: tried out before they are written, written as a whole, never over somebody else's work.
#![expect(clippy::unwrap_used, reason = "what cannot be edited fails the test")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use bellhop::audit::{Entry, Log};
use bellhop::edit::{Draft, WriteError};
use bellhop::reload::{CommitError, Desk, Loader};
use bellhop::rights::{Account, Actor, Change, Permit};
use serde_json::{Map, Value, json};

use crate::support::{Reply, Running, Site, until};

fn at_desk<T>(site: &Site, job: impl FnOnce(&mut Desk<'_>) -> T) -> T {
    let mut loader = Loader::new(&site.path("bellhop.toml")).unwrap();
    job(&mut loader.desk())
}

/// The administrator's right to change the preferences, the one edit that needs no other record.
fn permit(desk: &Desk<'_>) -> Permit<Change> {
    Actor::new(desk.snapshot(), Account::Administrator).preferences().unwrap()
}

fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        other => panic!("{other} has no fields"),
    }
}

fn prefer(desk: &Desk<'_>, draft: &mut Draft, at: &Path, value: Value) {
    draft.change(&permit(desk), at, &fields(value)).unwrap();
}

fn entry(serial: u64) -> String {
    Entry::new("administrator", "shell", "preferences-set").snapshot(serial).text()
}

fn audited(site: &Site) -> usize {
    fs::read_to_string(site.path("state/audit.log")).unwrap_or_default().lines().count()
}

#[test]
fn a_change_is_written_audited_and_in_the_snapshot() {
    let site = Site::with_phone();
    at_desk(&site, |desk| {
        let mut draft = desk.draft();
        let at = draft.place(None, None);
        prefer(desk, &mut draft, &at, json!({ "update-interval": 900 }));
        assert!(draft.diff().contains("+update-interval = 900"), "{}", draft.diff());
        desk.try_out(&draft).unwrap();
        assert_eq!(desk.snapshot().preferences().unwrap().update_interval, Some(900));
        assert!(!at.exists());
        assert_eq!(desk.commit(&draft, entry).unwrap(), 2);
        assert_eq!(desk.base().preferences().unwrap().update_interval, Some(900));
    });
    let text = fs::read_to_string(site.path("fleet/administrator.toml")).unwrap();
    assert_eq!(text, "[preferences]\nupdate-interval = 900\n");
    assert_eq!(site.load().preferences().unwrap().update_interval, Some(900));
    assert_eq!(audited(&site), 1);
    assert!(Log::at(&site.path("state")).last().unwrap().is_some());
    assert!(!site.path("fleet/.bellhop-journal").exists());
}

#[test]
fn what_the_server_would_refuse_is_not_written_and_names_the_key() {
    let site = Site::with_phone();
    at_desk(&site, |desk| {
        let mut draft = desk.draft();
        let at = draft.place(None, None);
        prefer(desk, &mut draft, &at, json!({ "update-interval": 1 }));
        let faults = desk.try_out(&draft).unwrap_err();
        assert_eq!(faults[0].key.as_deref(), Some("update-interval"), "{faults:?}");
        assert_eq!(faults[0].line, 2);
        assert!(matches!(desk.commit(&draft, entry), Err(CommitError::Faulty(_))));
        assert!(desk.snapshot().preferences().is_none());
    });
    assert!(!site.path("fleet/administrator.toml").exists());
    assert_eq!(audited(&site), 0);
}

#[test]
fn nothing_is_edited_while_the_files_are_faulty() {
    let site = Site::with_phone().write("fleet/broken.toml", "[[device]]\nname = 1\n");
    at_desk(&site, |desk| {
        assert!(!desk.faults().is_empty());
        let mut draft = desk.draft();
        let at = draft.place(None, None);
        prefer(desk, &mut draft, &at, json!({ "mac-based": true }));
        assert_eq!(desk.try_out(&draft).unwrap_err(), desk.faults());
        assert!(matches!(desk.commit(&draft, entry), Err(CommitError::Faulty(_))));
    });
    assert!(!site.path("fleet/administrator.toml").exists());
}

#[test]
fn what_somebody_else_wrote_meanwhile_is_not_overwritten() {
    let before = "[preferences]\nmac-based = true\n";
    let site = Site::with_phone().write("fleet/preferences.toml", before);
    at_desk(&site, |desk| {
        let mut draft = desk.draft();
        let at = site.path("fleet/preferences.toml");
        prefer(desk, &mut draft, &at, json!({ "mac-based": false }));
        desk.try_out(&draft).unwrap();
        site.put("fleet/preferences.toml", "[preferences]\nmac-based = true # mine\n");
        let error = desk.commit(&draft, entry).unwrap_err();
        assert!(matches!(&error, CommitError::Write(WriteError::Changed(path)) if *path == at), "{error}");
        assert!(error.to_string().contains("changed by somebody else"), "{error}");
        let mut draft = desk.draft();
        let new = site.path("fleet/new.toml");
        prefer(desk, &mut draft, &new, json!({ "mac-based": false }));
        site.put("fleet/new.toml", "# mine\n");
        site.put("fleet/preferences.toml", "");
        assert!(desk.commit(&draft, entry).is_err());
    });
    assert_eq!(fs::read_to_string(site.path("fleet/new.toml")).unwrap(), "# mine\n");
    assert_eq!(audited(&site), 0);
    let mut names: Vec<_> =
        fs::read_dir(site.path("fleet")).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, [".keep", "accounts.toml", "device.toml", "new.toml", "preferences.toml"]);
}

#[test]
fn a_file_keeps_its_rights_and_a_link_leads_on_to_it() {
    let site = Site::with_phone().write("elsewhere/real.toml", "[preferences]\nmac-based = true\n");
    let real = site.path("elsewhere/real.toml");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o604)).unwrap();
    symlink(&real, site.path("fleet/link.toml")).unwrap();
    fs::set_permissions(site.path("fleet"), fs::Permissions::from_mode(0o2770)).unwrap();
    at_desk(&site, |desk| {
        let mut draft = desk.draft();
        prefer(desk, &mut draft, &site.path("fleet/link.toml"), json!({ "mac-based": false }));
        desk.commit(&draft, entry).unwrap();
    });
    assert!(site.path("fleet/link.toml").is_symlink());
    assert!(fs::read_to_string(&real).unwrap().contains("false"));
    assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o604);
    fs::remove_file(&real).unwrap();
    fs::remove_file(site.path("fleet/link.toml")).unwrap();
    at_desk(&site, |desk| {
        let mut draft = desk.draft();
        let at = draft.place(Some("sp"), Some("org"));
        prefer(desk, &mut draft, &at, json!({ "mac-based": false }));
        desk.commit(&draft, entry).unwrap();
    });
    let new = fs::metadata(site.path("fleet/sp/org.toml")).unwrap();
    assert_eq!(new.permissions().mode() & 0o777, 0o640);
    let folder = fs::metadata(site.path("fleet/sp")).unwrap();
    assert_eq!(folder.permissions().mode() & 0o7777, 0o2770);
}

#[test]
fn a_draft_without_an_edit_is_no_change_and_is_not_noted() {
    let site = Site::with_phone();
    at_desk(&site, |desk| {
        let draft = desk.draft();
        assert_eq!(desk.commit(&draft, |_| panic!("nothing to note")).unwrap(), desk.base().serial());
    });
    assert_eq!(audited(&site), 0);
}

#[test]
fn two_drafts_at_one_desk_do_not_mix() {
    let site = Site::with_phone();
    at_desk(&site, |desk| {
        let (mut first, mut second) = (desk.draft(), desk.draft());
        let at = first.place(None, None);
        prefer(desk, &mut first, &at, json!({ "mac-based": true }));
        desk.try_out(&first).unwrap();
        prefer(desk, &mut second, &at, json!({ "update-interval": 900 }));
        desk.commit(&second, entry).unwrap();
        assert_eq!(desk.base().preferences().unwrap().mac_based, None);
        let error = desk.commit(&first, entry).unwrap_err();
        assert!(matches!(error, CommitError::Write(WriteError::Changed(_))), "{error}");
    });
}

/// Asks the admin side of a running server for edits as one change.
fn edit(server: &Running, edits: &Value) -> Reply {
    let head = format!("POST /api/v1/edits\nContent-Type: application/json\r\n{}", server.operator());
    server.api(&head, &json!({ "edits": edits }).to_string())
}

fn add(number: usize) -> Value {
    json!({ "operation": "device-add", "fields": {
        "serial": format!("q7w3e9r5t1y6u2p8a4s0d5f3g{number}"), "name": format!("Phone {number}"),
        "model": "yealink/t46s", "protocol": "http", "owner": "sp", "organization": "org",
        "mac": format!("00:15:65:00:00:{number:02X}"),
    } })
}

#[test]
fn an_edit_is_served_at_once_and_kept_as_the_last_good_state() {
    let site = Site::with_phone().config("\n[reload]\nevents = false\ninterval = \"24h\"\n");
    let server = Running::start(site);
    let manifest = server.site.path("state/last-good/manifest");
    until("the first state is kept", || manifest.exists());
    let reply = edit(&server, &json!([add(1), add(2)]));
    assert_eq!(reply.status, 200, "{reply:?}");
    let outcome: Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(outcome["snapshot"], 2);
    for number in 1..=2 {
        let path = format!("/q7w3e9r5t1y6u2p8a4s0d5f3g{number}/00156500000{number}.cfg");
        assert_eq!(server.get(&path).status, 200, "{path}");
    }
    until("the edit is kept, too", || fs::read_to_string(&manifest).unwrap().contains("sp/org.toml"));
    assert_eq!(audited(&server.site), 2);
    let log = server.stop();
    assert!(!log.contains("q7w3e9r5t1y6u2p8a4s0d5f3g"), "no serial is logged: {log}");
}

#[test]
fn editors_that_write_at_once_lose_nothing() {
    let server = Running::start(Site::with_phone());
    std::thread::scope(|scope| {
        for editor in 0..4 {
            let server = &server;
            scope.spawn(move || {
                for number in editor * 5..editor * 5 + 5 {
                    let reply = edit(server, &json!([add(number)]));
                    assert_eq!(reply.status, 200, "{reply:?}");
                }
            });
        }
        // Somebody with an editor of his own writes other files at the same time.
        for number in 0..10 {
            server.site.put("fleet/mine.toml", &format!("# {number}\n"));
            assert_eq!(server.command(&["reload"]).status.code(), Some(0));
        }
    });
    let snapshot = server.site.load();
    assert_eq!(snapshot.devices(), 21);
    assert_eq!(audited(&server.site), 20);
    assert_eq!(fs::read_to_string(server.site.path("fleet/mine.toml")).unwrap(), "# 9\n");
    assert!((server.metric("bellhop_snapshot_devices") - 21.0).abs() < 0.1);
}
