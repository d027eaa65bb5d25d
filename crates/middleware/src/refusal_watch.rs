//! Who is told of requests that are not let in. Each layer that finds out who calls takes one.

pub use domain::{RefusalWatch, Unwatched};
