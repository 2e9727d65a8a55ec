//! The log: fields, not sentences; where the settings say, as they say.

use std::fmt;
use std::fs;
use std::io::IsTerminal;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::OnceLock;

use tracing::subscriber::set_global_default;
use tracing::{Event, Subscriber, warn};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::{Format as Text, Full, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{EnvFilter, Layer, Registry, reload};

use crate::config::{Destination, Format, Level, Log};
use crate::telemetry::journal::{self, Journal};
use crate::telemetry::json::Json;

/// The variable that overrides the level, as `warn` or as `info,bellhop::listen=debug`.
const VARIABLE: &str = "BELLHOP_LOG";

type Chosen = reload::Layer<EnvFilter, Registry>;

/// The one log of the process, for changes of its level.
static LOG: OnceLock<Running> = OnceLock::new();

struct Running {
    filter: reload::Handle<EnvFilter, Registry>,
    /// Whether the environment has the say.
    is_overridden: bool,
}

/// The journal cannot be reached.
#[derive(Debug, thiserror::Error)]
#[error("cannot reach the journal at {}; write to = \"stderr\" in [log]", journal::SOCKET)]
pub struct LogError(#[from] std::io::Error);

/// Starts the log of this process; a second start does nothing.
///
/// # Errors
/// The journal is wanted, and there is none.
pub fn start(settings: &Log) -> Result<(), LogError> {
    let told = std::env::var(VARIABLE).ok();
    let overriding = told.as_deref().map(EnvFilter::try_new);
    let broken = matches!(overriding, Some(Err(_)));
    let overriding = overriding.and_then(Result::ok);
    let is_overridden = overriding.is_some();
    let (filter, handle) = Chosen::new(overriding.unwrap_or_else(|| filter(settings.level)));
    let registry = tracing_subscriber::registry().with(filter);
    let begun = match (settings.to, settings.format) {
        (Destination::Journald, _) => {
            let journal = Journal::connect(Path::new(journal::SOCKET))?;
            set_global_default(registry.with(journal))
        }
        (Destination::Stderr, Format::Json) => {
            let json = tracing_subscriber::fmt::layer().event_format(Json);
            set_global_default(registry.with(json.with_writer(std::io::stderr)))
        }
        (Destination::Stderr, Format::Text) if is_journal() => {
            let text = tracing_subscriber::fmt::layer().event_format(Numbered::default()).with_ansi(false);
            set_global_default(registry.with(text.with_writer(std::io::stderr)))
        }
        (Destination::Stderr, Format::Text) => {
            let colours = std::io::stderr().is_terminal();
            let text = tracing_subscriber::fmt::layer().with_target(false).with_ansi(colours);
            set_global_default(registry.with(text.with_writer(std::io::stderr).boxed()))
        }
    };
    if begun.is_ok() {
        LOG.set(Running { filter: handle, is_overridden }).ok();
    }
    if broken {
        warn!(variable = VARIABLE, "what to log is not understood; the setting counts");
    }
    Ok(())
}

/// Changes how much is told, unless the environment has the say.
pub fn set_level(level: Level) {
    if let Some(log) = LOG.get().filter(|log| !log.is_overridden) {
        // It fails only when the log is gone.
        log.filter.reload(filter(level)).ok();
    }
}

fn filter(level: Level) -> EnvFilter {
    let level = match level {
        Level::Debug => LevelFilter::DEBUG,
        Level::Error => LevelFilter::ERROR,
        Level::Info => LevelFilter::INFO,
        Level::Trace => LevelFilter::TRACE,
        Level::Warn => LevelFilter::WARN,
    };
    EnvFilter::default().add_directive(level.into())
}

/// Tells whether standard error leads to the journal, which knows the time itself (systemd.exec, `$JOURNAL_STREAM`).
fn is_journal() -> bool {
    let stream = std::env::var("JOURNAL_STREAM").unwrap_or_default();
    let stderr = fs::metadata("/proc/self/fd/2");
    stderr.is_ok_and(|stderr| stream == format!("{}:{}", stderr.dev(), stderr.ino()))
}

/// Text for the journal: without a time, and begun with the priority as sd-daemon(3) reads it.
struct Numbered(Text<Full, ()>);

impl Default for Numbered {
    fn default() -> Self {
        Self(Text::default().without_time().with_target(false))
    }
}

impl<S, N> FormatEvent<S, N> for Numbered
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        write!(writer, "<{}>", journal::priority(*event.metadata().level()))?;
        self.0.format_event(context, writer, event)
    }
}
