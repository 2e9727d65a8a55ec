//! Digests: of a record that must not change any more, and of rows by which an earlier run is known to have done them.

use std::fmt::Write;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// Gives the SHA-256 of a text and of the file that follows it, where there is one, in hexadecimal digits.
pub(super) fn of_record(header: &[u8], rows: &Path) -> io::Result<String> {
    let mut hash = Sha256::new();
    hash.update(header);
    match File::open(rows) {
        Ok(mut file) => {
            let mut buffer = vec![0; 1 << 16];
            loop {
                let read = file.read(&mut buffer)?;
                if read == 0 {
                    break;
                }
                hash.update(buffer.get(..read).unwrap_or_default());
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => (),
        Err(error) => return Err(error),
    }
    Ok(digits(&hash.finalize()))
}

/// Gives the SHA-256 of a text, in hexadecimal digits.
pub(super) fn of_text(text: &[u8]) -> String {
    digits(&Sha256::digest(text))
}

/// Gives the keyed digest of a row, which may hold secrets: without the key, nobody can try what they might be.
pub(super) fn of_row(key: &[u8; 32], job: &str, row: &str) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(job.as_bytes());
    mac.update(b"\n");
    mac.update(row.as_bytes());
    Some(digits(&mac.finalize().into_bytes()))
}

fn digits(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // A string takes whatever is written.
        write!(text, "{byte:02x}").ok();
    }
    text
}
