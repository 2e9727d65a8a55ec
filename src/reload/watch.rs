//! What makes the server read its files again, and the thread that does.
//!
//! A signal, a command, an event and the clock all ring the same [`Bell`]. Events only hint: after each of them
//! the thread waits until nothing more happens, so that a set of files is read when it is complete.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant, SystemTime};

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::oneshot;
use tracing::{info, warn};

use crate::document::Fault;
use crate::reload::{Last, Loader, Reading};
use crate::snapshot::{Snapshot, Stamp, Store};
use crate::telemetry::{Metrics, set_log_level};

/// Longest wait for quiet; files that change all the time are read as they are.
const LONGEST_QUIET: Duration = Duration::from_secs(2);

/// What a reading brought, for whoever asked for it.
#[derive(Debug, Clone)]
pub enum Report {
    /// A new snapshot stands.
    Published {
        /// Its number.
        serial: u64,
        /// How many devices it has.
        devices: usize,
        /// What somebody should look at.
        warnings: Vec<Fault>,
    },
    /// The files are faulty; the last good snapshot stands.
    Refused {
        /// Its number.
        serial: u64,
        /// All that is wrong.
        faults: Vec<Fault>,
    },
    /// Nothing changed.
    Unchanged {
        /// The number of the current snapshot.
        serial: u64,
    },
}

/// What somebody may want to hear of the thread that reads.
#[derive(Debug, Clone, Copy)]
pub enum Moment<'r> {
    /// A reading begins that was asked for, or a new snapshot is about to be published.
    Begun,
    /// That has ended, so.
    Ended(&'r Report),
}

/// Makes the server read its files again.
#[derive(Debug, Clone)]
pub struct Bell(Sender<Ring>);

#[derive(Debug)]
enum Ring {
    /// Something may have changed; wait until it is complete.
    Hint,
    /// Somebody asks for it now, and perhaps waits to hear how it went.
    Now(Option<oneshot::Sender<Report>>),
    /// The server stops.
    Stop,
}

impl Bell {
    /// Asks for a reading now.
    pub fn ring(&self) {
        self.0.send(Ring::Now(None)).ok();
    }

    /// Asks for a reading now and gives what it will bring; `None` when the server stops meanwhile.
    pub async fn ring_and_wait(&self) -> Option<Report> {
        let (tell, hear) = oneshot::channel();
        self.0.send(Ring::Now(Some(tell))).ok()?;
        hear.await.ok()
    }

    /// Ends the thread.
    pub fn stop(&self) {
        self.0.send(Ring::Stop).ok();
    }
}

/// The thread that reads, and the events that it listens to.
pub struct Watch {
    loader: Loader,
    store: Arc<Store>,
    metrics: Arc<Metrics>,
    bell: Bell,
    rings: Receiver<Ring>,
    watcher: Option<RecommendedWatcher>,
    told: BTreeSet<Fault>,
    last: Last,
    observer: fn(Moment<'_>),
    /// Whether the observer has heard that something begins, and not yet how it ended.
    begun: bool,
}

impl Watch {
    /// Begins to listen for events; nothing is read before [`Watch::run`], which tells the observer.
    pub fn new(loader: Loader, store: Arc<Store>, metrics: Arc<Metrics>, observer: fn(Moment<'_>)) -> Self {
        let (sender, rings) = channel();
        let bell = Bell(sender);
        let (told, last) = (BTreeSet::new(), Last::default());
        let watcher = None;
        let mut watch =
            Self { loader, store, metrics, bell, rings, watcher, told, last, observer, begun: false };
        watch.note_published(None, &[]);
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
            let asked = match self.rings.recv_timeout(interval) {
                Ok(Ring::Now(waiting)) => Some(Asked(waiting)),
                Ok(Ring::Hint) => match self.until_quiet() {
                    Ok(asked) => asked,
                    Err(Stopped) => return,
                },
                Err(RecvTimeoutError::Timeout) => None,
                Ok(Ring::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            };
            let started = Instant::now();
            if asked.is_some() {
                self.begin();
            }
            let report = self.read();
            self.note_read(started.elapsed(), report.clone());
            self.end(&report);
            if let Some(Asked(Some(waiting))) = asked {
                waiting.send(report).ok();
            }
        }
    }

    /// Waits until no more hints come; a ring that asks for a reading now ends the wait.
    fn until_quiet(&self) -> Result<Option<Asked>, Stopped> {
        let deadline = Instant::now() + LONGEST_QUIET;
        while Instant::now() < deadline {
            match self.rings.recv_timeout(self.loader.config().reload.quiet) {
                Ok(Ring::Hint) => (),
                Ok(Ring::Now(waiting)) => return Ok(Some(Asked(waiting))),
                Err(RecvTimeoutError::Timeout) => return Ok(None),
                Ok(Ring::Stop) | Err(RecvTimeoutError::Disconnected) => return Err(Stopped),
            }
        }
        Ok(None)
    }

    fn read(&mut self) -> Report {
        let started = Instant::now();
        let before = self.store.keep();
        match self.loader.load(&before) {
            Ok(None) => {
                self.metrics.reloads_unchanged.increment(1);
                self.told.clear();
                Report::Unchanged { serial: before.serial() }
            }
            Ok(Some(loaded)) => {
                let (serial, devices) = (loaded.snapshot.serial(), loaded.snapshot.devices());
                self.begin();
                self.store.publish(loaded.snapshot);
                self.metrics.reloads_published.increment(1);
                self.note_published(Some(started), &loaded.warnings);
                self.listen();
                Report::Published { serial, devices, warnings: loaded.warnings }
            }
            Err(faults) => {
                self.metrics.reloads_refused.increment(1);
                self.tell(&faults);
                Report::Refused { serial: before.serial(), faults }
            }
        }
    }

    /// Tells the observer once that something begins.
    fn begin(&mut self) {
        if !std::mem::replace(&mut self.begun, true) {
            (self.observer)(Moment::Begun);
        }
    }

    /// Tells the observer how that ended, and in any case of faults.
    fn end(&mut self, report: &Report) {
        if std::mem::take(&mut self.begun) || matches!(report, Report::Refused { .. }) {
            (self.observer)(Moment::Ended(report));
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
        note(&self.metrics, &snapshot);
        if let Some(started) = started {
            let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
            info!(serial, devices, took_ms, "published");
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
                "not published; the last good snapshot stays"
            );
        }
        self.told = now;
    }

    /// Listens to the folders of the current configuration, if it wants that.
    fn listen(&mut self) {
        let config = self.loader.config();
        if !config.reload.events {
            self.watcher = None;
            return;
        }
        let sender = self.bell.0.clone();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // Reading files is an event, too; it would make the server read for ever.
            if !event.is_ok_and(|event| event.kind.is_access()) {
                sender.send(Ring::Hint).ok();
            }
        });
        let mut watcher = match watcher {
            Ok(watcher) => watcher,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                warn!(error, "cannot listen to the file system; files are compared by the clock");
                return;
            }
        };
        let folders = config
            .catalog
            .iter()
            .chain([&config.fleet])
            .map(|folder| (folder.as_path(), RecursiveMode::Recursive));
        let own = self.loader.path().parent().map(|folder| (folder, RecursiveMode::NonRecursive));
        for (folder, mode) in folders.chain(own) {
            let folder = if folder == Path::new("") { Path::new(".") } else { folder };
            if let Err(error) = watcher.watch(folder, mode) {
                let error = &error as &dyn std::error::Error;
                warn!(folder = %folder.display(), error, "cannot listen to a folder; it is compared by the clock");
            }
        }
        self.watcher = Some(watcher);
    }
}

/// Somebody asked for a reading now, and perhaps waits to hear how it went.
struct Asked(Option<oneshot::Sender<Report>>);

/// The server stops.
struct Stopped;

fn note(metrics: &Metrics, snapshot: &Snapshot) {
    #[expect(clippy::cast_precision_loss, reason = "gauges are floating; counts stay far below 2^52")]
    fn gauge(value: u64) -> f64 {
        value as f64
    }
    metrics.snapshot_serial.set(gauge(snapshot.serial()));
    metrics.snapshot_devices.set(gauge(snapshot.devices() as u64));
    let Stamp(milliseconds) = Stamp::of(SystemTime::now());
    metrics.snapshot_timestamp.set(gauge(milliseconds) / 1000.0);
}
