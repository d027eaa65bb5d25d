//! Two processes on one Valkey cluster, one MongoDB and one RabbitMQ.

mod failover;
mod news;
mod once;
mod pair;
