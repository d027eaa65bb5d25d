//! The service, built and ready to serve.

use std::sync::Arc;
use std::time::Duration;

use api::Readiness;
use axum::Router;
use cache::{CacheClient, CacheError, CacheHandle, Selection};
use middleware::{BearerTokenLayer, IdempotencyLayer, TrustedProxies};
use secrets::Resealing;
use tenancy::{AuditKeeper, FailSafe, UseCases};
use tokio::net::TcpListener;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::background::Background;
use crate::config::ServerConfig;
use crate::event_relay::EventRelay;
use crate::failure::Failure;
use crate::http_server::tls::{Certificates, Renewal};
use crate::http_server::{ConnectionLimits, Listening};
use crate::record_store::RecordStore;
use crate::shutdown::Shutdown;
use crate::{cache_link, http_server};

/// How long keyed writes may go on after the last request was answered.
const KEYED_WRITES_LIMIT: Duration = Duration::from_secs(5);
/// For bringing to the store when keys were used.
const USES_LIMIT: Duration = Duration::from_secs(2);
/// For giving back the lease of the relay.
const RELAY_LIMIT: Duration = Duration::from_secs(2);
/// For writing the last rows of the audit log, and for chaining them.
const AUDIT_LIMIT: Duration = Duration::from_secs(2);

/// The service, built and ready to serve. Made by [`build`](crate::build).
pub struct App {
    pub(crate) router: Router,
    pub(crate) readiness: Readiness,
    pub(crate) cache: CacheHandle,
    pub(crate) use_cases: UseCases,
    pub(crate) events: EventRelay,
    pub(crate) audit: AuditKeeper,
    pub(crate) fail_safe: FailSafe,
    pub(crate) bearer_token: Option<BearerTokenLayer>,
    pub(crate) store: RecordStore,
    pub(crate) resealing: Option<Resealing>,
    pub(crate) idempotency: IdempotencyLayer,
    pub(crate) selection: Selection,
    pub(crate) server: ServerConfig,
    pub(crate) tls: Option<(Certificates, Renewal)>,
    pub(crate) proxies: Arc<TrustedProxies>,
}

impl App {
    /// The cache that the service uses.
    pub fn cache(&self) -> &CacheHandle {
        &self.cache
    }

    /// Serves on `listener` until `shutdown`, which first fails readiness, then, after the grace, refuses new
    /// connections and lets open requests finish. Ends early when the cache or the record store
    /// refuses the configuration, and when what has to run beside the requests stops.
    pub async fn serve(mut self, listener: TcpListener, shutdown: Shutdown) -> Result<(), Failure> {
        let stop_accepting = CancellationToken::new();
        // First, so that whoever comes at once finds what can be answered without anybody else.
        if self.fail_safe.load().await > 0 {
            self.readiness.has_fail_safe();
        }
        let (certificates, renewal) = self.tls.take().unzip();
        let mut background = self.background(renewal);
        let stop_relaying = CancellationToken::new();
        let mut relaying = tokio::spawn({
            let (events, stop) = (self.events.clone(), stop_relaying.clone());
            async move { events.run(stop).await }
        });
        let stop_chaining = CancellationToken::new();
        let mut chaining = tokio::spawn({
            let (audit, stop) = (self.audit.clone(), stop_chaining.clone());
            async move { audit.run(stop).await }
        });
        let proxies = Arc::clone(&self.proxies);
        let mut server = tokio::spawn(http_server::serve(
            Listening { listener, certificates, proxies, limits: ConnectionLimits::default() },
            api::service(self.router.clone()),
            stop_accepting.clone(),
            shutdown.hard().clone(),
            self.server.drain_limit,
        ));

        let outcome = tokio::select! {
            // Whoever is asked to stop has not stopped by itself.
            biased;
            () = shutdown.begun() => Ok(()),
            error = Box::pin(self.connect_cache()) => Err(Failure::Cache(error)),
            error = self.store.keep() => Err(error.into()),
            failure = Box::pin(self.events.connect()) => Err(failure),
            failure = background.ended() => Err(failure),
            ended = &mut relaying => Err(stopped("relays events", ended)),
            ended = &mut chaining => Err(stopped("chains the audit log", ended)),
            ended = &mut server => Err(stopped("takes connections", ended)),
        };
        self.readiness.begin_draining();
        if outcome.is_ok() {
            tokio::select! {
                () = sleep(self.server.drain_grace) => {}
                () = shutdown.hard().cancelled() => {}
            }
        }
        stop_accepting.cancel();
        // A panic of the server was logged by its thread; there is nothing left to drain.
        end_of(server).await;
        self.finish_keyed_writes(&shutdown).await;
        background.abort();
        // Last, so that what the last requests changed may go out; what does not is the next process's.
        stop_relaying.cancel();
        let _ = tokio::join!(timeout(RELAY_LIMIT, end_of(relaying)), self.note_key_uses());
        // Behind the last request and before the end of the chain is told.
        if timeout(AUDIT_LIMIT, self.use_cases.write_out_audit()).await != Ok(true) {
            tracing::warn!(
                "the last rows of the audit log were not written: the record store gives no answer"
            );
        }
        stop_chaining.cancel();
        let _ = timeout(AUDIT_LIMIT, end_of(chaining)).await;
        self.fail_safe.close().await;
        if let Ok(cache) = self.cache.current() {
            cache.close().await;
        }
        tracing::info!("stopped");
        outcome
    }

    /// Starts what runs until the end without being asked to stop.
    fn background(&self, renewal: Option<Renewal>) -> Background {
        let mut background = Background::default();
        let use_cases = self.use_cases.clone();
        background.spawn("follows the changes of the record store", async move { use_cases.keep_up().await });
        background.spawn("keeps the snapshot of the fail-safe", self.fail_safe.clone().run());
        if let Some(resealing) = self.resealing.clone() {
            let leases = self.store.leases.clone();
            background.spawn("seals secrets anew", async move { resealing.run(leases).await });
        }
        if let Some(layer) = self.bearer_token.clone() {
            background.spawn("reads the keys of token issuers", async move { layer.keep_fresh().await });
        }
        if let Some(renewal) = renewal {
            background.spawn("renews the certificate", renewal.run());
        }
        background
    }

    /// When keys were used last; what cannot be noted now is lost.
    async fn note_key_uses(&self) {
        let noted = timeout(USES_LIMIT, self.use_cases.key_uses.note()).await;
        if !matches!(noted, Ok(Ok(()))) {
            tracing::warn!("the last uses of API keys could not be noted");
        }
    }

    /// Keyed writes outlive their clients: the last of them get a moment to keep their answers.
    async fn finish_keyed_writes(&self, shutdown: &Shutdown) {
        tokio::select! {
            () = self.idempotency.idle() => {}
            () = sleep(KEYED_WRITES_LIMIT) => tracing::warn!("keyed writes were cut off"),
            () = shutdown.hard().cancelled() => {}
        }
    }

    /// Returns only with an error that ends the service.
    async fn connect_cache(&self) -> CacheError {
        if let Selection::Valkey { config, .. } = &self.selection
            && let Err(error) = cache_link::connect(config, &self.cache).await
        {
            return error;
        }
        std::future::pending().await
    }
}

/// A task that was to run until it is asked to stop.
fn stopped(task: &'static str, ended: Result<(), JoinError>) -> Failure {
    Failure::Stopped { task, source: ended.err().map(Into::into) }
}

/// Waits for a task that may have ended, and been waited for, already.
async fn end_of(task: JoinHandle<()>) {
    if !task.is_finished() {
        let _ = task.await;
    }
}
