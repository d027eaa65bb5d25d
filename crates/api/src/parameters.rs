//! The parameters of a request: from the query, and from a JSON body where the query has none.
//!
//! The public clients differ in where they put them, and in whether a request without a body carries a
//! `Content-Type`; so a body is looked at only when there is one, whatever the method.

use std::borrow::Cow;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use http::request::Parts;
use percent_encoding::percent_decode;
use serde_json::Value;

mod json_body;

pub(crate) use json_body::is_json;
use json_body::parse_body;

use crate::error::{ApiError, ParameterProblem};
use crate::json_input;
use crate::key_name::key_of_base64;

/// The most keys one request may name.
pub(crate) const MAX_KEYS: usize = 10_000;

/// Page sizes of lists, as every service of the platform has them.
const DEFAULT_LIMIT: usize = 20;
const MAX_LIMIT: usize = 200;

/// What the request was given with. Names are matched without regard to case, `_` and `-`: `dryrun` or `dry_run` taken
/// for an unknown parameter would delete for real. Unknown parameters are left alone.
#[derive(Debug, Default)]
pub(crate) struct Parameters {
    query: Vec<(String, Vec<u8>)>,
    body: Vec<(String, Value)>,
}

/// One value, of whichever origin.
enum Given<'a> {
    Query(&'a [u8]),
    Body(&'a Value),
}

impl Parameters {
    /// Those of a query alone, for routes whose body is something else.
    pub(crate) fn of_query(query: Option<&str>) -> Self {
        Self { query: query.map(parse_query).unwrap_or_default(), body: Vec::new() }
    }

    /// A text; `None` when it is absent or empty.
    pub(crate) fn text(&self, name: &'static str) -> Result<Option<Cow<'_, str>>, ApiError> {
        let text = match self.given(name)? {
            None => return Ok(None),
            Some(Given::Query(bytes)) => {
                Cow::Borrowed(std::str::from_utf8(bytes).map_err(|_| not_text(name))?)
            }
            Some(Given::Body(Value::String(text))) => Cow::Borrowed(text.as_str()),
            Some(Given::Body(value @ (Value::Number(_) | Value::Bool(_)))) => Cow::Owned(value.to_string()),
            Some(Given::Body(_)) => return Err(not_text(name)),
        };
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    /// `service`, which must be there.
    pub(crate) fn service(&self) -> Result<Cow<'_, str>, ApiError> {
        let missing = ParameterProblem::Missing("service=ledger");
        self.text("service")?.ok_or(ApiError::parameter("service", missing))
    }

    /// Whether a flag is set; absent and empty are false.
    pub(crate) fn flag(&self, name: &'static str) -> Result<bool, ApiError> {
        match self.text(name)?.as_deref() {
            None | Some("false" | "0" | "no") => Ok(false),
            Some("true" | "1" | "yes") => Ok(true),
            Some(_) => Err(ApiError::parameter(name, ParameterProblem::NotABoolean)),
        }
    }

    /// Whether nothing is to be deleted. A blank one is refused: it may have been meant.
    pub(crate) fn dry_run(&self) -> Result<bool, ApiError> {
        self.restriction("dryRun", "dryRun=true")?;
        self.flag("dryRun")
    }

    /// Refuses a dry run where keys are named: they would be deleted for real.
    pub(crate) fn refuse_dry_run(&self) -> Result<(), ApiError> {
        if self.dry_run()? {
            return Err(ApiError::parameter("dryRun", ParameterProblem::OnlyForPatterns));
        }
        Ok(())
    }

    /// Whether it was given at all, be it empty.
    pub(crate) fn is_given(&self, name: &str) -> bool {
        let folded = fold(name);
        self.query.iter().any(|(given, _)| *given == folded)
            || self.body.iter().any(|(given, _)| *given == folded)
    }

    /// A text that must not be empty or null when it is given at all: such a one would widen what the request is about.
    pub(crate) fn restriction(
        &self,
        name: &'static str,
        example: &'static str,
    ) -> Result<Option<Cow<'_, str>>, ApiError> {
        let folded = fold(name);
        let blank_in_query = self.query.iter().any(|(given, value)| *given == folded && value.is_empty());
        let blank_in_body =
            self.body.iter().any(|(given, value)| *given == folded && (value.is_null() || value == ""));
        if blank_in_query || blank_in_body {
            return Err(ApiError::parameter(name, ParameterProblem::Missing(example)));
        }
        self.text(name)
    }

    /// The page size, under either of its names: 20 when absent or not positive, 200 at most.
    pub(crate) fn limit(&self) -> Result<usize, ApiError> {
        for name in ["limit", "count"] {
            let Some(text) = self.text(name)? else { continue };
            let digits = text.strip_prefix(['-', '+']).unwrap_or(&text);
            if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(ApiError::parameter(name, ParameterProblem::NotANumber));
            }
            if text.starts_with('-') || digits.bytes().all(|byte| byte == b'0') {
                return Ok(DEFAULT_LIMIT);
            }
            // A number too long for the type is above the limit all the same.
            return Ok(digits.parse().map_or(MAX_LIMIT, |limit: usize| limit.min(MAX_LIMIT)));
        }
        Ok(DEFAULT_LIMIT)
    }

    /// The one key that is named by `key` or, for a key that is no text, by `keyBase64`.
    pub(crate) fn key(&self) -> Result<Option<Bytes>, ApiError> {
        let mut keys = self.single_keys()?;
        match keys.len() {
            0 => Ok(None),
            1 => Ok(keys.pop()),
            _ => Err(ApiError::parameter("key", ParameterProblem::Repeated)),
        }
    }

    /// All keys that are named, by `key` and `keyBase64` (in a query also repeated) and by the list `keys`.
    pub(crate) fn keys(&self) -> Result<Vec<Bytes>, ApiError> {
        let mut keys = self.single_keys()?;
        match self.in_body("keys") {
            None => {}
            Some(Value::Array(list)) => {
                for value in list {
                    let Value::String(key) = value else {
                        return Err(ApiError::parameter("keys", ParameterProblem::NotAList));
                    };
                    keys.push(Bytes::copy_from_slice(key.as_bytes()));
                }
            }
            Some(_) => return Err(ApiError::parameter("keys", ParameterProblem::NotAList)),
        }
        keys.retain(|key| !key.is_empty());
        if keys.len() > MAX_KEYS {
            return Err(ApiError::parameter("keys", ParameterProblem::TooMany(MAX_KEYS)));
        }
        Ok(keys)
    }

    fn single_keys(&self) -> Result<Vec<Bytes>, ApiError> {
        let mut keys = Vec::new();
        for value in self.all("key") {
            keys.push(match value {
                Given::Query(bytes) => Bytes::copy_from_slice(bytes),
                Given::Body(Value::String(text)) => Bytes::copy_from_slice(text.as_bytes()),
                Given::Body(_) => return Err(not_text("key")),
            });
        }
        for value in self.all("keyBase64") {
            let text = match value {
                Given::Query(bytes) => bytes,
                Given::Body(Value::String(text)) => text.as_bytes(),
                Given::Body(_) => return Err(not_text("keyBase64")),
            };
            let key = key_of_base64(text);
            keys.push(key.ok_or(ApiError::parameter("keyBase64", ParameterProblem::NotBase64))?);
        }
        keys.retain(|key| !key.is_empty());
        Ok(keys)
    }

    /// The value of a parameter that may be given once. The query wins over the body.
    fn given(&self, name: &'static str) -> Result<Option<Given<'_>>, ApiError> {
        let mut values = self.all(name);
        match (values.pop(), values.is_empty()) {
            (value, true) => Ok(value),
            (_, false) => Err(ApiError::parameter(name, ParameterProblem::Repeated)),
        }
    }

    fn all(&self, name: &str) -> Vec<Given<'_>> {
        let folded = fold(name);
        let in_query = self.query.iter().filter(|(given, value)| *given == folded && !value.is_empty());
        let in_query: Vec<_> = in_query.map(|(_, value)| Given::Query(value)).collect();
        if !in_query.is_empty() {
            return in_query;
        }
        self.in_body(name).map(Given::Body).into_iter().collect()
    }

    fn in_body(&self, name: &str) -> Option<&Value> {
        let folded = fold(name);
        self.body.iter().find(|(given, value)| *given == folded && !value.is_null()).map(|(_, value)| value)
    }
}

/// A name without what clients write differently.
fn fold(name: &str) -> String {
    name.chars().filter(|character| !matches!(character, '_' | '-')).map(|c| c.to_ascii_lowercase()).collect()
}

fn not_text(name: &'static str) -> ApiError {
    ApiError::parameter(name, ParameterProblem::NotText)
}

/// Splits a query; `+` is a blank in it, as HTML forms and `URLSearchParams` write it. Values stay bytes, as keys are.
fn parse_query(query: &str) -> Vec<(String, Vec<u8>)> {
    let decode = |text: &str| -> Vec<u8> { percent_decode(text.replace('+', " ").as_bytes()).collect() };
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.map(|(name, value)| (fold(&String::from_utf8_lossy(&decode(name))), decode(value))).collect()
}

impl<S: Send + Sync> FromRequest<S> for Parameters {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let query = request.uri().query().map(parse_query).unwrap_or_default();
        let (headers, body) = json_input::read(request, state).await?;
        Ok(Self { query, body: parse_body(&headers, &body)? })
    }
}

/// Those of the query alone: a body is not waited for.
pub(crate) struct QueryParameters(pub(crate) Parameters);

impl<S: Send + Sync> FromRequestParts<S> for QueryParameters {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        Ok(Self(Parameters::of_query(parts.uri.query())))
    }
}

#[cfg(test)]
mod tests;
