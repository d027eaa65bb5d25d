//! AWS out of reach: every operation says so in time.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use domain::{SecretStore, SecretStoreError};
use secrets::AwsSecrets;
use testkit::{MotoServer, PortLease};
use tokio::net::TcpListener;

use crate::aws::secrets_at;
use crate::contract::{reference, text};
use crate::leaks::in_full;
use crate::script::Script;

const IN_TIME: Duration = Duration::from_secs(5);

/// What each operation says, the slowest last.
async fn refusals(secrets: &AwsSecrets) -> Vec<SecretStoreError> {
    let (reference, text) = (reference(), text("marked-secret"));
    let start = Instant::now();
    let (put, get, made_current, removed) = tokio::join!(
        secrets.put(&reference, &text),
        secrets.get(&reference),
        secrets.make_current(&reference, &[]),
        secrets.remove(&reference),
    );
    assert!(start.elapsed() < IN_TIME, "it took {:?}", start.elapsed());
    vec![put.unwrap_err(), get.unwrap_err(), made_current.unwrap_err(), removed.unwrap_err()]
}

async fn assert_unavailable(address: SocketAddr, cause: &str) {
    for refusal in refusals(&secrets_at(address).await).await {
        let told = in_full(&refusal);
        assert!(matches!(refusal, SecretStoreError::Unavailable(_)), "{refusal:?}");
        assert!(told.contains(cause) && !told.contains("marked"), "{told}");
    }
}

#[tokio::test]
async fn nobody_listens() {
    assert_unavailable(PortLease::claim().address(), "refused").await;
}

#[tokio::test]
async fn nobody_answers() {
    // The kernel accepts, and nobody reads.
    let hung = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    assert_unavailable(hung.local_addr().unwrap(), "no answer within 4s").await;
}

#[tokio::test]
async fn every_answer_is_a_failure() {
    for status in [500, 502, 503] {
        let script = Script::start(move |_, _| (status, String::from("<html>no</html>"))).await;
        assert_unavailable(script.address, &format!("status {status}")).await;
    }
}

#[tokio::test]
async fn waiting_for_a_turn_takes_no_longer() {
    let hung = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let secrets = secrets_at(hung.local_addr().unwrap()).await;
    let start = Instant::now();
    let readers = (0..200).map(|_| {
        let secrets = secrets.clone();
        tokio::spawn(async move { secrets.get(&reference()).await })
    });
    for reader in readers.collect::<Vec<_>>() {
        let refusal = reader.await.unwrap().unwrap_err();
        assert!(matches!(refusal, SecretStoreError::Unavailable(_)), "{refusal:?}");
    }
    assert!(start.elapsed() < IN_TIME, "it took {:?}", start.elapsed());
}

#[tokio::test]
async fn it_is_used_again_when_it_answers_again() {
    let moto = MotoServer::start().await;
    let secrets = secrets_at(moto.address()).await;
    let reference = reference();
    secrets.put(&reference, &text("a text")).await.unwrap();
    moto.pause();
    let start = Instant::now();
    let refusal = secrets.get(&reference).await.unwrap_err();
    assert!(start.elapsed() < IN_TIME && matches!(refusal, SecretStoreError::Unavailable(_)), "{refusal:?}");
    moto.resume();
    assert_eq!(secrets.get(&reference).await.unwrap(), text("a text"));
}
