//! Publishing many messages.

use tokio::time::{Instant, timeout_at};

use super::confirm_error::ConfirmError;
use super::counting::Counting;
use super::fault::Fault;
use super::keeper::Shared;
use super::lane::Outcome;
use super::message::{Outgoing, Published};

type Outcomes = Vec<Result<Published, ConfirmError>>;

impl Shared {
    /// Publishes messages in their order, up to so many at once as may wait for their confirms.
    ///
    /// The broker closes the channel on a message that it dislikes, and does not say which one that was. Then those without a
    /// confirm are sent once more, one by one, until it is found.
    pub(super) async fn publish_batch(&self, messages: &[Outgoing<'_>]) -> Outcomes {
        let mut results = Outcomes::with_capacity(messages.len());
        let mut one_by_one_until = 0;
        while let Some(first) = messages.get(results.len()) {
            let start = results.len();
            if !first.fits() {
                results.push(Err(Fault::TooLong.into()));
                continue;
            }
            let width = if start < one_by_one_until { 1 } else { self.target.in_flight };
            let together =
                messages.iter().skip(start).take(width).take_while(|message| message.fits()).count();
            let (answers, is_refused) = self.send(&messages[start..start + together]).await;
            if is_refused && together > 1 {
                one_by_one_until = start + together;
                results.extend(answers.into_iter().take_while(Result::is_ok));
                continue;
            }
            if is_refused {
                one_by_one_until = 0;
            }
            results.extend(answers);
            if results.last().is_some_and(is_of_all_messages) {
                // What comes after one that was not taken must not arrive before it.
                results.resize_with(messages.len(), || Err(Fault::Unsent.into()));
            }
        }
        self.count(messages, &results);
        results
    }

    /// Sends messages together; also tells whether the broker closed the channel because of one of them.
    async fn send(&self, messages: &[Outgoing<'_>]) -> (Outcomes, bool) {
        let deadline = Instant::now() + self.target.patience;
        let mut outcome = Outcome::default();
        let result = match timeout_at(deadline, self.link()).await {
            Ok(Ok(link)) => link.send(&self.target, messages, deadline, &mut outcome).await,
            Ok(Err(error)) => Err(error.into()),
            Err(_elapsed) => Err(Fault::Silent(self.target.patience).into()),
        };
        let Outcome { answers, returned } = outcome;
        let is_refused = answers.iter().any(|answer| answer.as_ref().is_err_and(Fault::is_of_a_message));
        let mut results: Outcomes = answers
            .into_iter()
            .zip(messages)
            .map(|(answer, message)| match answer {
                Ok(()) if returned.contains(&message.message_id.to_string()) => Ok(Published::Unroutable),
                Ok(()) => Ok(Published::Routed),
                Err(fault) => Err(fault.into()),
            })
            .collect();
        let unknown = result.err().unwrap_or_else(|| Fault::Lost.into());
        results.resize_with(messages.len(), || Err(unknown.clone()));
        (results, is_refused)
    }

    fn count(&self, messages: &[Outgoing<'_>], results: &Outcomes) {
        for (message, result) in messages.iter().zip(results) {
            match result {
                Ok(published) => {
                    Counting::add(&self.counting.published);
                    if *published == Published::Unroutable {
                        Counting::add(&self.counting.returned);
                        let (key, id) = (message.routing_key, message.message_id);
                        tracing::warn!(routing_key = key, message_id = %id, "no queue takes the message");
                    }
                }
                Err(ConfirmError::Refused(_)) => {
                    Counting::add(&self.counting.nacked);
                }
                Err(ConfirmError::Unavailable(_) | ConfirmError::Credentials(_)) => {}
            }
        }
    }
}

/// Whether the others would fare no better.
fn is_of_all_messages(result: &Result<Published, ConfirmError>) -> bool {
    matches!(result, Err(error) if !error.is_of_the_message())
}
