//! Where secrets are kept.
//!
//! * [`AwsSecrets`]: AWS Secrets Manager.
//! * [`EmbeddedSecrets`] seals them and gives them to the record store, which cannot open them: what there is where nothing
//!   is configured.
//!
//! A port of `domain` stands before them, because the set of backends is open. Both pass one contract suite.

mod aws;
mod embedded;

pub use aws::{AwsAccessKey, AwsConfig, AwsConnectError, AwsSecrets};
pub use embedded::EmbeddedSecrets;
