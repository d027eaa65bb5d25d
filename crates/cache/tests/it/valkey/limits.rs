//! One limit, taken from by many replicas at once, against a plain model of it on the server's clock.

use std::time::{Duration, Instant};

use cache::{Cache, CacheClient, Grant, Take, TakeRequest};
use futures::future::join_all;
use testkit::ValkeyServer;

use super::support::single;

const REPLICAS: usize = 8;

/// What a replica asked and got.
#[derive(Debug, Clone, Copy)]
struct Logged {
    cost: u64,
    whole: bool,
    take: Take,
}

/// One number: when the limit is whole again.
struct Model {
    limit: u64,
    emission: u64,
    whole_at: u64,
}

impl Model {
    fn new(limit: u64, window: Duration) -> Self {
        Self { limit, emission: micros(window).div_ceil(limit), whole_at: 0 }
    }

    /// How many pass, how many more would, and in how many microseconds the limit is whole again.
    fn take(&mut self, logged: &Logged) -> (u64, u64, u64) {
        let now = logged.take.now_micros;
        // Requests in use: those whose time is not over.
        let used_micros = self.whole_at.saturating_sub(now);
        let free = (self.limit * self.emission - used_micros) / self.emission;
        let granted = match logged.cost {
            cost if cost <= free => cost,
            _ if logged.whole => 0,
            _ => free,
        };
        if granted > 0 {
            self.whole_at = self.whole_at.max(now) + granted * self.emission;
        }
        (granted, free - granted, self.whole_at.saturating_sub(now))
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap()
}

/// Takes as a process does that joins the requests of one caller: some ones, some many.
async fn replica(cache: Cache, number: u64, request: TakeRequest, until: Instant) -> Vec<Logged> {
    let mut log = Vec::new();
    let mut random = 0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(number + 1);
    while Instant::now() < until {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let cost = 1 + (random >> 33) % 9 * ((random >> 50) & 1);
        let whole = random >> 63 == 1;
        let grant = if whole { Grant::AllOrNothing } else { Grant::AsManyAsFit };
        let take = cache.take(b"limit", request.cost(cost, grant)).await.unwrap();
        log.push(Logged { cost, whole, take });
        if random & 0x700 == 0 {
            // Now and then the limit recovers.
            tokio::time::sleep(Duration::from_millis(random & 63)).await;
        }
    }
    log
}

/// Eight processes on one limit, each with a link of its own.
async fn takes_of_eight(server: &ValkeyServer, request: TakeRequest, time: Duration) -> Vec<Logged> {
    let clients = join_all((0..REPLICAS).map(|_| single(server.address()))).await;
    let until = Instant::now() + time;
    let replicas = clients
        .iter()
        .zip(0..)
        .map(|(client, number)| tokio::spawn(replica(client.clone(), number, request, until)));
    let mut log: Vec<Logged> = join_all(replicas).await.into_iter().flat_map(Result::unwrap).collect();
    join_all(clients.iter().map(CacheClient::close)).await;
    // The server runs one script after another, each at its own time. Of those within a microsecond each grant moves the
    // time of the whole limit on, and a denial after it sees where it stands.
    log.sort_by_key(|logged| (logged.take.now_micros, logged.take.reset_after, logged.take.granted == 0));
    log
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_replicas_get_together_what_the_model_grants_and_no_less() {
    let server = ValkeyServer::start().await;
    for (limit, window) in
        [(1, Duration::from_millis(7)), (30, Duration::from_millis(700)), (1_000, Duration::from_millis(333))]
    {
        let request = TakeRequest::new(limit, window).unwrap();
        let log = takes_of_eight(&server, request, Duration::from_millis(1_500)).await;
        let mut model = Model::new(limit, window);
        for (number, logged) in log.iter().enumerate() {
            let take = &logged.take;
            let told = (take.granted, take.remaining, micros(take.reset_after));
            assert_eq!(told, model.take(logged), "take {number} of {}, limit {limit}: {logged:?}", log.len());
        }
        let grants: Vec<(u64, u64)> = log
            .iter()
            .filter(|logged| logged.take.granted > 0)
            .map(|logged| (logged.take.now_micros, logged.take.granted))
            .collect();
        assert_rate(&grants, limit, window);
        let denied = log.iter().filter(|logged| logged.take.granted < logged.cost).count();
        assert!(grants.len() > 50 && denied > 50, "{} grants, {denied} denied, limit {limit}", grants.len());
        // The next limit has another key's worth of numbers: the old ones are over before it begins.
        let client = single(server.address()).await;
        client.del(&["limit".into()]).await.unwrap();
        client.close().await;
    }
}

/// In any interval t from one grant to another at most `limit` + t × `limit` / `window` passed.
fn assert_rate(grants: &[(u64, u64)], limit: u64, window: Duration) {
    let window = window.as_micros();
    // passed × window <= limit × (window + t) for every pair is one inequality for each grant: of the sum so far, less what
    // time earned so far, no later one is more than a burst above the lowest earlier one.
    let (mut sum, mut lowest) = (0_i128, i128::MAX);
    for (at, granted) in grants {
        let earned = i128::from(*at) * i128::from(limit);
        let window = i128::try_from(window).unwrap();
        lowest = lowest.min(sum * window - earned);
        sum += i128::from(*granted);
        let above = sum * window - earned - lowest;
        assert!(above <= i128::from(limit) * window, "too many until {at} for {limit} in {window} us");
    }
}
