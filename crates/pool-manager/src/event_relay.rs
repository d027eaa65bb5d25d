//! What takes events to their targets, built from the configuration.

use std::sync::Arc;
use std::time::Duration;

use api::{BrokerLink, Outbox};
use cache::{CacheConfig, CacheError, CacheHandle, Selection};
use domain::{Backlog, Clock, Timestamp};
use events::rabbitmq::{ConnectError, RabbitPublisher, RabbitStats};
use events::{RabbitTarget, Relay, RelayPorts, Target, ValkeyTarget};
use tenancy::UseCases;
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::cache_link;
use crate::config::EventsConfig;
use crate::failure::Failure;
use crate::record_store::RecordStore;

/// How often what waits is counted, for metrics and readiness.
const COUNT_EVERY: Duration = Duration::from_secs(5);
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// The relay, and the connections of its targets.
#[derive(Clone)]
pub(crate) struct EventRelay {
    relay: Relay,
    rabbitmq: Option<Arc<RabbitPublisher>>,
    legacy: Option<(CacheConfig, CacheHandle)>,
    clock: Arc<dyn Clock>,
    outbox: Arc<watch::Sender<Option<Outbox>>>,
}

impl EventRelay {
    /// Events of the embedded cache go to nobody: they stay in the log.
    pub(crate) fn new(
        config: EventsConfig,
        (cache, selection): (&CacheHandle, &Selection),
        store: &RecordStore,
        use_cases: &UseCases,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Failure> {
        let mut targets: Vec<Arc<dyn Target>> = Vec::new();
        if matches!(selection, Selection::Valkey { .. }) {
            targets.push(Arc::new(ValkeyTarget::new(ValkeyTarget::CACHE, cache.clone())));
        }
        let legacy = config.legacy.map(|legacy| {
            let addresses = legacy.addresses.iter().map(ToString::to_string);
            let handle = CacheHandle::connecting(addresses);
            targets.push(Arc::new(ValkeyTarget::new(ValkeyTarget::LEGACY, handle.clone())));
            (legacy, handle)
        });
        let rabbitmq = config.rabbitmq.as_ref().map(RabbitPublisher::new).transpose();
        let rabbitmq = rabbitmq.map_err(Failure::RabbitConfig)?.map(Arc::new);
        if let Some(publisher) = &rabbitmq {
            targets.push(Arc::new(RabbitTarget::new(Arc::clone(publisher))));
        }
        let relay = Relay::new(RelayPorts {
            log: store.events.clone(),
            leases: store.leases.clone(),
            invalidator: use_cases.invalidator(),
            targets,
            clock: Arc::clone(&clock),
            retention: config.retention,
        });
        let outbox = Arc::new(watch::Sender::new(None));
        Ok(Self { relay, rabbitmq, legacy, clock, outbox })
    }

    /// Relays whenever it is this process's turn, until it is cancelled.
    pub(crate) async fn run(&self, cancel: CancellationToken) {
        tokio::select! {
            () = self.relay.run(cancel) => {}
            () = self.count() => {}
        }
        if let Some(publisher) = &self.rabbitmq {
            publisher.close().await;
        }
    }

    /// Makes the connections of the targets. Returns only with an error that waiting cannot mend.
    pub(crate) async fn connect(&self) -> Failure {
        tokio::select! {
            error = self.connect_rabbitmq() => Failure::RabbitMq(error),
            error = self.connect_legacy() => Failure::LegacyRedis(error),
        }
    }

    pub(crate) fn relay(&self) -> &Relay {
        &self.relay
    }

    pub(crate) fn rabbitmq(&self) -> Option<&Arc<RabbitPublisher>> {
        self.rabbitmq.as_ref()
    }

    /// How the link to the broker is, whenever it is asked; nothing where there is no broker.
    pub(crate) fn broker(&self) -> Option<impl Fn() -> BrokerLink + Send + Sync + 'static> {
        let publisher = self.rabbitmq.clone()?;
        Some(move || match publisher.stats() {
            RabbitStats { connected: true, blocked: false, .. } => BrokerLink::Up,
            RabbitStats { connected: true, blocked: true, .. } => BrokerLink::Blocked,
            RabbitStats { connected: false, .. } => BrokerLink::Down,
        })
    }

    /// What was counted last; nothing while it cannot be counted.
    pub(crate) fn outbox(&self) -> watch::Receiver<Option<Outbox>> {
        self.outbox.subscribe()
    }

    async fn count(&self) {
        loop {
            let counted = self.relay.backlog().await.map(|Backlog { depth, oldest_at }| {
                let now = Timestamp::from(self.clock.now()).millis();
                let age = oldest_at.map_or(0, |oldest| now.saturating_sub(oldest.millis()));
                Outbox { depth, age: Duration::from_millis(u64::try_from(age).unwrap_or_default()) }
            });
            self.outbox.send_replace(counted.ok());
            sleep(COUNT_EVERY).await;
        }
    }

    /// After the first connection the publisher mends itself, whatever the broker says then: its settings may be changed while
    /// it runs.
    async fn connect_rabbitmq(&self) -> ConnectError {
        let Some(publisher) = &self.rabbitmq else { return std::future::pending().await };
        let mut pause = FIRST_PAUSE;
        loop {
            match publisher.connect().await {
                Ok(()) => {
                    tracing::info!("the RabbitMQ broker answers");
                    return std::future::pending().await;
                }
                Err(error) if error.is_misconfiguration() => return error,
                Err(error) => tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    next_try_seconds = pause.as_secs_f64(),
                    "the RabbitMQ broker does not answer"
                ),
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn connect_legacy(&self) -> CacheError {
        if let Some((config, handle)) = &self.legacy
            && let Err(error) = cache_link::connect(config, handle).await
        {
            return error;
        }
        std::future::pending().await
    }
}
