//! Who signs in: passwords, sessions and tokens of logins, and what guessing them costs.
//!
//! Promises: a wrong password, a login that does not exist and one that may not sign in take the same work and give
//! the same answer; at most so many passwords are checked at once, however many are tried; guessing slows down for
//! the network that guesses, and never locks a login's own networks out; sessions outlive a restart, secrets are kept
//! as hashes alone; a login that is removed, disabled or changed has no session from that moment on. Everything here
//! waits for a lock or a disk at most, except [`Logins::sign_in`], which belongs on a thread that may block.

mod gate;
mod password;
mod random;
mod sessions;
mod throttle;
mod token;

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use compact_str::CompactString;

pub use self::password::{HashError, LONGEST_PASSWORD, SHORTEST_PASSWORD, check_password, hash_password};
pub use self::sessions::Session;
pub use self::token::{NewToken, TOKEN_PREFIX, parse_time};

use self::gate::Gate;
use self::password::Passwords;
use self::sessions::Sessions;
use self::throttle::Throttle;
use crate::model::{Login, Secret, Subnet, TokenScope};
use crate::snapshot::Snapshot;

/// What is remembered of those who sign in.
pub struct Logins {
    passwords: Passwords,
    gate: Gate,
    throttle: Throttle,
    sessions: Sessions,
}

/// A moment by both clocks: the one that never jumps, for delays, and the calendar's, for what outlives a restart.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// By the clock that never jumps.
    pub instant: Instant,
    /// By the calendar's.
    pub time: SystemTime,
}

/// Somebody who proved to be a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The login.
    pub login: CompactString,
    /// The account that it acts as.
    pub account: CompactString,
    /// What it may do: with a session, everything that the account may.
    pub scope: TokenScope,
    /// By what it proved it.
    pub by: By,
}

/// By what somebody proved to be a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// A session, with its public id.
    Session(CompactString),
    /// A token, with its id.
    Token(CompactString),
}

/// A session that has just begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    /// What the cookie shows; it is kept nowhere here.
    pub secret: Secret,
    /// What is known of it.
    pub session: Session,
}

/// Why somebody is not signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// There was too much guessing, or too many sign in at once (429).
    #[error("too many attempts; try again in {} s", seconds(*retry_after))]
    Later {
        /// How long to wait.
        retry_after: Duration,
    },
    /// Login and password open nothing (401).
    #[error("the login or the password is wrong")]
    Wrong,
    /// The system gives no random numbers (500).
    #[error("cannot begin a session")]
    Failed(#[source] io::Error),
}

/// What somebody shows is not, or no longer, a session or token of a login that is enabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the session or token is unknown, or over; sign in again")]
pub struct Refused;

impl Moment {
    /// Gives the present.
    pub fn now() -> Self {
        Self { instant: Instant::now(), time: SystemTime::now() }
    }

    /// Gives a later moment.
    #[must_use]
    pub fn after(self, pause: Duration) -> Self {
        Self { instant: self.instant + pause, time: self.time + pause }
    }
}

impl Logins {
    /// Takes the sessions from before out of the state folder; none where there are none that can be read.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub fn open(state: &Path, now: Moment) -> io::Result<Self> {
        Ok(Self {
            passwords: Passwords::new()?,
            gate: Gate::default(),
            throttle: Throttle::new(now.instant),
            sessions: Sessions::open(state),
        })
    }

    /// Signs a login in by its password; `peer` is where it connects from, `None` on this machine's own socket.
    ///
    /// It blocks for as long as argon2id takes, and for those who came before.
    ///
    /// # Errors
    /// The password is not the login's, there is no such login, it may not sign in, or it is too early for a guess.
    pub fn sign_in(
        &self,
        snapshot: &Snapshot,
        login: &str,
        password: &Secret,
        peer: Option<IpAddr>,
        now: Moment,
    ) -> Result<NewSession, SignInError> {
        let (rules, guard) = (&snapshot.config().logins, &snapshot.config().guard);
        let network = peer.map(|peer| Subnet::of(peer, guard.ipv4_prefix, guard.ipv6_prefix));
        let later = |retry_after| SignInError::Later { retry_after };
        let attempt = self.throttle.begin(login, network, rules, now.instant).map_err(later)?;
        let Some(pass) = self.gate.enter(rules.checks) else {
            self.throttle.withdraw(attempt);
            return Err(later(BUSY));
        };
        let found = snapshot.login(login).filter(|login| login.enabled);
        let is_right = self.passwords.check(found.and_then(|login| login.password.as_ref()), password);
        drop(pass);
        let Some(found) = found.filter(|_| is_right) else { return Err(SignInError::Wrong) };
        self.throttle.succeed(attempt, now.instant);
        self.sessions.begin(found, network, rules, now.time).map_err(SignInError::Failed)
    }

    /// Tells who shows a session's secret, and has the session live on.
    ///
    /// # Errors
    /// There is no such session any more, or its login may not sign in.
    pub fn by_session(&self, snapshot: &Snapshot, secret: &str, now: Moment) -> Result<Signed, Refused> {
        self.sessions.authenticate(snapshot, secret, now.time)
    }

    /// Tells who shows a token.
    ///
    /// # Errors
    /// There is no such token any more, it is over, or its login is disabled.
    pub fn by_token(&self, snapshot: &Snapshot, token: &str, now: Moment) -> Result<Signed, Refused> {
        token::authenticate(snapshot, token, now.time)
    }

    /// Ends a session by its secret; tells whether there was one.
    ///
    /// # Errors
    /// It is ended, but the disk does not know, so that it would be back after a restart.
    pub fn sign_out(&self, secret: &str) -> io::Result<bool> {
        self.sessions.end_by_secret(secret)
    }

    /// Lists the sessions of a login, the youngest first.
    pub fn sessions(&self, snapshot: &Snapshot, login: &str, now: Moment) -> Vec<Session> {
        self.sessions.list(snapshot, login, now.time)
    }

    /// Ends one session of a login by its public id, or all of them; gives how many there were.
    ///
    /// # Errors
    /// As for [`Logins::sign_out`].
    pub fn end(&self, login: &str, id: Option<&str>) -> io::Result<usize> {
        self.sessions.end(login, id)
    }

    /// Forgets sessions that are over, and writes down which live: to be called each minute, and at the end.
    ///
    /// # Errors
    /// They cannot be written; all go on while the server runs.
    pub fn tidy(&self, snapshot: &Snapshot, now: Moment) -> io::Result<()> {
        self.sessions.tidy(snapshot, now.time)
    }
}

impl fmt::Debug for Logins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Logins").finish_non_exhaustive()
    }
}

/// Gives whole seconds, rounded up, for people and for `Retry-After`.
pub fn seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

/// Marks what a login is at this moment: a session holds as long as this does.
fn mark(login: &Login) -> String {
    let password = login.password.as_ref().map_or("", Secret::expose);
    random::digest(&[&login.id, &login.account, password])[..32].to_owned()
}

/// What somebody waits for whom too many are before.
const BUSY: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests;
