//! A server that is killed while it edits (promise H10): the old or the new state, nothing lost, nothing torn, and
//! every change in the audit log once.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "what goes wrong fails the test")]

use std::collections::BTreeMap;
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bellhop::audit::Log;
use serde_json::{Value, json};

use crate::support::{ACCOUNTS, DEVICE, Running, SERIAL, Site, request, until};

/// Kills, where nobody says otherwise by `KILLS=`.
const KILLS: u64 = 200;

/// How many edits a server makes at most, about, before it is killed.
const EDITS: u32 = 4;

/// The serial of the second phone, which has a file of its own.
const SECOND: &str = "q7w3e9r5t1y6u2p8a4s0d5f3gh";

/// What an editor has asked for, and what it was told is done.
#[derive(Default)]
struct Told {
    asked: AtomicU64,
    done: AtomicU64,
}

fn site() -> Site {
    let second =
        DEVICE.replace(SERIAL, SECOND).replace("4A:A9:37", "4A:A9:38").replace("0087*001", "0087*002");
    let second = second.replace("name = \"Desk\"", "name = \"Second\"");
    // Two phones are all that the owner has, and nobody minds that they go.
    let site = Site::new().write("fleet/accounts.toml", ACCOUNTS);
    site.write("fleet/device.toml", &format!("# Of the hall.\n{DEVICE}# The end.\n"))
        .write("fleet/more/second.toml", &second)
        .config("\n[reload]\nevents = false\ninterval = \"24h\"\n")
}

/// Edits until the server is gone: every odd number goes into both phones' files, every even one into one of them.
fn edit(admin: SocketAddr, operator: &str, told: &Told) {
    loop {
        let number = told.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let edit = |serial: &str| json!({ "operation": "device-edit", "device": serial, "fields": { "notes": format!("{number}") } });
        let edits = if number % 2 == 1 { vec![edit(SERIAL), edit(SECOND)] } else { vec![edit(SERIAL)] };
        let body = json!({ "edits": edits }).to_string();
        let head = format!("POST /api/v1/edits\nContent-Type: application/json\r\n{operator}");
        match ask(admin, &request(&head, &body)) {
            Some(reply) if reply.starts_with("HTTP/1.1 200") => {
                told.done.store(number, Ordering::SeqCst);
            }
            Some(reply) if reply.contains("\r\n\r\n") => panic!("{reply}"),
            _ => return,
        }
    }
}

/// Asks, and gives what came of an answer before the server was gone.
fn ask(admin: SocketAddr, request: &str) -> Option<String> {
    let mut stream = TcpStream::connect(admin).ok()?;
    stream.write_all(request.as_bytes()).ok()?;
    let mut reply = String::new();
    // A connection that is cut ends what came so far.
    stream.read_to_string(&mut reply).ok();
    Some(reply)
}

/// Gives the number in each phone's file.
fn numbers(site: &Site) -> (u64, u64) {
    let number = |path: &str| {
        let text = fs::read_to_string(site.path(path)).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("notes = \"")?.strip_suffix('"'));
        line.map_or(0, |number| number.parse().unwrap())
    };
    (number("fleet/device.toml"), number("fleet/more/second.toml"))
}

/// Gives how often the audit log tells of each number, by phone.
fn audited(site: &Site) -> BTreeMap<(String, u64), usize> {
    let mut found = BTreeMap::new();
    for line in fs::read_to_string(site.path("state/audit.log")).unwrap().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        if let Some(number) = line["after"]["notes"].as_str() {
            let phone = line["name"].as_str().unwrap().to_owned();
            *found.entry((phone, number.parse().unwrap())).or_default() += 1;
        }
    }
    found
}

/// Checks what a killed server left behind, after another one has begun.
fn judge(site: &Site, before: u64, told: &Told) -> u64 {
    let (first, second) = numbers(site);
    let (asked, done) = (told.asked.load(Ordering::SeqCst), told.done.load(Ordering::SeqCst));
    assert!(first >= done.max(before), "{done} was told to be done and is lost: {first}");
    assert!(first <= asked, "{first} was never asked for");
    // The second phone has the odd ones: a change of both files is in both or in neither.
    let odd = if first % 2 == 1 { first } else { first.saturating_sub(1) };
    assert_eq!(second, odd, "torn: {first} in one file");
    first
}

/// Checks that each change is noted once, in each phone that it was about, and none that did not come to be.
fn judge_audit(site: &Site, made: &[std::ops::RangeInclusive<u64>]) {
    let audited = audited(site);
    let mut expected = BTreeMap::new();
    for number in made.iter().cloned().flatten() {
        expected.insert(("Desk".to_owned(), number), 1);
        if number % 2 == 1 {
            expected.insert(("Second".to_owned(), number), 1);
        }
    }
    assert_eq!(audited, expected);
    let verdict = Log::at(&site.path("state")).verify(None).unwrap();
    assert!(verdict.is_good(), "{verdict:?}");
}

#[test]
fn a_server_that_is_killed_while_it_edits_leaves_the_old_or_the_new_state() {
    let kills = std::env::var("KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(KILLS);
    let random = RandomState::new();
    let (mut site, mut last, mut unfinished) = (site(), 0, 0);
    let mut made = Vec::new();
    let mut longest = None;
    for turn in 0..kills {
        let server = Running::start(site);
        let told = Told { asked: AtomicU64::new(last), done: AtomicU64::new(last) };
        let (admin, operator) = (server.admin, server.operator());
        thread::scope(|scope| {
            scope.spawn(|| edit(admin, &operator, &told));
            // The first one lives until it is known how long an edit takes here.
            let longest = *longest.get_or_insert_with(|| {
                let since = Instant::now();
                until("edits are made", || told.done.load(Ordering::SeqCst) >= EDITS.into());
                u64::try_from(since.elapsed().as_micros()).unwrap()
            });
            thread::sleep(Duration::from_micros(random.hash_one(turn) % longest));
            server.signal(rustix::process::Signal::KILL);
        });
        site = server.into_site();
        unfinished += u64::from(site.path("fleet/.bellhop-journal").exists());
        // Whoever reads next finishes what was begun.
        let snapshot = site.load();
        assert!(!site.path("fleet/.bellhop-journal").exists());
        let now = judge(&site, last, &told);
        let phone = snapshot.phone_by_serial(SERIAL).unwrap();
        assert_eq!(phone.device.notes.parse().unwrap_or(0), now);
        made.push(last + 1..=now);
        last = now;
    }
    judge_audit(&site, &made);
    let text = fs::read_to_string(site.path("fleet/device.toml")).unwrap();
    assert!(text.starts_with("# Of the hall.\n") && text.ends_with("# The end.\n"), "{text}");
    let names = fs::read_dir(site.path("fleet")).unwrap().map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = names.filter(|name| name.to_string_lossy().ends_with(".new")).collect();
    let of_the_last_kill = [".device.toml.new", "..bellhop-journal.new"];
    assert!(left.iter().all(|name| of_the_last_kill.iter().any(|known| name == known)), "{left:?}");
    assert!(last > kills / 4, "{last} changes by {kills} servers: they were killed before they did anything");
    assert!(unfinished > 0 || kills < KILLS, "no server was killed in the middle of {last} changes");
}
