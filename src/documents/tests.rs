use std::cell::RefCell;
use std::fs;

use tempfile::TempDir;

use super::*;

/// An audit log that remembers, and can refuse.
#[derive(Default)]
struct Remembered {
    lines: RefCell<Vec<String>>,
    refuses: bool,
}

impl Ledger for Remembered {
    fn append(&self, line: &str) -> io::Result<()> {
        if self.refuses {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.lines.borrow_mut().push(line.to_owned());
        Ok(())
    }

    fn append_once(&self, line: &str) -> io::Result<()> {
        if self.lines.borrow().iter().any(|known| known == line) { Ok(()) } else { self.append(line) }
    }
}

/// A folder with two documents, and a change of both that makes a third.
fn site() -> (TempDir, Folder, Change) {
    let site = TempDir::new().unwrap();
    fs::write(site.path().join("a.toml"), "a = 1\n").unwrap();
    fs::write(site.path().join("b.toml"), "b = 1\n").unwrap();
    let rewrite = |name: &str, before: Option<&str>, after: &str| Rewrite {
        path: site.path().join(name),
        before: before.map(Into::into),
        after: after.into(),
    };
    let rewrites = vec![
        rewrite("a.toml", Some("a = 1\n"), "a = 2\n"),
        rewrite("b.toml", Some("b = 1\n"), "b = 2\n"),
        rewrite("new/c.toml", None, "c = 2\n"),
    ];
    let folder = Folder::new(site.path());
    (site, folder, Change { rewrites, audit: "a line".to_owned() })
}

fn texts(site: &TempDir) -> [Option<String>; 3] {
    ["a.toml", "b.toml", "new/c.toml"].map(|name| fs::read_to_string(site.path().join(name)).ok())
}

fn old() -> [Option<String>; 3] {
    [Some("a = 1\n".to_owned()), Some("b = 1\n".to_owned()), None]
}

fn new() -> [Option<String>; 3] {
    ["a = 2\n", "b = 2\n", "c = 2\n"].map(|text| Some(text.to_owned()))
}

fn hidden(site: &TempDir) -> Vec<String> {
    let names = fs::read_dir(site.path()).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter_map(|name| name.into_string().ok()).filter(|name| name.starts_with('.')).collect()
}

#[test]
fn a_change_is_made_noted_and_forgotten() {
    let (site, folder, change) = site();
    let ledger = Remembered::default();
    let lock = folder.lock().unwrap();
    folder.write(&lock, &change).unwrap();
    assert_eq!(texts(&site), new());
    assert!(folder.is_unfinished());
    folder.conclude(&lock, &change, &ledger).unwrap();
    assert!(!folder.is_unfinished());
    assert_eq!(*ledger.lines.borrow(), ["a line"]);
    assert!(hidden(&site).is_empty());
    let names: Vec<PathBuf> = folder.list().unwrap();
    assert_eq!(names.len(), 3);
}

#[test]
fn what_a_killed_writer_began_is_finished_wherever_it_was() {
    for done in 0..=3 {
        for noted in [false, true] {
            let (site, folder, change) = site();
            let ledger = Remembered::default();
            journal::write(&site.path().join(journal::NAME), site.path(), &change).unwrap();
            for rewrite in &change.rewrites[..done] {
                fs::create_dir_all(rewrite.path.parent().unwrap()).unwrap();
                fs::write(&rewrite.path, rewrite.after.as_bytes()).unwrap();
            }
            fs::write(site.path().join(".b.toml.new"), "half").unwrap();
            if noted {
                ledger.append("a line").unwrap();
            }
            assert!(folder.is_unfinished());
            let lock = folder.lock().unwrap();
            assert!(folder.recover(&lock, &ledger).unwrap().is_empty());
            assert_eq!(texts(&site), new());
            assert_eq!(ledger.lines.borrow().len(), 1, "noted once");
            assert!(hidden(&site).is_empty());
            assert!(folder.recover(&lock, &ledger).unwrap().is_empty(), "nothing is left to do");
        }
    }
}

#[test]
fn what_somebody_wrote_after_a_kill_stays_and_is_told() {
    let (site, folder, change) = site();
    journal::write(&site.path().join(journal::NAME), site.path(), &change).unwrap();
    fs::write(site.path().join("b.toml"), "b = 3\n").unwrap();
    let lock = folder.lock().unwrap();
    let kept = folder.recover(&lock, &Remembered::default()).unwrap();
    assert_eq!(kept, [site.path().join("b.toml")]);
    let [a, b, c] = texts(&site);
    assert_eq!(
        (a.as_deref(), b.as_deref(), c.as_deref()),
        (Some("a = 2\n"), Some("b = 3\n"), Some("c = 2\n"))
    );
}

#[test]
fn a_change_of_what_is_not_as_it_was_changes_nothing() {
    for (name, text) in [("a.toml", "a = 3\n"), ("b.toml", "b = 3\n"), ("new/c.toml", "c = 3\n")] {
        let (site, folder, change) = site();
        fs::create_dir(site.path().join("new")).unwrap();
        fs::write(site.path().join(name), text).unwrap();
        let before = texts(&site);
        let lock = folder.lock().unwrap();
        let error = folder.write(&lock, &change).unwrap_err();
        assert!(matches!(&error, WriteError::Changed(path) if *path == site.path().join(name)), "{error}");
        assert_eq!(texts(&site), before);
        assert!(hidden(&site).is_empty(), "{:?}", hidden(&site));
    }
}

#[test]
fn a_change_that_cannot_be_noted_is_noted_later() {
    let (site, folder, change) = site();
    let full = Remembered { refuses: true, ..Remembered::default() };
    let lock = folder.lock().unwrap();
    folder.write(&lock, &change).unwrap();
    assert!(matches!(folder.conclude(&lock, &change, &full), Err(WriteError::Audit(_))));
    assert_eq!(texts(&site), new());
    let ledger = Remembered::default();
    folder.recover(&lock, &ledger).unwrap();
    assert_eq!(*ledger.lines.borrow(), ["a line"]);
    assert!(!folder.is_unfinished());
}

#[test]
fn a_damaged_journal_is_told_and_left_alone() {
    let (site, folder, change) = site();
    let journal = site.path().join(journal::NAME);
    journal::write(&journal, site.path(), &change).unwrap();
    let text = fs::read_to_string(&journal).unwrap();
    fs::write(&journal, text.replace("a = 2", "a = 9")).unwrap();
    let lock = folder.lock().unwrap();
    let error = folder.recover(&lock, &Remembered::default()).unwrap_err();
    assert!(matches!(error, WriteError::Damaged(_)), "{error}");
    assert_eq!(texts(&site), old());
}

#[test]
fn a_journal_of_an_older_bellhop_is_finished_too() {
    let (site, folder, _) = site();
    let body = r#"{"version":1,"files":[{"path":"a.toml","before":"a = 1\n","after":"a = 2\n"},
        {"path":"new/c.toml","before":null,"after":"c = 2\n"},{"path":"b.toml","before":"b = 0\n","after":"b = 2\n"}],
        "audit":"a line"}"#;
    let checksum = xxhash_rust::xxh3::xxh3_128(body.as_bytes());
    fs::write(site.path().join(journal::NAME), format!("{checksum:032x}\n{body}\n")).unwrap();
    let (lock, ledger) = (folder.lock().unwrap(), Remembered::default());
    assert_eq!(folder.recover(&lock, &ledger).unwrap(), [site.path().join("b.toml")]);
    let [a, b, c] = texts(&site);
    assert_eq!(
        [a.as_deref(), b.as_deref(), c.as_deref()],
        [Some("a = 2\n"), Some("b = 1\n"), Some("c = 2\n")]
    );
    assert_eq!(*ledger.lines.borrow(), ["a line"]);
}

#[test]
fn readers_share_and_a_writer_is_alone() {
    let (_site, folder, _) = site();
    let reading = (folder.share().unwrap(), folder.share().unwrap());
    let waiting = std::thread::spawn(move || folder.lock().map(|_| ()));
    assert!(!waiting.is_finished());
    drop(reading);
    waiting.join().unwrap().unwrap();
}

#[test]
fn a_refusal_of_the_disk_says_what_where_and_the_cure() {
    let path = PathBuf::from("/etc/bellhop/fleet/sp.toml");
    let refused =
        |kind: io::ErrorKind| WriteError::Write { path: path.clone(), source: kind.into() }.to_string();
    let told = refused(io::ErrorKind::ReadOnlyFilesystem);
    assert!(told.starts_with("cannot write /etc/bellhop/fleet/sp.toml; "), "{told}");
    assert!(told.contains("ReadWritePaths="), "{told}");
    assert!(refused(io::ErrorKind::PermissionDenied).contains("chgrp bellhop"));
    assert!(refused(io::ErrorKind::StorageFull).contains("make room"));
}
