//! What a process has used, as Linux tells it.

use std::fs;
use std::io;

/// Ticks of a second in `/proc`: 100 on every architecture that Rust supports.
const TICKS_PER_SECOND: f64 = 100.0;

/// User and system time of all threads so far, in seconds.
pub(super) fn cpu_seconds(pid: u32) -> io::Result<f64> {
    parse_cpu(&fs::read_to_string(format!("/proc/{pid}/stat"))?).ok_or_else(malformed)
}

/// Memory that is in RAM now, in MiB.
pub(super) fn resident_mib(pid: u32) -> io::Result<f64> {
    parse_resident(&fs::read_to_string(format!("/proc/{pid}/status"))?).ok_or_else(malformed)
}

fn parse_cpu(stat: &str) -> Option<f64> {
    // The name in parentheses may hold anything. Behind it the state is the third field; the times are 14 and 15.
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut times = rest.split(' ').skip(11).map(str::parse::<u32>);
    let user = times.next()?.ok()?;
    let system = times.next()?.ok()?;
    Some((f64::from(user) + f64::from(system)) / TICKS_PER_SECOND)
}

fn parse_resident(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u32 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(f64::from(kib) / 1024.0)
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "/proc says something unexpected")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_linux_writes() {
        let stat = "71 (a) b) S 1 71 71 0 -1 4194560 1200 0 3 0 150 50 0 0 20 0 4 0 8000 99999 512 18446744";
        assert_eq!(parse_cpu(stat), Some(2.0));
        assert_eq!(parse_resident("Name:\ta\nVmRSS:\t    2048 kB\nThreads:\t4\n"), Some(2.0));
        assert_eq!(parse_cpu("71 (a) S 1"), None);
    }
}
