//! The rows of the table, what each should cost, and what users pay today.

use super::super::rig::Stage;
use super::super::rig::load::{Callers, Request};

/// A bound. CPU time is in units of the bare handler's of the same run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Aim {
    /// CPU time of a request in all.
    Cpu(f64),
    /// CPU time beyond that of the row of this number.
    CpuBeyond(usize, f64),
    /// Round trips to Valkey for a request.
    RoundTrips(f64),
}

/// Resident memory under load, for every row of the service, in MiB.
pub(super) const MEMORY_AIM: f64 = 40.0;

/// The Go stack (Fiber 2, go-redis 9.18) on the same machine: the platform's public limiter and idempotency middleware.
#[derive(Debug, Clone, Copy)]
pub(super) struct Today {
    /// Microseconds of CPU time for a request.
    pub(super) cpu_micros: f64,
    /// Valkey commands for a request, also those in scripts.
    pub(super) commands: u32,
}

/// The bare axum handler beside which the Go stack was measured, in microseconds.
pub(super) const BARE_BESIDE_TODAY: f64 = 9.7;

/// One row.
pub(super) struct Row {
    pub(super) stage: Stage,
    pub(super) request: Request<'static>,
    pub(super) aims: &'static [Aim],
    pub(super) today: Option<Today>,
}

const READ: Request<'static> = Request {
    name: "bare handler",
    method: "GET",
    path: "/test/read",
    paths: None,
    callers: Callers::None,
    is_keyed: false,
    body: None,
    etag: None,
    is_refused: false,
};

/// Each with one layer more than the one before, apart from the number of callers and the last.
pub(super) const ROWS: [Row; 7] = [
    Row {
        stage: Stage::Bare,
        request: READ,
        aims: &[],
        today: Some(Today { cpu_micros: 14.5, commands: 0 }),
    },
    Row {
        stage: Stage::Unlimited,
        request: Request { name: "+ outer stack", path: "/test/open", ..READ },
        aims: &[Aim::Cpu(1.6), Aim::RoundTrips(0.0)],
        today: None,
    },
    Row {
        stage: Stage::Unlimited,
        request: Request { name: "+ API key", callers: Callers::One, ..READ },
        aims: &[Aim::CpuBeyond(1, 0.3), Aim::RoundTrips(0.0)],
        today: Some(Today { cpu_micros: 40.0, commands: 1 }),
    },
    Row {
        stage: Stage::Whole,
        request: Request { name: "+ limit, one caller", callers: Callers::One, ..READ },
        aims: &[Aim::CpuBeyond(2, 0.8), Aim::RoundTrips(0.1)],
        today: Some(Today { cpu_micros: 67.0, commands: 4 }),
    },
    Row {
        stage: Stage::Whole,
        request: Request { name: "+ limit, 1,000 callers", callers: Callers::Many, ..READ },
        aims: &[Aim::CpuBeyond(2, 1.6), Aim::RoundTrips(1.0)],
        today: None,
    },
    Row {
        stage: Stage::Whole,
        request: Request {
            name: "+ idempotent write",
            method: "POST",
            path: "/test/write",
            callers: Callers::One,
            is_keyed: true,
            body: Some(r#"{"service":"ledger"}"#),
            ..READ
        },
        aims: &[Aim::Cpu(6.0)],
        today: Some(Today { cpu_micros: 121.0, commands: 7 }),
    },
    // Beside the row of the API key, with a caller that shows a token instead.
    Row {
        stage: Stage::Unlimited,
        request: Request { name: "bearer token", callers: Callers::Token, ..READ },
        aims: &[Aim::CpuBeyond(1, 0.6), Aim::RoundTrips(0.0)],
        today: None,
    },
];
