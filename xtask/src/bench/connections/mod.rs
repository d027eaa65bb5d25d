//! `cargo xtask bench connections`: what a service pays that asks for the connections of its tenants.
//!
//! 50,000 tenants, a release build, wrk as for `bench http`. Each answer is measured beside a handler that returns the very same
//! bytes and headers behind the same layers: what is above that is the price of finding them.

mod records;
mod row;

use std::net::Ipv4Addr;
use std::path::Path;

use clap::Args;
use records::{Records, TENANTS};
use row::{CANNED, Kind, Row};
use testkit::ValkeyServer;
use tokio::runtime::Runtime;

use super::rig::measurement::{self, Measurement};
use super::rig::service::Service;
use super::rig::{self, Meter, Stage};
use crate::command::Failure;

/// Time enough to ask for every tenant twice, in seconds; what is in memory by then is used for longer. The first time the
/// service fills the shared cache, and is told so as of any other change: only what it reads from there the second time stays
/// in memory.
const WARMING: u64 = 25;

/// How long to measure.
#[derive(Args)]
pub(crate) struct Arguments {
    /// How often each row is measured.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    rounds: u64,
    /// For how long each time, in seconds.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
}

/// Installs what is missing, imports the tenants, and measures.
///
/// # Errors
/// When something cannot be installed or does not compile, or a request is answered other than it should be.
pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let program = rig::prepare()?;
    let records = Records::import(&program)?;
    Runtime::new()?.block_on(measure(&program, records, arguments))
}

async fn measure(program: &Path, records: Records, arguments: &Arguments) -> Result<(), Failure> {
    let valkey = ValkeyServer::start().await;
    let keys = rig::known_keys(program)?;
    let mut meter = Meter::new(&keys, "", valkey.pid());
    let paths = meter.file("paths", &records.paths());
    let copy = records.copy()?;
    let unlimited =
        Service::start_in(records.into_directory(), program, Stage::Unlimited, valkey.address()).await;
    let whole = Service::start_in(copy.into_directory(), program, Stage::Whole, valkey.address()).await;
    let key = keys.lines().next().unwrap_or_default();
    whole.introduce(&keys, &records::path(0)).await;
    let etag = can_answers(&unlimited, key).await?;

    let rows = row::rows(&paths, &etag);
    println!(
        "xtask: {TENANTS} tenants; {} rounds of {} s for each of {} rows",
        arguments.rounds,
        arguments.seconds,
        rows.len()
    );
    let mut runs: Vec<Vec<Measurement>> = rows.iter().map(|_| Vec::new()).collect();
    for round in 0..=arguments.rounds {
        for (row, runs) in rows.iter().zip(&mut runs) {
            let service = if row.is_limited { &whole } else { &unlimited };
            match row.kind {
                Kind::Warm => {}
                Kind::Cold => forget_all(&valkey, service, key).await?,
                Kind::AllWarm => drop(meter.measure(service, &row.request, WARMING).await?),
            }
            let measured = meter.measure(service, &row.request, arguments.seconds).await?;
            // The first round is to get warm.
            if round > 0 {
                runs.push(measured);
            }
        }
    }
    print(&rows, &runs.iter().map(|runs| Measurement::median(runs)).collect::<Vec<_>>());
    Ok(())
}

/// Lets the service keep what it answers, each under the name that the rows know. Gives the entity tag of the connections.
async fn can_answers(service: &Service, key: &str) -> Result<String, Failure> {
    let mut etag = String::new();
    for (name, path) in CANNED {
        let path = path.replace("{tenant}", &records::id(0)).replace("{suspended}", &records::id(TENANTS));
        let known = if name == "known" { format!("If-None-Match: {etag}\r\n") } else { String::new() };
        let headers = format!("X-API-Key: {key}\r\n{known}");
        let answer = service.send(Ipv4Addr::LOCALHOST, &format!("GET {path}"), &headers, "").await?;
        if let Some(tag) = answer.lines().find_map(|line| line.strip_prefix("etag: ")) {
            tag.clone_into(&mut etag);
        }
        let line = format!("PUT /test/canned/{name}");
        let kept = service.send(Ipv4Addr::LOCALHOST, &line, "", &answer).await?;
        if !kept.starts_with("HTTP/1.1 204 ") {
            return Err(Failure::NoAnswer { command: format!("{line}, which said {kept}") });
        }
    }
    Ok(etag)
}

/// Nothing is known of any tenant any more, neither in Valkey nor in the service.
async fn forget_all(valkey: &ValkeyServer, service: &Service, key: &str) -> Result<(), Failure> {
    drop(valkey.connect().await.command(&["FLUSHALL"]).await.accepted("FLUSHALL"));
    // The news of it has come when the service has asked the store for the changes that may have been lost.
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let headers = format!("X-API-Key: {key}\r\n");
    service.send(Ipv4Addr::LOCALHOST, &format!("GET {}", records::path(0)), &headers, "").await?;
    Ok(())
}

fn print(rows: &[Row<'_>], measured: &[Measurement]) {
    let cpu = |name: &str| {
        let place = rows.iter().position(|row| row.request.name == name);
        place.and_then(|place| measured.get(place)).map_or(f64::NAN, |measured| measured.cpu_micros)
    };
    let bare = cpu("same bytes: 200");
    measurement::print(rows.iter().map(|row| row.request.name).zip(measured), bare);
    println!("\n| answer | CPU in that of the same bytes | at most | |");
    println!("|---|---|---|---|");
    for (row, measured) in rows.iter().zip(measured) {
        let Some(beside) = row.beside else { continue };
        let ratio = measured.cpu_micros / cpu(beside);
        let (aim, word) = match row.aim {
            Some(most) if ratio < most + 0.005 => (most.to_string(), "met"),
            Some(most) => (most.to_string(), "**missed**"),
            None => (String::new(), ""),
        };
        println!("| {} | {ratio:.2} | {aim} | {word} |", row.request.name);
    }
}
