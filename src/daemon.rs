//! A process's life: first snapshot, bind, serve, stop; one function a stage.

use std::fmt::Display;
use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Instant, SystemTime};

use anyhow::{Context, anyhow, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use crate::config::Config;
use crate::document::Fault;
use crate::greeting;
use crate::guard::Guard;
use crate::listen::{Bound, Identities, Inherited, Probe, Refreshed, Side};
use crate::manage::{Admin, Clerk, Doorway, Proofs};
use crate::reload::{self, Bell, Beside, Started, Watch};
use crate::service;
use crate::snapshot::{Snapshot, Store};
use crate::telemetry::Metrics;

/// Why the server did not start, or did not end well.
#[derive(Debug)]
pub enum DaemonError {
    /// Its files are faulty.
    Faulty(Vec<Fault>),
    /// Anything else.
    Other(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for DaemonError {
    fn from(error: E) -> Self {
        Self::Other(error.into())
    }
}

/// Serves until a signal ends it.
///
/// # Errors
/// Why it could not start, or that responses were cut off when it ended.
pub fn run(path: &Path) -> Result<(), DaemonError> {
    let inherited = Inherited::take()?;
    let started = reload::start(path).map_err(DaemonError::Faulty)?;
    // Nothing before is logged; faults that nothing can stand in for are told by the command line.
    crate::telemetry::start_log(&started.loader.config().log)?;
    for fault in &started.warnings {
        warn!(%fault, "fault in the files");
    }
    prepare(started.loader.config())?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start threads")?;
    let served = runtime.block_on(serve(started, inherited));
    // Whatever is still under way had its time.
    runtime.shutdown_background();
    served
}

/// Gets the process ready: a place to write to, descriptors for the connections, and no dumps with secrets in them.
fn prepare(config: &Config) -> anyhow::Result<()> {
    let state = &config.state;
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(state);
    made.with_context(|| format!("cannot make the state folder {}", state.display()))?;
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })
        .context("cannot switch core dumps off")?;
    let files = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: files.maximum, ..files })
        .context("cannot raise the limit of open files")?;
    let needed = [config.limits.connections, config.assets.downloads, config.tftp.transfers];
    let needed = needed.into_iter().map(u64::from).sum::<u64>() + 256;
    if let Some(limit) = files.maximum.filter(|limit| *limit < needed) {
        warn!(
            limit,
            needed,
            "fewer files may be open than connections and transfers are allowed; raise the limit of open files"
        );
    }
    Ok(())
}

async fn serve(started: Started, inherited: Inherited) -> Result<(), DaemonError> {
    let Started { loader, snapshot, origin, served_before, .. } = started;
    let (started, mut signals) = (SystemTime::now(), Signals::new()?);
    let config = loader.config().clone();
    let mut sockets = inherited.sort(&config)?;
    let admin = Doorway::open(sockets.admin.take(), &config.admin)?;
    let bound = Bound::bind(&config, sockets).await?;
    let host = snapshot.world().rules.provisioning.host.clone();
    let metrics = Arc::new(Metrics::default());
    let identities = Identities::load(&config, &host, &metrics, served_before);
    let identities = Arc::new(identities.map_err(DaemonError::Faulty)?);
    let mut greeting = Vec::new();
    greeting::write(&mut greeting, &bound, admin.as_ref(), &identities, &snapshot)?;
    let store = Arc::new(Store::new(snapshot));
    let beside = beside(&identities);
    let watch = Watch::new(loader, Arc::clone(&store), Arc::clone(&metrics), service::note, origin, beside);
    let (bell, last) = (watch.bell(), watch.last());
    let is_stale = last.stale_since().is_some();
    let (stop, guard) = (CancellationToken::new(), Arc::new(Guard::new(Instant::now())));
    let reading = thread::Builder::new().name("reload".to_owned()).spawn(move || watch.run());
    let mut threads = vec![reading.context("cannot start the thread that reads files")?];
    let side = Side::new(store, Arc::clone(&guard), &metrics, TaskTracker::new(), stop.clone())
        .context("the system gives no random numbers")?;
    let side = Arc::new(side);
    let probe = Probe::new(Arc::clone(&side), bound.addresses()).context("cannot ask the server itself")?;
    let listeners = bound.addresses();
    bound.serve(&side, &identities, &metrics);
    tell_of_start(&side.store.current(), &listeners);
    let ended = CancellationToken::new();
    if let Some(listener) = admin {
        let proofs = Proofs::make(&config.state, &listener)?;
        let admin = Admin {
            store: Arc::clone(&side.store),
            metrics,
            bell: bell.clone(),
            guard,
            last,
            proofs,
            identities,
            listeners,
            started,
            clerk: Clerk::new(&config.state),
            stopping: side.stop.clone(),
        };
        threads.push(administer(admin, listener, ended.clone())?);
    }
    std::io::stdout().write_all(&greeting).context("cannot write to standard output")?;
    service::ready(&side.store.current(), is_stale);
    let threads_live = || threads.iter().all(|thread| !thread.is_finished());
    tokio::select! {
        () = signals.until_stop(&bell) => (),
        () = service::live(&probe, &side.store, threads_live) => (),
    }
    drain(&side, &mut signals).await?;
    bell.stop();
    ended.cancel();
    join(threads)?;
    info!("stopped");
    Ok(())
}

/// Waits for threads that have been told to end.
fn join(threads: Vec<thread::JoinHandle<()>>) -> anyhow::Result<()> {
    for thread in threads {
        let name = thread.thread().name().unwrap_or_default().to_owned();
        thread.join().map_err(|_| anyhow!("the thread {name:?} panicked"))?;
    }
    Ok(())
}

/// Logs what is served and where.
fn tell_of_start(snapshot: &Snapshot, listeners: &[(impl Display, SocketAddr)]) {
    for (transport, address) in listeners {
        info!(%transport, %address, "listening");
    }
    let (serial, devices) = (snapshot.serial(), snapshot.devices());
    info!(version = env!("CARGO_PKG_VERSION"), serial, devices, "started");
}

/// Makes what reads certificates again with each reading of the files.
fn beside(identities: &Arc<Identities>) -> impl FnMut(&Config) -> Beside + Send + use<> {
    let identities = Arc::clone(identities);
    move |config| {
        let Refreshed { changed, faults } = identities.refresh(config);
        Beside { changed, faults }
    }
}

/// Serves operators on a thread of their own.
fn administer(
    admin: Admin,
    doorway: Doorway,
    ended: CancellationToken,
) -> anyhow::Result<thread::JoinHandle<()>> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start threads")?;
    let serve = move || {
        if let Err(error) = runtime.block_on(admin.serve(doorway, ended)) {
            warn!(error = &error as &dyn std::error::Error, "the admin side does not serve");
        }
    };
    thread::Builder::new().name("admin".to_owned()).spawn(serve).context("cannot start the admin thread")
}

/// The signals that the server listens to, from before anybody is told that it runs.
struct Signals {
    hangup: Signal,
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> anyhow::Result<Self> {
        let on = |kind| signal(kind).context("cannot listen to signals");
        let (hangup, interrupt) = (on(SignalKind::hangup())?, on(SignalKind::interrupt())?);
        Ok(Self { hangup, interrupt, terminate: on(SignalKind::terminate())? })
    }

    /// Waits for a signal that ends the server; SIGHUP has it read its files again.
    async fn until_stop(&mut self, bell: &Bell) {
        loop {
            tokio::select! {
                _ = self.hangup.recv() => bell.ring(),
                _ = self.interrupt.recv() => return,
                _ = self.terminate.recv() => return,
            }
        }
    }

    async fn stop(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => (),
            _ = self.terminate.recv() => (),
        }
    }
}

/// Stops accepting and waits for responses under way, until the deadline or a second signal.
///
/// # Errors
/// Connections were cut off.
async fn drain(side: &Side, signals: &mut Signals) -> anyhow::Result<()> {
    let deadline = side.limits().stop_timeout;
    info!(connections = side.tracker.len(), "stopping");
    service::stopping(deadline);
    side.stop.cancel();
    side.tracker.close();
    let why = tokio::select! {
        () = side.tracker.wait() => return Ok(()),
        () = tokio::time::sleep(deadline) => format!("after {}", humantime::format_duration(deadline)),
        () = signals.stop() => "by a second signal".to_owned(),
    };
    let cut = side.tracker.len();
    ensure!(cut == 0, "{cut} connections were cut off {why}");
    Ok(())
}
