//! Valkey's channels, as subscribers know them from the service before this one.

use async_trait::async_trait;
use bytes::Bytes;
use cache::CacheHandle;
use domain::Environment;

use crate::target::{Message, PublishError, Target};

/// Publishes on the channel of the environment, to whoever listens at that moment.
pub struct ValkeyTarget {
    name: &'static str,
    cache: CacheHandle,
}

impl ValkeyTarget {
    /// The mark of the Valkey that is the cache.
    pub const CACHE: &'static str = "valkey";
    /// The mark of the Valkey that subscribers are being moved away from.
    pub const LEGACY: &'static str = "legacy-redis";

    /// Through this client, under this mark.
    pub fn new(name: &'static str, cache: CacheHandle) -> Self {
        Self { name, cache }
    }
}

/// The channel of an environment: it ends with a colon, behind which there once was the id of a tenant.
pub fn channel(environment: Environment) -> String {
    format!("tenant-events:{environment}:")
}

#[async_trait]
impl Target for ValkeyTarget {
    fn name(&self) -> &str {
        self.name
    }

    async fn publish(&self, messages: &[Message]) -> Vec<Result<(), PublishError>> {
        let mut answers = Vec::with_capacity(messages.len());
        for message in messages {
            let channel = channel(message.environment);
            let body = Bytes::copy_from_slice(&message.body);
            let published = match self.cache.current() {
                Ok(cache) => cache.publish(channel.as_bytes(), body).await,
                Err(error) => Err(error),
            };
            let failed = published.is_err();
            answers.push(match published {
                Ok(_subscribers) => Ok(()),
                // Nothing that a message says makes Valkey refuse it: what it refuses, it refuses to us.
                Err(error) => Err(PublishError::Unavailable(error.into())),
            });
            if failed {
                break;
            }
        }
        answers
    }
}
