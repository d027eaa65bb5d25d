//! The figures of one run, and of several.

/// What one run of one row cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::bench) struct Measurement {
    pub(in crate::bench) requests_per_second: f64,
    pub(in crate::bench) p50_ms: f64,
    pub(in crate::bench) p99_ms: f64,
    /// Of the service, for a request.
    pub(in crate::bench) cpu_micros: f64,
    /// Of Valkey, for a request.
    pub(in crate::bench) valkey_cpu_micros: f64,
    /// For a request.
    pub(in crate::bench) round_trips: f64,
    pub(in crate::bench) resident_mib: f64,
}

impl Measurement {
    /// The median of each figure by itself; of the memory, the most.
    pub(in crate::bench) fn median(runs: &[Self]) -> Self {
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

/// A table with a line for each row. `bare` is what the CPU time is divided by.
pub(in crate::bench) fn print<'a>(rows: impl Iterator<Item = (&'a str, &'a Measurement)>, bare: f64) {
    println!(
        "\n| | req/s | p50 ms | p99 ms | CPU us/request | in bare handlers | Valkey CPU us/request | round trips/request | RSS MiB |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for (name, measured) in rows {
        println!(
            "| {name} | {:.0} | {:.2} | {:.2} | {:.1} | {:.2} | {:.1} | {:.3} | {:.1} |",
            measured.requests_per_second,
            measured.p50_ms,
            measured.p99_ms,
            measured.cpu_micros,
            measured.cpu_micros / bare,
            measured.valkey_cpu_micros,
            measured.round_trips,
            measured.resident_mib,
        );
    }
}

#[cfg(test)]
pub(in crate::bench) mod tests {
    use super::*;

    pub(crate) fn costing(cpu_micros: f64) -> Measurement {
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
