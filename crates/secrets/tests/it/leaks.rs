//! A secret shows in no error and no log.

use std::error::Error;
use std::io::{self, Write};
use std::iter::successors;
use std::sync::{Arc, Mutex};

use domain::SecretStore;
use testkit::shared_moto;
use tracing::Level;

use crate::aws::{config, secrets_at};
use crate::contract::{another, reference, text};
use crate::script::{Answer, Script, done, refused};

const MARK: &str = "marked-secret";
/// Another for the log, which hears of all tests of this program, also of answers that no AWS gives.
const LOGGED_MARK: &str = "secret-not-to-be-logged";

/// All that can be learned of an error.
pub(crate) fn in_full(error: &(dyn Error + 'static)) -> String {
    let chain = successors(Some(error), |&error| error.source());
    chain.map(|error| format!("{error}\n{error:?}\n")).collect()
}

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

#[tokio::test]
async fn no_error_shows_a_secret() {
    let answers: [Answer; 4] = [
        (200, format!("{{\"SecretString\":\"{MARK}")),
        (200, format!("{{\"SecretString\":[\"{MARK}\"]}}")),
        refused("InvalidParameterException", &format!("The value {MARK} is too long.")),
        refused(
            "ValidationException",
            &format!("Value '{MARK}' at 'secretString' failed to satisfy constraint"),
        ),
    ];
    for answer in answers {
        let script = Script::start(move |_, _| answer.clone()).await;
        let secrets = secrets_at(script.address).await;
        let told = in_full(&secrets.get(&reference()).await.unwrap_err());
        assert!(!told.contains(MARK), "{told}");
        if let Err(refusal) = secrets.put(&reference(), &text(MARK)).await {
            assert!(!in_full(&refusal).contains(MARK), "{refusal:?}");
        }
    }
}

#[tokio::test]
async fn nothing_shows_a_secret_in_its_debug_form() {
    let mut config = config(shared_moto().await);
    config.access_key.as_mut().unwrap().secret = text(MARK);
    let secrets = secrets::AwsSecrets::connect(config.clone()).await.unwrap();
    let shown = format!("{config:?} {secrets:?} {:?}", text(MARK));
    assert!(!shown.contains(MARK), "{shown}");
}

/// The SDK and what is below it log their work; at the finest level there is everything that they say.
#[tokio::test]
async fn no_log_shows_a_secret() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(Level::TRACE).with_writer(move || writer.clone());
    // For all threads: where one that has no subscriber comes first, nothing is logged from there on.
    tracing::subscriber::set_global_default(subscriber.finish()).unwrap();
    let secrets = secrets_at(shared_moto().await).await;
    let reference = reference();
    secrets.put(&reference, &text(LOGGED_MARK)).await.unwrap();
    secrets.put(&another(&reference), &text(LOGGED_MARK)).await.unwrap();
    secrets.make_current(&reference, &[]).await.unwrap();
    assert_eq!(secrets.get(&reference).await.unwrap(), text(LOGGED_MARK));
    let failing = Script::start(|call, _| match call {
        "GetSecretValue" => (200, format!("{{\"SecretString\":\"{LOGGED_MARK}")),
        "PutSecretValue" => (500, String::new()),
        _ => done(),
    });
    let secrets = secrets_at(failing.await.address).await;
    assert!(
        secrets.put(&reference, &text(LOGGED_MARK)).await.is_err() && secrets.get(&reference).await.is_err()
    );
    let logged = log.text();
    let lines: Vec<_> = logged.lines().filter(|line| line.contains(LOGGED_MARK)).collect();
    assert!(lines.is_empty(), "{lines:#?}");
    // This would show nothing otherwise.
    assert!(logged.contains("transmitting request") && logged.contains("read HTTP response body"));
    tracing::trace!(text = LOGGED_MARK);
    assert!(log.text().contains(LOGGED_MARK));
}
