//! The log to the system's journal, by its own protocol: each fact in a field that `journalctl` can search.
//!
//! `tracing-journald` puts nothing but the constant message where `journalctl` shows it, and drops the causes of
//! errors; here `MESSAGE` is the whole line, and `BELLHOP_SERIAL`, `BELLHOP_ERROR` and so on hold its parts.

use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::Path;

use serde_json::Value;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use crate::telemetry::fields::Fields;

/// Where the journal listens.
pub(super) const SOCKET: &str = "/run/systemd/journal/socket";

/// The journal's end of the log.
pub(super) struct Journal(UnixDatagram);

impl Journal {
    /// Connects to the journal.
    ///
    /// # Errors
    /// Nothing listens there.
    pub(super) fn connect(socket: &Path) -> io::Result<Self> {
        let journal = UnixDatagram::unbound()?;
        journal.connect(socket)?;
        // A journal that does not keep up loses lines; it must not hold up phones.
        journal.set_nonblocking(true)?;
        Ok(Self(journal))
    }
}

impl<S: Subscriber> Layer<S> for Journal {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let mut datagram = Vec::with_capacity(512);
        put(&mut datagram, "MESSAGE", &fields.line());
        put(&mut datagram, "PRIORITY", priority(*event.metadata().level()));
        put(&mut datagram, "SYSLOG_IDENTIFIER", "bellhop");
        for (name, value) in &fields.fields {
            let name = format!("BELLHOP_{}", name.to_ascii_uppercase());
            match value {
                Value::String(text) => put(&mut datagram, &name, text),
                other => put(&mut datagram, &name, &other.to_string()),
            }
        }
        // There is nowhere left to tell that the log does not work.
        self.0.send(&datagram).ok();
    }
}

/// Appends a field with the length of its value, so that the value may hold anything (systemd's "Native Journal
/// Protocol").
fn put(datagram: &mut Vec<u8>, name: &str, value: &str) {
    datagram.extend_from_slice(name.as_bytes());
    datagram.push(b'\n');
    datagram.extend_from_slice(&(value.len() as u64).to_le_bytes());
    datagram.extend_from_slice(value.as_bytes());
    datagram.push(b'\n');
}

/// Gives the priority of syslog (RFC 5424, section 6.2.1).
pub(super) fn priority(level: Level) -> &'static str {
    match level {
        Level::ERROR => "3",
        Level::WARN => "4",
        Level::INFO => "6",
        _ => "7",
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot read x")]
    struct Outer(#[source] io::Error);

    #[test]
    fn the_journal_gets_the_line_and_each_field_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let journal = UnixDatagram::bind(&path).unwrap();
        let subscriber = tracing_subscriber::registry().with(Journal::connect(&path).unwrap());
        tracing::subscriber::with_default(subscriber, || {
            let error = Outer(io::Error::other("two\nlines"));
            tracing::warn!(serial = 7, error = &error as &dyn std::error::Error, "reload failed");
        });
        let mut room = [0; 4096];
        let length = journal.recv(&mut room).unwrap();
        let mut wanted = Vec::new();
        let line = "reload failed serial=7 error=\"cannot read x: two\\nlines\"";
        for (name, value) in [
            ("MESSAGE", line),
            ("PRIORITY", "4"),
            ("SYSLOG_IDENTIFIER", "bellhop"),
            ("BELLHOP_SERIAL", "7"),
            ("BELLHOP_ERROR", "cannot read x: two\nlines"),
        ] {
            put(&mut wanted, name, value);
        }
        assert_eq!(String::from_utf8_lossy(&room[..length]), String::from_utf8_lossy(&wanted));
        assert!(wanted.starts_with(b"MESSAGE\n\x38\0\0\0\0\0\0\0reload"), "{wanted:?}");
    }

    #[test]
    fn without_a_journal_it_says_so() {
        assert!(Journal::connect(Path::new("/nonexistent/socket")).is_err());
    }
}
