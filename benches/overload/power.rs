//! The power comes back, and all phones start at once.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::LocalSet;
use tokio::time::{sleep, timeout};

use crate::overload::offer::{Ending, Phones, runtime};

/// Files that each phone fetches, one after the other, each over a connection of its own.
pub(crate) const FILES: usize = 6;

/// How long a phone waits for one.
const PATIENCE: Duration = Duration::from_secs(10);

/// Within which time they are ready to ask, in milliseconds.
const STARTING: u64 = 1000;

/// Longest time for all of it.
const LONGEST: Duration = Duration::from_secs(180);

/// How it went.
#[derive(Debug, Default)]
pub(crate) struct Morning {
    /// From the first phone's first connection until the last had its last file.
    pub(crate) all: Duration,
    /// For each file that came: since the phone first asked for it, all tries included.
    pub(crate) times: Vec<Duration>,
    /// Tries that failed, and were made again.
    pub(crate) again: usize,
}

/// Has every phone fetch its files; whoever gets none waits for a second or some, as phones do, and tries again.
pub(crate) fn come_back(phones: &Phones) -> Morning {
    let (local, begin) = (LocalSet::new(), Instant::now());
    let morning = Rc::new(RefCell::new(Morning::default()));
    for phone in 0..phones.paths.len() {
        let (phones, morning) = (phones.clone(), Rc::clone(&morning));
        local.spawn_local(async move {
            let mut turn = phone as u64;
            let mut random = move |below| {
                turn = turn.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (turn >> 33) % below
            };
            sleep(Duration::from_millis(random(STARTING))).await;
            for _ in 0..FILES {
                let first = Instant::now();
                while timeout(PATIENCE, phones.ask(phone)).await.ok() != Some(Ending::Served) {
                    morning.borrow_mut().again += 1;
                    sleep(Duration::from_millis(1000 + random(4000))).await;
                }
                morning.borrow_mut().times.push(first.elapsed());
            }
            morning.borrow_mut().all = begin.elapsed();
        });
    }
    runtime().block_on(async {
        timeout(LONGEST, local).await.ok();
    });
    morning.take()
}
