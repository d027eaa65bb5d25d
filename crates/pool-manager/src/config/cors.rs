//! What pages of other origins may do (CORS).

use std::fmt::Display;
use std::str::FromStr;

use api::{CorsOrigins, CorsPolicy};
use http::{HeaderName, HeaderValue, Method};
use serde::Deserialize;

use super::values::{filled, flag, unexpected};
use super::{Problem, Variable, Variables};

pub(super) const VARIABLES: &[Variable] = &[
    Variable::new(
        "ACCESS_CONTROL_ALLOW_ORIGIN",
        "none: no page of another origin",
        "Origins whose pages may call, such as `https://console.example`, with commas between; `*` needs `ALLOW_CORS_WILDCARD`",
    ),
    Variable::new(
        "ALLOW_CORS_WILDCARD",
        "`false`",
        "Allow `*` in `ACCESS_CONTROL_ALLOW_ORIGIN`: pages of every origin",
    )
    .detail(),
    Variable::new(
        "ACCESS_CONTROL_ALLOW_METHODS",
        "`GET,POST,PUT,PATCH,DELETE`",
        "Methods that such pages may use",
    )
    .detail(),
    Variable::new(
        "ACCESS_CONTROL_ALLOW_HEADERS",
        "those that clients send",
        "Request headers that such pages may send",
    )
    .detail(),
    Variable::new(
        "ACCESS_CONTROL_EXPOSE_HEADERS",
        "request id, rate limit, replay",
        "Response headers that such pages may read",
    )
    .detail(),
    Variable::new(
        "ACCESS_CONTROL_ALLOW_CREDENTIALS",
        "`false`",
        "Whether such pages may send cookies and client certificates; not with `*`",
    )
    .detail(),
];

/// Entries of one list.
const MAX_ENTRIES: usize = 64;
const ORIGIN: &str = "ACCESS_CONTROL_ALLOW_ORIGIN";

#[derive(Default, Deserialize)]
pub(super) struct CorsVariables {
    allow_origin: Option<String>,
    allow_methods: Option<String>,
    allow_headers: Option<String>,
    expose_headers: Option<String>,
    allow_credentials: Option<String>,
}

#[derive(Default, Deserialize)]
pub(super) struct WildcardVariables {
    allow_cors_wildcard: Option<String>,
}

/// The policy; none without an origin.
pub(super) fn read(environment: &Variables, problems: &mut Vec<Problem>) -> Option<CorsPolicy> {
    let variables: CorsVariables = environment.section("ACCESS_CONTROL_", problems);
    let wildcard: WildcardVariables = environment.section("", problems);
    let allows_wildcard = flag("ALLOW_CORS_WILDCARD", &wildcard.allow_cors_wildcard, problems);
    let credentials = flag("ACCESS_CONTROL_ALLOW_CREDENTIALS", &variables.allow_credentials, problems);
    let methods = list::<Method>(
        "ACCESS_CONTROL_ALLOW_METHODS",
        &variables.allow_methods,
        "methods such as GET,POST with commas between",
        problems,
    );
    let names = "names of headers with commas between";
    let headers =
        list::<HeaderName>("ACCESS_CONTROL_ALLOW_HEADERS", &variables.allow_headers, names, problems);
    let exposed =
        list::<HeaderName>("ACCESS_CONTROL_EXPOSE_HEADERS", &variables.expose_headers, names, problems);
    let origins = origins(&variables.allow_origin, allows_wildcard, problems)?;
    if credentials && origins == CorsOrigins::Any {
        problems.push(Problem::CorsCredentials);
    }
    let policy = CorsPolicy::new(origins);
    Some(CorsPolicy {
        methods: methods.unwrap_or(policy.methods),
        headers: headers.unwrap_or(policy.headers),
        exposed: exposed.unwrap_or(policy.exposed),
        credentials,
        origins: policy.origins,
    })
}

fn origins(
    value: &Option<String>,
    allows_wildcard: bool,
    problems: &mut Vec<Problem>,
) -> Option<CorsOrigins> {
    let text = filled(value)?;
    if text.split(',').any(|origin| origin.trim() == "*") {
        if !allows_wildcard {
            problems.push(Problem::CorsWildcard);
        }
        return Some(CorsOrigins::Any);
    }
    let expected = "a list of origins such as https://console.example: scheme, host in small letters and port if need be, no path";
    let origins = list::<Origin>(ORIGIN, value, expected, problems)?;
    Some(CorsOrigins::Exactly(origins.into_iter().map(|origin| origin.0).collect()))
}

/// What browsers send in `Origin`: compared letter by letter.
struct Origin(HeaderValue);

struct NoOrigin;

impl FromStr for Origin {
    type Err = NoOrigin;

    fn from_str(text: &str) -> Result<Self, NoOrigin> {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).ok_or(NoOrigin)?;
        let is_fine =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._:[]".contains(&byte);
        let is_default_port = (text.starts_with("https:") && rest.ends_with(":443"))
            || (!text.starts_with("https:") && rest.ends_with(":80"));
        if rest.is_empty() || !rest.bytes().all(is_fine) || is_default_port {
            return Err(NoOrigin);
        }
        HeaderValue::from_str(text).map(Self).map_err(|_| NoOrigin)
    }
}

impl Display for NoOrigin {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("is no origin")
    }
}

/// The entries of a list; none where there is no list, or one with a fault.
fn list<T: FromStr>(
    variable: &'static str,
    value: &Option<String>,
    expected: &'static str,
    problems: &mut Vec<Problem>,
) -> Option<Vec<T>> {
    let entries: Option<Vec<T>> = filled(value)?.split(',').map(|entry| entry.trim().parse().ok()).collect();
    match entries {
        None => problems.push(unexpected(variable, value, expected)),
        Some(entries) if entries.len() > MAX_ENTRIES => {
            problems.push(Problem::TooMany { variable, most: MAX_ENTRIES });
        }
        Some(entries) => return Some(entries),
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy<const N: usize>(variables: [(&str, &str); N]) -> (Option<CorsPolicy>, Vec<String>) {
        let mut problems = Vec::new();
        let policy = read(&Variables::from(variables), &mut problems);
        (policy, problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn without_an_origin_there_is_none() {
        assert_eq!(policy([]), (None, vec![]));
        assert_eq!(policy([("ALLOW_CORS_WILDCARD", "true")]), (None, vec![]));
    }

    #[test]
    fn origins_are_taken_as_browsers_write_them() {
        let (policy_of_two, faults) = policy([(ORIGIN, "https://console.example, http://localhost:3000")]);
        assert!(faults.is_empty(), "{faults:?}");
        let CorsOrigins::Exactly(origins) = policy_of_two.unwrap().origins else { panic!("exactly two") };
        assert_eq!(origins, ["https://console.example", "http://localhost:3000"]);
        for text in [
            "console.example",
            "https://console.example/",
            "https://Console.example",
            "https://console.example:443",
            "https://a@b",
            "https://",
            "null",
            "https://*.example",
            "https://a,,https://b",
        ] {
            let (none, faults) = policy([(ORIGIN, text)]);
            assert!(none.is_none() && faults.len() == 1, "{text}: {faults:?}");
            assert!(faults[0].starts_with("ACCESS_CONTROL_ALLOW_ORIGIN: "), "{faults:?}");
        }
    }

    #[test]
    fn every_origin_needs_a_word_and_has_no_credentials() {
        let (_, faults) = policy([(ORIGIN, "*")]);
        assert!(faults[0].contains(ORIGIN) && faults[0].contains("ALLOW_CORS_WILDCARD=true"), "{faults:?}");
        let (any, faults) = policy([(ORIGIN, "*"), ("ALLOW_CORS_WILDCARD", "true")]);
        assert!(faults.is_empty() && any.unwrap().origins == CorsOrigins::Any);
        let credentials = ("ACCESS_CONTROL_ALLOW_CREDENTIALS", "true");
        let (_, faults) = policy([(ORIGIN, "*"), ("ALLOW_CORS_WILDCARD", "true"), credentials]);
        assert!(faults[0].starts_with("ACCESS_CONTROL_ALLOW_CREDENTIALS: "), "{faults:?}");
        assert!(policy([(ORIGIN, "https://a"), credentials]).0.unwrap().credentials);
    }

    #[test]
    fn lists_replace_what_holds_without_them() {
        let (given, faults) = policy([
            (ORIGIN, "https://a"),
            ("ACCESS_CONTROL_ALLOW_METHODS", "GET, POST"),
            ("ACCESS_CONTROL_ALLOW_HEADERS", "X-API-Key"),
            ("ACCESS_CONTROL_EXPOSE_HEADERS", "ETag,X-Request-Id"),
        ]);
        let given = given.unwrap();
        assert!(faults.is_empty());
        assert_eq!((given.methods.len(), given.headers.len(), given.exposed.len()), (2, 1, 2));
        let (_, faults) = policy([(ORIGIN, "https://a"), ("ACCESS_CONTROL_ALLOW_HEADERS", "X API Key")]);
        assert_eq!(faults.len(), 1);
        let (_, faults) = policy([("ACCESS_CONTROL_ALLOW_METHODS", "GET,,")]);
        assert_eq!(faults.len(), 1, "also without an origin");
    }
}
