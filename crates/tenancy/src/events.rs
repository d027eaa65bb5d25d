//! Which events tell of associations.

use std::collections::BTreeMap;

use domain::{
    Association, AssociationStatus, EventKind, MessagingConfig, ModuleName, ModuleResources, ResourceKind,
    SecretPaths, ServiceName,
};

/// A tenant got a service.
pub(crate) fn associated(service: &ServiceName, association: &Association) -> EventKind {
    EventKind::ServiceAssociated {
        service_name: service.clone(),
        isolation_mode: association.isolation,
        modules: association.modules.keys().cloned().collect(),
        secret_paths: secret_paths(&association.modules),
        messaging_config: messaging(&association.modules),
        connection_settings: association.connection_settings.as_ref().map(Into::into),
    }
}

/// A service may be used again.
pub(crate) fn reactivated(
    service: &ServiceName,
    association: &Association,
    previous: AssociationStatus,
) -> EventKind {
    EventKind::ServiceReactivated {
        service_name: service.clone(),
        previous_status: previous.name().to_owned(),
        re_provisioned: previous == AssociationStatus::Purged,
        secret_paths: secret_paths(&association.modules),
        connection_settings: association.connection_settings.as_ref().map(Into::into),
    }
}

/// A service is to read its connections anew.
pub(crate) fn to_be_read_anew(service: &ServiceName, reason: Option<String>) -> EventKind {
    EventKind::CacheInvalidate { service_name: service.clone(), reason }
}

/// Modules that have databases only; the other backing stores have no name there.
fn secret_paths(modules: &BTreeMap<ModuleName, ModuleResources>) -> SecretPaths {
    let of = |resources: &ModuleResources| -> BTreeMap<String, _> {
        let named = resources.secrets().filter_map(|(kind, secret)| {
            let name = match kind {
                ResourceKind::Postgresql => "postgresql_rw",
                ResourceKind::PostgresqlReplica => "postgresql_ro",
                ResourceKind::Mongodb => "mongodb",
                ResourceKind::Rabbitmq | ResourceKind::Kafka => return None,
            };
            Some((name.to_owned(), secret.path.clone()))
        });
        named.collect()
    };
    let paths = modules.iter().map(|(module, resources)| (module.clone(), of(resources)));
    paths.filter(|(_, paths)| !paths.is_empty()).collect()
}

/// The broker of the first module that has one, as older clients know one for the whole tenant.
fn messaging(modules: &BTreeMap<ModuleName, ModuleResources>) -> Option<MessagingConfig> {
    let rabbitmq = modules.values().find_map(|resources| resources.rabbitmq.as_ref())?;
    Some(MessagingConfig { rabbitmq_secret_path: Some(rabbitmq.secret.path.clone()) })
}
