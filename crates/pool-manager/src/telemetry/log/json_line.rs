//! Events as JSON, one object a line.

use std::cell::RefCell;
use std::error::Error;
use std::fmt::{self, Write};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use domain::{Clock, Timestamp};
use middleware::error_chain;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::FmtContext;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::registry::LookupSpan;

/// Time, level, the fields of the event and its target:
/// `{"timestamp":"2026-01-31T08:00:00.000001Z","level":"INFO","message":"stopped","target":"pool_manager::app"}`.
///
/// As the form of tracing-subscriber with flattened fields, which takes five times as long: a line is written for every
/// request.
pub(super) struct JsonLine {
    clock: Arc<dyn Clock>,
}

impl JsonLine {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock }
    }
}

impl<S, N> FormatEvent<S, N> for JsonLine
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(
        &self,
        _context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        self.write(&mut writer, event)
    }
}

impl JsonLine {
    fn write(&self, writer: &mut dyn Write, event: &Event<'_>) -> fmt::Result {
        writer.write_str("{\"timestamp\":\"")?;
        write_time(writer, self.clock.now().duration_since(UNIX_EPOCH).unwrap_or_default())?;
        writer.write_str("\",\"level\":\"")?;
        writer.write_str(event.metadata().level().as_str())?;
        writer.write_char('"')?;
        let mut fields = Fields { writer, outcome: Ok(()) };
        event.record(&mut fields);
        fields.outcome?;
        writer.write_str(",\"target\":")?;
        write_text(writer, event.metadata().target())?;
        writer.write_str("}\n")
    }
}

thread_local! {
    /// The last second that was written, and its text: many lines share it.
    static SECOND: RefCell<(u64, String)> = RefCell::default();
}

fn write_time(writer: &mut dyn Write, since_1970: Duration) -> fmt::Result {
    SECOND.with_borrow_mut(|(second, text)| {
        if text.is_empty() || *second != since_1970.as_secs() {
            *second = since_1970.as_secs();
            *text = Timestamp::from(UNIX_EPOCH + Duration::from_secs(*second)).to_string();
            // The fraction comes before the zone.
            text.pop();
        }
        write!(writer, "{text}.{:06}Z", since_1970.subsec_micros())
    })
}

/// Writes each field with a comma before it.
struct Fields<'a> {
    writer: &'a mut dyn Write,
    outcome: fmt::Result,
}

impl Fields<'_> {
    fn add(&mut self, field: &Field, value: impl FnOnce(&mut dyn Write) -> fmt::Result) {
        let add = || {
            self.writer.write_char(',')?;
            write_text(self.writer, field.name())?;
            self.writer.write_char(':')?;
            value(self.writer)
        };
        if self.outcome.is_ok() {
            self.outcome = add();
        }
    }
}

impl Visit for Fields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, |writer| write_text(writer, value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, |writer| write!(writer, "{value}"));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, |writer| write!(writer, "{value}"));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, |writer| write!(writer, "{value}"));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        // JSON has no word for the others.
        self.add(
            field,
            |writer| if value.is_finite() { write!(writer, "{value}") } else { writer.write_str("null") },
        );
    }

    /// With all its causes.
    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.record_str(field, &error_chain(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, |writer| {
            writer.write_char('"')?;
            write!(Escaped(writer), "{value:?}")?;
            writer.write_char('"')
        });
    }
}

/// A string of JSON.
fn write_text(writer: &mut dyn Write, text: &str) -> fmt::Result {
    writer.write_char('"')?;
    Escaped(writer).write_str(text)?;
    writer.write_char('"')
}

/// Escapes what may not stand in a string of JSON, also a line feed, so that a line is a line.
struct Escaped<'a>(&'a mut dyn Write);

impl Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        // All of them are one byte long, so that what is left begins with a character.
        while let Some(place) = rest.bytes().position(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
            let (before, from) = rest.split_at(place);
            self.0.write_str(before)?;
            match from.as_bytes()[0] {
                b'\n' => self.0.write_str("\\n")?,
                b'\r' => self.0.write_str("\\r")?,
                b'\t' => self.0.write_str("\\t")?,
                byte if byte < b' ' => write!(self.0, "\\u{byte:04x}")?,
                byte => {
                    self.0.write_char('\\')?;
                    self.0.write_char(char::from(byte))?;
                }
            }
            rest = &from[1..];
        }
        self.0.write_str(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;
    use std::sync::Mutex;

    use domain::ManualClock;
    use serde_json::{Value, json};
    use tracing_subscriber::fmt::MakeWriter;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Lines {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    fn written(clock: Arc<dyn Clock>, log: impl FnOnce()) -> String {
        let lines = Lines::default();
        let layer = tracing_subscriber::fmt().event_format(JsonLine::new(clock)).with_writer(lines.clone());
        tracing::subscriber::with_default(layer.finish(), log);
        String::from_utf8(lines.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn an_event_is_a_line_of_json() {
        let clock = Arc::new(ManualClock::new(UNIX_EPOCH + Duration::from_micros(1_767_225_600_000_042)));
        let text = written(clock, || {
            tracing::warn!(
                status = 503_u16,
                took_ms = 1.5,
                missing = None::<&str>,
                left = -7,
                is_last = true,
                odd = f64::NAN,
                caller = %"jane \"j\" doe",
                error = ?Some("a\\b\n\u{1}\u{e9}"),
                "request\tanswered"
            );
        });
        assert_eq!(text.matches('\n').count(), 1, "{text}");
        assert!(
            text.starts_with("{\"timestamp\":\"2026-01-01T00:00:00.000042Z\",\"level\":\"WARN\","),
            "{text}"
        );
        let line: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            line,
            json!({
                "timestamp": "2026-01-01T00:00:00.000042Z",
                "level": "WARN",
                "message": "request\tanswered",
                "status": 503,
                "took_ms": 1.5,
                "left": -7,
                "is_last": true,
                "odd": null,
                "caller": "jane \"j\" doe",
                "error": "Some(\"a\\\\b\\n\\u{1}\u{e9}\")",
                "target": "pool_manager::telemetry::log::json_line::tests",
            })
        );
    }

    #[test]
    fn an_error_is_written_with_all_its_causes() {
        let error = domain::StoreUnavailable::new(io::Error::other("a \"cause\""));
        let text = written(Arc::new(ManualClock::new(UNIX_EPOCH)), || {
            tracing::warn!(error = &error as &dyn Error, "failed");
        });
        let line: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["error"], "the store gives no answer: a \"cause\"");
    }

    #[test]
    fn the_second_is_the_one_that_it_is() {
        let clock = Arc::new(ManualClock::new(UNIX_EPOCH));
        let moving = Arc::clone(&clock);
        let text = written(clock, || {
            tracing::info!("first");
            moving.advance(Duration::from_millis(1_001));
            tracing::info!("second");
        });
        assert!(
            text.contains("1970-01-01T00:00:00.000000Z") && text.contains("1970-01-01T00:00:01.001000Z"),
            "{text}"
        );
    }
}
