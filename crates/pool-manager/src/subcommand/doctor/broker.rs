//! Whether the broker of events answers.

use events::rabbitmq::{ConnectError, RabbitConfig, RabbitPublisher};
use middleware::error_chain;
use tokio::time::timeout;

use super::{LIMIT, Row, late};

const SUBJECT: &str = "events";
const REACH: &str = "see that host and port in RABBITMQ_URI are right, the broker runs and the network lets us through, and that \
     RABBITMQ_URI begins with amqps:// where the broker speaks TLS";

/// Makes the exchange where there is none, as the service would; publishes nothing.
pub(super) async fn row(config: Option<&RabbitConfig>) -> Row {
    let Some(config) = config else {
        return Row::well(SUBJECT, "not to RabbitMQ (RABBITMQ_URI is not set)");
    };
    let publisher = match RabbitPublisher::new(config) {
        Ok(publisher) => publisher,
        Err(error) => {
            let fix = "correct RABBITMQ_EXCHANGE and RABBITMQ_CA_CERT_BASE64 as the message says";
            return Row::misconfigured(SUBJECT, format!("RABBITMQ_URI: {error}"), fix);
        }
    };
    let reached = timeout(LIMIT, publisher.connect()).await;
    publisher.close().await;
    let exchange = &config.exchange;
    match reached {
        Ok(Ok(())) => Row::well(SUBJECT, format!("{} answers, exchange {exchange}", config.uri)),
        Ok(Err(error)) => away(&error),
        Err(_elapsed) => {
            let detail = format!("RABBITMQ_URI: {}: {}", config.uri, late());
            Row::fault(SUBJECT, detail, REACH)
        }
    }
}

fn away(error: &ConnectError) -> Row {
    let detail = format!("RABBITMQ_URI: {}", error_chain(error));
    match error {
        ConnectError::Unavailable(_) => Row::fault(SUBJECT, detail, REACH),
        ConnectError::Credentials(_) | ConnectError::VirtualHost(_) => {
            Row::misconfigured(SUBJECT, detail, "correct user, password and virtual host in RABBITMQ_URI")
        }
        ConnectError::Certificate(_) => {
            Row::misconfigured(SUBJECT, detail, "give the authority of the broker in RABBITMQ_CA_CERT_BASE64")
        }
        ConnectError::Exchange(_) => Row::misconfigured(
            SUBJECT,
            detail,
            "let the user use the exchange, or name another in RABBITMQ_EXCHANGE",
        ),
    }
}
