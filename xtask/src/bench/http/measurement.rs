//! The figures of one run, and of several.

/// What one run of one row cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Measurement {
    pub(super) requests_per_second: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    /// Of the service, for a request.
    pub(super) cpu_micros: f64,
    /// Of Valkey, for a request.
    pub(super) valkey_cpu_micros: f64,
    /// For a request.
    pub(super) round_trips: f64,
    pub(super) resident_mib: f64,
}

impl Measurement {
    /// The median of each figure by itself; of the memory, the most.
    pub(super) fn median(runs: &[Self]) -> Self {
        let middle = |figure: fn(&Self) -> f64| {
            let mut figures: Vec<f64> = runs.iter().map(figure).collect();
            figures.sort_by(f64::total_cmp);
            figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
        };
        Self {
            requests_per_second: middle(|run| run.requests_per_second),
            p50_ms: middle(|run| run.p50_ms),
            p99_ms: middle(|run| run.p99_ms),
            cpu_micros: middle(|run| run.cpu_micros),
            valkey_cpu_micros: middle(|run| run.valkey_cpu_micros),
            round_trips: middle(|run| run.round_trips),
            resident_mib: runs.iter().map(|run| run.resident_mib).fold(0.0, f64::max),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn costing(cpu_micros: f64) -> Measurement {
        Measurement {
            requests_per_second: 1_000.0,
            p50_ms: 0.5,
            p99_ms: 2.0,
            cpu_micros,
            valkey_cpu_micros: 0.0,
            round_trips: 0.0,
            resident_mib: cpu_micros,
        }
    }

    #[test]
    fn the_median_takes_each_figure_by_itself() {
        let runs = [costing(9.0), costing(1.0), Measurement { p99_ms: 7.0, ..costing(2.0) }];
        let median = Measurement::median(&runs);
        assert_eq!(median, Measurement { resident_mib: 9.0, ..costing(2.0) });
    }
}
