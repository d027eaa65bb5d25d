//! Where secrets are kept.
//!
//! [`EmbeddedSecrets`] seals them and gives them to the record store, which cannot open them: what there is where nothing is
//! configured. A port of `domain` stands before it, because the set of backends is open.

mod embedded;

pub use embedded::EmbeddedSecrets;
