//! One transfer to one client: `(state, event, now) -> steps`.
//!
//! Promises: at most three packets until the client acknowledges something (promise T1); each transfer ends, at its
//! deadline at the latest (T3); duplicate acknowledgements bring nothing, future ones are ignored; a client's error
//! ends it at once; a completed transfer is known as completed. It holds no more of the file than it was given.
//! Read next: [`Session::handle`] for what happens to it, [`Session::step`] for what it wants done.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::tftp::netascii::{self, Cursor};
use crate::tftp::packet::{Mode, Packet, begin_data};
use crate::tftp::round_trip::RoundTrip;
use crate::tftp::terms::Terms;

/// Most packets to a client that has acknowledged nothing yet (promise T1).
pub const UNVERIFIED_PACKETS: u8 = 3;

/// Most bytes of a file that are asked for at once.
pub const LONGEST_RANGE: usize = 64 << 10;

/// Longest time without progress after the server was told to stop.
const STOPPING: Duration = Duration::from_secs(2);

/// How long a client is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Longest time of a transfer as a whole.
    pub deadline: Duration,
    /// Longest time without a new acknowledgement.
    pub silence: Duration,
}

/// What happens to a session, besides that time passes.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// Something came from the client.
    Datagram(&'a [u8]),
    /// The file cannot be read, or nothing can be sent.
    Failed,
    /// The client has begun another transfer.
    Replaced,
    /// The server stops: what goes on well may end well.
    Stopping,
    /// The network says that nobody is there.
    Unreachable,
}

/// What a session wants done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing more: it is over.
    End(Ending),
    /// Send what was written.
    Send,
    /// Call again at this time, or after an event.
    Wait(Instant),
    /// Give it bytes of the file.
    Want {
        /// Where they begin.
        offset: u64,
        /// How many, within the file; more may be given.
        length: usize,
    },
}

/// How a transfer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ending {
    /// The client acknowledged the last block.
    Completed,
    /// The client sent an error.
    Declined,
    /// The file could not be read, or nothing could be sent.
    Failed,
    /// The deadline passed.
    Overdue,
    /// The client has begun another transfer.
    Replaced,
    /// The client fell silent.
    Silent,
    /// Nothing was ever acknowledged.
    Unanswered,
    /// The network said that nobody is there.
    Unreachable,
}

impl Ending {
    /// Every ending, in the order of the names.
    pub const ALL: &[Self] = &[
        Self::Completed,
        Self::Declined,
        Self::Failed,
        Self::Overdue,
        Self::Replaced,
        Self::Silent,
        Self::Unanswered,
        Self::Unreachable,
    ];

    /// Gives the word for logs and metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Declined => "declined",
            Self::Failed => "failed",
            Self::Overdue => "overdue",
            Self::Replaced => "replaced",
            Self::Silent => "silent",
            Self::Unanswered => "unanswered",
            Self::Unreachable => "unreachable",
        }
    }
}

/// A transfer under way.
#[derive(Debug)]
pub struct Session {
    terms: Terms,
    mode: Mode,
    size: u64,
    state: State,
    /// Bytes of the file at hand, and where they begin.
    hand: (u64, Bytes),
    /// Blocks that are acknowledged, and the place behind them.
    acked: (u64, Cursor),
    /// Blocks that are sent in this round, and the place behind them.
    sent: (u64, Cursor),
    /// The highest block that was ever sent.
    highest: u64,
    /// The places behind blocks that are sent and not acknowledged; kept for text only.
    marks: VecDeque<Cursor>,
    /// The number of the last block, once it is known.
    last: Option<u64>,
    is_verified: bool,
    trusted: u8,
    round_trip: RoundTrip,
    /// The block whose round trip is measured, and when it was sent.
    timed: Option<(u64, Instant)>,
    silence: Duration,
    again: Instant,
    quiet: Instant,
    end: Instant,
    retransmissions: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Ended(Ending),
    /// The OACK is to be sent, or (`false`) acknowledged.
    Offering(bool),
    Sending,
}

impl Session {
    /// Begins the transfer of a file of `size` bytes.
    pub fn new(terms: Terms, mode: Mode, size: u64, patience: Patience, now: Instant) -> Self {
        let state = if terms.has_options() { State::Offering(true) } else { State::Sending };
        let (quiet, end) = (now + patience.silence, now + patience.deadline);
        Self {
            terms,
            mode,
            size,
            state,
            hand: (0, Bytes::new()),
            acked: (0, Cursor::default()),
            sent: (0, Cursor::default()),
            highest: 0,
            marks: VecDeque::new(),
            last: None,
            is_verified: false,
            trusted: UNVERIFIED_PACKETS,
            round_trip: RoundTrip::new(terms.timeout),
            timed: None,
            silence: patience.silence,
            again: end,
            quiet,
            end,
            retransmissions: 0,
        }
    }

    /// Takes what happened.
    pub fn handle(&mut self, event: Event<'_>, now: Instant) {
        if matches!(self.state, State::Ended(_)) {
            return;
        }
        match event {
            Event::Datagram(datagram) => match Packet::decode(datagram) {
                Ok(Packet::Ack(number)) => self.acknowledge(number, now),
                Ok(Packet::Error { .. }) => self.state = State::Ended(Ending::Declined),
                // What else comes is no part of a read transfer, and no reason to end it.
                Ok(_) | Err(_) => (),
            },
            Event::Failed => self.state = State::Ended(Ending::Failed),
            Event::Replaced => self.state = State::Ended(Ending::Replaced),
            Event::Stopping => {
                self.silence = self.silence.min(STOPPING);
                self.quiet = self.quiet.min(now + STOPPING);
            }
            Event::Unreachable => self.state = State::Ended(Ending::Unreachable),
        }
    }

    /// Takes bytes of the file that begin at `offset`, in place of those that it had.
    pub fn give(&mut self, offset: u64, bytes: Bytes) {
        self.hand = (offset, bytes);
    }

    /// Says what to do next; `out` is overwritten with what is to be sent.
    pub fn step(&mut self, now: Instant, out: &mut Vec<u8>) -> Step {
        self.look_at_clock(now);
        match self.state {
            State::Ended(ending) => Step::End(ending),
            State::Offering(true) => {
                out.clear();
                self.terms.encode(out);
                self.state = State::Offering(false);
                self.count(0, self.retransmissions == 0, now)
            }
            State::Offering(false) => self.wait(),
            State::Sending => {
                let is_open = self.sent.0 < self.acked.0 + u64::from(self.terms.windowsize);
                if is_open && self.last.is_none_or(|last| self.sent.0 < last) {
                    self.send_next(now, out)
                } else {
                    self.wait()
                }
            }
        }
    }

    /// Tells whether the client has acknowledged something, so that its address is known to be its own.
    pub const fn is_verified(&self) -> bool {
        self.is_verified
    }

    /// Gives the last acknowledged block where the client can say nothing more before it gets the next one.
    pub fn in_turn(&self) -> Option<u64> {
        (self.terms.windowsize == 1).then_some(self.acked.0)
    }

    /// Tells whether the last block was sent.
    pub const fn is_at_end(&self) -> bool {
        self.last.is_some()
    }

    /// Gives how many packets were sent again.
    pub const fn retransmissions(&self) -> u64 {
        self.retransmissions
    }

    /// Gives how many bytes of the file the client has acknowledged.
    pub const fn delivered(&self) -> u64 {
        self.acked.1.offset
    }

    /// Lets time pass: ends what takes too long, begins the round anew that was not acknowledged.
    fn look_at_clock(&mut self, now: Instant) {
        let ending = match self.state {
            State::Ended(_) => return,
            _ if now >= self.end => Ending::Overdue,
            _ if now >= self.quiet && self.is_verified => Ending::Silent,
            _ if now >= self.quiet => Ending::Unanswered,
            _ if now < self.again => return,
            _ if self.trusted == 0 && !self.is_verified => Ending::Unanswered,
            state => {
                self.round_trip.back_off();
                // The answer to a packet that was sent twice tells nothing of either (Karn's rule).
                self.timed = None;
                self.again = now + self.round_trip.wait();
                if matches!(state, State::Offering(_)) {
                    self.retransmissions += 1;
                    self.state = State::Offering(true);
                } else {
                    self.sent = self.acked;
                }
                return;
            }
        };
        self.state = State::Ended(ending);
    }

    fn wait(&self) -> Step {
        Step::Wait(self.again.min(self.quiet).min(self.end))
    }

    fn acknowledge(&mut self, number: u16, now: Instant) {
        if let State::Offering(_) = self.state {
            if number == 0 {
                self.state = State::Sending;
                self.progress(0, now);
            }
            return;
        }
        let mut under_way = self.acked.0 + 1..=self.highest;
        let Some(block) = under_way.find(|block| self.terms.wire_number(*block) == number) else { return };
        self.acked = (block, self.behind(block));
        self.progress(block, now);
        if self.last == Some(block) {
            self.state = State::Ended(Ending::Completed);
        } else {
            // Whoever acknowledges part of a round has missed what follows (RFC 7440, section 4).
            self.sent = self.acked;
        }
    }

    fn progress(&mut self, block: u64, now: Instant) {
        self.is_verified = true;
        self.quiet = now + self.silence;
        if let Some((_, sent)) = self.timed.take_if(|(timed, _)| *timed <= block) {
            self.round_trip.measure(now.saturating_duration_since(sent));
        } else {
            self.round_trip.recover();
        }
        self.again = now + self.round_trip.wait();
    }

    /// Gives the place behind a block that was sent, and forgets those before it.
    fn behind(&mut self, block: u64) -> Cursor {
        match self.mode {
            Mode::Octet => Cursor {
                offset: block.saturating_mul(self.terms.blksize.into()).min(self.size),
                pending: None,
            },
            Mode::Netascii => {
                let count = usize::try_from(block - self.acked.0).unwrap_or(usize::MAX).min(self.marks.len());
                self.marks.drain(..count).next_back().unwrap_or(self.acked.1)
            }
        }
    }

    fn send_next(&mut self, now: Instant, out: &mut Vec<u8>) -> Step {
        let (block, place) = (self.sent.0 + 1, self.sent.1);
        let room = usize::from(self.terms.blksize);
        let rest = usize::try_from(self.size - place.offset).unwrap_or(usize::MAX);
        let Some(source) = self.at_hand(place.offset, room.min(rest)) else {
            let round = room * usize::from(self.terms.windowsize);
            return Step::Want { offset: place.offset, length: round.min(LONGEST_RANGE).max(room).min(rest) };
        };
        begin_data(out, self.terms.wire_number(block));
        let begin = out.len();
        let behind = match self.mode {
            Mode::Octet => {
                out.extend_from_slice(source);
                Cursor { offset: place.offset + source.len() as u64, pending: None }
            }
            Mode::Netascii => netascii::encode(place, source, room, out),
        };
        if out.len() - begin < room {
            self.last = Some(block);
        }
        self.sent = (block, behind);
        let is_new = block > self.highest;
        if is_new {
            self.highest = block;
            if self.mode == Mode::Netascii {
                self.marks.push_back(behind);
            }
        } else {
            self.retransmissions += 1;
        }
        self.count(block, is_new, now)
    }

    /// Gives `length` bytes from `offset` on, if it has them.
    fn at_hand(&self, offset: u64, length: usize) -> Option<&[u8]> {
        let begin = usize::try_from(offset.checked_sub(self.hand.0)?).ok()?;
        self.hand.1.get(begin..begin.checked_add(length)?)
    }

    /// Counts a packet that is sent now.
    fn count(&mut self, block: u64, is_new: bool, now: Instant) -> Step {
        self.trusted = self.trusted.saturating_sub(1);
        self.again = now + self.round_trip.wait();
        if is_new && self.timed.is_none() {
            self.timed = Some((block, now));
        }
        Step::Send
    }
}

#[cfg(test)]
mod tests;
