//! Hosts that callers write down for others to connect to: none may lead a service to its own machine or to what gives that its
//! credentials.

use domain::{HostFault, HostRules, Invalid, ResourceKind, SecretText, Service, field_path, without_port};

use crate::given_module::GivenModule;

impl GivenModule {
    /// Notes hosts below `field` that may not be stored. No fault repeats a host: one of a URI stands beside a password.
    pub(crate) fn check_hosts(&self, rules: HostRules, field: &str, invalid: &mut Invalid) {
        let at = |kind: ResourceKind| field_path(field, kind);
        let host = |kind, host: Option<&String>, invalid: &mut Invalid| {
            note(format!("{}.host", at(kind)), host.map_or(Ok(()), |host| rules.check(host)), invalid);
        };
        for (kind, given) in [
            (ResourceKind::Postgresql, &self.postgresql),
            (ResourceKind::PostgresqlReplica, &self.postgresql_replica),
        ] {
            host(kind, given.as_ref().map(|given| &given.settings.host), invalid);
        }
        host(ResourceKind::Rabbitmq, self.rabbitmq.as_ref().map(|given| &given.settings.host), invalid);
        if let Some(given) = &self.mongodb {
            host(ResourceKind::Mongodb, given.settings.host.as_ref(), invalid);
            if let Some(uri) = &given.uri {
                note(format!("{}.uri", at(ResourceKind::Mongodb)), check_uri(rules, uri), invalid);
            }
        }
        let brokers = self.kafka.iter().flat_map(|given| given.settings.brokers.iter().enumerate());
        for (index, broker) in brokers {
            let field = format!("{}.brokers.{index}", at(ResourceKind::Kafka));
            note(field, rules.check(without_port(broker)), invalid);
        }
    }
}

/// Notes addresses of a service that may not be stored; those that were there `before` stay as they are.
pub(crate) fn check_base_urls(
    rules: HostRules,
    before: Option<&Service>,
    service: &Service,
    invalid: &mut Invalid,
) {
    for (environment, url) in &service.base_urls {
        if before.and_then(|before| before.base_urls.get(environment)) != Some(url) {
            note(format!("baseUrls.{}", environment.name()), rules.check(url.host()), invalid);
        }
    }
}

/// Every host of a URI of MongoDB, which may name several.
fn check_uri(rules: HostRules, uri: &SecretText) -> Result<(), HostFault> {
    let Some((_, rest)) = uri.expose().split_once("://") else { return Ok(()) };
    let (authority, behind) = rest.split_once('/').unwrap_or((rest, ""));
    let hosts = authority.rsplit_once('@').map_or(authority, |(_, hosts)| hosts);
    let has_blanks = |text: &str| text.contains(char::is_whitespace);
    // Readers differ in where a host begins then.
    let is_odd = authority.contains('?')
        || authority.matches('@').count() > 1
        || behind.contains('@')
        || has_blanks(hosts)
        || has_blanks(behind)
        || rest.contains(char::is_control);
    if is_odd {
        return Err(HostFault::Malformed);
    }
    if let Some((_, options)) = behind.split_once('?') {
        options.split('&').try_for_each(|option| check_option(rules, option))?;
    }
    hosts.split(',').try_for_each(|host| rules.check(without_port(host)))
}

/// Options that name another host, or let whoever connects show what only its machine has.
fn check_option(rules: HostRules, option: &str) -> Result<(), HostFault> {
    let (name, value) = option.split_once('=').unwrap_or((option, ""));
    match name.to_ascii_lowercase().as_str() {
        "proxyhost" => rules.check(value),
        "tlscafile" | "tlscertificatekeyfile" | "authmechanismproperties" => Err(HostFault::Malformed),
        _ => Ok(()),
    }
}

/// Unless something is wrong with the field already.
fn note(field: String, outcome: Result<(), HostFault>, invalid: &mut Invalid) {
    if !invalid.is_about(&field) {
        invalid.take(field, outcome);
    }
}

#[cfg(test)]
mod tests {
    use domain::{Kafka, Mongodb, Postgresql, Rabbitmq};
    use serde_json::json;

    use super::*;
    use crate::given_module::Given;

    fn given<T: serde::de::DeserializeOwned>(
        settings: serde_json::Value,
        uri: Option<&str>,
    ) -> Option<Given<T>> {
        let settings = serde_json::from_value(settings).unwrap();
        Some(Given { settings, password: None, uri: uri.map(SecretText::new) })
    }

    fn faults(given: &GivenModule) -> Vec<String> {
        let mut invalid = Invalid::default();
        given.check_hosts(HostRules::DEPLOYED, "modules.a", &mut invalid);
        invalid.problems().iter().map(|fault| fault.field.clone()).collect()
    }

    fn everywhere(host: &str) -> GivenModule {
        let postgresql = json!({ "host": host, "port": 1, "database": "d", "username": "u" });
        let rabbitmq = json!({ "host": host, "port": 1, "vhost": "v", "username": "u" });
        let kafka = json!({ "brokers": ["k:1", format!("{host}:1")], "username": "u", "mechanism": "m" });
        let mongodb = json!({ "database": "d", "host": host });
        GivenModule {
            postgresql: given::<Postgresql>(postgresql.clone(), None),
            postgresql_replica: given::<Postgresql>(postgresql, None),
            mongodb: given::<Mongodb>(mongodb, Some(&format!("mongodb://u:p@h:1,{host}:1/d?x=y"))),
            rabbitmq: given::<Rabbitmq>(rabbitmq, None),
            kafka: given::<Kafka>(kafka, None),
            connection_settings: None,
        }
    }

    #[test]
    fn every_host_is_looked_at() {
        for host in ["pg-1.int", "10.0.0.7", "[fd00::7]"] {
            assert!(faults(&everywhere(host)).is_empty(), "{host}");
        }
        for host in
            ["169.254.169.254", "127.0.0.1", "localhost", "[::1]", "2852039166", "[::ffff:169.254.170.2]"]
        {
            let expected = [
                "modules.a.postgresql.host",
                "modules.a.postgresqlReplica.host",
                "modules.a.rabbitmq.host",
                "modules.a.mongodb.host",
                "modules.a.mongodb.uri",
                "modules.a.kafka.brokers.1",
            ];
            assert_eq!(faults(&everywhere(host)), expected, "{host}");
        }
    }

    #[test]
    fn a_uri_has_no_second_meaning() {
        let check = |uri: &str| check_uri(HostRules::DEPLOYED, &SecretText::new(uri));
        for uri in ["mongodb://h", "mongodb+srv://u:p@h/d?authSource=a", "mongodb://u:p@h:1,i:2/"] {
            assert_eq!(check(uri), Ok(()), "{uri}");
        }
        for uri in [
            "mongodb://h/@169.254.169.254/",
            "mongodb://%2Ftmp%2Fmongodb.sock/",
            "mongodb://",
            "mongodb://h,/",
            "mongodb://a@b:c@169.254.169.254",
            "mongodb://good.example?@169.254.169.254/d",
            "mongodb://good.example/d?x=y@169.254.169.254",
            "mongodb+srv://good.example?@127.0.0.1/",
            "mongodb://h/d\r\nx",
            "mongodb://h/d?tlsCAFile=/var/run/secrets/token",
        ] {
            assert_eq!(check(uri), Err(HostFault::Malformed), "{uri}");
        }
        let proxy = "mongodb://h/d?proxyHost=169.254.169.254&proxyPort=80";
        assert_eq!(check(proxy), Err(HostFault::Metadata));
        assert_eq!(check("mongodb://%31%36%39.254.169.254/"), Err(HostFault::OddSpelling));
    }
}
