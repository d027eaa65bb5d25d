//! Waiting for a condition instead of for a time.

use std::future::Future;
use std::time::{Duration, Instant};

/// How long to rest between two looks at a condition.
const REST: Duration = Duration::from_millis(5);

/// Looks at `condition` until it answers `Ok`, and gives what it answered.
///
/// `what` names what is waited for; the `Err` of the condition is its state in words. A condition that does not
/// answer at all counts as not met.
///
/// # Panics
/// After `limit`, with `what` and the last state.
pub async fn wait_for<T, Condition, Answer>(what: &str, limit: Duration, mut condition: Condition) -> T
where
    Condition: FnMut() -> Answer,
    Answer: Future<Output = Result<T, String>>,
{
    let start = Instant::now();
    let mut state = String::from("it never answered");
    loop {
        let left = limit.saturating_sub(start.elapsed());
        match tokio::time::timeout(left.max(REST), condition()).await {
            Ok(Ok(value)) => return value,
            Ok(Err(text)) => state = text,
            Err(_elapsed) => {}
        }
        if start.elapsed() >= limit {
            panic!("waited {limit:?} for {what}; last state: {state}");
        }
        tokio::time::sleep(REST).await;
    }
}

/// [`wait_for`] with a condition that is only true or false.
///
/// # Panics
/// After `limit`, with `what`.
pub async fn wait_until<Condition, Answer>(what: &str, limit: Duration, mut condition: Condition)
where
    Condition: FnMut() -> Answer,
    Answer: Future<Output = bool>,
{
    wait_for(what, limit, || {
        let answer = condition();
        async { if answer.await { Ok(()) } else { Err(String::from("not yet")) } }
    })
    .await;
}
