//! A service in bodies.

use std::collections::{BTreeMap, BTreeSet};

use domain::{BaseUrl, Environment, Invalid, ModuleName, ResourceKind};
use serde::{Deserialize, Serialize};
use tenancy::NamedService;
use utoipa::ToSchema;

/// A registered service.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ServiceOut {
    #[schema(example = "ledger")]
    name: String,
    modules: Vec<ModuleEntry>,
    /// Where it is reached, by environment.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    base_urls: BTreeMap<String, String>,
    #[schema(example = "2026-01-02T03:04:05Z")]
    created_at: String,
    #[schema(example = "2026-01-02T03:04:05Z")]
    updated_at: String,
}

/// A module and what it may own.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ModuleEntry {
    #[schema(pattern = "^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length = 64, example = "onboarding")]
    name: String,
    /// `postgresql`, `postgresqlReplica`, `mongodb`, `rabbitmq`, `kafka`.
    #[serde(default)]
    #[schema(example = json!(["postgresql", "mongodb"]))]
    resources: Vec<String>,
}

/// What each module may own.
pub(crate) type Modules = BTreeMap<ModuleName, BTreeSet<ResourceKind>>;

impl ServiceOut {
    pub(super) fn of(named: &NamedService) -> Self {
        let service = &named.service;
        let base_urls = service.base_urls.iter();
        Self {
            name: named.name.to_string(),
            modules: ModuleEntry::all(&service.modules),
            base_urls: base_urls.map(|(at, url)| (at.to_string(), url.as_str().to_owned())).collect(),
            created_at: service.created_at.to_string(),
            updated_at: service.updated_at.to_string(),
        }
    }
}

impl ModuleEntry {
    /// All modules of a service, by name.
    pub(super) fn all(modules: &Modules) -> Vec<Self> {
        let entries = modules.iter().map(|(name, kinds)| Self {
            name: name.to_string(),
            resources: kinds.iter().map(ToString::to_string).collect(),
        });
        entries.collect()
    }
}

/// Reads a list of modules; each name may be there once.
pub(crate) fn check_modules(entries: Vec<ModuleEntry>, invalid: &mut Invalid) -> Modules {
    let mut modules = Modules::new();
    for (index, entry) in entries.into_iter().enumerate() {
        let field = format!("modules.{index}");
        let kinds = check_kinds(entry.resources, &format!("{field}.resources"), invalid);
        let Some(name) = invalid.take(format!("{field}.name"), entry.name.parse::<ModuleName>()) else {
            continue;
        };
        if modules.insert(name, kinds).is_some() {
            invalid.add(format!("{field}.name"), "must be given only once");
        }
    }
    modules
}

/// Reads a list of kinds of backing stores.
pub(super) fn check_kinds(names: Vec<String>, field: &str, invalid: &mut Invalid) -> BTreeSet<ResourceKind> {
    let names = names.into_iter().enumerate();
    names.filter_map(|(index, name)| invalid.take(format!("{field}.{index}"), name.parse())).collect()
}

/// Reads addresses by environment.
pub(crate) fn check_base_urls(
    urls: BTreeMap<String, String>,
    invalid: &mut Invalid,
) -> BTreeMap<Environment, BaseUrl> {
    let mut checked = BTreeMap::new();
    for (environment, url) in urls {
        let field = format!("baseUrls.{environment}");
        let environment = invalid.take(field.clone(), environment.parse());
        if let (Some(environment), Some(url)) = (environment, invalid.take(field, url.parse())) {
            checked.insert(environment, url);
        }
    }
    checked
}
