//! The pool-manager: configuration, wiring, telemetry, shutdown and subcommands. The binary is a call of [`run`];
//! whole-service tests call [`build`] or [`build_with`], and [`App::serve`], as `serve` does, with port 0.
//!
//! Reading order: [`config`], `wiring`, `app`, `http_server`, `telemetry`, `subcommand`.

mod app;
mod background;
mod cache_link;
mod command;
pub mod config;
mod data_dir;
mod event_relay;
mod failure;
mod first_start;
mod http_server;
mod key_sources;
mod outbound;
mod output;
mod ports;
mod randomness;
mod record_store;
mod secret_backend;
mod shutdown;
mod snapshot_disk;
mod subcommand;
mod telemetry;
mod token_keys;
mod wiring;

pub use api::MoreRoutes;
pub use app::App;
pub use command::run;
pub use domain::SystemClock;
pub use failure::Failure;
pub use first_start::FirstStartError;
pub use http_server::TlsFault;
/// The allocator of the binary: requests take a fifth less time with it than with that of the system, whose threads wait
/// for each other when one frees what another allocated.
pub use mimalloc::MiMalloc as Allocator;
pub use outbound::{OutboundError, OutboundHttp};
pub use ports::Ports;
pub use record_store::RecordStore;
pub use secret_backend::SecretBackend;
pub use shutdown::Shutdown;
pub use telemetry::{Telemetry, TelemetryError};
pub use wiring::{build, build_with};
