//! What the handlers work with.

use std::sync::Arc;

use cache::{Cache, CacheError, CacheHandle, Keyspace};
use domain::{CallerId, Clock, Environment};
use middleware::{Share, Shares};
use tenancy::UseCases;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::ApiError;
use crate::limits::Limits;
use crate::readiness::Readiness;

/// Held as long as a stream is open.
pub(crate) type StreamPermit = (Share<CallerId>, OwnedSemaphorePermit);

/// The state of the router. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct ApiState(Arc<Shared>);

struct Shared {
    use_cases: UseCases,
    environment: Environment,
    cache: CacheHandle,
    readiness: Readiness,
    clock: Arc<dyn Clock>,
    deletions: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    streams_of_callers: Arc<Shares<CallerId>>,
    limits: Limits,
}

impl ApiState {
    /// State with these limits, which are the router's too. `environment` is what keys get that are made without one.
    pub fn new(
        use_cases: UseCases,
        environment: Environment,
        cache: CacheHandle,
        readiness: Readiness,
        clock: Arc<dyn Clock>,
        limits: Limits,
    ) -> Self {
        let deletions = Arc::new(Semaphore::new(limits.concurrent_deletions));
        let streams = Arc::new(Semaphore::new(limits.concurrent_streams));
        let streams_of_callers = Shares::new(limits.streams_of_a_caller);
        Self(Arc::new(Shared {
            use_cases,
            environment,
            cache,
            readiness,
            clock,
            deletions,
            streams,
            streams_of_callers,
            limits,
        }))
    }

    /// What can be done with tenants, services and keys.
    pub(crate) fn use_cases(&self) -> &UseCases {
        &self.0.use_cases
    }

    /// The environment of the deployment.
    pub(crate) fn environment(&self) -> Environment {
        self.0.environment
    }

    /// How much a request may take.
    pub(crate) fn limits(&self) -> Limits {
        self.0.limits
    }

    /// The cache, or why there is none.
    pub(crate) fn cache(&self) -> Result<Cache, ApiError> {
        Ok(self.0.cache.current()?)
    }

    /// The keys of the cache, or why there are none.
    pub(crate) fn keyspace(&self) -> Result<Keyspace, ApiError> {
        Ok(self.cache()?.keyspace())
    }

    /// Ends a read of the cache in time, whatever the cache does: callers are promised an answer within two seconds.
    pub(crate) async fn read<T>(
        &self,
        operation: impl Future<Output = Result<T, CacheError>>,
    ) -> Result<T, ApiError> {
        match tokio::time::timeout(self.0.limits.read_time, operation).await {
            Ok(result) => Ok(result?),
            Err(_elapsed) => Err(ApiError::CacheSlow {
                addresses: self.0.cache.addresses().to_owned(),
                after: self.0.limits.read_time,
            }),
        }
    }

    /// The right to run one more deletion by pattern, held as long as it runs.
    pub(crate) fn deletion_permit(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        Arc::clone(&self.0.deletions).try_acquire_owned().map_err(|_all_taken| ApiError::TooManyDeletions)
    }

    /// The right of a caller to have one more stream of events open.
    pub(crate) fn stream_permit(&self, caller: &CallerId) -> Result<StreamPermit, ApiError> {
        let share = self.0.streams_of_callers.take(caller, 1).ok_or(ApiError::TooManyStreams)?;
        let permit = Arc::clone(&self.0.streams).try_acquire_owned();
        Ok((share, permit.map_err(|_all_taken| ApiError::TooManyStreams)?))
    }

    /// What the readiness probes ask.
    pub(crate) fn readiness(&self) -> &Readiness {
        &self.0.readiness
    }

    /// The time of day.
    pub(crate) fn clock(&self) -> &dyn Clock {
        self.0.clock.as_ref()
    }
}
