//! Events as they are released, as server-sent events.

use std::collections::VecDeque;
use std::time::Duration;

use axum::response::Response;
use axum::response::sse::Event;
use domain::ReleasedEvent;
use futures::stream;
use middleware::Standing;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::reading::Reading;
use crate::error::ApiError;
use crate::event_stream;
use crate::state::{ApiState, StreamPermit};

const PAGE: usize = 100;
/// How soon a stream notices that the replica is about to stop, that its key was withdrawn or its token has expired, and that a store which was away answers
/// again.
const GLANCE_EVERY: Duration = Duration::from_secs(1);
/// How often the log is read though there is no news: that may have been lost with the store.
const READ_EVERY: Duration = Duration::from_secs(10);

struct EventStream {
    state: ApiState,
    reading: Reading,
    standing: Standing,
    /// Up to which number the log was looked at.
    after: u64,
    /// The number that the client has.
    told: u64,
    ready: VecDeque<ReleasedEvent>,
    news: watch::Receiver<[u64; 2]>,
    _permit: StreamPermit,
}

/// The stream behind a number; without one, behind the last that there is. The first page is read before it begins, so that a
/// number whose events are gone is an answer and not the end of a stream.
pub(super) async fn open(
    state: ApiState,
    reading: Reading,
    standing: Standing,
    after: Option<u64>,
) -> Result<Response, ApiError> {
    let permit = state.stream_permit(reading.caller())?;
    let news = state.use_cases().events.news();
    let after = match after {
        Some(after) => after,
        None => reading.last(&state).await?,
    };
    let page = reading.page(&state, Some(after), PAGE).await?;
    let ready = page.events.into();
    let events =
        EventStream { state, reading, standing, after: page.next, told: after, ready, news, _permit: permit };
    Ok(event_stream::response(stream::unfold(events, |mut events| async {
        let event = events.next().await?;
        Some((event, events))
    })))
}

impl EventStream {
    /// The next event; the end when the replica is about to stop, the key was withdrawn, the token has expired, or what is next is not kept any more.
    /// Then the client comes back with the last number that it has.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if self.is_over().await {
                return None;
            }
            if let Some(released) = self.ready.pop_front() {
                self.told = released.sequence;
                return event(&released);
            }
            if self.told < self.after {
                // Else a client that may not see the last events would come back with a number that is not kept.
                self.told = self.after;
                return Some(Event::default().id(self.told.to_string()));
            }
            // What comes while the page is read is news.
            self.news.mark_unchanged();
            match self.reading.page(&self.state, Some(self.after), PAGE).await {
                Ok(page) => {
                    let is_idle = page.next == self.after;
                    self.after = page.next;
                    self.ready = page.events.into();
                    if is_idle {
                        self.wait().await;
                    }
                }
                Err(tenancy::ReplayError::Gone { .. }) => return None,
                // It goes on when the store is back.
                Err(tenancy::ReplayError::Store(_away)) => tokio::time::sleep(GLANCE_EVERY).await,
            }
        }
    }

    async fn is_over(&self) -> bool {
        !self.standing.holds().await || self.state.readiness().is_draining()
    }

    /// Until there is news, or the stream is over.
    async fn wait(&mut self) {
        let until = Instant::now() + READ_EVERY;
        while Instant::now() < until && !self.is_over().await {
            if timeout(GLANCE_EVERY, self.news.changed()).await.is_ok() {
                return;
            }
        }
    }
}

fn event(released: &ReleasedEvent) -> Option<Event> {
    let event = Event::default().id(released.sequence.to_string()).event(released.event.kind.name());
    event.json_data(released.envelope()).ok()
}
