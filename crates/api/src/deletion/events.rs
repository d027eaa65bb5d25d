//! A deletion as server-sent events: `progress` while it runs, then `done` or `error`.

use std::time::Duration;

use axum::response::Response;
use axum::response::sse::Event;
use futures::stream;
use middleware::RequestId;
use serde::Serialize;
use tokio::time::{Interval, MissedTickBehavior};

use crate::deletion::body::{DeletionBody, Labels};
use crate::deletion::running::Running;
use crate::error::ApiError;
use crate::event_stream;
use crate::layers::log_error;

/// The least time between two `progress` events.
const PROGRESS_EVERY: Duration = Duration::from_millis(250);

struct Events {
    running: Running,
    labels: Labels,
    request_id: Option<RequestId>,
    tick: Interval,
    ended: bool,
}

/// The stream. When the client goes away it is dropped, and the deletion stops with it.
pub(super) fn stream(running: Running, labels: Labels, request_id: Option<RequestId>) -> Response {
    let mut tick = tokio::time::interval(PROGRESS_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let events = Events { running, labels, request_id, tick, ended: false };
    event_stream::response(stream::unfold(events, |mut events| async {
        let event = events.next().await?;
        Some((event, events))
    }))
}

impl Events {
    async fn next(&mut self) -> Option<Event> {
        if self.ended {
            return None;
        }
        loop {
            tokio::select! {
                biased;
                outcome = self.running.ended() => {
                    self.ended = true;
                    return Some(self.last(outcome));
                }
                _ = self.tick.tick() => {
                    if let Some(report) = self.running.news() {
                        return Some(event("progress", &DeletionBody::under_way(&self.labels, report)));
                    }
                }
            }
        }
    }

    fn last(&self, outcome: Result<cache::DeleteReport, ApiError>) -> Event {
        match outcome {
            Ok(report) => event("done", &DeletionBody::of(&self.labels, report)),
            Err(error) => {
                // The head of the answer is long gone, so the layer that logs failures will not see this one.
                log_error(&error, self.request_id.as_ref());
                event("error", &error.body())
            }
        }
    }
}

fn event(name: &str, data: &impl Serialize) -> Event {
    // Our bodies always have a JSON form: numbers, texts, lists.
    Event::default().event(name).json_data(data).unwrap_or_default()
}
