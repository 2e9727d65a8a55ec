//! The lines of requests on their way to hyper: whether they end as they must (promise H6), as hyper would let others
//! pass; and a User-Agent with control characters in it, which hyper would refuse, though phones are sold that send one.
//!
//! Promise: what is said in a body is nobody's line; a body is as long as its head says, and one whose length is said
//! in another way is refused before it is read. No byte is added, taken away or changed but those in a User-Agent.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
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

/// The field that tells of a phone, as it begins.
const AGENT: &[u8] = b"user-agent:";

/// What stands for a control character: a byte that a value may have, and that is no letter.
const ODD: u8 = 0xFF;

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

/// A connection whose bytes are looked at as they are read.
pub(super) struct Lines<S> {
    stream: S,
    seen: Arc<Seen>,
    place: Place,
    is_first: bool,
}

impl<S> Lines<S> {
    /// Looks at what is read from a connection from now on.
    pub(super) fn of(stream: S, seen: Arc<Seen>) -> Self {
        let place = Place { body: 0, length: 0, line: [0; KEPT], kept: 0, last: 0 };
        Self { stream, seen, place, is_first: true }
    }

    /// Looks at the next piece.
    fn look(&mut self, bytes: &mut [u8]) {
        if std::mem::take(&mut self.is_first) {
            self.seen.first.notify_one();
        }
        if !self.place.pass(bytes) {
            self.seen.strict.store(false, Ordering::Relaxed);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Lines<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        room: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = room.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(context, room))?;
        this.look(&mut room.filled_mut()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Lines<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

impl Place {
    /// Goes on by some bytes; tells whether all lines that ended in them ended as they must.
    fn pass(&mut self, mut bytes: &mut [u8]) -> bool {
        let mut strict = true;
        while !bytes.is_empty() {
            if self.body > 0 {
                let skipped = usize::try_from(self.body).unwrap_or(usize::MAX).min(bytes.len());
                self.body -= skipped as u64;
                bytes = &mut bytes[skipped..];
                continue;
            }
            let Some(at) = memchr::memchr(b'\n', bytes) else {
                self.keep(bytes);
                break;
            };
            let (line, rest) = bytes.split_at_mut(at);
            self.keep(line);
            strict &= self.last == b'\r';
            self.end_line();
            bytes = &mut rest[1..];
        }
        strict
    }

    fn keep(&mut self, part: &mut [u8]) {
        let kept = part.len().min(KEPT - self.kept);
        self.line[self.kept..self.kept + kept].copy_from_slice(&part[..kept]);
        self.kept += kept;
        self.last = part.last().copied().unwrap_or(self.last);
        if self.begins(AGENT) {
            // NUL and a bare carriage return stay what they are, and are refused as anywhere else.
            let is_odd = |byte: &&mut u8| byte.is_ascii_control() && !matches!(**byte, b'\t' | b'\r' | 0);
            part.iter_mut().filter(is_odd).for_each(|byte| *byte = ODD);
        }
    }

    /// Tells whether the line begins with a field, in any case.
    fn begins(&self, field: &[u8]) -> bool {
        self.line[..self.kept].get(..field.len()).is_some_and(|name| name.eq_ignore_ascii_case(field))
    }

    fn end_line(&mut self) {
        let line = self.line[..self.kept].trim_ascii();
        if line.is_empty() {
            self.body = std::mem::take(&mut self.length);
        } else if self.begins(LENGTH) {
            let digits = std::str::from_utf8(line[LENGTH.len()..].trim_ascii()).ok();
            self.length = digits.and_then(|digits| digits.parse().ok()).unwrap_or_default();
        }
        (self.kept, self.last) = (0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tells whether all lines are right, and what becomes of them, whole and in pieces of any length.
    fn looked_at(text: &str) -> (bool, Vec<u8>) {
        let of = |size: usize| {
            let (seen, mut bytes) = (Arc::new(Seen::default()), text.as_bytes().to_vec());
            let mut lines = Lines::of((), Arc::clone(&seen));
            bytes.chunks_mut(size).for_each(|piece| lines.look(piece));
            (seen.strict.load(Ordering::Relaxed), bytes)
        };
        let whole = of(text.len());
        for size in 1..text.len() {
            assert_eq!(of(size), whole, "{text:?} in pieces of {size}");
        }
        whole
    }

    fn strict(text: &str) -> bool {
        let (strict, bytes) = looked_at(text);
        assert_eq!(bytes, text.as_bytes(), "nothing is changed");
        strict
    }

    #[test]
    fn a_user_agent_with_control_characters_is_one_that_hyper_takes() {
        let (strict, bytes) = looked_at(
            "POST / HTTP/1.1\r\nuser-AGENT: A\u{17}\u{1}\t\u{7f}/1\r\nContent-Length: 16\r\nX: \u{17}\r\n\r\n\
             User-Agent: \u{17}\r\nGET / HTTP/1.1\r\nUser-Agent: \u{14}\0\rb\r\nX-User-Agent: \u{14}\r\n\r\n",
        );
        let head =
            b"POST / HTTP/1.1\r\nuser-AGENT: A\xFF\xFF\t\xFF/1\r\nContent-Length: 16\r\nX: \x17\r\n\r\n";
        let next =
            b"User-Agent: \x17\r\nGET / HTTP/1.1\r\nUser-Agent: \xFF\0\rb\r\nX-User-Agent: \x14\r\n\r\n";
        assert_eq!((strict, bytes), (true, [&head[..], next].concat()));
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
