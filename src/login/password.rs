//! Passwords: argon2id, by the advice of OWASP's Password Storage Cheat Sheet.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use argon2::{Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version};

use crate::login::random;
use crate::model::{InvalidText, Secret};

/// Fewest characters of a password (NIST SP 800-63B asks for 8, OWASP advises more where nothing else is asked for).
pub const SHORTEST_PASSWORD: usize = 12;

/// Most characters of a password, so that nobody has megabytes hashed.
pub const LONGEST_PASSWORD: usize = 128;

/// Memory of a check in KiB: 19 MiB, OWASP's advice with two passes.
const MEMORY_KIB: u32 = 19 * 1024;

/// Passes over the memory.
const PASSES: u32 = 2;

/// Lanes; one, as one core is what a check may take.
const LANES: u32 = 1;

/// Most memory, passes and lanes of a hash that was made elsewhere; beyond them a record could stop the server.
const MOST: (u32, u32, u32) = (256 * 1024, 16, 8);

/// A password cannot be hashed.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// It is not one that may be used.
    #[error("the password {0}")]
    Invalid(InvalidText),
    /// The system gives no random numbers, or no memory.
    #[error("cannot hash the password")]
    Failed(#[source] io::Error),
}

/// Checks that a password may be used: 12 to 128 characters, whatever they are, and not one again and again.
///
/// # Errors
/// Says what is wrong with it, without showing it.
pub fn check_password(password: &Secret) -> Result<(), InvalidText> {
    let text = password.expose();
    let mut distinct: Vec<char> = text.chars().collect();
    let characters = distinct.len();
    distinct.sort_unstable();
    distinct.dedup();
    if !(SHORTEST_PASSWORD..=LONGEST_PASSWORD).contains(&characters) {
        Err(InvalidText("has the wrong length; use 12 to 128 characters"))
    } else if distinct.len() < 4 {
        Err(InvalidText("repeats a few characters and could be guessed; use more of them"))
    } else {
        Ok(())
    }
}

/// Hashes a password as a PHC string of argon2id, as records of logins have it.
///
/// # Errors
/// It is not one that may be used, or the system gives no random numbers or memory.
pub fn hash_password(password: &Secret) -> Result<Secret, HashError> {
    check_password(password).map_err(HashError::Invalid)?;
    hash(password).map_err(HashError::Failed)
}

fn hash(password: &Secret) -> io::Result<Secret> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt)?;
    let failed = |error: argon2::password_hash::Error| io::Error::other(error.to_string());
    let hash: PasswordHash =
        argon().hash_password_with_salt(password.expose().as_bytes(), &salt).map_err(failed)?;
    Ok(Secret::new(&hash.to_string()))
}

/// Checks passwords, with as much work for a login that has none as for one that has.
pub(super) struct Passwords {
    /// Stands in where there is no hash to check against; of a password that nobody knows.
    decoy: Secret,
    /// How many times argon2id was run.
    runs: AtomicU64,
}

impl Passwords {
    pub(super) fn new() -> io::Result<Self> {
        let decoy = hash(&Secret::new(&random::text(32)?))?;
        Ok(Self { decoy, runs: AtomicU64::new(0) })
    }

    /// Tells whether a password is the one that was hashed; without a hash it is not, after the same work.
    pub(super) fn check(&self, kept: Option<&Secret>, password: &Secret) -> bool {
        let usable = kept.and_then(|kept| usable(kept.expose()));
        let (is_real, hash) = match usable {
            Some(hash) => (true, Some(hash)),
            None => (false, PasswordHash::new(self.decoy.expose()).ok()),
        };
        // What is longer than any password cannot be right; it costs as much as a short one.
        let text = password.expose().as_bytes();
        let fits = text.len() <= 4 * LONGEST_PASSWORD;
        self.runs.fetch_add(1, Ordering::Relaxed);
        let verified =
            hash.is_some_and(|hash| argon().verify_password(if fits { text } else { b"" }, &hash).is_ok());
        verified && is_real && fits
    }

    /// Tells how many times argon2id was run.
    #[cfg(test)]
    pub(super) fn runs(&self) -> u64 {
        self.runs.load(Ordering::Relaxed)
    }
}

/// Reads a hash that is argon2id's and costs no more than a check may.
fn usable(text: &str) -> Option<PasswordHash> {
    let hash = PasswordHash::new(text).ok()?;
    let params = Params::try_from(&hash).ok()?;
    let (memory, passes, lanes) = MOST;
    let fits = params.m_cost() <= memory && params.t_cost() <= passes && params.p_cost() <= lanes;
    let is_whole = hash.hash.is_some() && hash.salt.is_some();
    (fits && is_whole && hash.algorithm == argon2::ARGON2ID_IDENT).then_some(hash)
}

fn argon() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).unwrap_or(Params::DEFAULT);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}
