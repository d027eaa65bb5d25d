//! What is written down of one request.

use std::time::Instant;

use domain::CallerId;
use http::{Method, Request, StatusCode};

use crate::{ClientAddress, RequestId};

/// One request that is at work. Dropped before its end is told, it logs that the caller gave up.
#[derive(Debug)]
pub(super) struct Entry {
    started: Instant,
    method: Method,
    route: Option<String>,
    request_id: Option<RequestId>,
    client: Option<ClientAddress>,
    is_quiet: bool,
    is_written: bool,
}

/// Writes one event at a level that is known only now; the macros need it when they are compiled.
macro_rules! write_entry {
    ($entry:expr, $message:literal, $($fields:tt)*) => {
        if $entry.is_quiet {
            tracing::debug!(
                method = $entry.method_name(),
                route = $entry.route,
                took_ms = $entry.took_ms(),
                request_id = $entry.request_id.as_ref().map(RequestId::as_str),
                client = $entry.client.map(|client| tracing::field::display(client.0)),
                $($fields)*
                $message
            );
        } else {
            tracing::info!(
                method = $entry.method_name(),
                route = $entry.route,
                took_ms = $entry.took_ms(),
                request_id = $entry.request_id.as_ref().map(RequestId::as_str),
                client = $entry.client.map(|client| tracing::field::display(client.0)),
                $($fields)*
                $message
            );
        }
    };
}

impl Entry {
    pub(super) fn begin<B>(request: &Request<B>, route: Option<String>, is_quiet: bool) -> Self {
        Self {
            started: Instant::now(),
            method: request.method().clone(),
            route,
            request_id: request.extensions().get().cloned(),
            client: request.extensions().get().copied(),
            is_quiet,
            is_written: false,
        }
    }

    /// The head of the answer is known.
    pub(super) fn answered(&mut self, status: StatusCode, caller: Option<&CallerId>) {
        self.is_written = true;
        let caller = caller.map(tracing::field::display);
        write_entry!(self, "request answered", status = status.as_u16(), caller,);
    }

    /// The service behind ended in an error, which is for whoever is in front to log.
    pub(super) fn failed(&mut self) {
        self.is_written = true;
        write_entry!(self, "request failed without an answer",);
    }

    /// Callers may invent methods, also long ones.
    fn method_name(&self) -> &str {
        let name = self.method.as_str();
        if name.len() <= 16 { name } else { "_OTHER" }
    }

    /// To the microsecond.
    fn took_ms(&self) -> f64 {
        let microseconds = u32::try_from(self.started.elapsed().as_micros()).unwrap_or(u32::MAX);
        f64::from(microseconds) / 1_000.0
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if !self.is_written {
            write_entry!(self, "request given up by its caller",);
        }
    }
}
