//! What operations may answer beside what their handlers document: what the layers and the readers of requests refuse, and the
//! header by which a write is done once.
//!
//! It follows from the shape of an operation, so that a new one is documented as it is added. Each refusal is described once,
//! among the components.

use domain::IdempotencyKey;
use middleware::X_IDEMPOTENCY;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{HttpMethod, Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};
use utoipa::openapi::{Content, OpenApi, Ref, RefOr, Required, Response};

use crate::alias::all_operations;

/// A refusal that needs no more words than these.
struct Refusal {
    status: &'static str,
    /// Its name among the components.
    name: &'static str,
    description: &'static str,
    /// Whether `Retry-After` says when to come again.
    is_passing: bool,
    /// Who answers it.
    of: fn(&Shape) -> bool,
}

/// What of an operation decides what may become of a request.
struct Shape {
    needs_key: bool,
    is_write: bool,
    reads_body: bool,
    reads_query: bool,
}

const REFUSALS: [Refusal; 14] = [
    Refusal {
        status: "400",
        name: "BadRequest",
        description: "A parameter, a header or the form of the body is wrong",
        is_passing: false,
        of: |shape| shape.reads_query || shape.reads_body || shape.is_write,
    },
    Refusal {
        status: "401",
        name: "Unauthorized",
        description: "There is neither an API key nor a bearer token, or what there is is not valid",
        is_passing: false,
        of: |shape| shape.needs_key,
    },
    Refusal {
        status: "403",
        name: "Forbidden",
        description: "The caller has not the permission that is needed",
        is_passing: false,
        of: |shape| shape.needs_key,
    },
    Refusal {
        status: "408",
        name: "RequestTimeout",
        description: "The body came too slowly; nothing was done",
        is_passing: false,
        of: |shape| shape.reads_body || shape.is_write,
    },
    Refusal {
        status: "409",
        name: "IdempotencyConflict",
        description: "A write of the same idempotency key runs, or its answer is not kept",
        is_passing: true,
        of: |shape| shape.is_write,
    },
    Refusal {
        status: "413",
        name: "ContentTooLarge",
        description: "The body is too long",
        is_passing: false,
        of: |_shape| true,
    },
    Refusal {
        status: "414",
        name: "UriTooLong",
        description: "Path and query are too long",
        is_passing: false,
        of: |_shape| true,
    },
    Refusal {
        status: "415",
        name: "UnsupportedMediaType",
        description: "The body is not `application/json`",
        is_passing: false,
        of: |shape| shape.reads_body,
    },
    Refusal {
        status: "422",
        name: "Unprocessable",
        description: "A value makes no sense, or the idempotency key is that of another request",
        is_passing: false,
        of: |shape| shape.is_write,
    },
    Refusal {
        status: "429",
        name: "TooManyRequests",
        description: "The caller asks too often, or for too much at once",
        is_passing: true,
        of: |shape| shape.needs_key,
    },
    Refusal {
        status: "431",
        name: "HeadersTooLarge",
        description: "There are too many headers, or too long ones",
        is_passing: false,
        of: |_shape| true,
    },
    Refusal {
        status: "500",
        name: "InternalError",
        description: "A fault of the service; the body says nothing about the inside",
        is_passing: false,
        of: |_shape| true,
    },
    Refusal {
        status: "503",
        name: "Overloaded",
        description: "There are too many requests, or the answer took too long",
        is_passing: true,
        of: |shape| !shape.needs_key,
    },
    Refusal {
        status: "503",
        name: "Unavailable",
        description: "Something that is needed is away, or there is too much at work",
        is_passing: true,
        of: |shape| shape.needs_key,
    },
];

/// The name of the header among the components.
const IDEMPOTENCY: &str = "Idempotency";

/// Adds to every operation what it may answer whatever it does; what its handler documents stands.
pub(crate) fn add_refusals(document: &mut OpenApi) {
    let components = document.components.get_or_insert_default();
    for refusal in &REFUSALS {
        components.responses.insert(refusal.name.to_owned(), RefOr::T(response(refusal)));
    }
    components.parameters.insert(IDEMPOTENCY.to_owned(), RefOr::T(idempotency_key()));
    for (method, operation) in all_operations(document) {
        let shape = Shape::of(&method, operation);
        if shape.is_write {
            let reference = Ref::new(format!("#/components/parameters/{IDEMPOTENCY}"));
            operation.parameters.get_or_insert_default().push(RefOr::Ref(reference));
        }
        for refusal in REFUSALS.iter().filter(|refusal| (refusal.of)(&shape)) {
            let responses = &mut operation.responses.responses;
            let reference = || RefOr::Ref(Ref::from_response_name(refusal.name));
            responses.entry(refusal.status.to_owned()).or_insert_with(reference);
        }
    }
}

impl Shape {
    fn of(method: &HttpMethod, operation: &Operation) -> Self {
        let needs_key = operation.security.as_ref().is_some_and(|all| !all.is_empty());
        let is_of_query = |parameter: &RefOr<Parameter>| match parameter {
            RefOr::T(parameter) => parameter.parameter_in == ParameterIn::Query,
            RefOr::Ref(_) => false,
        };
        // Its parameters may come in a body, whatever the method.
        let is_of_cache = operation.tags.iter().flatten().any(|tag| tag == "cache");
        Self {
            needs_key,
            is_write: needs_key && *method != HttpMethod::Get,
            reads_body: operation.request_body.is_some() || is_of_cache,
            reads_query: operation.parameters.iter().flatten().any(is_of_query),
        }
    }
}

fn idempotency_key() -> Parameter {
    let key = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(IdempotencyKey::MAX_BYTES))
        // Visible ASCII, and blanks inside.
        .pattern(Some("^[!-~]([ -~]*[!-~])?$"));
    ParameterBuilder::new()
        .name(X_IDEMPOTENCY.as_str())
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "Names the write: the same again, with the same key, is not done again and gets the first answer. For how many \
             seconds, `X-TTL` says: 300 where there is none.",
        ))
        .schema(Some(key.build()))
        .build()
}

fn response(refusal: &Refusal) -> Response {
    let content = Content::new(Some(Ref::from_schema_name("ErrorOut")));
    let response =
        ResponseBuilder::new().description(refusal.description).content("application/json", content);
    if !refusal.is_passing {
        return response.build();
    }
    let header = HeaderBuilder::new().schema(Some(Object::with_type(Type::Integer)));
    let header = header.description(Some("Seconds to wait; not always there"));
    response.header("Retry-After", header.build()).build()
}
