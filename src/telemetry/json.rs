//! The log as JSON, an object a line.

use std::fmt;
use std::time::SystemTime;

use serde_json::Value;
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::telemetry::fields::Fields;

/// Writes `time`, `level`, `message` and the event's fields.
pub(super) struct Json;

impl<S, N> FormatEvent<S, N> for Json
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let time = humantime::format_rfc3339_micros(SystemTime::now()).to_string();
        let level = event.metadata().level().as_str().to_ascii_lowercase();
        write!(writer, "{{\"time\":\"{time}\",\"level\":\"{level}\"")?;
        write!(writer, ",\"message\":{}", Value::from(fields.message))?;
        for (name, value) in &fields.fields {
            write!(writer, ",\"{name}\":{value}")?;
        }
        writeln!(writer, "}}")
    }
}
