//! The test servers do what the tests that use them rely on.

#![expect(clippy::expect_used, reason = "tests: the helpers beside them fail the test that calls them")]

mod cluster;
mod elasticache;
mod mongo;
mod moto;
mod process;
mod proxy;
mod rabbitmq;
mod single;
