//! What `doctor` says of the broker of events.

use testkit::shared_rabbitmq;

use super::doctor;

#[tokio::test]
async fn credentials_and_virtual_host_of_the_broker_are_tried() {
    let directory = tempfile::tempdir().unwrap();
    let right = shared_rabbitmq().await;
    let exchange = format!("doctor.{}", testkit::unique_prefix());
    let variables =
        |uri: &str| doctor(directory.path(), &[("RABBITMQ_URI", uri), ("RABBITMQ_EXCHANGE", &exchange)]);
    let (code, table) = variables(&right);
    assert_eq!(code, Some(0), "{table}");
    assert!(table.contains(&format!("answers, exchange {exchange}")), "{table}");

    let authority = right.rsplit('@').next().unwrap().split('/').next().unwrap().to_owned();
    let other_host = format!("{}/nobodys-host", right.trim_end_matches('/').trim_end_matches("/%2f"));
    for wrong in [format!("amqp://guest:marked-secret@{authority}/%2f"), other_host] {
        let (code, table) = variables(&wrong);
        assert_eq!(code, Some(64), "{wrong}: {table}");
        assert!(table.contains("correct user, password and virtual host in RABBITMQ_URI"), "{table}");
        assert!(!table.contains("marked-secret"), "{table}");
    }
}
