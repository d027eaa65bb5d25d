//! A secret in a body.

use domain::SecretText;
use serde::{Deserialize, Deserializer};
use utoipa::PartialSchema;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};

/// A text that is read and never written. `Debug` shows nothing of it.
#[derive(Debug, Clone)]
pub(crate) struct SecretString(pub(crate) SecretText);

impl<'de> Deserialize<'de> for SecretString {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(SecretText::new(text)))
    }
}

impl PartialSchema for SecretString {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::String).build().into()
    }
}

impl utoipa::ToSchema for SecretString {}
