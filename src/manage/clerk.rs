//! Who does what comes of runs by itself: begins those that are due, goes on with those that a crash interrupted, and
//! drops what has had its time.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error};

use crate::jobs::runs::{Advance, RunId, Runs};
use crate::operation::Problem;
use crate::reload::Bell;
use crate::snapshot::Store;

/// Longest time between two looks for runs, so that those are found that another process has ordered.
const LOOK: Duration = Duration::from_secs(20);

/// Time between two looks for what is to be dropped.
const TIDY: Duration = Duration::from_secs(3600);

/// The server's runs, and whoever works on them.
#[derive(Clone)]
pub struct Clerk {
    /// The runs.
    pub runs: Arc<Runs>,
    wake: Arc<Notify>,
}

impl Clerk {
    /// Opens the runs of a state folder.
    pub fn new(state: &Path) -> Self {
        Self { runs: Arc::new(Runs::open(state)), wake: Arc::default() }
    }

    /// Says that a run may be ready to begin.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Works until the server has ended; a step that is under way is finished, and the rest of the run after a restart.
    pub(super) async fn work(self, bell: Bell, store: Arc<Store>, ended: CancellationToken) {
        let mut tidied: Option<Instant> = None;
        let work = async {
            loop {
                // Whoever goes to the desk has changed files read, which `[reload]` leaves to others' time.
                if self.is_disordered().await {
                    let runs = Arc::clone(&self.runs);
                    let Some(recovered) = bell.at_desk(move |desk| runs.recover(desk)).await else { return };
                    tell(recovered);
                }
                for id in self.ready().await {
                    self.see_through(&bell, &id).await;
                }
                if tidied.is_none_or(|at| at.elapsed() >= TIDY) {
                    tidied = Some(Instant::now());
                    self.tidy(&store).await;
                }
                let wait = self.until_next().await;
                tokio::time::timeout(wait, self.wake.notified()).await.ok();
            }
        };
        tokio::select! {
            () = work => (),
            () = ended.cancelled() => (),
        }
    }

    /// Does a run to its end, with others at the desk between its steps.
    async fn see_through(&self, bell: &Bell, id: &RunId) {
        loop {
            let (runs, run) = (Arc::clone(&self.runs), id.clone());
            match bell.at_desk(move |desk| runs.advance(desk, &run)).await {
                Some(Ok(Advance::More(_))) => (),
                Some(Ok(Advance::Ended(run))) => {
                    debug!(run = %id, state = run.state.word(), "a run ended");
                    return;
                }
                Some(Err(problem)) => {
                    // Whoever else works on it, or mends what is wrong, leaves it to be found again.
                    debug!(run = %id, error = &problem as &dyn std::error::Error, "a run waits");
                    return;
                }
                None => return,
            }
        }
    }

    async fn is_disordered(&self) -> bool {
        let runs = Arc::clone(&self.runs);
        let found = tokio::task::spawn_blocking(move || runs.is_disordered()).await;
        found.is_ok_and(|found| tell(found).unwrap_or_default())
    }

    async fn ready(&self) -> Vec<RunId> {
        let runs = Arc::clone(&self.runs);
        let ready = tokio::task::spawn_blocking(move || runs.ready()).await;
        ready.map(|ready| tell(ready).unwrap_or_default()).unwrap_or_default()
    }

    async fn until_next(&self) -> Duration {
        let runs = Arc::clone(&self.runs);
        let next = tokio::task::spawn_blocking(move || runs.until_next()).await;
        let next = next.ok().and_then(|next| tell(next).flatten());
        // One that is due and waits for something is looked at again a little later.
        next.unwrap_or(LOOK).clamp(Duration::from_millis(200), LOOK)
    }

    async fn tidy(&self, store: &Arc<Store>) {
        let (runs, snapshot) = (Arc::clone(&self.runs), store.current());
        let tidied = tokio::task::spawn_blocking(move || runs.tidy(snapshot.config())).await;
        if let Ok(tidied) = tidied {
            tell(tidied);
        }
    }
}

/// Logs what is wrong with the runs.
fn tell<T>(done: Result<T, Problem>) -> Option<T> {
    done.inspect_err(|problem| error!(error = problem as &dyn std::error::Error, "runs cannot be worked on"))
        .ok()
}
