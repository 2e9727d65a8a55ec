//! A session alone: what it sends, and when.

use std::io::{Read, Seek, SeekFrom, Write};

use proptest::prelude::*;

use super::*;
use crate::tftp::packet::Options;
use crate::tftp::terms::{Caps, negotiate};

const PATIENCE: Patience = Patience { deadline: Duration::from_secs(300), silence: Duration::from_secs(30) };

/// A session with a clock and a file.
struct Bench {
    session: Session,
    body: Bytes,
    now: Instant,
    out: Vec<u8>,
}

impl Bench {
    fn new(body: impl Into<Bytes>, options: &str, mode: Mode) -> Self {
        let (body, now) = (body.into(), Instant::now());
        let options = options.replace(' ', "\0") + "\0";
        let caps = Caps { blksize: 1428, windowsize: 16 };
        let terms = negotiate(Options::new(options.as_bytes()), mode, body.len() as u64, caps);
        Self {
            session: Session::new(terms, mode, body.len() as u64, PATIENCE, now),
            body,
            now,
            out: Vec::new(),
        }
    }

    /// Takes all that is sent now.
    fn sent(&mut self) -> Vec<Vec<u8>> {
        let mut sent = Vec::new();
        loop {
            match self.session.step(self.now, &mut self.out) {
                Step::Send => sent.push(self.out.clone()),
                Step::Want { offset, .. } => {
                    let from = usize::try_from(offset).unwrap();
                    self.session.give(offset, self.body.slice(from..));
                }
                Step::End(_) | Step::Wait(_) => return sent,
            }
        }
    }

    /// Takes the numbers of the blocks that are sent now.
    fn blocks(&mut self) -> Vec<u16> {
        let block = |packet: &Vec<u8>| match Packet::decode(packet) {
            Ok(Packet::Data { block, .. }) => block,
            other => panic!("{other:?}"),
        };
        self.sent().iter().map(block).collect()
    }

    fn ack(&mut self, number: u16) -> &mut Self {
        let [high, low] = number.to_be_bytes();
        self.session.handle(Event::Datagram(&[0, 4, high, low]), self.now);
        self
    }

    fn after(&mut self, millis: u64) -> &mut Self {
        self.now += Duration::from_millis(millis);
        self
    }

    fn ending(&mut self) -> Option<Ending> {
        match self.session.step(self.now, &mut self.out) {
            Step::End(ending) => Some(ending),
            _ => None,
        }
    }
}

fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|n| u8::try_from(n % 251).unwrap()).collect()
}

/// Fetches all of it without loss; gives what came, and how many blocks.
fn fetch(bench: &mut Bench) -> (Vec<u8>, u64) {
    let (mut got, mut count, mut expected) = (Vec::new(), 0, 1_u64);
    loop {
        let sent = bench.sent();
        if sent.is_empty() {
            return (got, count);
        }
        for packet in sent {
            match Packet::decode(&packet).unwrap() {
                Packet::Data { block, bytes } => {
                    assert_eq!(block, bench.session.terms.wire_number(expected));
                    got.extend_from_slice(bytes);
                    (expected, count) = (expected + 1, count + 1);
                }
                Packet::Oack(_) => (),
                other => panic!("{other:?}"),
            }
        }
        let number = bench.session.terms.wire_number(expected - 1);
        bench.after(1).ack(number);
    }
}

#[test]
fn files_of_every_length_come_whole() {
    for length in [0, 1, 511, 512, 513, 1024, 4000] {
        for options in ["", "blksize 8", "windowsize 4", "blksize 1428 windowsize 16 tsize 0"] {
            let mut bench = Bench::new(bytes(length), options, Mode::Octet);
            let (got, _) = fetch(&mut bench);
            assert_eq!(got, bytes(length), "{length} {options}");
            assert_eq!(bench.ending(), Some(Ending::Completed));
            assert_eq!(bench.session.retransmissions(), 0);
            assert_eq!(bench.session.delivered(), length as u64);
        }
    }
}

#[test]
fn text_comes_with_its_line_ends() {
    for options in ["", "blksize 8", "blksize 9 windowsize 3"] {
        let mut bench = Bench::new("foo\nbar\rbaz\n".repeat(30), options, Mode::Netascii);
        assert_eq!(fetch(&mut bench).0, "foo\r\nbar\r\0baz\r\n".repeat(30).as_bytes());
        assert_eq!(bench.ending(), Some(Ending::Completed));
    }
}

#[test]
fn numbers_roll_over_twice_in_a_megabyte() {
    for (options, mode) in [
        ("blksize 8", Mode::Octet),
        ("blksize 8 rollover 0 windowsize 16", Mode::Octet),
        ("blksize 8 rollover 1", Mode::Octet),
        ("blksize 8 rollover 1 windowsize 7", Mode::Netascii),
    ] {
        let body = vec![b'x'; 1 << 20];
        let (got, blocks) = fetch(&mut Bench::new(body.clone(), options, mode));
        assert_eq!(got, body);
        assert_eq!(blocks, 131_073);
    }
}

#[test]
fn duplicate_acknowledgements_bring_nothing() {
    let mut bench = Bench::new(bytes(4000), "", Mode::Octet);
    assert_eq!(bench.blocks(), [1]);
    assert_eq!(bench.ack(1).blocks(), [2]);
    assert_eq!(bench.ack(1).ack(1).ack(0).blocks(), [0_u16; 0]);
    assert_eq!(bench.ack(2).blocks(), [3]);
}

#[test]
fn acknowledgements_of_the_future_are_ignored() {
    let mut bench = Bench::new(bytes(4000), "", Mode::Octet);
    assert_eq!(bench.blocks(), [1]);
    assert_eq!(bench.ack(5).ack(2).ack(65_535).blocks(), [0_u16; 0]);
    assert_eq!(bench.ack(1).blocks(), [2]);
}

#[test]
fn a_client_that_never_answers_gets_three_packets() {
    for options in ["", "blksize 1428 windowsize 16", "timeout 1"] {
        let mut bench = Bench::new(bytes(4000), options, Mode::Octet);
        let mut packets = bench.sent().len();
        for _ in 0..3100 {
            packets += bench.after(100).sent().len();
        }
        assert_eq!(packets, 3, "{options}");
        assert_eq!(bench.ending(), Some(Ending::Unanswered));
    }
}

#[test]
fn what_is_lost_is_sent_again_later_and_later() {
    let mut bench = Bench::new(bytes(4000), "", Mode::Octet);
    assert_eq!(bench.blocks(), [1]);
    assert_eq!(bench.after(499).blocks(), [0_u16; 0]);
    assert_eq!(bench.after(1).blocks(), [1]);
    assert_eq!(bench.after(999).blocks(), [0_u16; 0]);
    assert_eq!(bench.after(1).blocks(), [1]);
    // Block 1 was sent three times: its answer tells nothing of the round trip (Karn's rule).
    assert_eq!(bench.after(30).ack(1).blocks(), [2]);
    assert_eq!(bench.after(1999).blocks(), [0_u16; 0]);
    assert_eq!(bench.ack(2).blocks(), [3]);
    assert_eq!(bench.after(10).ack(3).blocks(), [4]);
    assert_eq!(
        bench.session.round_trip.wait(),
        Duration::from_millis(4000),
        "a slow round trip was measured"
    );
}

#[test]
fn the_wait_comes_from_measured_round_trips() {
    let mut bench = Bench::new(bytes(9000), "", Mode::Octet);
    assert_eq!(bench.blocks(), [1]);
    for block in 1..8 {
        assert_eq!(bench.after(20).ack(block).blocks(), [block + 1]);
    }
    assert_eq!(bench.after(199).blocks(), [0_u16; 0]);
    assert_eq!(bench.after(1).blocks(), [8]);
}

#[test]
fn a_window_begins_anew_where_the_client_missed_something() {
    let mut bench = Bench::new(bytes(40_000), "windowsize 4", Mode::Octet);
    assert_eq!(bench.sent().len(), 1);
    assert_eq!(bench.ack(0).blocks(), [1, 2, 3, 4]);
    assert_eq!(bench.ack(2).blocks(), [3, 4, 5, 6]);
    assert_eq!(bench.ack(2).blocks(), [0_u16; 0]);
    assert_eq!(bench.after(500).blocks(), [3, 4, 5, 6]);
    assert_eq!(bench.ack(6).blocks(), [7, 8, 9, 10]);
    assert_eq!(bench.session.retransmissions(), 6);
}

#[test]
fn a_client_ends_it_with_an_error() {
    for when in 0..3 {
        let mut bench = Bench::new(bytes(4000), "tsize 0", Mode::Octet);
        bench.sent();
        for number in 0..when {
            bench.ack(number).sent();
        }
        bench.session.handle(Event::Datagram(b"\0\x05\0\x08tsize only"), bench.now);
        assert_eq!(bench.ending(), Some(Ending::Declined));
        assert_eq!(bench.ack(when).sent(), Vec::<Vec<u8>>::new());
    }
}

#[test]
fn a_client_that_drips_is_cut_at_the_deadline() {
    let mut bench = Bench::new(bytes(1 << 20), "blksize 8", Mode::Octet);
    bench.sent();
    bench.ack(0).sent();
    let mut acked = 0;
    while bench.ending().is_none() {
        acked += 1;
        bench.after(10_000).ack(acked).sent();
    }
    assert_eq!(bench.ending(), Some(Ending::Overdue));
    assert_eq!(acked, 30);
}

#[test]
fn a_client_that_falls_silent_is_given_up() {
    let mut bench = Bench::new(bytes(4000), "", Mode::Octet);
    bench.sent();
    bench.ack(1).sent();
    assert_eq!(bench.after(29_999).ending(), None);
    assert_eq!(bench.after(1).ending(), Some(Ending::Silent));
}

#[test]
fn a_stop_waits_only_for_those_that_go_on() {
    let mut bench = Bench::new(bytes(4000), "", Mode::Octet);
    bench.sent();
    bench.session.handle(Event::Stopping, bench.now);
    for block in 1..=7 {
        bench.after(1500).sent();
        bench.ack(block).sent();
    }
    assert_eq!(bench.ending(), None);
    assert_eq!(bench.after(2000).ending(), Some(Ending::Silent));
}

#[test]
fn a_large_file_is_read_in_ranges() {
    let length = 3 << 20;
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&bytes(length)).unwrap();
    for mode in [Mode::Octet, Mode::Netascii] {
        let mut bench = Bench::new(vec![0; length], "blksize 1428 windowsize 16", mode);
        let (mut got, mut held) = (Vec::new(), 0);
        loop {
            match bench.session.step(bench.now, &mut bench.out) {
                Step::Send => {
                    if let Ok(Packet::Data { bytes, .. }) = Packet::decode(&bench.out) {
                        got.extend_from_slice(bytes);
                    }
                }
                Step::Want { offset, length } => {
                    let mut range = vec![0; length];
                    file.seek(SeekFrom::Start(offset)).unwrap();
                    file.read_exact(&mut range).unwrap();
                    held = held.max(length);
                    bench.session.give(offset, range.into());
                }
                Step::Wait(_) => {
                    let number = bench.session.terms.wire_number(bench.session.sent.0);
                    bench.ack(number);
                }
                Step::End(ending) => {
                    assert_eq!(ending, Ending::Completed);
                    break;
                }
            }
        }
        let mut expected = Vec::new();
        match mode {
            Mode::Octet => expected = bytes(length),
            Mode::Netascii => {
                netascii::encode(Cursor::default(), &bytes(length), 2 * length, &mut expected);
            }
        }
        assert!(got == expected, "{mode:?}: {} bytes, not {}", got.len(), expected.len());
        assert!(held <= LONGEST_RANGE, "{held}");
    }
}

/// What may happen, for any order of it.
#[derive(Debug, Clone)]
enum Happening {
    Ack(u16),
    AckOfSent,
    Bytes(Vec<u8>),
    Pass(u64),
    Stop,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        4 => Just(Happening::AckOfSent),
        2 => (0_u16..40).prop_map(Happening::Ack),
        1 => any::<u16>().prop_map(Happening::Ack),
        1 => proptest::collection::vec(any::<u8>(), 0..20).prop_map(Happening::Bytes),
        3 => (0_u64..3000).prop_map(Happening::Pass),
        1 => Just(Happening::Stop),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_it_keeps_its_promises(
        length in 0_usize..9000,
        options in proptest::sample::select(vec!["", "windowsize 5", "blksize 8 windowsize 16", "tsize 0"]),
        text in any::<bool>(),
        happenings in proptest::collection::vec(happening(), 0..120),
    ) {
        let mode = if text { Mode::Netascii } else { Mode::Octet };
        let mut bench = Bench::new(bytes(length), options, mode);
        let (start, mut unverified, mut over) = (bench.now, 0, None);
        for happening in happenings {
            let sent = bench.sent();
            if !bench.session.is_verified() {
                unverified += sent.len();
            }
            prop_assert!(unverified <= 3);
            prop_assert!(sent.len() <= usize::from(bench.session.terms.windowsize));
            prop_assert!(sent.is_empty() || over.is_none());
            prop_assert!(bench.session.sent.0 <= bench.session.acked.0 + u64::from(bench.session.terms.windowsize));
            prop_assert!(bench.out.len() <= 4 + 512);
            prop_assert!(bench.session.marks.len() <= 16);
            prop_assert!(bench.now < start + PATIENCE.deadline || bench.ending().is_some());
            prop_assert!(over.is_none() || over == bench.ending(), "an end is an end");
            over = bench.ending();
            let retransmissions = bench.session.retransmissions();
            match happening {
                Happening::Ack(number) => drop(bench.ack(number)),
                Happening::AckOfSent => {
                    let number = bench.session.terms.wire_number(bench.session.sent.0);
                    bench.ack(number).ack(number);
                    bench.sent();
                    prop_assert_eq!(bench.session.retransmissions(), retransmissions);
                }
                Happening::Bytes(bytes) => bench.session.handle(Event::Datagram(&bytes), bench.now),
                Happening::Pass(millis) => drop(bench.after(millis)),
                Happening::Stop => bench.session.handle(Event::Stopping, bench.now),
            }
        }
    }
}
