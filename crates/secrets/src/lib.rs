//! Where secrets are kept.
//!
//! * [`AwsSecrets`]: AWS Secrets Manager.
//! * [`EmbeddedSecrets`] seals them and gives them to the record store, which cannot open them: what there is where nothing
//!   is configured. [`Resealing`] seals them anew when the key changes.
//!
//! A port of `domain` stands before them, because the set of backends is open. Both pass one contract suite.

mod aws;
mod embedded;
mod resealing;

pub use aws::{AwsAccessKey, AwsConfig, AwsConnectError, AwsSecrets};
pub use embedded::EmbeddedSecrets;
pub use resealing::{KeyUse, Resealing};
