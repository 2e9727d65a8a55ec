//! Challenges for digest credentials, and whether what answers them is new (RFC 7616, section 3.3; promise S10).
//!
//! Promises: a nonce is this process's own, of limited age, and each use of it counts upwards, so that what was
//! overheard cannot be sent again; challenges take no memory, only phones that proved themselves do.

use std::collections::HashMap;
use std::mem;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac as _};
use hyper::header::{self, HeaderValue};
use hyper::{HeaderMap, Method};
use sha2::Sha256;

use crate::identify::{Credentials, DigestCredentials, realm};
use crate::model::{DigestAlgorithm, Mac};

/// How long a nonce can be answered.
const LIFETIME: Duration = Duration::from_secs(300);

/// Bytes of a nonce: seconds since the start, its number, and what only this process can make of them.
const NONCE: (usize, usize, usize) = (4, 8, 16);

/// What gives out nonces and remembers which were answered.
pub(super) struct Challenges {
    key: Hmac<Sha256>,
    started: Instant,
    next: AtomicU64,
    answered: Mutex<Answered>,
}

/// How often each nonce was answered: those of this period, and those of the one before.
struct Answered {
    since: Instant,
    now: HashMap<u64, u32>,
    before: HashMap<u64, u32>,
}

/// What a request shows.
#[derive(Clone, Copy)]
pub(super) enum Shown<'a> {
    /// No credentials that could be looked at.
    Nothing,
    /// Credentials for a nonce that is too old or not ours: the phone may try again with a new one.
    Stale,
    /// Credentials for a nonce of ours, and the use of it that they count.
    Fresh(DigestCredentials<'a>, Use),
}

impl<'a> Shown<'a> {
    /// Gives the credentials that can be relied on if they are somebody's.
    pub(super) fn credentials(&self) -> Option<Credentials<'a>> {
        match self {
            Self::Fresh(credentials, _) => Some(Credentials::Digest(*credentials)),
            Self::Nothing | Self::Stale => None,
        }
    }

    /// Tells whether the phone may try again without asking anybody.
    pub(super) const fn is_stale(&self) -> bool {
        matches!(self, Self::Stale)
    }
}

/// One use of a nonce.
#[derive(Debug, Clone, Copy)]
pub(super) struct Use {
    nonce: u64,
    count: u32,
}

impl Challenges {
    pub(super) fn new() -> Result<Self, getrandom::Error> {
        let mut secret = [0; 64];
        getrandom::fill(&mut secret)?;
        // A key as long as a block of the hash is taken as it is (RFC 2104, section 2).
        let key = Hmac::new(&secret.into());
        let started = Instant::now();
        let answered = Answered { since: started, now: HashMap::new(), before: HashMap::new() };
        Ok(Self { key, started, next: AtomicU64::new(0), answered: Mutex::new(answered) })
    }

    /// Looks at the credentials of a request.
    pub(super) fn look_at<'a>(
        &self,
        headers: &'a HeaderMap,
        method: &'a Method,
        path: &str,
        allowed: &[DigestAlgorithm],
    ) -> Shown<'a> {
        let header = headers.get(header::AUTHORIZATION).and_then(|header| header.to_str().ok());
        let credentials = header.and_then(|header| DigestCredentials::read(header, method.as_str()));
        let Some(credentials) = credentials
            .filter(|credentials| allowed.contains(&credentials.algorithm) && is_path(credentials.uri, path))
        else {
            return Shown::Nothing;
        };
        let count = u32::from_str_radix(credentials.count, 16).ok().filter(|_| credentials.count.len() == 8);
        match (self.number(credentials.nonce), count) {
            (_, None) => Shown::Nothing,
            (None, Some(_)) => Shown::Stale,
            (Some(nonce), Some(count)) => Shown::Fresh(credentials, Use { nonce, count }),
        }
    }

    /// Counts a use of a nonce by a phone that proved itself; not if that use, or a later one, was seen before.
    pub(super) fn is_new(&self, shown: &Shown<'_>) -> bool {
        match shown {
            Shown::Fresh(_, used) => self.count(*used),
            Shown::Nothing | Shown::Stale => false,
        }
    }

    fn count(&self, used: Use) -> bool {
        let Ok(mut answered) = self.answered.lock() else {
            return false;
        };
        if answered.since.elapsed() > LIFETIME {
            answered.since = Instant::now();
            answered.before = mem::take(&mut answered.now);
        }
        let last = answered.now.get(&used.nonce).or_else(|| answered.before.get(&used.nonce)).copied();
        let is_new = last.is_none_or(|last| last < used.count);
        if is_new {
            answered.now.insert(used.nonce, used.count);
        }
        is_new
    }

    /// Writes the header that asks for credentials, one for each algorithm, the preferred one first.
    pub(super) fn write(
        &self,
        headers: &mut HeaderMap,
        mac: Option<Mac>,
        algorithms: &[DigestAlgorithm],
        stale: bool,
    ) {
        let (nonce, realm) = (self.nonce(), realm(mac));
        let stale = if stale { ", stale=true" } else { "" };
        for algorithm in algorithms {
            let algorithm = algorithm.word();
            let value = format!(
                "Digest realm=\"{realm}\", qop=\"auth\", algorithm={algorithm}, nonce=\"{nonce}\"{stale}"
            );
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.append(header::WWW_AUTHENTICATE, value);
            }
        }
    }

    fn nonce(&self) -> String {
        let seconds = u32::try_from(self.started.elapsed().as_secs()).unwrap_or(u32::MAX);
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let mut bytes = Vec::with_capacity(NONCE.0 + NONCE.1 + NONCE.2);
        bytes.extend(seconds.to_be_bytes());
        bytes.extend(number.to_be_bytes());
        let seal = self.key.clone().chain_update(&bytes).finalize().into_bytes();
        bytes.extend(&seal[..NONCE.2]);
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Gives the number of a nonce that is ours and can still be answered.
    fn number(&self, nonce: &str) -> Option<u64> {
        if nonce.len() != 2 * (NONCE.0 + NONCE.1 + NONCE.2) || !nonce.is_ascii() {
            return None;
        }
        let digit = |at: usize| u8::from_str_radix(nonce.get(at..at + 2)?, 16).ok();
        let bytes = (0..nonce.len()).step_by(2).map(digit).collect::<Option<Vec<u8>>>()?;
        let (told, seal) = bytes.split_at(NONCE.0 + NONCE.1);
        self.key.clone().chain_update(told).verify_truncated_left(seal).ok()?;
        let (seconds, number) = told.split_at(NONCE.0);
        let made = Duration::from_secs(u32::from_be_bytes(seconds.try_into().ok()?).into());
        let is_young = self.started.elapsed().saturating_sub(made) <= LIFETIME;
        is_young.then_some(u64::from_be_bytes(number.try_into().ok()?))
    }
}

/// Tells whether credentials are for a path: as it was sent, or with scheme and host before it.
fn is_path(uri: &str, path: &str) -> bool {
    uri == path
        || uri.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..])) == Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_known_again_and_another_is_not() {
        let (ours, others) = (Challenges::new().unwrap(), Challenges::new().unwrap());
        let nonce = ours.nonce();
        assert_eq!(ours.number(&nonce), Some(0));
        assert_eq!(ours.number(&ours.nonce()), Some(1));
        assert_eq!(others.number(&nonce), None);
        let forged = nonce.replacen(&nonce[8..24], "00000000000000ff", 1);
        assert_eq!(ours.number(&forged), None);
        assert_eq!(ours.number("é"), None);
        assert_eq!(ours.number(""), None);
    }

    #[test]
    fn a_nonce_grows_old() {
        let mut challenges = Challenges::new().unwrap();
        let nonce = challenges.nonce();
        challenges.started = challenges.started.checked_sub(LIFETIME + Duration::from_secs(2)).unwrap();
        assert_eq!(challenges.number(&nonce), None);
        assert!(challenges.number(&challenges.nonce()).is_some());
    }

    #[test]
    fn each_use_counts_upwards() {
        let challenges = Challenges::new().unwrap();
        let is_new = |nonce, count| challenges.count(Use { nonce, count });
        assert!(is_new(7, 1));
        assert!(!is_new(7, 1));
        assert!(is_new(7, 3));
        assert!(!is_new(7, 2));
        assert!(is_new(8, 1));
        // What was answered is remembered as long as a nonce lives.
        challenges.answered.lock().unwrap().since -= LIFETIME + Duration::from_secs(1);
        assert!(!is_new(7, 3));
        assert!(is_new(7, 4));
        assert_eq!(challenges.answered.lock().unwrap().now.len(), 1);
    }

    #[test]
    fn credentials_are_for_one_path() {
        assert!(is_path("/a/b?c", "/a/b?c"));
        assert!(is_path("http://host:8080/a/b", "/a/b"));
        assert!(!is_path("/a", "/a/b"));
        assert!(!is_path("http://host", "/"));
    }
}
