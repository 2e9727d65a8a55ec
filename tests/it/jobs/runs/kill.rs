//! A server that is killed while it does runs: each is then done, to be gone on with, or has changed nothing; its record,
//! the audit log and the phones' records tell the same.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bellhop::jobs::runs::{RowStatus, RunId, RunState, Runs};
use bellhop::reload::Loader;
use bellhop::snapshot::Snapshot;
use serde_json::Value;

use crate::jobs::runs::{ALL, FLEET, JOBS, administrator, login, rows};
use crate::support::{Running, Site, until};

/// Kills, where nobody says otherwise by `KILLS=`.
const KILLS: u64 = 60;

/// Phones, and rows of each run.
const PHONES: u64 = 30;

/// Rows of a batch.
const BATCH: u32 = 4;

fn site() -> Site {
    let site = Site::new()
        .config("\n[features]\nprovisioning-jobs = true\n\n[reload]\nevents = false\ninterval = \"24h\"\n");
    for part in 0..3 {
        let phones: String = (0..PHONES)
            .filter(|number| number % 3 == part)
            .map(|number| {
                format!(
                    "\n[[device]]\nserial = \"k7x2m9t4h8k3w6e5r1y{number:03}zpan\"\nname = \"Phone {number}\"\n\
                     model = \"yealink/t46s\"\nmac = \"00:15:65:01:00:{number:02X}\"\nowner = \"sp\"\norganization = \"org\"\n"
                )
            })
            .collect();
        site.put(&format!("fleet/phones/{part}.toml"), &phones);
    }
    let jobs = JOBS.replace("batch = 2", &format!("batch = {BATCH}"));
    site.write("fleet/org.toml", FLEET).write("fleet/jobs.toml", &jobs)
}

/// Orders a run that gives every phone these notes, while no server runs.
fn order(snapshot: &Snapshot, runs: &Runs, job: &str, notes: &str) -> RunId {
    let mut csv = "device,notes\n".to_owned();
    for number in 0..PHONES {
        csv += &format!("Phone {number},{notes}\n");
    }
    runs.order(snapshot, &login("helper"), &rows(job, &csv)).unwrap().id
}

fn notes(snapshot: &Snapshot) -> BTreeMap<String, String> {
    let phones = snapshot.phones().filter(|phone| phone.device.name.starts_with("Phone"));
    phones.map(|phone| (phone.device.name.to_string(), phone.device.notes.to_string())).collect()
}

/// Gives how often the audit log tells of each run's change of each phone.
fn audited(site: &Site) -> BTreeMap<(String, String), usize> {
    let mut found = BTreeMap::new();
    for line in std::fs::read_to_string(site.path("state/audit.log")).unwrap().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        if line["operation"] == "device-edit" && line["outcome"] == "done" {
            let text = |key: &str| line[key].as_str().unwrap().to_owned();
            *found.entry((text("run"), text("name"))).or_default() += 1;
        }
    }
    found
}

/// Checks what a killed server left, once whoever came next has brought it in order.
fn judge(site: &Site, snapshot: &Snapshot, runs: &Runs, id: &RunId, values: (&str, &str)) -> RunState {
    let (before, value) = values;
    let run = runs.look(snapshot, &administrator(), id).unwrap();
    let (told, _) = runs.rows(snapshot, &administrator(), id, Some(RowStatus::Done), ALL).unwrap();
    assert_eq!(told.len() as u64, run.counts.done, "{run:?}");
    let done: Vec<u64> = told.iter().map(|row| row.row - 2).collect();
    let (notes, audited) = (notes(snapshot), audited(site));
    for number in 0..PHONES {
        let name = format!("Phone {number}");
        let is_done = done.contains(&number);
        assert_eq!(notes[&name], if is_done { value } else { before }, "{name} of {run:?}");
        let lines = audited.get(&(id.to_string(), name)).copied().unwrap_or_default();
        assert_eq!(lines, usize::from(is_done), "{run:?}");
    }
    match run.state {
        RunState::Running | RunState::Scheduled => {
            assert!(runs.ready().unwrap().contains(id), "{run:?}");
            assert_eq!(run.counts.pending + run.counts.done, PHONES);
        }
        RunState::Done => assert_eq!(run.counts.done, PHONES),
        other => panic!("{other:?}"),
    }
    run.state
}

#[test]
fn a_server_that_is_killed_in_the_middle_of_runs_leaves_none_half_told() {
    let kills = std::env::var("KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(KILLS);
    let (random, mut site) = (RandomState::new(), site());
    let runs = Runs::open(&site.path("state"));
    let (mut before, mut value) = (String::new(), "n0".to_owned());
    let mut snapshot = Arc::new(site.load());
    let mut id = order(&snapshot, &runs, "careful", &value);
    let (mut longest, mut seen) = (None::<u64>, BTreeMap::new());
    for turn in 0..kills {
        let server = Running::start(site);
        if let Some(longest) = longest {
            // Some live longer than a run takes, even where it takes longer than the first.
            wait(Duration::from_micros(random.hash_one(turn) % (longest * 2)));
        } else {
            // The first one lives until it is known how long a run takes here.
            let since = Instant::now();
            until("the run is done", || {
                runs.look(&snapshot, &administrator(), &id).unwrap().state == RunState::Done
            });
            longest = Some(u64::try_from(since.elapsed().as_micros()).unwrap());
        }
        server.signal(rustix::process::Signal::KILL);
        site = server.into_site();
        let mut loader = Loader::new(&site.path("bellhop.toml")).unwrap();
        let desk = loader.desk();
        runs.recover(&desk).unwrap();
        snapshot = desk.share();
        let state = judge(&site, &snapshot, &runs, &id, (&before, &value));
        *seen.entry(state.word()).or_insert(0_u64) += 1;
        if state == RunState::Done {
            before = value;
            value = format!("n{}", turn + 1);
            id = order(&snapshot, &runs, if turn % 2 == 0 { "rows" } else { "careful" }, &value);
        }
    }
    let (_, faults) = runs.verify().unwrap();
    assert_eq!(faults, Vec::new());
    let log = bellhop::audit::Log::at(&site.path("state")).verify(None).unwrap();
    assert!(log.is_good(), "{log:?}");
    assert!(seen.get("done").is_some_and(|done| *done > kills / 10), "{seen:?}");
    assert!(kills < KILLS || seen.get("running").is_some_and(|running| *running > 0), "{seen:?}");
}

#[expect(clippy::disallowed_methods, reason = "the instant of a kill is what is tried out")]
fn wait(time: Duration) {
    std::thread::sleep(time);
}
