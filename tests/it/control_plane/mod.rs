//! Tenants, services and connections over a real socket, on every store.

mod access;
mod api_keys;
mod associations;
mod audit;
mod aws;
mod aws_outage;
mod caching;
mod connections;
mod credentials;
mod dashed_ids;
mod document;
mod documented;
mod events;
mod fail_safe;
mod idempotency;
mod legacy;
mod modules;
mod operator_keys;
mod paused_writer;
mod plane;
mod replicas;
mod rotation;
mod services;
mod settings;
mod slow_bodies;
mod stale_loads;
mod store_outage;
mod tenant_keys;
mod tenants;
mod together;
mod tokens;
mod validation;
mod waiting_events;

/// Makes a test of each function for each store.
macro_rules! on_every_store {
    ($($name:ident),* $(,)?) => {
        mod embedded {
            $(
                #[tokio::test]
                async fn $name() {
                    super::$name(crate::control_plane::plane::Plane::embedded().await).await;
                }
            )*
        }

        mod mongo {
            $(
                #[tokio::test]
                async fn $name() {
                    super::$name(crate::control_plane::plane::Plane::mongo().await).await;
                }
            )*
        }
    };
}
pub(crate) use on_every_store;
