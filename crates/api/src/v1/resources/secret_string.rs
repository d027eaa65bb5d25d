//! A secret in a body.

use domain::SecretText;
use serde::{Deserialize, Deserializer, Serializer};
use utoipa::PartialSchema;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};

/// A text that is read and never written. `Debug` shows nothing of it.
#[derive(Debug, Clone)]
pub(crate) struct SecretString(pub(crate) SecretText);

impl SecretString {
    /// For `skip_serializing_if`: always. `skip_serializing` would take the field out of the OpenAPI document as well.
    pub(super) fn is_hidden(_secret: &Option<Self>) -> bool {
        true
    }

    /// For `serialize_with`, behind that: the type itself cannot be written.
    pub(super) fn hide<S: Serializer>(_secret: &Option<Self>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_none()
    }
}

impl<'de> Deserialize<'de> for SecretString {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(SecretText::new(text)))
    }
}

impl PartialSchema for SecretString {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::String).write_only(true).build().into()
    }
}

impl utoipa::ToSchema for SecretString {}
