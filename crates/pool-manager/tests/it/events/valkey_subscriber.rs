//! A subscriber of a channel, as the public clients are: one connection to one server.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use testkit::{Reply, Resp};
use tokio::task::JoinHandle;

/// Notes every message; subscribes anew when its connection breaks, and misses what comes meanwhile.
pub(crate) struct ValkeySubscriber {
    messages: Arc<Mutex<Vec<Value>>>,
    task: JoinHandle<()>,
}

impl ValkeySubscriber {
    /// Returns when the subscription stands.
    pub(crate) async fn start(address: SocketAddr, channel: &str) -> Self {
        Self::start_with(address, None, channel).await
    }

    /// The same with the password of the server, if it has one.
    pub(crate) async fn start_with(address: SocketAddr, password: Option<&str>, channel: &str) -> Self {
        let messages = Arc::new(Mutex::new(Vec::new()));
        let (ready, is_ready) = tokio::sync::oneshot::channel();
        let task = tokio::spawn({
            let (messages, channel) = (Arc::clone(&messages), channel.to_owned());
            let password = password.map(str::to_owned);
            async move {
                let mut ready = Some(ready);
                loop {
                    if let Ok(mut connection) = subscribed(address, password.as_deref(), &channel).await {
                        ready.take().map(|ready| ready.send(()));
                        while let Ok(message) = connection.next_message().await {
                            messages.lock().unwrap().extend(body(message));
                        }
                    }
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        });
        is_ready.await.unwrap();
        Self { messages, task }
    }

    /// What came so far, in its order.
    pub(crate) fn messages(&self) -> Vec<Value> {
        self.messages.lock().unwrap().clone()
    }
}

impl Drop for ValkeySubscriber {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn subscribed(address: SocketAddr, password: Option<&str>, channel: &str) -> io::Result<Resp> {
    let mut connection = Resp::connect(address).await?;
    if let Some(password) = password {
        connection.authenticate(None, password).await?;
    }
    connection.try_command(&["SUBSCRIBE", channel]).await?;
    Ok(connection)
}

fn body(message: Reply) -> Option<Value> {
    let Reply::Array(parts) = message else { return None };
    match parts.as_slice() {
        [_kind, _channel, Reply::Bulk(body)] => Some(serde_json::from_slice(body).unwrap()),
        _ => None,
    }
}
