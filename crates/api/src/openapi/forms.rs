//! How what is given is described: as the readers of requests take it, where the types of handlers say something else.

use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::openapi::request_body::RequestBody;
use utoipa::openapi::schema::{AnyOfBuilder, Object, ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{OpenApi, RefOr, Required, Schema};

use crate::alias::all_operations;

/// Mends what the types say of queries and of bodies that may be missing.
pub(crate) fn describe_forms(document: &mut OpenApi) {
    for (_method, operation) in all_operations(document) {
        if let Some(RefOr::T(body)) = &mut operation.request_body {
            forget_null_of_body(body);
        }
        for (name, schema) in of_query(operation) {
            let Schema::Object(object) = schema else { continue };
            forget_null(object);
            // Of how many bits a number is, is not the caller's business.
            object.format = object.format.take().filter(|_| object.schema_type != Type::Integer.into());
            if name == "limit" {
                *schema = page_size();
            }
        }
    }
}

fn of_query(operation: &mut Operation) -> impl Iterator<Item = (&str, &mut Schema)> {
    operation.parameters.iter_mut().flatten().filter_map(|parameter| match parameter {
        RefOr::T(Parameter {
            parameter_in: ParameterIn::Query,
            name,
            schema: Some(RefOr::T(schema)),
            ..
        }) => Some((name.as_str(), schema)),
        _ => None,
    })
}

/// Not above 0 stands for none, as an empty text does, and too many for the most.
fn page_size() -> Schema {
    let empty = ObjectBuilder::new().schema_type(Type::String).max_length(Some(0));
    AnyOfBuilder::new().item(Object::with_type(Type::Integer)).item(empty).build().into()
}

/// A query has texts: `null` in it is one of four letters.
fn forget_null(schema: &mut Object) {
    if let SchemaType::Array(types) = &mut schema.schema_type {
        types.retain(|known| *known != Type::Null);
        if let [only] = types.as_slice() {
            schema.schema_type = SchemaType::Type(only.clone());
        }
    }
}

/// `Option` says that a body may be missing; one of `null` is none that we take.
fn forget_null_of_body(body: &mut RequestBody) {
    for content in body.content.values_mut() {
        let RefOr::T(content) = content else { continue };
        let Some(RefOr::T(Schema::OneOf(either))) = &content.schema else { continue };
        if let Some(reference) = either.items.iter().find(|item| matches!(item, RefOr::Ref(_))) {
            content.schema = Some(reference.clone());
            body.required = Some(Required::False);
        }
    }
}
