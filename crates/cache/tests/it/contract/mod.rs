//! What every backend does. Each file is one part of the contract, run against the embedded cache, a single node
//! and a cluster.

mod claims;
mod closing;
mod counters;
mod deletion;
mod expiry;
mod globs;
mod keyspace;
mod leases;
mod limits;
mod values;
mod versions;

/// Three tests of one part of the contract, so that a failure names the backend.
macro_rules! on_every_backend {
    ($run:ident: $embedded:ident, $single:ident, $cluster:ident) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $embedded() {
            let backend = crate::backend::Backend::embedded();
            $run(&backend).await;
            backend.close().await;
        }

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $single() {
            let backend = crate::backend::Backend::single().await;
            $run(&backend).await;
            backend.close().await;
        }

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $cluster() {
            let backend = crate::backend::Backend::cluster().await;
            $run(&backend).await;
            backend.close().await;
        }
    };
}
use on_every_backend;
