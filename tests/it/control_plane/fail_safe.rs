//! Store, secrets and Valkey go away, and the process is started anew: what was served is served, who was kept out is kept out,
//! nothing else is let in, and it heals.

use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{Proxy, ValkeyServer, scaled, shared_mongo, shared_moto, unique_prefix};

use super::plane::{PASSWORD, Plane, assert_kept_out, assert_refused, aws_variables, new_tenant, postgresql};
use crate::support::{Answer, PATIENCE, Service, answer};

/// For one answer while nothing else answers, by a service that knows.
const AT_ONCE: Duration = Duration::from_secs(1);
/// How soon another replica knows of a change.
const TOLD: Duration = Duration::from_secs(1);
const AT_A_TIME: usize = 8;
/// For all to be read anew, of stand-ins for a store and for AWS that answer one after the other.
const HEALED: Duration = Duration::from_secs(120);

/// Everything that a replica needs, each behind a network that can be broken, and a directory of its own.
struct Replica {
    valkey: Proxy,
    mongo: Proxy,
    moto: Proxy,
    name: String,
    data: TempDir,
}

impl Replica {
    /// One of those that share a Valkey and the records of this name.
    async fn of(server: &ValkeyServer, name: &str) -> Self {
        Self {
            valkey: Proxy::start(server.address()).await,
            mongo: Proxy::start(shared_mongo().await).await,
            moto: Proxy::start(shared_moto().await).await,
            name: name.to_owned(),
            data: tempfile::tempdir().unwrap(),
        }
    }

    async fn start(&self) -> Plane {
        let [valkey, mongo, moto] = self.networks().map(Proxy::address);
        let (valkey, mongo) = (valkey.to_string(), format!("mongodb://{mongo}/"));
        let endpoint = format!("http://{moto}");
        let variables = [
            ("AGGRESSIVE_RATE_LIMIT_MAX", "100000"),
            ("SERVICE_RATE_LIMIT_MAX", "100000"),
            ("CACHE_MODE", "single"),
            ("CACHE_ADDRS", &valkey),
            ("MONGO_URI", &mongo),
            ("MONGO_NAME", &self.name),
            ("DATA_DIR", self.data.path().to_str().unwrap()),
        ];
        let variables = [&variables[..], &aws_variables(&endpoint)].concat();
        Plane { service: Service::start(&variables).await }
    }

    fn networks(&self) -> [&Proxy; 3] {
        [&self.valkey, &self.mongo, &self.moto]
    }

    async fn cut(&self) {
        for network in self.networks() {
            network.cut().await;
        }
    }

    async fn half_open(&self) {
        for network in self.networks() {
            network.half_open().await;
        }
    }

    async fn pass(&self) {
        for network in self.networks() {
            network.pass().await;
        }
    }

    fn snapshot(&self) -> Vec<u8> {
        std::fs::read(self.data.path().join("fail-safe.snapshot")).expect("there is a snapshot")
    }
}

fn connections(id: &str) -> String {
    format!("/v1/tenants/{id}/associations/ledger/connections")
}

fn is_stale(answer: &Answer) -> bool {
    let age = answer.headers.get("age").map(|age| age.to_str().unwrap().parse::<u64>().unwrap());
    let mark = answer.headers.get("x-config-stale").map(|mark| mark.to_str().unwrap());
    assert_eq!(age.is_some(), mark == Some("true"), "{answer:?}");
    assert!(age.is_none_or(|age| age < 120), "{answer:?}");
    age.is_some()
}

/// Asks for the connections of each tenant, several at a time; with the longest that one answer took.
async fn ask_all(plane: &Plane, key: &str, ids: &[String]) -> (Vec<Answer>, Duration) {
    let asking = stream::iter(ids).map(async |id| {
        let began = Instant::now();
        (plane.get_as(key, &connections(id)).await, began.elapsed())
    });
    let answers: Vec<_> = asking.buffered(AT_A_TIME).collect().await;
    let longest = answers.iter().map(|(_, took)| *took).max().unwrap();
    (answers.into_iter().map(|(answer, _)| answer).collect(), longest)
}

async fn registered(plane: &Plane, count: usize) -> Vec<String> {
    plane.service("ledger").await;
    let making = stream::iter(0..count).map(async |number| {
        let id = plane.tenant(&format!("bank-{number}")).await;
        let body = json!({ "modules": { "onboarding": { "postgresql": postgresql() } } });
        let made = plane.post(&format!("/v1/tenants/{id}/associations/ledger"), body).await;
        assert_eq!(made.status, 201, "{made:?}");
        id
    });
    making.buffered(AT_A_TIME).collect().await
}

async fn what_was_served_is_served_by_the_next_process(hang: bool) {
    let server = ValkeyServer::start().await;
    let replica = Replica::of(&server, &unique_prefix()).await;
    let first = replica.start().await;
    first.service.wait_until_ready().await;
    let ids = registered(&first, scaled(1_000).max(20)).await;
    let (kept_out, served) = ids.split_at(10);
    let (key, _) = first.key("ledger", json!({ "name": "pods" })).await;
    let (revoked, revoked_id) = first.key("ledger", json!({ "name": "others" })).await;
    let cold = first.associated("cold", "ledger").await;
    let (warm, _) = ask_all(&first, &key, &ids).await;
    assert!(warm.iter().all(|answer| answer.status == 200 && !is_stale(answer)));
    assert!(warm.iter().all(|answer| answer.body.to_string().contains(PASSWORD)), "the dump would show it");
    assert_eq!(first.get_as(&revoked, &connections(&ids[0])).await.status, 200);

    // The last that is done before all goes away is known to the next process: nobody asks for it in between.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    for id in kept_out {
        let suspended = first.put(&format!("/v1/tenants/{id}/suspend"), Value::Null).await;
        assert_eq!(suspended.status, 200, "{suspended:?}");
    }
    let gone = first.delete(&format!("/v1/services/ledger/api-keys/{revoked_id}")).await;
    assert_eq!(gone.status, 200, "{gone:?}");
    if hang {
        replica.half_open().await;
    } else {
        replica.cut().await;
    }

    // The same process first, from memory. Who comes first may wait.
    let began = Instant::now();
    let (answers, longest) = ask_all(&first, &key, &served[..served.len().min(50)]).await;
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    println!(
        "hang {hang}: the same process, {} at once, in {:.1?}, {longest:.1?} at most",
        answers.len(),
        began.elapsed()
    );
    testkit::wait_for("what is held in memory to end", PATIENCE, async || {
        let answer = first.get_as(&key, &connections(&served[0])).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        if is_stale(&answer) { Ok(()) } else { Err(format!("{answer:?}")) }
    })
    .await;
    for id in kept_out {
        assert_kept_out(&first.get_as(&key, &connections(id)).await, "suspended", "ledger");
    }
    first.service.stop().await;
    let dump = replica.snapshot();
    assert!(dump.len() > 200 * ids.len());
    for secret in [PASSWORD, "pg-1.int", key.as_str(), ids[0].as_str()] {
        assert!(!dump.windows(secret.len()).any(|part| part == secret.as_bytes()), "{secret} is in the dump");
    }

    let began = Instant::now();
    let next = replica.start().await;
    next.service.wait_until_ready().await;
    let ready = next.get("/readyz").await;
    assert_eq!(ready.body["status"], "degraded", "{ready:?}");
    println!("hang {hang}: ready after {:.1?} with nothing that answers", began.elapsed());

    let began = Instant::now();
    let (answers, first_longest) = ask_all(&next, &key, served).await;
    let took = began.elapsed();
    for (answer, warm) in answers.iter().zip(&warm[10..]) {
        assert_eq!((answer.status.as_u16(), &answer.body), (200, &warm.body), "{answer:?}");
        assert!(is_stale(answer), "{answer:?}");
    }
    let (again, longest) = ask_all(&next, &key, served).await;
    assert!(again.iter().all(|answer| answer.status == 200 && is_stale(answer)));
    println!(
        "hang {hang}: {} answered in {took:.1?}, {first_longest:.1?} at most, then {longest:.1?}",
        served.len()
    );
    assert!(longest < AT_ONCE, "{longest:?}");
    for id in kept_out {
        let asked = next.get_as(&key, &connections(id)).await;
        assert_kept_out(&asked, "suspended", "ledger");
        assert!(is_stale(&asked), "{asked:?}");
    }
    nothing_else_is_let_in(&next, &key, &revoked, &served[0], &cold).await;

    replica.pass().await;
    let mended = Instant::now();
    next.service.wait_until_healthy().await;
    let mut old: Vec<String> = served.to_vec();
    while !old.is_empty() {
        assert!(mended.elapsed() < HEALED, "{} of {} are not fresh", old.len(), served.len());
        let (answers, _) = ask_all(&next, &key, &old).await;
        assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
        let asked = std::mem::take(&mut old).into_iter().zip(&answers);
        old = asked.filter(|(_, answer)| is_stale(answer)).map(|(id, _)| id).collect();
    }
    println!("hang {hang}: all fresh {:.1?} after the network was", mended.elapsed());
    assert_eq!(next.get_as(&key, &connections(&cold)).await.status, 200);
    assert_eq!(next.get_as(&revoked, &connections(&served[0])).await.status, 401);
    for id in kept_out {
        testkit::wait_for("a fresh refusal", PATIENCE, async || {
            let asked = next.get_as(&key, &connections(id)).await;
            assert_kept_out(&asked, "suspended", "ledger");
            if is_stale(&asked) { Err(format!("{asked:?}")) } else { Ok(()) }
        })
        .await;
    }
    // What is changed now is seen now.
    assert_eq!(next.put(&format!("/v1/tenants/{}/suspend", served[0]), Value::Null).await.status, 200);
    assert_kept_out(&next.get_as(&key, &connections(&served[0])).await, "suspended", "ledger");
    assert_eq!(next.put(&format!("/v1/tenants/{}/reactivate", kept_out[0]), Value::Null).await.status, 200);
    let back = next.get_as(&key, &connections(&kept_out[0])).await;
    assert!(back.status == 200 && !is_stale(&back), "{back:?}");
}

async fn nothing_else_is_let_in(plane: &Plane, key: &str, revoked: &str, served: &str, cold: &str) {
    assert_refused(&plane.get_as(revoked, &connections(served)).await, 401);
    assert_refused(&plane.get_as("a key of nobody", &connections(served)).await, 503);
    assert_refused(&plane.get_as(key, &connections(cold)).await, 503);
    for path in [
        "/v1/tenants/active?service=ledger".to_owned(),
        format!("/v1/tenants/{served}"),
        format!("/v1/tenants/{served}/settings?service=ledger"),
        "/v1/services/ledger/api-keys".to_owned(),
        "/cache".to_owned(),
    ] {
        assert_refused(&plane.get_as(key, &path).await, 503);
    }
    for alias in [
        format!("/v1/tenants/{served}/services/ledger/connections"),
        format!("/tenants/{served}/associations/ledger/connections"),
        format!("/tenants/{served}/services/ledger/settings"),
        format!("/tenants/{served}/settings?service=ledger"),
    ] {
        let asked = plane.get_as(key, &alias).await;
        assert!(asked.status == 200 && is_stale(&asked), "{alias}: {asked:?}");
    }
    // Another service's connections are none of this key's business, now as ever.
    let other = format!("/v1/tenants/{served}/associations/fees/connections");
    assert_refused(&plane.get_as(key, &other).await, 403);
    let own_write = plane.service.bare_request(Method::DELETE, &connections(served)).header("X-API-Key", key);
    assert_ne!(answer(own_write).await.status, 200);
    assert_refused(&plane.put(&format!("/v1/tenants/{served}/suspend"), Value::Null).await, 503);
    assert_refused(&plane.post("/v1/tenants", new_tenant("during", "staging")).await, 503);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_served_is_served_by_the_next_process_while_all_is_cut_off() {
    what_was_served_is_served_by_the_next_process(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_served_is_served_by_the_next_process_while_all_hangs() {
    what_was_served_is_served_by_the_next_process(true).await;
}

/// One replica changes, another knows within a second, and so does whoever comes after it.
#[tokio::test(flavor = "multi_thread")]
async fn what_another_replica_changed_is_not_undone() {
    let (server, name) = (ValkeyServer::start().await, unique_prefix());
    let [one, other] = [Replica::of(&server, &name).await, Replica::of(&server, &name).await];
    let (writer, reader) = (one.start().await, other.start().await);
    for plane in [&writer, &reader] {
        plane.service.wait_until_ready().await;
    }
    let ids = registered(&writer, 6).await;
    let (key, _) = writer.key("ledger", json!({ "name": "pods" })).await;
    let (revoked, revoked_id) = writer.key("ledger", json!({ "name": "others" })).await;
    let (answers, _) = ask_all(&reader, &key, &ids).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(reader.get_as(&revoked, &connections(&ids[0])).await.status, 200);
    tokio::time::sleep(Duration::from_millis(1_500)).await;

    let [suspended, deleted, disassociated, moved, renamed, purged] = &ids[..] else { unreachable!() };
    let done = |answer: Answer| assert!(answer.status.is_success(), "{answer:?}");
    done(writer.patch(&format!("/v1/tenants/{renamed}"), json!({ "name": "another name" })).await);
    done(writer.put(&format!("/v1/tenants/{purged}/associations/ledger/suspend"), Value::Null).await);
    done(writer.delete(&format!("/v1/tenants/{deleted}")).await);
    done(writer.delete(&format!("/v1/tenants/{disassociated}/associations/ledger")).await);
    let moved_to = json!({ "postgresql": { "host": "pg-2.int", "port": 5432, "database": "bb", "username": "bb", "password": "another" } });
    done(writer.put(&format!("/v1/tenants/{moved}/associations/ledger/modules/onboarding"), moved_to).await);
    done(writer.delete(&format!("/v1/services/ledger/api-keys/{revoked_id}")).await);
    done(writer.put(&format!("/v1/tenants/{suspended}/suspend"), Value::Null).await);
    tokio::time::sleep(TOLD).await;
    other.cut().await;
    reader.service.stop().await;

    let next = other.start().await;
    next.service.wait_until_ready().await;
    let asked = async |id: &str| next.get_as(&key, &connections(id)).await;
    assert_kept_out(&asked(suspended).await, "suspended", "ledger");
    assert_kept_out(&asked(purged).await, "suspended", "ledger");
    assert_refused(&asked(deleted).await, 404);
    assert_refused(&asked(disassociated).await, 404);
    assert_refused(&asked(moved).await, 503);
    let renamed = asked(renamed).await;
    assert!(renamed.status == 200 && is_stale(&renamed), "{renamed:?}");
    assert_refused(&next.get_as(&revoked, &connections(suspended)).await, 401);
}

#[tokio::test]
async fn without_a_window_nothing_is_remembered() {
    let data = tempfile::tempdir().unwrap();
    let variables = [("FAILSAFE_WINDOW", "0"), ("DATA_DIR", data.path().to_str().unwrap())];
    let plane = Plane { service: Service::start(&variables).await };
    let id = plane.associated("bank", "ledger").await;
    assert_eq!(plane.get(&connections(&id)).await.status, 200);
    plane.put(&format!("/v1/tenants/{id}/suspend"), Value::Null).await;
    plane.service.stop().await;
    assert!(!data.path().join("fail-safe.snapshot").exists());
}
