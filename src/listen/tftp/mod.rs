//! TFTP for phones: sockets and clocks, and nothing that `tftp` knows already.
//!
//! Promises: no datagram ends the loop that takes them; strangers hear nothing, and who gets nothing hears the same
//! few bytes as everybody; a request takes a place before it takes a descriptor or a look at the snapshot (promise
//! T4); a slow file or a dead client delays nobody. Read next: [`Desk::take`] for a datagram, `places` for caps,
//! `transfer` for what follows a request.

mod line;
mod places;
mod port;
mod source;
mod transfer;
mod usher;

pub(super) use self::port::Port;

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::time::sleep;
use tracing::{debug, warn};

use self::line::Line;
use self::places::{Denied, Ends, Place, Places};
use self::port::{Batch, Way};
use self::source::Source;
use self::transfer::End;

use crate::answer::{Outcome, answer_with};
use crate::config::Tftp;
use crate::identify::Inquiry;
use crate::listen::assets::{Nothing, Shelf};
use crate::listen::crowd::descriptors;
use crate::listen::report::report;
use crate::listen::{Side, aside};
use crate::model::Protocol;
use crate::telemetry::{Metrics, Requests, Transfers};
use crate::tftp::{Caps, Ending, ErrorCode, Packet, Patience, Request, Session, Terms, negotiate};

/// Time to wait when the process itself cannot take datagrams.
const PAUSE: Duration = Duration::from_millis(100);

/// What all TFTP listeners share.
pub(super) struct Room {
    side: Arc<Side>,
    /// Whether files are sent from the port that was asked; decided at the start.
    single_port: bool,
    shelf: Arc<Shelf>,
    places: Arc<Places>,
    requests: Requests,
    transfers: Transfers,
    /// Descriptors for second sockets on transfers' ports.
    ushers: Semaphore,
    /// Whether a lack of descriptors has been told of.
    is_short: AtomicBool,
}

/// One listener.
struct Desk {
    room: Arc<Room>,
    port: Port,
}

impl Room {
    /// Makes what the listeners share.
    pub(super) fn new(side: &Arc<Side>, settings: &Tftp, shelf: Arc<Shelf>, metrics: &Metrics) -> Self {
        let (_, descriptors) =
            descriptors(side.limits().connections, side.store.current().config().assets.downloads);
        let (sockets, ushers) = shares(descriptors, settings.transfers);
        let single_port = settings.single_port;
        let most = if single_port { usize::MAX } else { sockets };
        let (places, ushers) = (Arc::new(Places::new(most)), Semaphore::new(ushers));
        let (requests, transfers) = (metrics.requests(Protocol::Tftp), metrics.transfers.clone());
        let side = Arc::clone(side);
        Self {
            side,
            single_port,
            shelf,
            places,
            requests,
            transfers,
            ushers,
            is_short: AtomicBool::new(false),
        }
    }

    /// Reads the settings as they are now.
    fn settings<R>(&self, read: impl FnOnce(&Tftp) -> R) -> R {
        read(&self.side.store.current().config().tftp)
    }

    /// Counts and logs the end of a transfer.
    fn count(&self, session: &Session, ending: Ending, took: Duration, peer: SocketAddr) {
        let (bytes, again) = (session.delivered(), session.retransmissions());
        self.transfers.in_flight.decrement(1);
        self.transfers.ended(ending);
        self.transfers.bytes.increment(bytes);
        self.transfers.retransmissions.increment(again);
        self.transfers.seconds.record(took);
        debug!(transport = "tftp", %peer, outcome = ending.word(), bytes, again, ?took, "transfer ended");
    }
}

/// Takes datagrams until the server stops; each request is served in a task of its own.
pub(super) async fn run(room: Arc<Room>, port: Port) {
    let desk = Arc::new(Desk { room, port });
    let (side, places) = (&desk.room.side, &desk.room.places);
    let mut batch = Batch::new();
    tokio::select! {
        () = side.stop.cancelled() => places.stop(),
        () = desk.receive(&mut batch) => (),
    }
    if desk.room.single_port {
        // The transfers under way have no other ear.
        tokio::select! {
            () = places.idle() => (),
            () = desk.receive(&mut batch) => (),
        }
    }
}

/// Shares descriptors out: to transfers, and to the second sockets of those that last.
fn shares(descriptors: usize, transfers: u32) -> (usize, usize) {
    let transfers = usize::try_from(transfers).unwrap_or(usize::MAX).min(descriptors - descriptors / 4);
    (transfers, (descriptors - transfers).min(transfers))
}

impl Desk {
    async fn receive(self: &Arc<Self>, batch: &mut Batch) {
        loop {
            match self.port.receive(batch).await {
                Ok(()) => batch.datagrams().for_each(|(datagram, way)| self.take(datagram, way)),
                Err(error) => {
                    self.room.requests.accept_errors.increment(1);
                    debug!(transport = "tftp", error = &error as &dyn Error, "cannot receive; pausing");
                    sleep(PAUSE).await;
                }
            }
        }
    }

    /// Takes a datagram.
    fn take(self: &Arc<Self>, datagram: &[u8], way: Way) {
        let (room, peer) = (&self.room, way.peer());
        if room.side.own.is(peer) {
            return self.answer_own(way);
        }
        if !room.settings(|settings| settings.allows(peer.ip())) || !way.is_direct() {
            room.transfers.network.increment(1);
            debug!(transport = "tftp", %peer, outcome = "network", "datagram dropped");
            return;
        }
        let ends = Ends { local: way.local(self.port.address(), self.port.address().port()), peer };
        let packet = Packet::decode(datagram);
        let to_transfer = !matches!(packet, Err(_) | Ok(Packet::Read(_) | Packet::Write(_)));
        if to_transfer && room.single_port && room.places.deliver(ends, datagram) {
            return;
        }
        match packet {
            Ok(Packet::Read(_)) => self.begin(datagram, way, ends),
            Ok(Packet::Write(_)) => {
                room.transfers.upload.increment(1);
                self.scold(&way, ErrorCode::AccessViolation, "not allowed");
            }
            Ok(Packet::Error { .. }) => room.transfers.stray.increment(1),
            Ok(Packet::Ack(_) | Packet::Data { .. } | Packet::Oack(_)) => {
                room.transfers.stray.increment(1);
                self.scold(&way, ErrorCode::UnknownTransfer, "no transfer");
            }
            Err(malformed) => {
                room.transfers.malformed.increment(1);
                debug!(transport = "tftp", %peer, error = &malformed as &dyn Error, "invalid request");
                self.scold(&way, ErrorCode::IllegalOperation, "bad request");
            }
        }
    }

    /// Answers the server itself, by a task as each request is served by.
    fn answer_own(self: &Arc<Self>, way: Way) {
        let desk = Arc::clone(self);
        self.room.side.tracker.spawn(async move {
            desk.port.send(&way, &error(ErrorCode::FileNotFound, "not found")).ok();
        });
    }

    /// Says what is wrong, unless the source has heard that often in this second.
    fn scold(&self, way: &Way, code: ErrorCode, text: &str) {
        self.room.requests.invalid.increment(1);
        if self.room.places.may_scold(way.peer()) {
            self.port.send(way, &error(code, text)).ok();
        }
    }

    fn begin(self: &Arc<Self>, request: &[u8], way: Way, ends: Ends) {
        let transfers = &self.room.transfers;
        let begun = self.room.settings(|settings| self.room.places.begin(ends, request, settings));
        let denied = match begun {
            Ok(place) => {
                let desk = Arc::clone(self);
                self.room.side.tracker.spawn(async move { desk.serve(place, way).await });
                return;
            }
            Err(denied) => denied,
        };
        let (count, reason) = match denied {
            Denied::Busy => (&transfers.busy, "busy"),
            Denied::Crowded => (&transfers.crowded, "crowded"),
            Denied::Duplicate => (&transfers.duplicate, "duplicate"),
            Denied::Frequent => (&transfers.frequent, "frequent"),
        };
        // Whoever may have a place later asks again; an error would end that.
        count.increment(1);
        debug!(transport = "tftp", peer = %way.peer(), outcome = reason, "request dropped");
    }

    /// Serves a request, and again where the client asks for the same once more when it has it.
    async fn serve(&self, mut place: Place, way: Way) {
        let handle = Arc::clone(&place.handle);
        let Ok(Packet::Read(request)) = Packet::decode(&handle.request) else { return };
        let mut again = true;
        while again {
            again = match self.ask(&request, &way).await {
                Ok((source, serial)) => {
                    let Some(line) = self.line(&way) else { return };
                    let end = self.transfer(&request, &source, &line, &mut place, &way).await;
                    if end.ending == Ending::Completed {
                        self.note_fetch(serial.as_deref(), way.peer().ip());
                    }
                    end.again
                }
                Err(error) => {
                    handle.unless_replaced(|| error.map(|error| self.port.send(&way, &error).ok()));
                    false
                }
            } || place.is_asked_again();
        }
    }

    /// Notes that a device has fetched a file.
    fn note_fetch(&self, serial: Option<&str>, peer: IpAddr) {
        let snapshot = self.room.side.store.current();
        if let Some(phone) = serial.and_then(|serial| snapshot.phone_by_serial(serial)) {
            self.room.side.watchman.served(&snapshot.config().guard, peer, &phone, None);
        }
    }

    async fn transfer(
        &self,
        request: &Request<'_>,
        source: &Source,
        line: &Line<'_>,
        place: &mut Place,
        way: &Way,
    ) -> End {
        let (room, start) = (&self.room, Instant::now());
        room.requests.served.increment(1);
        room.transfers.in_flight.increment(1);
        let size = source.size();
        let terms = self.terms(request, size);
        if terms.repeated {
            debug!(transport = "tftp", peer = %way.peer(), "an option came twice; the first counts");
        }
        let patience =
            room.settings(|settings| Patience { deadline: settings.deadline, silence: settings.silence });
        let mut session = Session::new(terms, request.mode, size, patience, start);
        let (ends, handle) = (place.ends(), Arc::clone(&place.handle));
        let end = tokio::select! {
            biased;
            end = transfer::carry(&mut session, line, place, source) => end,
            never = usher::turn_away(self, line, ends, &handle) => match never {},
        };
        room.count(&session, end.ending, start.elapsed(), way.peer());
        if let Source::File(_) = source {
            room.shelf.count_bytes(Protocol::Tftp, session.delivered());
        }
        end
    }

    /// Gives what holds for the transfer of a file of so many bytes.
    fn terms(&self, request: &Request<'_>, size: u64) -> Terms {
        let caps = self
            .room
            .settings(|settings| Caps { blksize: settings.blksize, windowsize: settings.windowsize });
        negotiate(request.options, request.mode, size, caps)
    }

    /// Asks for the file; gives it with the serial of the device that it is of. What is no device's may be everybody's.
    ///
    /// # Errors
    /// The packet that says that there is none; none where the client shall ask again.
    async fn ask(
        &self,
        request: &Request<'_>,
        way: &Way,
    ) -> Result<(Source, Option<String>), Option<Vec<u8>>> {
        let started = Instant::now();
        let peer = way.peer().ip();
        // Before anything is looked up, so that it tells nothing.
        if self.room.settings(|settings| settings.strict_options) && self.terms(request, 0).senseless {
            self.room.requests.invalid.increment(1);
            debug!(transport = "tftp", %peer, "an option makes no sense");
            return Err(Some(error(ErrorCode::BadOption, "bad option")));
        }
        let snapshot = self.room.side.store.current();
        let inquiry = Inquiry {
            banned: self.room.side.watchman.banned(&snapshot, peer),
            ..Inquiry::new(Protocol::Tftp, peer, request.name)
        };
        let answer = answer_with(&snapshot, &inquiry, aside);
        self.room.requests.answer_seconds.record(started.elapsed());
        if let Outcome::Refused(_) = answer.outcome {
            // Whoever is refused, and why: the same look at the disk.
            let prefix = &snapshot.world().rules.provisioning.path_prefix;
            let settings = &snapshot.config().assets;
            let taken = self.room.shelf.take(Protocol::Tftp, peer, settings, prefix, request.name);
            // Boxed, so that transfers out of memory stay small.
            match Box::pin(taken).await {
                Ok(taken) => return Ok((Source::File(taken), None)),
                Err(Nothing::Busy) => return Err(None),
                Err(Nothing::Failed | Nothing::Missing) => (),
            }
        }
        report(&self.room.requests, Protocol::Tftp, peer, &answer);
        match answer.outcome {
            Outcome::Served { file, .. } => {
                let serial = answer.phone.map(|phone| phone.device.serial.expose().to_owned());
                Ok((Source::Memory(file.body.clone()), serial))
            }
            Outcome::Refused(reason) => {
                self.room.side.watchman.refused(&snapshot, peer, &answer, reason, false);
                Err(Some(error(ErrorCode::FileNotFound, "not found")))
            }
            Outcome::Failed(_) => Err(Some(error(ErrorCode::Undefined, "try later"))),
        }
    }

    /// Gives a transfer its line; none where there is no descriptor or port, and the client shall ask again.
    fn line(&self, way: &Way) -> Option<Line<'_>> {
        if self.room.single_port {
            return Some(Line::Shared(&self.port, *way));
        }
        let ports = self.room.settings(|settings| settings.port_range);
        match Line::open(way.local(self.port.address(), 0), way.peer(), ports) {
            Ok(line) => {
                self.room.is_short.store(false, Ordering::Relaxed);
                Some(line)
            }
            Err(error) => {
                self.room.transfers.busy.increment(1);
                if !self.room.is_short.swap(true, Ordering::Relaxed) {
                    warn!(
                        transport = "tftp",
                        error = &error as &dyn Error,
                        "cannot open a socket; dropping requests"
                    );
                }
                None
            }
        }
    }
}

/// Writes an error; its text is so short that the packet is no longer on the wire than any request.
fn error(code: ErrorCode, text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(5 + text.len());
    Packet::Error { code: code.number(), text: text.as_bytes() }.encode(&mut out);
    out
}
