//! How many passwords are checked at once: each costs a core and 19 MiB for a moment.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Most who wait; more are told to come back.
const QUEUE: usize = 16;

/// Longest wait.
const PATIENCE: Duration = Duration::from_secs(5);

/// Lets so many in at once.
#[derive(Default)]
pub(super) struct Gate {
    inside: Mutex<Crowd>,
    left: Condvar,
}

#[derive(Default)]
struct Crowd {
    checking: usize,
    waiting: usize,
}

/// A place inside, which is free again when this is dropped.
pub(super) struct Pass<'g>(&'g Gate);

impl Gate {
    /// Lets somebody in as soon as fewer than `most` are inside; nobody, when too many wait, or too long.
    pub(super) fn enter(&self, most: u32) -> Option<Pass<'_>> {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let mut crowd = self.crowd();
        if crowd.checking >= most && crowd.waiting >= QUEUE {
            return None;
        }
        let until = Instant::now() + PATIENCE;
        crowd.waiting += 1;
        while crowd.checking >= most {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                crowd.waiting -= 1;
                return None;
            }
            crowd = self
                .left
                .wait_timeout(crowd, left)
                .map_or_else(|error| error.into_inner().0, |(crowd, _)| crowd);
        }
        crowd.waiting -= 1;
        crowd.checking += 1;
        Some(Pass(self))
    }

    fn crowd(&self) -> MutexGuard<'_, Crowd> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.0.crowd().checking -= 1;
        self.0.left.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn no_more_are_inside_than_may_be_and_everybody_who_waits_gets_in() {
        let (gate, inside, most) = (Gate::default(), AtomicUsize::new(0), AtomicUsize::new(0));
        let enter = || {
            let pass = gate.enter(2).unwrap();
            most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            thread::yield_now();
            inside.fetch_sub(1, Ordering::SeqCst);
            drop(pass);
        };
        thread::scope(|scope| {
            for _ in 0..12 {
                scope.spawn(enter);
            }
        });
        assert!((1..=2).contains(&most.load(Ordering::SeqCst)));
        let crowd = gate.crowd();
        assert_eq!((crowd.checking, crowd.waiting), (0, 0));
    }

    #[test]
    fn whoever_comes_to_a_full_queue_is_sent_away() {
        let gate = Gate::default();
        gate.crowd().waiting = QUEUE;
        let first = gate.enter(1);
        assert!(first.is_some(), "a free place is taken at once");
        assert!(gate.enter(1).is_none());
    }
}
