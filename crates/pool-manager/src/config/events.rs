//! Where events go besides the cache's own channels, and how long they are kept.

use std::time::Duration;

use cache::{CacheConfig, Secret};
use events::rabbitmq::{RabbitConfig, RabbitUri};
use serde::Deserialize;

use super::values::{certificate, duration, filled, flag, unexpected};
use super::{Problem, Variable, Variables};

const DEFAULT_RETENTION: Duration = Duration::from_secs(7 * 86_400);
const SHORTEST: Duration = Duration::from_secs(3_600);
const LONGEST: Duration = Duration::from_secs(90 * 86_400);
const REDIS_PORT: u16 = 6_379;

pub(super) const VARIABLES: &[Variable] = &[
    Variable::new("EVENTS_RETENTION", "`168h`", "How long events can be replayed, `1h` to `2160h`"),
    Variable::new(
        "RABBITMQ_URI",
        "none",
        "`amqp://` or `amqps://` of the broker that events go to, with the credentials (secret)",
    ),
    Variable::new("RABBITMQ_EXCHANGE", "`tenant-events`", "Durable topic exchange, made where there is none"),
    Variable::new(
        "RABBITMQ_CA_CERT_BASE64",
        "system roots",
        "Base64 of the PEM certificate of the authority to trust",
    ),
    Variable::new(
        "EVENTS_LEGACY_REDIS_HOST",
        "none",
        "A second server whose channels get the events, while subscribers move",
    )
    .detail(),
    Variable::new("EVENTS_LEGACY_REDIS_PORT", "`6379`", "Its port").detail(),
    Variable::new("EVENTS_LEGACY_REDIS_PASSWORD", "none", "Its password (secret)").detail(),
    Variable::new("EVENTS_LEGACY_REDIS_TLS", "`false`", "Speak TLS to it").detail(),
    Variable::new(
        "EVENTS_LEGACY_REDIS_CA_CERT_BASE64",
        "system roots",
        "Base64 of the PEM certificate of the authority to trust",
    )
    .detail(),
];

/// Where events go, and how long they are kept.
#[derive(Debug)]
pub struct EventsConfig {
    /// How long what every target has is kept for replay.
    pub retention: Duration,
    /// The broker, if there is one.
    pub rabbitmq: Option<RabbitConfig>,
    /// A server besides the cache whose channels get the events.
    pub legacy: Option<CacheConfig>,
}

#[derive(Default, Deserialize)]
pub(super) struct EventsVariables {
    retention: Option<String>,
    legacy_redis_host: Option<String>,
    legacy_redis_port: Option<String>,
    legacy_redis_password: Option<String>,
    legacy_redis_tls: Option<String>,
    legacy_redis_ca_cert_base64: Option<String>,
}

#[derive(Default, Deserialize)]
pub(super) struct RabbitVariables {
    uri: Option<String>,
    exchange: Option<String>,
    ca_cert_base64: Option<String>,
}

impl EventsConfig {
    pub(super) fn read(environment: &Variables, problems: &mut Vec<Problem>) -> Self {
        let variables: EventsVariables = environment.section("EVENTS_", problems);
        let expected = "a duration from 1h to 2160h, such as 168h";
        let allowed = (DEFAULT_RETENTION, SHORTEST..=LONGEST);
        let retention = duration("EVENTS_RETENTION", &variables.retention, allowed, expected, problems);
        Self { retention, rabbitmq: rabbitmq(environment, problems), legacy: legacy(&variables, problems) }
    }
}

fn rabbitmq(environment: &Variables, problems: &mut Vec<Problem>) -> Option<RabbitConfig> {
    let variables: RabbitVariables = environment.section("RABBITMQ_", problems);
    let Some(uri) = filled(&variables.uri) else {
        // Only what is ours: Kubernetes sets others that begin so wherever a service is called rabbitmq.
        for (variable, value) in [
            ("RABBITMQ_EXCHANGE", &variables.exchange),
            ("RABBITMQ_CA_CERT_BASE64", &variables.ca_cert_base64),
        ] {
            if filled(value).is_some() {
                problems.push(Problem::NoRabbitUri { variable });
            }
        }
        return None;
    };
    let Ok(uri) = uri.parse::<RabbitUri>() else {
        problems.push(Problem::RabbitUri);
        return None;
    };
    let mut config = RabbitConfig::new(uri);
    if let Some(exchange) = filled(&variables.exchange) {
        if exchange.len() > 255 {
            problems.push(unexpected(
                "RABBITMQ_EXCHANGE",
                &variables.exchange,
                "a name of at most 255 bytes",
            ));
        }
        exchange.clone_into(&mut config.exchange);
    }
    config.ca_certificate_pem =
        certificate("RABBITMQ_CA_CERT_BASE64", &variables.ca_cert_base64, problems).map(String::into_bytes);
    Some(config)
}

fn legacy(variables: &EventsVariables, problems: &mut Vec<Problem>) -> Option<CacheConfig> {
    let port = match filled(&variables.legacy_redis_port).map(str::parse::<u16>) {
        None => REDIS_PORT,
        Some(Ok(port)) if port > 0 => port,
        Some(_) => {
            let expected = "a port from 1 to 65535";
            problems.push(unexpected("EVENTS_LEGACY_REDIS_PORT", &variables.legacy_redis_port, expected));
            REDIS_PORT
        }
    };
    let tls = flag("EVENTS_LEGACY_REDIS_TLS", &variables.legacy_redis_tls, problems);
    let ca = &variables.legacy_redis_ca_cert_base64;
    let ca_certificate_pem =
        certificate("EVENTS_LEGACY_REDIS_CA_CERT_BASE64", ca, problems).map(String::into_bytes);
    let password = filled(&variables.legacy_redis_password).map(Secret::new);
    let Some(host) = filled(&variables.legacy_redis_host) else {
        let is_meant = password.is_some() || tls || ca_certificate_pem.is_some();
        if is_meant || filled(&variables.legacy_redis_port).is_some() {
            problems.push(unexpected(
                "EVENTS_LEGACY_REDIS_HOST",
                &None,
                "the host that the other EVENTS_LEGACY_REDIS_* are about",
            ));
        }
        return None;
    };
    let Ok(address) = format!("{host}:{port}").parse() else {
        problems.push(unexpected("EVENTS_LEGACY_REDIS_HOST", &variables.legacy_redis_host, "a host name"));
        return None;
    };
    Some(CacheConfig { password, tls, ca_certificate_pem, ..CacheConfig::single(address) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&'static str, &'static str)]) -> (EventsConfig, Vec<String>) {
        let variables: Variables =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mut problems = Vec::new();
        let config = EventsConfig::read(&variables, &mut problems);
        (config, problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn nothing_is_needed() {
        let (config, problems) = read(&[]);
        assert!(config.rabbitmq.is_none() && config.legacy.is_none() && problems.is_empty(), "{problems:?}");
        assert_eq!(config.retention, DEFAULT_RETENTION);
    }

    #[test]
    fn a_broker_and_a_second_server_are_read_and_no_secret_is_shown() {
        let (config, problems) = read(&[
            ("EVENTS_RETENTION", "24h"),
            ("RABBITMQ_URI", "amqps://ana:hunter2@broker/tenants"),
            ("RABBITMQ_EXCHANGE", "told"),
            ("EVENTS_LEGACY_REDIS_HOST", "old.example.com"),
            ("EVENTS_LEGACY_REDIS_PASSWORD", "hunter2"),
            ("EVENTS_LEGACY_REDIS_TLS", "true"),
        ]);
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(config.rabbitmq.as_ref().unwrap().exchange, "told");
        let legacy = config.legacy.as_ref().unwrap();
        assert_eq!((legacy.addresses[0].to_string().as_str(), legacy.tls), ("old.example.com:6379", true));
        assert!(!format!("{config:?}").contains("hunter2"), "{config:?}");
    }

    #[test]
    fn every_fault_is_named_and_no_secret_is_shown() {
        let (_, problems) = read(&[
            ("EVENTS_RETENTION", "7"),
            ("RABBITMQ_URI", "http://ana:hunter2@broker"),
            ("EVENTS_LEGACY_REDIS_PORT", "0"),
            ("EVENTS_LEGACY_REDIS_PASSWORD", "hunter2"),
            ("EVENTS_LEGACY_REDIS_CA_CERT_BASE64", "aHVudGVyMg=="),
        ]);
        let named: Vec<&str> = problems.iter().map(|it| it.split(':').next().unwrap()).collect();
        let expected = [
            "EVENTS_RETENTION",
            "RABBITMQ_URI",
            "EVENTS_LEGACY_REDIS_PORT",
            "EVENTS_LEGACY_REDIS_CA_CERT_BASE64",
            "EVENTS_LEGACY_REDIS_HOST",
        ];
        assert_eq!(named, expected, "{problems:?}");
        assert!(problems.iter().all(|problem| !problem.contains("hunter2")), "{problems:?}");
        let (_, problems) = read(&[("RABBITMQ_EXCHANGE", "told")]);
        assert!(problems[0].starts_with("RABBITMQ_URI: missing"), "{problems:?}");
    }
}
