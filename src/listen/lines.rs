//! Whether the lines of requests end as they must (promise H6): hyper would let others pass.
//!
//! Promise: what is said in a body is nobody's line; a body is as long as its head says, and one whose length is said
//! in another way is refused before it is read.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// What is seen of the bytes of a connection on their way to hyper.
pub(super) struct Seen {
    /// Whether all lines ended with a carriage return, too.
    pub(super) strict: AtomicBool,
    /// Tells of the first bytes.
    pub(super) first: Notify,
}

impl Default for Seen {
    fn default() -> Self {
        Self { strict: AtomicBool::new(true), first: Notify::new() }
    }
}

/// The field that tells how long a body is, as it begins.
const LENGTH: &[u8] = b"content-length:";

/// Bytes of a line that are kept: the field and its digits.
const KEPT: usize = 40;

/// Where in a request a connection is.
struct Place {
    /// Bytes of a body that are still to come.
    body: u64,
    /// The length of the body after this head.
    length: u64,
    /// How the line began.
    line: [u8; KEPT],
    kept: usize,
    last: u8,
}

/// Looks at the bytes of a connection, one piece after another.
pub(super) fn look(seen: Arc<Seen>) -> impl FnMut(&[u8]) {
    let mut place = Place { body: 0, length: 0, line: [0; KEPT], kept: 0, last: 0 };
    let mut is_first = true;
    move |bytes| {
        if std::mem::take(&mut is_first) {
            seen.first.notify_one();
        }
        if !place.pass(bytes) {
            seen.strict.store(false, Ordering::Relaxed);
        }
    }
}

impl Place {
    /// Goes on by some bytes; tells whether all lines that ended in them ended as they must.
    fn pass(&mut self, mut bytes: &[u8]) -> bool {
        let mut strict = true;
        while !bytes.is_empty() {
            if self.body > 0 {
                let skipped = usize::try_from(self.body).unwrap_or(usize::MAX).min(bytes.len());
                self.body -= skipped as u64;
                bytes = &bytes[skipped..];
                continue;
            }
            let Some(at) = memchr::memchr(b'\n', bytes) else {
                self.keep(bytes);
                break;
            };
            let (line, rest) = bytes.split_at(at);
            self.keep(line);
            strict &= self.last == b'\r';
            self.end_line();
            bytes = &rest[1..];
        }
        strict
    }

    fn keep(&mut self, part: &[u8]) {
        let kept = part.len().min(KEPT - self.kept);
        self.line[self.kept..self.kept + kept].copy_from_slice(&part[..kept]);
        self.kept += kept;
        self.last = part.last().copied().unwrap_or(self.last);
    }

    fn end_line(&mut self) {
        let line = self.line[..self.kept].trim_ascii();
        if line.is_empty() {
            self.body = std::mem::take(&mut self.length);
        } else if line.get(..LENGTH.len()).is_some_and(|name| name.eq_ignore_ascii_case(LENGTH)) {
            let digits = std::str::from_utf8(line[LENGTH.len()..].trim_ascii()).ok();
            self.length = digits.and_then(|digits| digits.parse().ok()).unwrap_or_default();
        }
        (self.kept, self.last) = (0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tells whether all lines are right, whole and in pieces of any length.
    fn strict(text: &str) -> bool {
        let of = |size: usize| {
            let seen = Arc::new(Seen::default());
            let mut look = look(Arc::clone(&seen));
            text.as_bytes().chunks(size).for_each(&mut look);
            drop(look);
            seen.strict.load(Ordering::Relaxed)
        };
        let whole = of(text.len());
        for size in 1..text.len() {
            assert_eq!(of(size), whole, "{text:?} in pieces of {size}");
        }
        whole
    }

    #[test]
    fn lines_of_heads_end_with_both_signs_and_bodies_have_none() {
        assert!(strict("GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"));
        assert!(strict(
            "POST / HTTP/1.1\r\nCONTENT-length:  4 \r\nHost: x\r\n\r\na\nb\nGET / HTTP/1.1\r\n\r\n"
        ));
        for text in [
            "GET / HTTP/1.1\n\n",
            "GET / HTTP/1.1\r\nHost: x\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\r\n\n",
            "POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\na\nb\nGET / HTTP/1.1\n",
            "POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\na\nb\n\n",
            "POST / HTTP/1.1\r\nX-Content-Length: 4\r\n\r\na\nb\n",
            "\n",
        ] {
            assert!(!strict(text), "{text:?}");
        }
    }
}
