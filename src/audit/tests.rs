use std::fs;
use std::os::unix::fs::PermissionsExt;

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::*;
use crate::model::RecordKind;

fn entry(operation: &str) -> Entry {
    Entry::new("sp", "shell", operation).on(RecordKind::User, "jsmith", "John Smith").rule("R5")
}

fn map(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

/// A log with some lines, and its bytes.
fn written(lines: usize) -> (TempDir, Log, Vec<u8>) {
    let state = TempDir::new().unwrap();
    let log = Log::open(state.path()).unwrap();
    for at in 0..lines {
        log.append(&entry(&format!("account-edit-{at}"))).unwrap();
    }
    let bytes = fs::read(log.path()).unwrap();
    (state, log, bytes)
}

#[test]
fn each_line_is_numbered_and_names_the_one_before() {
    let (_state, log, bytes) = written(3);
    let lines: Vec<Value> =
        bytes.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0]["previous"], chain::NOTHING);
    for pair in lines.windows(2) {
        assert_eq!(pair[1]["previous"], pair[0]["hash"]);
    }
    let verdict = log.verify(lines[1]["hash"].as_str()).unwrap();
    assert!(verdict.is_good(), "{verdict:?}");
    assert_eq!((verdict.lines, verdict.noted), (3, Some(true)));
    assert_eq!(verdict.last, log.last().unwrap());
    assert_eq!(verdict.last.unwrap().number, 3);
    assert_eq!(fs::metadata(log.path()).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_cut_tail_is_noticed_by_the_hash_that_was_written_down() {
    let (_state, log, bytes) = written(3);
    let noted = log.last().unwrap().unwrap().hash;
    let end = memchr::memrchr(b'\n', &bytes[..bytes.len() - 1]).unwrap() + 1;
    fs::write(log.path(), &bytes[..end]).unwrap();
    let verdict = log.verify(Some(&noted)).unwrap();
    assert_eq!((verdict.broken.as_ref(), verdict.noted, verdict.is_good()), (None, Some(false), false));
}

#[test]
fn a_line_that_was_never_finished_is_set_aside_and_told_of() {
    let (state, log, bytes) = written(3);
    fs::write(log.path(), &bytes[..bytes.len() - 10]).unwrap();
    let broken = log.verify(None).unwrap().broken.unwrap();
    assert!(broken.to_string().contains("audit.log:3: the line was never finished"), "{broken}");
    let log = Log::open(state.path()).unwrap();
    let stamp = log.append(&entry("account-edit")).unwrap();
    assert_eq!(stamp.number, 4, "two that stayed, one that tells, one that is new");
    assert!(log.verify(None).unwrap().is_good());
    let told = log.search(&Search { operation: Some("audit-mend".to_owned()), ..Search::default() }).unwrap();
    let why = told[0].entry.why.as_ref().unwrap();
    assert!(why.contains("bytes of a line that was never finished were set aside in audit.torn"), "{why}");
    let aside = fs::read(state.path().join("audit.torn")).unwrap();
    assert!(aside.starts_with(b"{\"number\":3,"), "{aside:?}");
}

#[test]
fn the_chain_goes_on_when_a_rotation_renames_the_file() {
    let (state, log, _) = written(2);
    fs::rename(log.path(), state.path().join("audit.log.1")).unwrap();
    assert_eq!(log.append(&entry("account-add")).unwrap().number, 3);
    fs::rename(state.path().join("audit.log.1"), state.path().join("audit.log.2")).unwrap();
    fs::rename(log.path(), state.path().join("audit.log.1")).unwrap();
    assert_eq!(log.append(&entry("account-add")).unwrap().number, 4);
    let verdict = log.verify(None).unwrap();
    assert!(verdict.is_good() && verdict.lines == 4, "{verdict:?}");
    // What was packed away is not read, and the rest says where it begins.
    fs::rename(state.path().join("audit.log.2"), state.path().join("audit.log.2.gz")).unwrap();
    let verdict = log.verify(None).unwrap();
    assert!(verdict.is_good() && verdict.first.unwrap().number == 3);
}

#[test]
fn a_cut_head_is_noticed_unless_older_files_are_there_or_their_last_hash_was_written_down() {
    let (state, log, _) = written(2);
    let noted = log.last().unwrap().unwrap().hash;
    fs::rename(log.path(), state.path().join("audit.log.1")).unwrap();
    log.append(&entry("account-add")).unwrap();
    fs::remove_file(state.path().join("audit.log.1")).unwrap();
    let broken = log.verify(None).unwrap().broken.unwrap();
    assert!(broken.to_string().contains("audit.log:1: lines before this one are missing"), "{broken}");
    assert!(log.verify(Some(&noted)).unwrap().is_good());
}

#[test]
fn what_is_there_already_is_not_added_twice() {
    let (state, log, _) = written(1);
    let (first, second) = (entry("device-add"), entry("device-edit"));
    log.append(&first).unwrap();
    let both = format!("{}\n{}\n", first.text(), second.text());
    log.append_once(&both).unwrap();
    log.append_once(&both).unwrap();
    fs::rename(log.path(), state.path().join("audit.log.1")).unwrap();
    log.append_once(&both).unwrap();
    assert_eq!(log.verify(None).unwrap().lines, 3);
    assert!(log.has(&second.id).unwrap() && !log.has("0123456789abcdef").unwrap());
    log.append_once("not an entry").unwrap_err();
}

#[test]
fn several_threads_add_to_one_chain() {
    let (state, log, _) = written(1);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..10 {
                    Log::at(state.path()).append(&entry("device-edit")).unwrap();
                }
            });
        }
    });
    let verdict = log.verify(None).unwrap();
    assert!(verdict.is_good() && verdict.lines == 41, "{verdict:?}");
}

#[test]
fn secrets_are_masked_and_only_what_changed_is_kept() {
    let before = json!({
        "name": "Desk", "notes": "same", "serial": "CANARY-1", "admin-password": "CANARY-2",
        "sip": { "user": "a", "password": "CANARY-3" }, "raw": { "any.thing": "CANARY-4" },
        "settings": { "language": "en", "time-zone": "UTC", "ldap-password": "CANARY-5" },
        "line-keys": [{ "kind": "blf", "secret": "CANARY-6" }],
    });
    let after = json!({
        "name": "Desk 2", "notes": "same", "serial": "CANARY-7", "sip": { "user": "a", "password": "CANARY-8" },
        "raw": { "any.thing": "CANARY-9" }, "settings": { "language": "de", "time-zone": "UTC" },
    });
    let told = entry("device-edit").changed(&map(&before), &map(&after));
    assert!(!told.text().contains("CANARY"), "{}", told.text());
    assert_eq!(
        (Value::from(told.before), Value::from(told.after)),
        (
            json!({
                "name": "Desk", "serial": DOTS, "admin-password": DOTS, "sip": { "password": DOTS },
                "raw": { "any.thing": DOTS }, "settings": { "language": "en", "ldap-password": DOTS },
                "line-keys": [{ "kind": "blf", "secret": DOTS }],
            }),
            json!({
                "name": "Desk 2", "serial": DOTS, "sip": { "password": DOTS }, "raw": { "any.thing": DOTS },
                "settings": { "language": "de" },
            }),
        )
    );
}

#[test]
fn lines_are_found_by_what_they_tell() {
    let state = TempDir::new().unwrap();
    let log = Log::open(state.path()).unwrap();
    let peer = "192.0.2.7".parse().unwrap();
    log.append(&entry("account-add").by(Some("ops"), Some(peer))).unwrap();
    log.append(&entry("device-edit").on(RecordKind::Device, "00ff", "Desk").refused("forbidden", "no level"))
        .unwrap();
    log.append(&entry("device-remove").on(RecordKind::Device, "00ff", "Desk").snapshot(7)).unwrap();
    let numbers = |wanted: Search| -> Vec<u64> {
        log.search(&wanted).unwrap().iter().map(|found| found.number).collect()
    };
    let word = |word: &str| Some(word.to_owned());
    let all = Search::default();
    assert_eq!(numbers(all.clone()), [1, 2, 3]);
    assert_eq!(numbers(Search { limit: Some(2), ..all.clone() }), [2, 3]);
    for (who, found) in [("sp", &[1, 2, 3][..]), ("ops", &[1]), ("192.0.2.7", &[1]), ("nobody", &[])] {
        assert_eq!(numbers(Search { who: word(who), ..all.clone() }), found, "{who}");
    }
    for (operation, found) in [("device", &[2, 3][..]), ("device-edit", &[2]), ("devic", &[])] {
        assert_eq!(numbers(Search { operation: word(operation), ..all.clone() }), found, "{operation}");
    }
    for (record, found) in
        [("device", &[2, 3][..]), ("00ff", &[2, 3]), ("Desk", &[2, 3]), ("user jsmith", &[1])]
    {
        assert_eq!(numbers(Search { record: word(record), ..all.clone() }), found, "{record}");
    }
    assert_eq!(numbers(Search { outcome: Some(Outcome::Refused), ..all.clone() }), [2]);
    assert_eq!(numbers(Search { text: word("NO LEVEL"), ..all.clone() }), [2]);
    let hour = std::time::Duration::from_secs(3600);
    let now = std::time::SystemTime::now();
    assert_eq!(
        numbers(Search { since: Some(now - hour), until: Some(now + hour), ..all.clone() }),
        [1, 2, 3]
    );
    assert_eq!(numbers(Search { until: Some(now - hour), ..all.clone() }), [0; 0]);
    assert_eq!(numbers(Search { since: Some(now + hour), ..all }), [0; 0]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_done_to_lines_is_found(kind in 0..5_u8, at in any::<prop::sample::Index>(), to in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let (_state, log, bytes) = written(6);
        let mut lines: Vec<Vec<u8>> = bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        let (one, other) = (at.index(5), to.index(5));
        let mut changed = match kind {
            0 => {
                let mut bytes = bytes.clone();
                let at = at.index(bytes.len());
                bytes[at] = byte;
                bytes
            }
            1 => {
                // The last line alone can go unseen, by all but whoever wrote its hash down.
                lines.remove(one);
                lines.concat()
            }
            2 => {
                lines.swap(one, if one == other { 5 } else { other });
                lines.concat()
            }
            3 => {
                let copy = lines[one].clone();
                lines.insert(other, copy);
                lines.concat()
            }
            _ => {
                let mut bytes = bytes.clone();
                bytes.remove(at.index(bytes.len()));
                bytes
            }
        };
        if changed == bytes {
            changed.push(b'x');
        }
        fs::write(log.path(), changed).unwrap();
        prop_assert!(log.verify(None).unwrap().broken.is_some());
    }
}
