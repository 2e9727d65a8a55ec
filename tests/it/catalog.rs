//! The catalog's golden cases: what each phone asks for at boot, and the bytes that it gets.
//!
//! A case is a folder `catalog/<vendor>/cases/<name>` with `phone.toml` (records, the phone first), `request.toml`
//! (what it asks for, in its order) and `expected/` (what it gets). `BLESS=1` rewrites `expected/`, and `CASES=<vendor>`
//! runs those of one vendor.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use bellhop::catalog::{File, Model};
use bellhop::document::{Document, Entry, Fault};
use bellhop::model::Protocol;
use bellhop::snapshot::{Cache, Fleet, Snapshot};

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
fn every_template_is_got_in_some_case_of_its_vendor() {
    let snapshot = Site::new().with_every_vendor().load();
    let catalog = &snapshot.world().catalog;
    let of =
        |model: &Model, file: &File| (catalog.vendor(model.vendor).id.to_string(), file.template.clone());
    let models = catalog.models().filter(|model| is_asked(&catalog.vendor(model.vendor).id));
    let mut lacking: BTreeSet<_> = models
        .flat_map(|model| model.firmwares.iter().map(move |firmware| (model, firmware)))
        .flat_map(|(model, firmware)| firmware.files.iter().map(move |file| of(model, file)))
        .collect();
    for case in cases() {
        let snapshot = load(&case);
        let boot = read_boot(&case);
        let phone = snapshot.phones().next().expect("a case has a phone");
        for (path, _) in boot.asks.iter().filter(|(_, answered)| *answered) {
            let matches = snapshot.world().catalog.match_path(path.as_bytes());
            for file in phone.firmware.files.iter().filter(|file| matches.contains(file.path)) {
                lacking.remove(&of(phone.model, file));
            }
        }
    }
    let lacking: Vec<_> = lacking.iter().map(|(vendor, template)| format!("{vendor}: {template}")).collect();
    assert!(lacking.is_empty(), "templates that no case gets a file of:\n{}", lacking.join("\n"));
}

/// Tells for each file that a case gets, as `<vendor>/<case>/<file>`, the vendor and the template that it comes from.
pub(crate) fn origins() -> Vec<(String, (String, String))> {
    let mut origins = Vec::new();
    for case in cases() {
        let (snapshot, boot) = (load(&case), read_boot(&case));
        let phone = snapshot.phones().next().expect("a case has a phone");
        let catalog = &snapshot.world().catalog;
        let vendor = catalog.vendor(phone.model.vendor).id.to_string();
        let folder = case.file_name().unwrap_or_default().to_string_lossy();
        let place = case.ancestors().nth(2).and_then(Path::file_name).unwrap_or_default().to_string_lossy();
        for (path, _) in boot.asks.iter().filter(|(_, answered)| *answered) {
            let matches = catalog.match_path(path.as_bytes());
            for file in phone.firmware.files.iter().filter(|file| matches.contains(file.path)) {
                let name = format!("{place}/{folder}/{}", path.replace('/', "__"));
                origins.push((name, (vendor.clone(), file.template.clone())));
            }
        }
    }
    origins
}

/// Whether a vendor's cases are asked for: all are, or those of `CASES`.
fn is_asked(vendor: &str) -> bool {
    std::env::var("CASES").ok().is_none_or(|only| only.is_empty() || only == vendor)
}

fn cases() -> Vec<PathBuf> {
    let folders = |path: PathBuf| {
        let entries =
            fs::read_dir(path).into_iter().flatten().map(|entry| entry.expect("it can be listed").path());
        let mut paths: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
        paths.sort();
        paths
    };
    let asked = |vendor: &PathBuf| is_asked(&vendor.file_name().unwrap_or_default().to_string_lossy());
    folders(shipped_catalog())
        .into_iter()
        .filter(asked)
        .flat_map(|vendor| folders(vendor.join("cases")))
        .collect()
}

/// Reads a case's records; the catalog is read once for all cases.
fn load(case: &Path) -> Snapshot {
    static SITE: OnceLock<Snapshot> = OnceLock::new();
    let site = SITE.get_or_init(|| Site::new().with_every_vendor().load());
    let path = case.join("phone.toml");
    let phone = fs::read_to_string(&path).expect("a case has a phone.toml");
    let fleet = Fleet::default().with([(path.as_path(), phone)]);
    let config = Arc::new(site.config().clone());
    // Cases have phones with the same serials, which must not get the files of one another.
    let nothing = Snapshot::empty(Arc::default(), Arc::clone(&config), Arc::new(Cache::new(1 << 24)));
    let built = nothing.next(site.share_world(), config, &fleet, site.published());
    let faults = |faults: Vec<Fault>| faults.iter().map(|fault| format!("{fault}\n")).collect::<String>();
    let built = built.unwrap_or_else(|broken| panic!("{}", faults(broken)));
    built.expect("a case has records").snapshot
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
