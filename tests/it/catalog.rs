//! The catalog's golden cases: what each phone asks for at boot, and the bytes that it gets.
//!
//! A case is a folder `catalog/<vendor>/cases/<name>` with `phone.toml` (records, the phone first), `request.toml`
//! (what it asks for, in its order) and `expected/` (what it gets). `BLESS=1` rewrites `expected/`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use bellhop::document::{Document, Entry};
use bellhop::model::Protocol;
use bellhop::snapshot::Snapshot;

use crate::support::{Site, ask, outcome, shipped_catalog};

/// What `request.toml` says.
#[derive(Default)]
struct Boot {
    protocol: String,
    user_agent: Option<String>,
    /// What stands before each path: `/<serial>/` unless the case says `below = "top"`.
    at_top: bool,
    /// Paths, each with whether it is answered.
    asks: Vec<(String, bool)>,
}

#[test]
fn every_case_gets_the_bytes_that_it_expects() {
    let mut wrong = Vec::new();
    let cases = cases();
    assert!(!cases.is_empty(), "there are no cases");
    for case in &cases {
        wrong.extend(run(case).into_iter().map(|what| format!("{}: {what}", case.display())));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_model_has_a_case_in_which_it_gets_all_its_files() {
    let snapshot = Site::new().load();
    let mut lacking: BTreeSet<String> = BTreeSet::new();
    for model in snapshot.world().catalog.models() {
        for firmware in &model.firmwares {
            lacking.extend(
                firmware.files.iter().map(|file| format!("{} {} {}", model.id, firmware.id, file.name)),
            );
        }
    }
    for case in cases() {
        let snapshot = load(&case);
        let boot = read_boot(&case);
        let phone = snapshot.phones().next().expect("a case has a phone");
        for (path, _) in boot.asks.iter().filter(|(_, answered)| *answered) {
            let matches = snapshot.world().catalog.match_path(path.as_bytes());
            for file in phone.firmware.files.iter().filter(|file| matches.contains(file.path)) {
                lacking.remove(&format!("{} {} {}", phone.model.id, phone.firmware.id, file.name));
            }
        }
    }
    assert!(
        lacking.is_empty(),
        "files that no case asks for:\n{}",
        lacking.into_iter().collect::<Vec<_>>().join("\n")
    );
}

fn cases() -> Vec<PathBuf> {
    let folders = |path: PathBuf| {
        let entries =
            fs::read_dir(path).into_iter().flatten().map(|entry| entry.expect("it can be listed").path());
        let mut paths: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
        paths.sort();
        paths
    };
    folders(shipped_catalog()).into_iter().flat_map(|vendor| folders(vendor.join("cases"))).collect()
}

fn load(case: &Path) -> Snapshot {
    let phone = fs::read_to_string(case.join("phone.toml")).expect("a case has a phone.toml");
    Site::new().write("fleet/phone.toml", &phone).load()
}

fn read_boot(case: &Path) -> Boot {
    let path = case.join("request.toml");
    let text = fs::read_to_string(&path).expect("a case has a request.toml");
    let document = Document::parse(&path, &text).unwrap_or_else(|faults| panic!("{}", faults[0]));
    let mut boot = Boot::default();
    for entry in document.root() {
        match entry.key() {
            "below" => boot.at_top = entry.choice(&["serial", "top"]) == Some("top"),
            "boot" => boot.asks = entry.list().filter_map(|item| one_ask(&item)).collect(),
            "protocol" => boot.protocol = entry.text(8).unwrap_or_default().to_owned(),
            "user-agent" => boot.user_agent = entry.text(512).map(str::to_owned),
            _ => entry.unknown(&["below", "boot", "protocol", "user-agent"]),
        }
    }
    let faults = document.into_faults();
    assert!(faults.is_empty(), "{}", faults[0]);
    boot
}

/// Reads `["path", "file"]` or `["path", "probe"]`.
fn one_ask(item: &Entry<'_>) -> Option<(String, bool)> {
    let mut pair = item.list();
    let path = pair.next()?.text(255)?.to_owned();
    let answered = pair.next()?.choice(&["file", "probe"])? == "file";
    Some((path, answered))
}

fn run(case: &Path) -> Vec<String> {
    let (snapshot, boot) = (load(case), read_boot(case));
    let phone = snapshot.phones().next().expect("a case has a phone");
    let protocol =
        Protocol::ALL.iter().find(|(word, _)| *word == boot.protocol).expect("a case has a protocol").1;
    let bless = std::env::var_os("BLESS").is_some();
    let expected = case.join("expected");
    if bless {
        // The folder holds nothing but what is written here.
        fs::remove_dir_all(&expected).ok();
        fs::create_dir_all(&expected).expect("it can be made");
    }
    let mut wrong = Vec::new();
    let mut known = BTreeSet::new();
    for (path, answered) in &boot.asks {
        let before = if boot.at_top { String::new() } else { format!("{}/", phone.device.serial.expose()) };
        let answer = ask(&snapshot, protocol, &format!("/{before}{path}"), boot.user_agent.as_deref());
        let name = expected.join(path.replace('/', "__"));
        match (outcome(&answer), answered) {
            (("served", Some(body)), true) => {
                known.insert(name.clone());
                if bless {
                    fs::write(&name, body).expect("it can be written");
                } else if fs::read(&name).ok().as_deref() != Some(body) {
                    wrong
                        .push(format!("{path} is not as expected; see the change with BLESS=1 and git diff"));
                }
            }
            (("probe", _), false) => (),
            ((word, _), true) => wrong.push(format!("{path} is {word}, not served")),
            ((word, _), false) => wrong.push(format!("{path} is {word}, not a probe")),
        }
    }
    let listed =
        fs::read_dir(&expected).into_iter().flatten().map(|entry| entry.expect("it can be listed").path());
    wrong.extend(
        listed.filter(|path| !known.contains(path)).map(|path| format!("nobody asks for {}", path.display())),
    );
    wrong
}
