//! What makes the server read its files again, and the thread that does.
//!
//! A signal, a command, an event and the clock all ring the same [`Bell`]. Events and the clock only hint: the thread
//! waits until the files rest, so that a set of files is read when it is complete, and reads again what changed while
//! it was read.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant, SystemTime};

use tracing::{error, info, warn};

use crate::config::Config;
use crate::document::Fault;
use crate::reload::bell::{Bell, Job, Ring, Tell};
use crate::reload::desk::Publish;
use crate::reload::events::Events;
use crate::reload::keeper::{Keeper, State};
use crate::reload::{Desk, Doubt, Last, Loaded, Loader, Origin, Reading, Report, StandIn};
use crate::snapshot::{Snapshot, Stamp, Store};
use crate::telemetry::{Metrics, set_log_level};

/// Time after which it is told that files do not rest.
const LONG_QUIET: Duration = Duration::from_secs(10);

/// Readings of files that change meanwhile, before it is given up.
const MOST_TRIES: usize = 10;

/// What somebody may want to hear of the thread that reads.
#[derive(Clone, Copy)]
pub enum Moment<'r> {
    /// A reading begins that was asked for, or a new snapshot is about to be published.
    Begun,
    /// A reading has ended so, and this is what is served.
    Ended(&'r Report, &'r Snapshot),
}

/// What reading files brought that belong to the configuration and to no snapshot: the server's certificates.
#[derive(Debug, Default)]
pub struct Beside {
    /// Whether others are used from now on.
    pub changed: bool,
    /// What is wrong with them; after an error those from before are used on.
    pub faults: Vec<Fault>,
}

/// The thread that reads, and the events that it listens to.
pub struct Watch {
    loader: Loader,
    store: Arc<Store>,
    metrics: Arc<Metrics>,
    bell: Bell,
    rings: Receiver<Ring>,
    events: Events,
    keeper: Keeper,
    told: BTreeSet<Fault>,
    last: Last,
    observer: fn(Moment<'_>),
    beside: Box<dyn FnMut(&Config) -> Beside + Send>,
    /// The configuration that the server was started with.
    running: Config,
    /// Whether the observer has heard that something begins, and not yet how it ended.
    begun: bool,
    /// Whether it has last heard of faults.
    faulty: bool,
    /// How the files looked that were read last.
    seen: Option<u64>,
    /// Why they were refused, if they were.
    refused: Vec<Fault>,
    /// Whether what an edit made has still to be kept as the last good state.
    is_unkept: bool,
}

impl Watch {
    /// Begins to listen for events; nothing is read before [`Watch::run`], which tells the observer.
    ///
    /// Where the store begins with a stand-in, its faults are the last reading's. With each reading, `beside` reads what
    /// belongs to the configuration as it is then.
    pub fn new(
        loader: Loader,
        store: Arc<Store>,
        metrics: Arc<Metrics>,
        observer: fn(Moment<'_>),
        origin: Origin,
        mut beside: impl FnMut(&Config) -> Beside + Send + 'static,
    ) -> Self {
        let (sender, rings) = channel();
        let bell = Bell(sender);
        let (told, last) = (BTreeSet::new(), Last::default());
        let (events, keeper) = (Events::default(), Keeper::start());
        let Beside { faults: own, .. } = beside(loader.config());
        let beside: Box<dyn FnMut(&Config) -> Beside + Send> = Box::new(beside);
        let (running, begun, faulty) = (loader.config().clone(), false, false);
        let seen = if let Origin::Files { seen } = &origin { Some(*seen) } else { None };
        let mut watch = Self {
            loader,
            store,
            metrics,
            bell,
            rings,
            events,
            keeper,
            told,
            last,
            observer,
            beside,
            running,
            begun,
            faulty,
            seen,
            refused: Vec::new(),
            is_unkept: false,
        };
        watch.note_published(None, &own);
        let mut faults = own;
        match origin {
            Origin::StandIn(StandIn { since, faults: of_files }) => {
                let since = humantime::format_rfc3339_seconds(since);
                error!(%since, "the files are refused; serving what was kept as the last good state");
                faults.extend(of_files);
                watch.tell(&faults);
            }
            Origin::Files { seen } => watch.keep(seen),
        }
        if faults.iter().any(Fault::is_error) {
            let serial = watch.store.current().serial();
            watch.note_read(Duration::ZERO, Report::Refused { serial, faults });
        }
        watch.listen();
        watch
    }

    /// Gives the bell that makes it read.
    pub fn bell(&self) -> Bell {
        self.bell.clone()
    }

    /// Gives the place of what the last reading brought.
    pub fn last(&self) -> Last {
        self.last.clone()
    }

    /// Reads whenever the bell rings or the clock says so, until the server stops.
    pub fn run(mut self) {
        loop {
            let interval = self.loader.config().reload.interval;
            let ring = match self.rings.recv_timeout(interval) {
                Ok(Ring::Hint) | Err(RecvTimeoutError::Timeout) => self.until_quiet(),
                Ok(ring) => ring,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let asked = match ring {
                Ring::Hint => None,
                Ring::Job(job) => {
                    self.at_desk(job);
                    continue;
                }
                Ring::Now(asked) => Some(asked),
                Ring::Stop => return,
            };
            let doubt = asked.as_ref().map_or(Doubt::Refuse, |asked| asked.doubt);
            if asked.is_some() {
                self.begin();
            }
            let report = self.read_and_note(doubt);
            if let Some(tell) = asked.and_then(|asked| asked.tell) {
                tell.send(report).ok();
            }
            self.listen();
        }
    }

    /// Has a job done while nobody else writes, on what the files say now.
    fn at_desk(&mut self, Job(job): Job) {
        let started = Instant::now();
        let (lock, faults) = match self.loader.hold() {
            Ok(lock) => {
                if self.seen != Some(self.loader.look()) {
                    self.read_and_note(Doubt::Refuse);
                    self.listen();
                }
                (Some(lock), self.refused.clone())
            }
            Err(error) => (None, vec![self.loader.unlocked(&error)]),
        };
        let store = Arc::clone(&self.store);
        let publish = move |snapshot| store.publish(snapshot);
        let base = self.store.keep();
        let mut desk = Desk::new(&mut self.loader, base, lock, faults, Publish::Served(&publish));
        let done = catch_unwind(AssertUnwindSafe(|| job(&mut desk)));
        let committed = desk.is_committed().then(|| desk.warnings().to_vec());
        drop(desk);
        if let Some(warnings) = committed {
            self.note_edit(started, warnings);
        }
        match done {
            Ok(Tell(tell)) => tell(),
            Err(_) => error!("an edit panicked; nothing of it was made that was not told of"),
        }
    }

    /// Takes note of an edit as of a reading; one that follows keeps it as the last good state.
    fn note_edit(&mut self, started: Instant, warnings: Vec<Fault>) {
        self.seen = Some(self.loader.look());
        self.is_unkept = true;
        let all: Vec<Fault> = self.told.iter().cloned().chain(warnings).collect();
        self.note_published(Some(started), &all);
        self.bell.hint();
    }

    fn read_and_note(&mut self, doubt: Doubt) -> Report {
        let started = Instant::now();
        let report = self.read(doubt);
        self.note_read(started.elapsed(), report.clone());
        self.end(&report);
        report
    }

    /// Waits until the files rest: two looks at them, some time apart, see the same. Whoever asks for something now
    /// ends the wait.
    fn until_quiet(&self) -> Ring {
        let began = Instant::now();
        let mut is_told = false;
        let mut seen = self.loader.look();
        loop {
            let quiet = self.loader.config().reload.quiet;
            let rested = Instant::now() + quiet;
            while let Some(left) = rested.checked_duration_since(Instant::now()) {
                match self.rings.recv_timeout(left) {
                    // Events come in floods, and say less than the look that follows.
                    Ok(Ring::Hint) | Err(RecvTimeoutError::Timeout) => (),
                    Ok(ring) => return ring,
                    Err(RecvTimeoutError::Disconnected) => return Ring::Stop,
                }
            }
            let now = self.loader.look();
            if now == seen {
                return Ring::Hint;
            }
            seen = now;
            if began.elapsed() > LONG_QUIET && !is_told {
                warn!("files keep changing and are read when they rest; `bellhop reload` reads them now");
                is_told = true;
            }
        }
    }

    fn read(&mut self, doubt: Doubt) -> Report {
        let started = Instant::now();
        let before = self.store.keep();
        let (seen, loaded) = self.load(&before, doubt);
        let Beside { changed, mut faults } = (self.beside)(self.loader.config());
        faults.extend(self.unapplied());
        if changed {
            self.begin();
        }
        let is_new = changed || matches!(loaded, Ok(Some(_)));
        self.seen = Some(seen);
        self.refused = loaded.as_ref().err().cloned().unwrap_or_default();
        match loaded {
            Ok(None) => {
                if std::mem::take(&mut self.is_unkept) {
                    self.keep(seen);
                }
                self.tell(&faults);
            }
            Ok(Some(loaded)) => {
                self.begin();
                let cache_bytes = loaded.snapshot.config().rendering.cache_bytes;
                if before.config().rendering.cache_bytes != cache_bytes {
                    loaded.snapshot.cache().set_limit(cache_bytes);
                }
                self.store.publish(loaded.snapshot);
                faults.extend(loaded.warnings);
                self.note_published(Some(started), &faults);
                self.keep(seen);
            }
            Err(more) => {
                faults.extend(more);
                self.tell(&faults);
            }
        }
        let (serial, devices) = (self.store.current().serial(), self.store.current().devices());
        if faults.iter().any(Fault::is_error) {
            self.metrics.reloads_refused.increment(1);
            Report::Refused { serial, faults }
        } else if is_new {
            self.metrics.reloads_published.increment(1);
            Report::Published { serial, devices, warnings: faults }
        } else {
            self.metrics.reloads_unchanged.increment(1);
            Report::Unchanged { serial }
        }
    }

    /// Tells of settings that have changed and that a running server cannot take.
    fn unapplied(&self) -> impl Iterator<Item = Fault> + use<> {
        let path = self.loader.path().to_owned();
        let names = self.loader.config().unapplied(&self.running).into_iter();
        names.map(move |name| {
            Fault::warning(
                &path,
                0,
                format!("`{name}` has changed; start the server again for it to take effect"),
            )
        })
    }

    /// Reads, and reads again what changed while it was read.
    fn load(&mut self, before: &Snapshot, doubt: Doubt) -> (u64, Result<Option<Loaded>, Vec<Fault>>) {
        let mut seen = self.loader.look();
        for _ in 0..MOST_TRIES {
            let loaded = self.loader.load_with(before, doubt);
            let now = self.loader.look();
            if now == seen {
                return (seen, loaded);
            }
            seen = now;
        }
        let message = "changed each time while everything was read; ask again when nobody writes";
        (seen, Err(vec![Fault::error(&self.loader.config().fleet, 0, message)]))
    }

    /// Has the files of the current snapshot kept for a start at which they are broken.
    fn keep(&self, seen: u64) {
        let folder = self.loader.config().state.clone();
        let (sources, snapshot) = (self.loader.sources(), self.store.keep());
        self.keeper.keep(State { folder, sources, seen, snapshot });
    }

    /// Tells the observer once that something begins.
    fn begin(&mut self) {
        if !std::mem::replace(&mut self.begun, true) {
            (self.observer)(Moment::Begun);
        }
    }

    /// Tells the observer how that ended, and in any case of faults that came or went.
    fn end(&mut self, report: &Report) {
        let is_faulty = matches!(report, Report::Refused { .. });
        let was_faulty = std::mem::replace(&mut self.faulty, is_faulty);
        if std::mem::take(&mut self.begun) || is_faulty || was_faulty {
            (self.observer)(Moment::Ended(report, &self.store.current()));
        }
    }

    /// Keeps what a reading brought, for whoever asks later.
    fn note_read(&self, took: Duration, report: Report) {
        let metrics = &self.metrics;
        let (seconds, stale) = match &report {
            Report::Published { .. } => (&metrics.reload_published, 0),
            Report::Refused { .. } => (&metrics.reload_refused, 1),
            Report::Unchanged { .. } => (&metrics.reload_unchanged, 0),
        };
        seconds.record(took);
        metrics.snapshot_stale.set(stale);
        self.last.set(Reading { at: SystemTime::now(), took, report });
    }

    fn note_published(&mut self, started: Option<Instant>, warnings: &[Fault]) {
        let snapshot = self.store.keep();
        let (serial, devices) = (snapshot.serial(), snapshot.devices());
        let Stamp(now) = Stamp::of(SystemTime::now());
        self.metrics.note_snapshot(serial, devices, now);
        if let Some(started) = started {
            info!(serial, devices, took = ?started.elapsed(), "published");
        }
        set_log_level(self.loader.config().log.level);
        self.tell(warnings);
    }

    /// Logs faults, each once for as long as it stays.
    fn tell(&mut self, faults: &[Fault]) {
        let now: BTreeSet<Fault> = faults.iter().cloned().collect();
        let new: Vec<&Fault> = now.difference(&self.told).collect();
        for fault in &new {
            warn!(%fault, "fault in the files");
        }
        if new.iter().any(|fault| fault.is_error()) {
            warn!(
                faults = now.len(),
                serial = self.store.current().serial(),
                "faulty files are not taken; what was good before stays"
            );
        }
        self.told = now;
    }

    /// Listens to what the current configuration names, if it wants that.
    fn listen(&mut self) {
        let config = self.loader.config();
        if !config.reload.events {
            self.events.stop();
            return;
        }
        let mut paths = config.catalog.clone();
        paths.extend([config.fleet.clone(), self.loader.path().to_owned()]);
        paths.extend(config.https.files().cloned());
        let bell = self.bell.clone();
        if self.events.listen(&paths, move || bell.hint()) {
            // What changed before the first event can only be seen.
            self.bell.hint();
        }
    }
}
