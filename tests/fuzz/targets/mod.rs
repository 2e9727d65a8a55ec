//! What a fuzzer looks for: each takes any bytes, and panics where a promise is broken.
#![expect(clippy::unwrap_used, reason = "a target that cannot go on has found something")]
#![allow(dead_code, reason = "each fuzzer uses its own")]

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use arbitrary::{Arbitrary, Unstructured};
use bellhop::answer::{Outcome, answer};
use bellhop::audit::{Entry, Log, Search};
use bellhop::config::{Config, Proxies};
use bellhop::guard::origin;
use bellhop::identify::{Credentials, Inquiry};
use bellhop::jobs::{Cell, Format, mappings, read_rows};
use bellhop::model::{FieldSource, Job, JobField, JobKind, JobOperation, Protocol};
use bellhop::reload::Loader;
use bellhop::snapshot::{Records, Snapshot};
use bellhop::tftp::{Caps, Event, Packet, Patience, Session, Step, negotiate};
use bytes::Bytes;

/// Longest time between two things that happen.
const LONGEST: u64 = 10_000;

#[derive(Debug, Arbitrary)]
enum Happens {
    Acknowledgement(u16),
    Anything(Vec<u8>),
    Nothing,
    Replaced,
    Stopping,
    Unreachable,
}

#[derive(Debug, Arbitrary)]
struct Transfer {
    request: Vec<u8>,
    options: Vec<(Name, u32)>,
    is_text: bool,
    file: Vec<u8>,
    happens: Vec<(u16, Happens)>,
}

#[derive(Debug, Arbitrary)]
enum Name {
    Blksize,
    Rollover,
    Timeout,
    Tsize,
    Windowsize,
    Other,
}

impl Transfer {
    /// Writes the request: the options that are meant, then whatever bytes there are.
    fn request(&self) -> Vec<u8> {
        let mode = if self.is_text { "netascii" } else { "octet" };
        let mut request = format!("\0\x01file\0{mode}\0").into_bytes();
        for (name, value) in &self.options {
            let name = match name {
                Name::Blksize => "blksize",
                Name::Rollover => "rollover",
                Name::Timeout => "timeout",
                Name::Tsize => "tsize",
                Name::Windowsize => "windowsize",
                Name::Other => "other",
            };
            request.extend(format!("{name}\0{value}\0").bytes());
        }
        request.extend(&self.request);
        request
    }
}

/// Any bytes are a packet or none, and a packet that is written again is the same.
pub(crate) fn decode(bytes: &[u8]) {
    if let Ok(packet) = Packet::decode(bytes) {
        let mut written = Vec::new();
        packet.encode(&mut written);
        assert_eq!(Packet::decode(&written).as_ref(), Ok(&packet));
    }
}

/// Whatever `X-Forwarded-For` holds, a stranger's changes nothing, and a trusted proxy's gives what stands at its end.
pub(crate) fn forwarded(bytes: &[u8]) {
    let values = || bytes.split(|byte| *byte == b'\n');
    let peer: IpAddr = IpAddr::from([192, 0, 2, 1]);
    assert_eq!(origin(peer, values(), &Proxies::default()), Ok(peer));
    let trusted = vec!["192.0.2.1".parse::<IpAddr>().unwrap().into()];
    let proxies = Proxies { trusted, ..Proxies::default() };
    let told = origin(peer, values(), &proxies);
    let client = b"203.0.113.7".as_slice();
    let added = bytes.split(|byte| *byte == b'\n').chain([client]);
    let known: Vec<&[u8]> = added.collect();
    assert_eq!(origin(peer, known.into_iter(), &proxies), Ok(IpAddr::from([203, 0, 113, 7])));
    assert!(told.is_err() || told == Ok(told.unwrap().to_canonical()));
}

/// The serial of the one device that [`inquiry`] asks for.
const SERIAL: &str = "fuzz0fuzz1fuzz2fuzz3fuzz4f";

/// Whatever a path and a User-Agent hold, a file of a device that is known by its serial alone comes only to who has
/// that.
pub(crate) fn inquiry(bytes: &[u8]) {
    static SNAPSHOT: OnceLock<Snapshot> = OnceLock::new();
    let snapshot = SNAPSHOT.get_or_init(|| {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let catalog =
            here.ancestors().map(|above| above.join("catalog")).find(|folder| folder.is_dir()).unwrap();
        let site = std::env::temp_dir().join(format!("bellhop-fuzz-{}", std::process::id()));
        fs::create_dir_all(site.join("fleet")).unwrap();
        let device = format!(
            "[[device]]\nserial = \"{SERIAL}\"\nname = \"Phone\"\nmodel = \"yealink/t46s\"\n\
             mac = \"0015654aa937\"\nprotocol = \"http\"\nadmin-password = \"secret\"\n"
        );
        fs::write(site.join("fleet/phone.toml"), device).unwrap();
        fs::write(site.join("bellhop.toml"), format!("catalog = [{catalog:?}]\n")).unwrap();
        let mut loader = Loader::new(&site.join("bellhop.toml")).unwrap();
        let nothing = loader.nothing();
        let loaded = loader.load(&nothing).unwrap().unwrap();
        fs::remove_dir_all(site).unwrap();
        loaded.snapshot
    });
    let (path, agent) = match bytes.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&bytes[..end], Some(&bytes[end + 1..])),
        None => (bytes, None),
    };
    for transport in [Protocol::Http, Protocol::Https, Protocol::Tftp] {
        let inquiry =
            Inquiry { user_agent: agent, ..Inquiry::new(transport, Ipv4Addr::LOCALHOST.into(), path) };
        let answer = answer(snapshot, &inquiry);
        if let (Outcome::Served { .. }, Some(_)) = (answer.outcome, answer.phone) {
            assert_eq!(transport, Protocol::Http, "only by its protocol");
            let decoded: Vec<u8> = percent_encoding::percent_decode(path).collect();
            assert!(
                decoded.windows(SERIAL.len()).any(|part| part == SERIAL.as_bytes()),
                "only who has the serial"
            );
        }
    }
}

/// Any text is a fleet file or has faults, each of which names a line of it.
pub(crate) fn records(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (_, faults) = Records::parse(Path::new("x.toml"), text);
    check_lines(&faults, text);
}

/// Any text is a configuration or has faults, each of which names a line of it.
pub(crate) fn settings(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Err(faults) = Config::parse(Path::new("x.toml"), text) {
        assert!(!faults.is_empty(), "whoever is refused is told why");
        check_lines(&faults, text);
    }
}

fn check_lines(faults: &[bellhop::document::Fault], text: &str) {
    let lines = u32::try_from(text.split('\n').count()).unwrap();
    for fault in faults {
        assert!(fault.line <= lines, "{fault}");
    }
}

/// Whatever an audit log holds, it is read, mended and gone on with, and no line of it passes that does not fit.
pub(crate) fn audit(bytes: &[u8]) {
    let state = tempfile::TempDir::new().unwrap();
    let log = Log::at(state.path());
    fs::write(log.path(), bytes).unwrap();
    let before = log.verify(None).unwrap();
    let good: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    let lines = usize::try_from(before.lines).unwrap();
    assert_eq!(before.broken.is_some(), lines < good.len(), "each line fits, or one is named");
    let stamp = Log::open(state.path()).unwrap().append(&Entry::new("fuzz", "shell", "device-edit")).unwrap();
    let after = log.verify(Some(&stamp.hash)).unwrap();
    assert!(after.lines >= before.lines, "what fitted fits");
    assert_eq!(log.last().unwrap(), Some(stamp), "what was added is the last line");
    let last = Search { who: Some("fuzz".to_owned()), limit: Some(1), ..Search::default() };
    assert_eq!(log.search(&last).unwrap().len(), 1);
}

/// Any text holds credentials or none.
pub(crate) fn credentials(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    Credentials::read(text, "GET");
}

/// Any bytes are rows or have faults: rows in the order of their lines that say something, faults that
/// name a line of the file.
pub(crate) fn rows(bytes: &[u8]) {
    let ends = bytes.iter().filter(|byte| matches!(byte, b'\r' | b'\n')).count();
    let lines = u64::try_from(ends).unwrap() + 1;
    let (_, operation) = JobOperation::ALL[bytes.len() % JobOperation::ALL.len()];
    let mapping = mappings().map(|mapping| mapping.id).nth(bytes.len() % 8);
    let job = job(operation, mapping);
    for format in [None, Some(Format::JsonLines)] {
        match read_rows(&job, bytes, format) {
            Ok(read) => {
                assert!(!read.rows.is_empty(), "a file without rows is a fault");
                assert!(read.rows.windows(2).all(|pair| pair[0].number < pair[1].number), "lines go up");
                assert!(
                    read.rows.iter().all(|row| (1..=lines).contains(&row.number)),
                    "lines are of the file"
                );
                let mut cells = read.rows.iter().flat_map(|row| row.cells.values());
                assert!(cells.all(|cell| *cell != Cell::Leave), "what says nothing is not kept");
            }
            Err(faults) => {
                assert!((1..=101).contains(&faults.len()), "whoever is refused is told why, not forever");
                assert!(faults.iter().all(|fault| fault.line <= lines), "lines are of the file");
            }
        }
    }
}

fn job(operation: JobOperation, mapping: Option<&str>) -> Job {
    let field = |name: &&str| JobField {
        name: (*name).into(),
        from: FieldSource::Asked,
        label: Box::default(),
        help: Box::default(),
        required: false,
        choices: Box::default(),
        minimum: None,
        maximum: None,
        pattern: None,
    };
    let taken = ["name", "notes", "model", "vendor", "status", "line-1", "line-2", "settings.vlan", "raw.x"];
    Job {
        id: "fuzz".into(),
        name: "".into(),
        notes: "".into(),
        platform: "sp".into(),
        kind: JobKind::Bulk,
        operation,
        version: 1,
        fields: taken.iter().map(field).collect(),
        mapping: mapping.map(Into::into),
        columns: Box::new([("remark".into(), "notes".into()), ("nothing".into(), "".into())]),
        rows: None,
        batch: None,
        stop_on_error: true,
        approval: false,
        start_at: None,
        time_zone: None,
    }
}

/// Whatever happens to a transfer, it keeps to its terms, and it ends.
pub(crate) fn session(bytes: &[u8]) {
    let Ok(transfer) = Transfer::arbitrary_take_rest(Unstructured::new(bytes)) else { return };
    let request = transfer.request();
    let Ok(Packet::Read(read)) = Packet::decode(&request) else { return };
    let caps = Caps { blksize: 1428, windowsize: 16 };
    let file = Bytes::copy_from_slice(&transfer.file);
    let size = file.len() as u64;
    let terms = negotiate(read.options, read.mode, size, caps);
    let mut now = Instant::now();
    let patience = Patience { deadline: Duration::from_secs(300), silence: Duration::from_secs(30) };
    let mut session = Session::new(terms, read.mode, size, patience, now);
    let mut unverified = 0;
    for (after, what) in &transfer.happens {
        if !play(&mut session, &file, now, &mut unverified) {
            return;
        }
        now += Duration::from_millis(u64::from(*after) % LONGEST);
        match what {
            Happens::Acknowledgement(number) => {
                let [high, low] = number.to_be_bytes();
                session.handle(Event::Datagram(&[0, 4, high, low]), now);
            }
            Happens::Anything(bytes) => session.handle(Event::Datagram(bytes), now),
            Happens::Nothing => (),
            Happens::Replaced => session.handle(Event::Replaced, now),
            Happens::Stopping => session.handle(Event::Stopping, now),
            Happens::Unreachable => session.handle(Event::Unreachable, now),
        }
    }
    now += Duration::from_secs(301);
    assert!(!play(&mut session, &file, now, &mut unverified), "the deadline ends it");
    assert!(session.delivered() <= size, "no more is delivered than there is");
}

/// Does what the session wants until it waits; tells whether it goes on.
fn play(session: &mut Session, file: &Bytes, now: Instant, unverified: &mut u32) -> bool {
    let mut out = Vec::new();
    for _ in 0..64 {
        match session.step(now, &mut out) {
            Step::End(_) => return false,
            Step::Send => {
                assert!(out.len() <= 4 + 1428, "no packet is longer than a block");
                *unverified += u32::from(!session.is_verified());
                assert!(*unverified <= 3, "who has acknowledged nothing gets three packets");
            }
            Step::Wait(until) => {
                assert!(until > now, "waiting is for something to come");
                return true;
            }
            Step::Want { offset, length } => {
                let begin = usize::try_from(offset).unwrap();
                assert!(begin + length <= file.len(), "only bytes of the file are wanted");
                session.give(offset, file.slice(begin..begin + length));
            }
        }
    }
    panic!("it goes on without waiting");
}
