//! Real servers for tests, without Docker, and a network to them that can be broken at will.
//!
//! Every server is a child process on a free port with a directory of its own. It dies with the process that
//! started it, however that one ends (see [`Process`]). A failed test leaves its server's directory behind and
//! prints where it is.
//!
//! * [`ValkeyServer`], [`TlsServer`]: one node, with or without a replica, a password, users, TLS.
//! * [`ValkeyCluster`]: three masters and three replicas; kill, pause, fail-over, slot migration.
//! * [`ElastiCache`]: a cluster with the shape and the refusals of the AWS service.
//! * [`MongoServer`]: a `mongod`, or a stand-in that speaks its protocol.
//! * [`MotoServer`]: a stand-in for AWS.
//! * [`RabbitMq`]: a RabbitMQ broker; kill, pause, restart on what it has on disk, memory alarms.
//! * [`TokenIssuer`]: issues bearer tokens and publishes its keys over HTTP; rotates them, stalls, lies, dies.
//! * [`Proxy`]: delays, cuts, swallows, and cuts between the execution of a command and its answer.
//! * [`shared_cluster`], [`shared_single`], [`shared_mongo`], [`shared_rabbitmq`], [`shared_moto`]: one for a whole test run,
//!   for tests that destroy nothing.
//!
//! The crate depends on no crate of this workspace, so any of them can dev-depend on it. It talks to the servers
//! with a client of its own ([`Resp`]), not with the driver under test.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "tests only: a server that cannot be had fails the test"
)]

mod certificate;
mod mongo;
mod moto;
mod port;
mod process;
mod proxy;
mod rabbitmq;
mod rabbitmq_queue;
mod reply;
mod resp;
mod schemathesis;
mod shared;
mod slot;
mod token_issuer;
mod token_key;
mod tool;
mod valkey;
mod wait;

pub use certificate::{CertificateAuthority, ServerCertificate};
pub use mongo::{MONGO_PROGRAM_VARIABLE, MongoServer, is_mongod, mongo_program};
pub use moto::{MOTO_PROGRAM_VARIABLE, MotoServer, moto_program};
pub use port::PortLease;
pub use process::{Process, ServerDirectory};
pub use proxy::Proxy;
pub use rabbitmq::{RabbitMq, RabbitMqOptions, rabbitmq_program};
pub use rabbitmq_queue::{Delivered, RabbitQueue};
pub use reply::Reply;
pub use resp::Resp;
pub use schemathesis::{SCHEMATHESIS_PROGRAM_VARIABLE, schemathesis_program};
pub use shared::{
    CLUSTER_VARIABLE, MONGO_VARIABLE, MOTO_VARIABLE, RABBITMQ_VARIABLE, SCALE_VARIABLE, SINGLE_VARIABLE,
    scaled, shared_cluster, shared_mongo, shared_moto, shared_rabbitmq, shared_single, unique_prefix,
};
pub use slot::key_slot;
pub use token_issuer::{IssuerMood, TokenIssuer};
pub use token_key::{TokenAlgorithm, TokenKey};
pub use valkey::{
    ClusterNode, ClusterOptions, ClusterView, DENIED_COMMANDS, ElastiCache, SlotMigration, TlsServer,
    ValkeyCluster, ValkeyOptions, ValkeyServer, find_program,
};
pub use wait::{wait_for, wait_until};
