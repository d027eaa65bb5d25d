//! The tables that are printed.

use super::super::rig::measurement::{self, Measurement};
use super::row::{Aim, BARE_BESIDE_TODAY, MEMORY_AIM, ROWS};

/// A bound beside what was measured.
#[derive(Debug, PartialEq)]
struct Verdict {
    row: &'static str,
    what: String,
    most: f64,
    measured: f64,
}

/// All tables, for rows in the order of [`ROWS`].
pub(super) fn print(rows: &[Measurement; ROWS.len()]) {
    let bare = rows[0].cpu_micros;
    measurement::print(ROWS.iter().map(|row| row.request.name).zip(rows), bare);
    println!("\n| Go stack today | CPU us/request | in bare axum handlers of its run | commands/request |");
    println!("|---|---|---|---|");
    for row in &ROWS {
        if let Some(today) = row.today {
            let in_handlers = today.cpu_micros / BARE_BESIDE_TODAY;
            println!(
                "| {} | {:.1} | {in_handlers:.1} | {} |",
                row.request.name, today.cpu_micros, today.commands
            );
        }
    }
    println!("\n| aim | at most | measured | |");
    println!("|---|---|---|---|");
    for Verdict { row, what, most, measured } in verdicts(rows) {
        let word = if is_met(measured, most) { "met" } else { "**missed**" };
        println!("| {row}: {what} | {most} | {measured:.2} | {word} |");
    }
}

fn verdicts(rows: &[Measurement; ROWS.len()]) -> Vec<Verdict> {
    let bare = rows[0].cpu_micros;
    let mut verdicts = Vec::new();
    for (row, measured) in ROWS.iter().zip(rows) {
        let verdict = |what: &str, most, measured| Verdict {
            row: row.request.name,
            what: what.to_owned(),
            most,
            measured,
        };
        verdicts.extend(row.aims.iter().map(|aim| match *aim {
            Aim::Cpu(most) => verdict("CPU in all", most, measured.cpu_micros / bare),
            Aim::CpuBeyond(other, most) => {
                let beyond = (measured.cpu_micros - rows[other].cpu_micros) / bare;
                verdict(&format!("CPU beyond \"{}\"", ROWS[other].request.name), most, beyond)
            }
            Aim::RoundTrips(most) => verdict("round trips", most, measured.round_trips),
        }));
    }
    let most_memory = rows[1..].iter().map(|row| row.resident_mib).fold(0.0, f64::max);
    let what = "RSS MiB under load".to_owned();
    verdicts.push(Verdict { row: "all rows", what, most: MEMORY_AIM, measured: most_memory });
    verdicts
}

/// To the hundredth, as it is printed: a refresh a minute is no round trip a request.
fn is_met(measured: f64, most: f64) -> bool {
    measured < most + 0.005
}

#[cfg(test)]
mod tests {
    use super::super::super::rig::measurement::tests::costing;
    use super::*;

    #[test]
    fn a_row_is_measured_in_bare_handlers_of_its_run() {
        let rows = [10.0, 15.0, 18.0, 28.0, 33.0, 70.0, 20.0].map(costing);
        let verdicts = verdicts(&rows);
        let figures: Vec<(f64, bool)> = verdicts
            .iter()
            .filter(|verdict| verdict.what.starts_with("CPU"))
            .map(|verdict| (verdict.measured, is_met(verdict.measured, verdict.most)))
            .collect();
        assert_eq!(figures, [(1.5, true), (0.3, true), (1.0, false), (1.5, true), (7.0, false), (0.5, true)]);
        let memory = verdicts.last().unwrap();
        assert_eq!((memory.measured, is_met(memory.measured, memory.most)), (70.0, false));
    }
}
