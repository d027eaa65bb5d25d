//! What runs beside the requests, for as long as the service does.

use std::collections::HashMap;

use tokio::task::{Id, JoinSet};

use crate::failure::Failure;

/// Tasks that must not end before they are aborted. Without one of them something would go wrong unseen.
#[derive(Default)]
pub(crate) struct Background {
    tasks: JoinSet<()>,
    names: HashMap<Id, &'static str>,
}

impl Background {
    /// Starts one; `name` says what it does.
    pub(crate) fn spawn(&mut self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let id = self.tasks.spawn(task).id();
        self.names.insert(id, name);
    }

    /// Waits until one ends, which none should. A panic was logged by its thread.
    pub(crate) async fn ended(&mut self) -> Failure {
        let Some(ended) = self.tasks.join_next_with_id().await else {
            return std::future::pending().await;
        };
        let (id, source) = match ended {
            Ok((id, ())) => (id, None),
            Err(error) => (error.id(), Some(error.into())),
        };
        let task = self.names.get(&id).copied().unwrap_or_default();
        Failure::Stopped { task, source }
    }

    /// Ends them all.
    pub(crate) fn abort(&mut self) {
        self.tasks.abort_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_task_that_ends_is_named() {
        let mut background = Background::default();
        background.spawn("goes on", std::future::pending());
        background.spawn("falls over", async { panic!("on purpose") });
        let failure = background.ended().await;
        assert!(failure.to_string().contains("falls over"), "{failure}");
        background.spawn("just ends", async {});
        assert!(background.ended().await.to_string().contains("just ends"));
    }
}
