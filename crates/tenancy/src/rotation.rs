//! Other credentials for one backing store of a module, while the former ones stay readable for a while.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::{
    AuditAction, EventKind, Invalid, ModuleResources, Resource, ResourceKind, SecretReference, SecretText,
    Timestamp,
};
use serde_json::{Value, json};

use crate::given_module::{Given, GivenModule, Place};
use crate::modules::{ModulePath, Modules, module_target};
use crate::refusal::{Missing, Refusal};
use crate::writing::{Story, Writing};

/// Credentials to be put in place of those that a backing store has.
#[derive(Debug, Clone)]
pub struct Rotation {
    /// Of which backing store.
    pub kind: ResourceKind,
    /// Who logs in from now on; the same as before where it is not said.
    pub username: Option<String>,
    /// The new password.
    pub password: Option<SecretText>,
    /// For MongoDB, the new URI.
    pub uri: Option<SecretText>,
    /// How long the former credentials stay readable. They have to be valid as long.
    pub overlap: Duration,
}

/// Credentials that were put in place of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotated {
    /// Of which backing store.
    pub kind: ResourceKind,
    /// Where the new ones are.
    pub secret: SecretReference,
    /// How long the former ones stay readable.
    pub former_until: Timestamp,
}

impl Rotation {
    /// What services need at least: five seconds until they read anew, and the thirty that they go by what they know.
    pub const LEAST_OVERLAP: Duration = Duration::from_secs(35);
    /// What there is where nothing is said.
    pub const USUAL_OVERLAP: Duration = Duration::from_secs(300);
    /// AWS Secrets Manager removes what is not labelled after a day at the earliest.
    pub const MOST_OVERLAP: Duration = Duration::from_secs(86_400);

    fn check(&self) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        let (least, most) = (Self::LEAST_OVERLAP, Self::MOST_OVERLAP);
        if !(least..=most).contains(&self.overlap) {
            let problem = format_args!("must be {} to {}", least.as_secs(), most.as_secs());
            invalid.add("overlapSeconds", problem);
        }
        if self.uri.is_some() && self.kind != ResourceKind::Mongodb {
            invalid.add("uri", "only MongoDB has one");
        }
        invalid.into_result()
    }

    /// The backing store as it is, with the new credentials and nothing else of the module; `None` where there is none.
    fn given(&self, module: &ModuleResources) -> Option<GivenModule> {
        let mut given = GivenModule::default();
        match self.kind {
            ResourceKind::Postgresql => {
                given.postgresql = self.renewed(module.postgresql.as_ref(), |it| &mut it.username);
            }
            ResourceKind::PostgresqlReplica => {
                let replica = module.postgresql_replica.as_ref();
                given.postgresql_replica = self.renewed(replica, |it| &mut it.username);
            }
            ResourceKind::Mongodb => {
                let renew = |it: &Resource<domain::Mongodb>| {
                    let mut settings = it.settings.clone();
                    settings.username = self.username.clone().or(settings.username);
                    Given { settings, password: self.password.clone(), uri: self.uri.clone() }
                };
                given.mongodb = module.mongodb.as_ref().map(renew);
            }
            ResourceKind::Rabbitmq => {
                given.rabbitmq = self.renewed(module.rabbitmq.as_ref(), |it| &mut it.username);
            }
            ResourceKind::Kafka => {
                given.kafka = self.renewed(module.kafka.as_ref(), |it| &mut it.username);
            }
        }
        module.secrets().any(|(kind, _)| kind == self.kind).then_some(given)
    }

    fn renewed<T: Clone>(
        &self,
        resource: Option<&Resource<T>>,
        username: impl Fn(&mut T) -> &mut String,
    ) -> Option<Given<T>> {
        let mut settings = resource?.settings.clone();
        if let Some(other) = &self.username {
            other.clone_into(username(&mut settings));
        }
        Some(Given { settings, password: self.password.clone(), uri: None })
    }
}

impl Modules {
    /// Puts other credentials in place of those that one backing store has, and tells the service to read them.
    pub async fn rotate(
        &self,
        path: &ModulePath,
        rotation: Rotation,
        writing: Writing<'_, Rotated>,
    ) -> Result<Rotated, Refusal> {
        rotation.check()?;
        let tenant = self.records().living(&path.tenant, writing.actor).await?;
        let association = tenant.associations.get(&path.service);
        let association = association.ok_or_else(|| Missing::Association(path.service.clone()))?;
        let former = association.modules.get(&path.module);
        let former = former.ok_or_else(|| Missing::ModuleOfAssociation(path.module.clone()))?;
        let missing = || Missing::Resource { module: path.module.clone(), kind: rotation.kind };
        let given = rotation.given(former).ok_or_else(missing)?;
        let mut invalid = Invalid::default();
        given.check(association.isolation, Some(&BTreeSet::from([rotation.kind])), "", &mut invalid);
        // The hosts of the record are not new.
        if given.mongodb.as_ref().is_some_and(|given| given.uri.is_some()) {
            given.check_hosts(self.records().parts.hosts, "", &mut invalid);
        }
        invalid.into_result()?;

        let ModulePath { service, module, .. } = path;
        let place = Place { environment: tenant.environment, tenant: &tenant.id, service, module };
        let (secrets, renewed) = self.stored(&given, place).await?;
        let secret = secret_of(&renewed, rotation.kind).cloned().ok_or_else(missing)?;
        let former_secret = secret_of(former, rotation.kind).cloned();
        let former_until = self.records().parts.now().after(rotation.overlap);
        let rotated = Rotated { kind: rotation.kind, secret, former_until };
        let edited = self.edit_for(
            path,
            writing,
            |association| {
                secrets.in_time()?;
                let module = association.modules.get_mut(&path.module);
                let module = module.ok_or_else(|| Missing::ModuleOfAssociation(path.module.clone()))?;
                if secret_of(module, rotation.kind) != former_secret.as_ref() {
                    // It was given anew meanwhile, and the body that is stored repeats what it was.
                    return Err(Refusal::Contended);
                }
                replace(module, rotation.kind, &renewed);
                let mut story = Story::of(AuditAction::Rotate, module_target(path));
                story.events.push(EventKind::CredentialsRotated {
                    service_name: path.service.clone(),
                    credential_type: credential_type(rotation.kind).to_owned(),
                    new_secret_path: rotated.secret.path.clone(),
                });
                story.before = former_secret.as_ref().map(|secret| facts(rotation.kind, secret));
                story.after = Some(facts(rotation.kind, &rotated.secret));
                story.overlap = rotation.overlap;
                Ok(Some(story))
            },
            |_tenant| rotated.clone(),
        );
        let edited = edited.await;
        secrets.settle(edited).await
    }
}

/// What subscribers are told that it is of.
fn credential_type(kind: ResourceKind) -> &'static str {
    match kind {
        ResourceKind::Postgresql | ResourceKind::PostgresqlReplica | ResourceKind::Mongodb => "database",
        ResourceKind::Rabbitmq => "rabbitmq",
        ResourceKind::Kafka => "kafka",
    }
}

fn secret_of(module: &ModuleResources, kind: ResourceKind) -> Option<&SecretReference> {
    module.secrets().find(|(known, _)| *known == kind).map(|(_, secret)| secret)
}

fn replace(module: &mut ModuleResources, kind: ResourceKind, renewed: &ModuleResources) {
    match kind {
        ResourceKind::Postgresql => module.postgresql.clone_from(&renewed.postgresql),
        ResourceKind::PostgresqlReplica => {
            module.postgresql_replica.clone_from(&renewed.postgresql_replica);
        }
        ResourceKind::Mongodb => module.mongodb.clone_from(&renewed.mongodb),
        ResourceKind::Rabbitmq => module.rabbitmq.clone_from(&renewed.rabbitmq),
        ResourceKind::Kafka => module.kafka.clone_from(&renewed.kafka),
    }
}

fn facts(kind: ResourceKind, secret: &SecretReference) -> Value {
    json!({ "resource": kind, "secret": secret })
}
