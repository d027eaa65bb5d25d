//! The table of failures, row by row, under load.

use std::cell::Cell;
use std::time::{Duration, Instant};

use futures::future::join_all;
use reqwest::Method;
use service_tests::TestService;

use super::fault::Fault;
use super::load::{Load, Plan};
use super::service::{LIMIT, Protected, got};
use super::valkey::{OTHER_PASSWORD, PASSWORD, Shape, Valkey};

/// How long a fault lasts that does not heal by itself, and after which part of it every node has had its three time-outs
/// of half a second.
const OUTAGE: Duration = Duration::from_secs(4);
const SETTLED: Duration = Duration::from_millis(2_500);
/// How long healing may take. What it does take is printed.
const HEALING: Duration = Duration::from_secs(30);
const CALLERS: usize = 48;
/// How much is asked before the fault and after it.
const ANSWERS: u64 = 500;
/// How many of the answers must be as on a good day when nothing fails: a busy machine spoils some.
const MOST: f64 = 0.75;

/// One row: a service under load, a fault, its end.
async fn row(shape: Shape, fault: Fault) {
    let valkey = Valkey::start(shape, false).await;
    if fault == Fault::Loading {
        valkey.fill().await;
    }
    let name = format!("{shape:?} {fault:?}");
    run(&name, &valkey, &valkey.variables(), fault, async || fault.mend(&valkey).await).await;
}

async fn run(
    name: &str,
    valkey: &Valkey,
    variables: &[(String, String)],
    fault: Fault,
    mend: impl AsyncFnOnce(),
) {
    let service = Protected::start(TestService::new(CALLERS), variables).await;
    wait_until_whole(&service, "a service at work").await;
    let load = Load::start(&service.base, &Plan::of(0..CALLERS)).await;
    let at_work = Instant::now();
    load.answers(ANSWERS).await;

    let struck = Instant::now();
    fault.strike(valkey).await;
    let heals_by_itself = fault.heals_by_itself(valkey);
    if !heals_by_itself {
        // The size of the experiment, not a wait for something.
        tokio::time::sleep(OUTAGE.saturating_sub(struck.elapsed())).await;
        look_at_the_cache(&service, name).await;
    }
    mend().await;
    let mended = if heals_by_itself { struck } else { Instant::now() };
    wait_until_whole(&service, "healing").await;
    let healed = Instant::now();
    load.answers(ANSWERS).await;
    let ended = Instant::now();
    let samples = load.stop().await;

    samples.between(at_work, struck).print(&format!("{name}: before"));
    samples.between(struck, mended.max(healed)).print(&format!("{name}: during"));
    samples.between(healed, ended).print(&format!("{name}: after"));
    let settled = samples.between(struck + SETTLED, mended);
    println!(
        "{name}: healed after {:.1?}; well into it p50 {:.1?}, p99 {:.1?}",
        healed - mended,
        settled.quantile(0.5),
        settled.quantile(0.99)
    );
    samples.assert_allowed(name);
    samples.between(at_work, struck).assert_whole(&format!("{name}: before"), MOST);
    samples.between(healed, ended).assert_whole(&format!("{name}: after"), MOST);
    assert!(settled.quantile(0.5) < Duration::from_secs(1), "{name}: nobody waits for a node that is away");
    if fault == Fault::ScriptsFlushed {
        samples.between(at_work, ended).assert_whole(name, MOST);
    }
}

/// What operators and probes see meanwhile.
async fn look_at_the_cache(service: &Protected, name: &str) {
    let cache = got(service.request(Method::GET, "/cache", 0)).await;
    let readiness = got(service.request(Method::GET, "/readyz", 0)).await;
    println!(
        "{name}: /cache {} after {:.1?}; /readyz {} {} {}",
        cache.status,
        cache.took,
        readiness.status,
        readiness.body["status"],
        readiness.body["checks"]["redis"]["status"]
    );
    assert!([200, 503].contains(&cache.status) && cache.took < LIMIT, "{cache:?}");
    assert!(readiness.status == 200 && readiness.took < LIMIT, "{readiness:?}");
}

/// Waits until every caller is limited for all replicas and may write under a key.
pub(crate) async fn wait_until_whole(service: &Protected, what: &str) {
    let tries = Cell::new(0);
    testkit::wait_for(what, HEALING, async || {
        tries.set(tries.get() + 1);
        // A few at a time, and none after the first that fails: this is not to be a load of its own.
        for few in (0..CALLERS).collect::<Vec<_>>().chunks(8) {
            let answers = few.iter().map(async |caller| {
                let read = service.read(*caller).await;
                let written = service.keyed_write(*caller, &format!("probe-{what}-{}", tries.get())).await;
                [read, written]
            });
            let answers = join_all(answers).await.into_iter().flatten();
            let spoilt = answers.into_iter().find(|got| got.status != 200 || got.rung != "cache");
            if let Some(spoilt) = spoilt {
                return Err(format!("{spoilt:?}"));
            }
        }
        Ok(())
    })
    .await;
}

mod single {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn killed() {
        row(Shape::Single, Fault::Killed).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn hung() {
        row(Shape::Single, Fault::Hung).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn cut() {
        row(Shape::Single, Fault::Cut).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn half_open() {
        row(Shape::Single, Fault::HalfOpen).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn slow() {
        row(Shape::Single, Fault::Slow).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn replica_promoted() {
        row(Shape::Single, Fault::Promoted).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn out_of_memory() {
        row(Shape::Single, Fault::OutOfMemory).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn loading() {
        row(Shape::Single, Fault::Loading).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn scripts_flushed() {
        row(Shape::Single, Fault::ScriptsFlushed).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn password_changed() {
        row(Shape::Single, Fault::PasswordChanged).await;
    }
}

/// The server keeps the new password; the file that we read ours from changes.
#[tokio::test(flavor = "multi_thread")]
async fn the_password_file_follows_the_server() {
    let valkey = Valkey::start(Shape::Single, false).await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("password");
    std::fs::write(&file, PASSWORD).unwrap();
    let mut variables = valkey.variables();
    variables.retain(|(name, _)| name != "CACHE_PASSWORD");
    variables.push(("CACHE_PASSWORD_FILE".to_owned(), file.display().to_string()));
    let name = "Single PasswordChanged, healed by the file";
    let mend = async || std::fs::write(&file, OTHER_PASSWORD).unwrap();
    run(name, &valkey, &variables, Fault::PasswordChanged, mend).await;
}

mod cluster {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn killed() {
        row(Shape::Cluster, Fault::Killed).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn hung() {
        row(Shape::Cluster, Fault::Hung).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn cut() {
        row(Shape::Cluster, Fault::Cut).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn half_open() {
        row(Shape::Cluster, Fault::HalfOpen).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn slow() {
        row(Shape::Cluster, Fault::Slow).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn replica_promoted() {
        row(Shape::Cluster, Fault::Promoted).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn out_of_memory() {
        row(Shape::Cluster, Fault::OutOfMemory).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn loading() {
        row(Shape::Cluster, Fault::Loading).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn scripts_flushed() {
        row(Shape::Cluster, Fault::ScriptsFlushed).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn password_changed() {
        row(Shape::Cluster, Fault::PasswordChanged).await;
    }
}
