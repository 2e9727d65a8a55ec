//! Tokens of logins, for programs: `bh_`, a public id, and a secret half that is kept as a hash.

use std::fmt;
use std::io;
use std::time::{Duration, SystemTime};

use crate::login::{By, Refused, Signed, random};
use crate::model::Secret;
use crate::snapshot::Snapshot;

/// What every token begins with, so that people and scanners of code know one when they see it.
pub const TOKEN_PREFIX: &str = "bh_";

/// Characters of the public half, five bits each.
const ID: usize = 12;

/// Characters of the secret half: 200 bits.
const SECRET: usize = 40;

/// A token that has just been made.
pub struct NewToken {
    /// Its public half, which names its record.
    pub id: String,
    /// SHA-256 of its secret half, for its record.
    pub hash: Secret,
    /// The token itself, to be shown once.
    pub token: Secret,
}

impl NewToken {
    /// Makes a token.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub fn generate() -> io::Result<Self> {
        let (id, secret) = (random::text(ID)?, random::text(SECRET)?);
        let hash = Secret::new(&random::digest_of(&secret));
        let token = Secret::new(&format!("{TOKEN_PREFIX}{id}_{secret}"));
        Ok(Self { id, hash, token })
    }
}

impl fmt::Debug for NewToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewToken").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Tells whose token somebody shows; an id that is known and one that is not take the same work.
pub(super) fn authenticate(snapshot: &Snapshot, shown: &str, now: SystemTime) -> Result<Signed, Refused> {
    let halves = shown.strip_prefix(TOKEN_PREFIX).and_then(|rest| rest.rsplit_once('_'));
    let (id, secret) = halves.ok_or(Refused)?;
    let shown = Secret::new(&random::digest_of(secret));
    let nobodys = Secret::new(&random::digest_of(""));
    let token = snapshot.token(id);
    // Secrets compare in constant time.
    let is_right = token.map_or(&nobodys, |token| &token.hash) == &shown;
    let token = token.filter(|_| is_right).ok_or(Refused)?;
    let login = snapshot.login(&token.login).filter(|login| login.enabled).ok_or(Refused)?;
    if token.expires.as_deref().is_some_and(|expires| parse_time(expires).is_none_or(|end| end <= now)) {
        return Err(Refused);
    }
    let (by, scope) = (By::Token(token.id.clone()), token.scope);
    Ok(Signed { login: login.id.clone(), account: (*login.account).into(), scope, by })
}

/// Reads a time as RFC 3339 writes it, with any offset.
pub fn parse_time(text: &str) -> Option<SystemTime> {
    if let Ok(time) = humantime::parse_rfc3339(text) {
        return Some(time);
    }
    let (local, offset) = text.split_at_checked(text.len().checked_sub(6)?)?;
    let time = humantime::parse_rfc3339(&format!("{local}Z")).ok()?;
    let (hours, minutes) = offset.get(1..)?.split_once(':')?;
    let minutes = hours.parse::<u64>().ok()? * 60 + minutes.parse::<u64>().ok()?;
    let offset_by = Duration::from_secs(minutes * 60);
    match offset.as_bytes().first()? {
        b'+' => time.checked_sub(offset_by),
        b'-' => time.checked_add(offset_by),
        _ => None,
    }
}
