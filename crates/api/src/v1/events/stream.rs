//! Events as they are released, as server-sent events.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use domain::ReleasedEvent;
use futures::stream;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::timeout;

use super::reading::Reading;
use crate::error::ApiError;
use crate::state::ApiState;

/// Proxies cut streams that say nothing for a minute.
const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(10);
const PAGE: usize = 100;
/// How soon a stream notices that the replica is about to stop, and that a store which was away answers again.
const GLANCE_EVERY: Duration = Duration::from_secs(1);

struct Follower {
    state: ApiState,
    reading: Reading,
    after: u64,
    ready: VecDeque<ReleasedEvent>,
    news: watch::Receiver<[u64; 2]>,
    _permit: OwnedSemaphorePermit,
}

/// The stream behind a number; without one, behind the last that there is. The first page is read before it begins, so that a
/// number whose events are gone is an answer and not the end of a stream.
pub(super) async fn open(
    state: ApiState,
    reading: Reading,
    after: Option<u64>,
) -> Result<Response, ApiError> {
    let permit = state.stream_permit()?;
    let news = state.use_cases().events.news();
    let after = match after {
        Some(after) => after,
        None => reading.last(&state).await?,
    };
    let page = reading.page(&state, after, PAGE).await?;
    let follower =
        Follower { state, reading, after: page.next, ready: page.events.into(), news, _permit: permit };
    let events = stream::unfold(follower, |mut follower| async {
        let event = follower.next().await?;
        Some((Ok::<_, Infallible>(event), follower))
    });
    let mut response =
        Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE_EVERY)).into_response();
    // Asks reverse proxies to pass each event on at once.
    response.headers_mut().insert("x-accel-buffering", http::HeaderValue::from_static("no"));
    Ok(response)
}

impl Follower {
    /// The next event; the end when the replica is about to stop, or what is next is not kept any more. Then the client
    /// comes back with the last number that it has.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if self.state.readiness().is_draining() {
                return None;
            }
            if let Some(released) = self.ready.pop_front() {
                return event(&released);
            }
            match self.reading.page(&self.state, self.after, PAGE).await {
                Ok(page) => {
                    let is_idle = page.events.is_empty() && !page.has_more;
                    self.after = page.next;
                    self.ready = page.events.into();
                    if !is_idle {
                        continue;
                    }
                }
                Err(tenancy::ReplayError::Gone { .. }) => return None,
                // It goes on when the store is back.
                Err(tenancy::ReplayError::Store(_away)) => tokio::time::sleep(GLANCE_EVERY).await,
            }
            let known = *self.news.borrow_and_update();
            let _ = timeout(GLANCE_EVERY, self.news.wait_for(|now| *now != known)).await;
        }
    }
}

fn event(released: &ReleasedEvent) -> Option<Event> {
    let event = Event::default().id(released.sequence.to_string()).event(released.event.kind.name());
    event.json_data(released.envelope()).ok()
}
