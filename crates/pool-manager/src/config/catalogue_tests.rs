//! The catalogue, the code, the README and `.env.example` say the same.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Visitor};

use super::*;

/// A deserializer that is only asked which fields a struct has.
struct FieldNames<'a>(&'a mut Vec<&'static str>);

#[derive(Debug)]
struct Asked;

impl fmt::Display for Asked {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("only the names were asked for")
    }
}

impl std::error::Error for Asked {}

impl serde::de::Error for Asked {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

impl<'de> Deserializer<'de> for FieldNames<'_> {
    type Error = Asked;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Asked> {
        Err(Asked)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Asked> {
        self.0.extend(fields);
        Err(Asked)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

fn names<'de, T: Deserialize<'de>>(prefix: &str) -> Vec<String> {
    let mut fields = Vec::new();
    let _ = T::deserialize(FieldNames(&mut fields));
    assert!(!fields.is_empty());
    fields.into_iter().map(|field| format!("{prefix}{}", field.to_uppercase())).collect()
}

#[test]
fn the_catalogue_is_what_the_sections_read() {
    let read: BTreeSet<String> = [
        names::<server::ServerVariables>("SERVER_"),
        names::<server::DrainVariables>(""),
        names::<edge::EdgeVariables>(""),
        names::<cors::CorsVariables>("ACCESS_CONTROL_"),
        names::<cors::WildcardVariables>(""),
        names::<deployment::DeploymentVariables>(""),
        names::<auth::AuthVariables>(""),
        names::<secrets::SecretsVariables>(""),
        names::<rate_limit::RateLimitVariables>(""),
        names::<::cache::CacheVariables>("CACHE_"),
        names::<::cache::RedisVariables>("REDIS_"),
        names::<events::EventsVariables>("EVENTS_"),
        names::<events::RabbitVariables>("RABBITMQ_"),
        names::<audit::AuditVariables>("AUDIT_"),
        names::<readiness::ReadinessVariables>("READINESS_"),
        names::<store::StoreVariables>("MONGO_"),
        names::<tenancy::TenancyVariables>("MULTI_TENANT_"),
        names::<tenancy::AnswerVariables>(""),
        names::<tenancy::FailSafeVariables>("FAILSAFE_"),
        names::<tokens::TokensVariables>("AUTH_"),
        names::<telemetry::TelemetryVariables>(""),
        names::<telemetry::OtelVariables>("OTEL_"),
        names::<log::LogVariables>(""),
    ]
    .into_iter()
    .flatten()
    .collect();
    let listed: BTreeSet<String> = Variable::all().map(|variable| variable.name.to_owned()).collect();
    assert_eq!(read, listed);
    assert_eq!(listed.len(), Variable::all().count(), "a variable is listed twice");
}

#[test]
fn the_readme_has_the_table() {
    let readme = include_str!("../../../../README.md");
    let table = Variable::readme_table();
    assert!(readme.contains(&table), "README.md must contain this table:\n\n{table}");
}

#[test]
fn the_example_file_lists_every_variable() {
    let example = Variable::dotenv_example();
    assert!(include_str!("../../../../.env.example") == example, ".env.example must be:\n\n{example}");
}

#[test]
fn the_configuration_page_lists_every_variable() {
    let page = Variable::configuration_page();
    let documented = include_str!("../../../../docs/CONFIGURATION.md");
    assert!(documented == page, "docs/CONFIGURATION.md must be:\n\n{page}");
}
