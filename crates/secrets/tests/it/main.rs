//! Every backend against one contract, and each against its own dangers.

#![expect(clippy::unwrap_used, reason = "tests: the helpers beside them fail the test that calls them")]

mod aws;
mod aws_answers;
mod aws_outage;
mod contract;
mod embedded;
mod leaks;
mod resealing;
mod script;
