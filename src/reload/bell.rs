//! How the thread that reads is asked for something.

use std::fmt;
use std::sync::mpsc::Sender;

use tokio::sync::oneshot;

use crate::reload::{Desk, Doubt, Report};

/// Makes the server read its files again, or edit them.
#[derive(Debug, Clone)]
pub struct Bell(pub(super) Sender<Ring>);

#[derive(Debug)]
pub(super) enum Ring {
    /// Something may have changed; wait until it is complete.
    Hint,
    /// Somebody wants to edit.
    Job(Job),
    /// Somebody asks for it now.
    Now(Asked),
    /// The server stops.
    Stop,
}

/// How somebody asks for a reading.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) doubt: Doubt,
    /// Who waits to hear how it went.
    pub(super) tell: Option<oneshot::Sender<Report>>,
}

/// What somebody wants to do at the desk; it gives what is left to do when all is in order again.
pub(super) struct Job(pub(super) Box<dyn FnOnce(&mut Desk<'_>) -> Tell + Send>);

/// Tells whoever waits how it went.
pub(super) struct Tell(pub(super) Box<dyn FnOnce() + Send>);

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Job")
    }
}

impl Bell {
    /// Asks for a reading now.
    pub fn ring(&self) {
        self.0.send(Ring::Now(Asked::default())).ok();
    }

    /// Asks for a reading now and gives what it will bring; `None` when the server stops meanwhile.
    pub async fn ring_and_wait(&self, doubt: Doubt) -> Option<Report> {
        let (tell, hear) = oneshot::channel();
        self.0.send(Ring::Now(Asked { doubt, tell: Some(tell) })).ok()?;
        hear.await.ok()
    }

    /// Has a job done on the thread that reads, so that readings and edits come one after another; `None` when the
    /// server stops meanwhile, or the job panics.
    pub async fn at_desk<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Desk<'_>) -> T + Send + 'static,
    ) -> Option<T> {
        let (tell, hear) = oneshot::channel();
        let job = Job(Box::new(move |desk| {
            let done = job(desk);
            Tell(Box::new(move || {
                tell.send(done).ok();
            }))
        }));
        self.0.send(Ring::Job(job)).ok()?;
        hear.await.ok()
    }

    /// Says that something may have changed.
    pub(super) fn hint(&self) {
        self.0.send(Ring::Hint).ok();
    }

    /// Ends the thread.
    pub fn stop(&self) {
        self.0.send(Ring::Stop).ok();
    }
}
