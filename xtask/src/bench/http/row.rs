//! The rows of the table, what each should cost, and what users pay today.

/// How the service is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// A handler without any layer.
    Bare,
    /// With all layers but the limit.
    Unlimited,
    /// With all layers.
    Whole,
}

/// Whose API keys the requests carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Callers {
    /// Nobody's.
    None,
    /// One caller's.
    One,
    /// A thousand callers', one after the other.
    Many,
}

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
    pub(super) name: &'static str,
    pub(super) stage: Stage,
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) callers: Callers,
    /// Whether each request has an idempotency key of its own.
    pub(super) is_keyed: bool,
    pub(super) aims: &'static [Aim],
    pub(super) today: Option<Today>,
}

const READ: Row = Row {
    name: "bare handler",
    stage: Stage::Bare,
    method: "GET",
    path: "/test/read",
    callers: Callers::None,
    is_keyed: false,
    aims: &[],
    today: None,
};

/// Each with one layer more than the one before, apart from the number of callers.
pub(super) const ROWS: [Row; 6] = [
    Row { today: Some(Today { cpu_micros: 14.5, commands: 0 }), ..READ },
    Row {
        name: "+ outer stack",
        stage: Stage::Unlimited,
        path: "/test/open",
        aims: &[Aim::Cpu(1.6), Aim::RoundTrips(0.0)],
        ..READ
    },
    Row {
        name: "+ API key",
        stage: Stage::Unlimited,
        callers: Callers::One,
        aims: &[Aim::CpuBeyond(1, 0.3), Aim::RoundTrips(0.0)],
        today: Some(Today { cpu_micros: 40.0, commands: 1 }),
        ..READ
    },
    Row {
        name: "+ limit, one caller",
        stage: Stage::Whole,
        callers: Callers::One,
        aims: &[Aim::CpuBeyond(2, 0.8), Aim::RoundTrips(0.1)],
        today: Some(Today { cpu_micros: 67.0, commands: 4 }),
        ..READ
    },
    Row {
        name: "+ limit, 1,000 callers",
        stage: Stage::Whole,
        callers: Callers::Many,
        aims: &[Aim::CpuBeyond(2, 1.6), Aim::RoundTrips(1.0)],
        ..READ
    },
    Row {
        name: "+ idempotent write",
        stage: Stage::Whole,
        method: "POST",
        path: "/test/write",
        callers: Callers::One,
        is_keyed: true,
        aims: &[Aim::Cpu(6.0)],
        today: Some(Today { cpu_micros: 121.0, commands: 7 }),
    },
];
