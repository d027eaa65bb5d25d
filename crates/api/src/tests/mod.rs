//! The router as clients see it, over the embedded cache.

mod anything;
mod authorization;
mod browsers;
mod deletion;
mod edge;
mod events;
mod keys;
mod list;
mod log;
mod openapi;
mod outage;
mod probes;
mod protection;
