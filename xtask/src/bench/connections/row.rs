//! The rows of the table.

use std::path::Path;

use super::super::rig::load::{Callers, Request};

/// Answers that are kept to be returned by a handler that does nothing else, and whose they are.
pub(super) const CANNED: [(&str, &str); 4] = [
    ("found", "/v1/tenants/{tenant}/associations/ledger/connections"),
    ("known", "/v1/tenants/{tenant}/associations/ledger/connections"),
    ("suspended", "/v1/tenants/{suspended}/associations/ledger/connections"),
    ("missing", "/v1/tenants/{tenant}/associations/nothing/connections"),
];

/// What a row needs before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing: what it asks for is in memory.
    Warm,
    /// That nothing is known of any tenant.
    Cold,
    /// That every tenant was asked for a moment before.
    AllWarm,
}

/// One row.
pub(super) struct Row<'a> {
    pub(super) request: Request<'a>,
    pub(super) kind: Kind,
    /// Behind the rate limit, too.
    pub(super) is_limited: bool,
    /// The row of the same bytes.
    pub(super) beside: Option<&'static str>,
    /// The most CPU time, in units of that row's.
    pub(super) aim: Option<f64>,
}

/// All rows. `paths` are those of the connections of all tenants, `etag` that of the first.
pub(super) fn rows<'a>(paths: &'a Path, etag: &'a str) -> Vec<Row<'a>> {
    let get = Request {
        name: "",
        method: "GET",
        path: "/",
        paths: None,
        callers: Callers::One,
        is_keyed: false,
        body: None,
        etag: None,
        is_refused: false,
    };
    let row = |request| Row { request, kind: Kind::Warm, is_limited: false, beside: None, aim: None };
    let canned = |name, path, is_refused| row(Request { name, path, is_refused, ..get });
    let beside = |request, other: &'static str, aim| Row { beside: Some(other), aim, ..row(request) };
    let limited = |request| Row { is_limited: true, ..row(request) };
    let one = super::records::FIRST;
    vec![
        canned("same bytes: 200", "/test/canned/found/connections", false),
        beside(Request { name: "200, one tenant", path: one, ..get }, "same bytes: 200", Some(1.5)),
        Row {
            kind: Kind::Cold,
            ..beside(Request { name: "200, cold", paths: Some(paths), ..get }, "same bytes: 200", None)
        },
        Row {
            kind: Kind::AllWarm,
            ..beside(
                Request { name: "200, 50,000 tenants", paths: Some(paths), ..get },
                "same bytes: 200",
                Some(1.5),
            )
        },
        canned("same bytes: 304", "/test/canned/known/connections", false),
        beside(Request { name: "304", path: one, etag: Some(etag), ..get }, "same bytes: 304", Some(1.5)),
        canned("same bytes: 403", "/test/canned/suspended/connections", true),
        beside(
            Request { name: "403", path: super::records::SUSPENDED, is_refused: true, ..get },
            "same bytes: 403",
            Some(1.5),
        ),
        canned("same bytes: 404", "/test/canned/missing/connections", true),
        beside(
            Request { name: "404", path: super::records::MISSING, is_refused: true, ..get },
            "same bytes: 404",
            Some(1.5),
        ),
        limited(Request { name: "200 + limit, one caller", path: one, ..get }),
        limited(Request { name: "200 + limit, 1,000 callers", path: one, callers: Callers::Many, ..get }),
        limited(Request {
            name: "POST /v1/tenants + limit, keyed",
            method: "POST",
            path: "/v1/tenants",
            is_keyed: true,
            body: Some(
                r#"{"name":"Bench","slug":"bench-@run-@@@@@@@@@@","environment":"staging","owner":{"email":"ana@example.com"}}"#,
            ),
            ..get
        }),
    ]
}
