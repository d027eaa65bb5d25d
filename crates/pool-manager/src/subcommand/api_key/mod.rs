//! `pool-manager api-key`: the keys for whoever has a shell in the container and no API key, such as the first operator of a
//! cluster. Works on the record store itself: no service has to run, and those that do follow the store.

mod create;
mod list;
mod revoke;
mod rotate;

use clap::Subcommand;
use domain::{Actor, CallerId, Environment, IdSpelling, LedgerRow, Scope, Scopes};
use tenancy::{ApiKeys, Granting, Writing};

use super::offline;
use crate::config::{Config, Inspection};
use crate::failure::Failure;
use crate::telemetry::Telemetry;

/// What to do with the keys.
#[derive(Subcommand)]
pub(crate) enum ApiKeyCommand {
    /// Make a key and print it with its text, this once.
    Create(create::Arguments),
    /// List the keys of a service, or those of none, without their texts.
    List(list::Arguments),
    /// Withdraw a key for ever, with every text it has.
    Revoke(revoke::Arguments),
    /// Give a key another text and print it, this once.
    Rotate(rotate::Arguments),
}

/// The keys, and in whose name something is done with them.
struct Desk {
    keys: ApiKeys,
    actor: Actor,
    scopes: Scopes,
    environment: Environment,
    ids: IdSpelling,
}

pub(crate) async fn run(command: ApiKeyCommand, inspection: Inspection) -> Result<(), Failure> {
    let config = inspection.without_first_key().sound()?;
    Telemetry::install_for_command(&config.log)?;
    if !matches!(command, ApiKeyCommand::Create(_)) {
        offline::expect_records(&config)?;
    }
    let desk = Desk::open(config).await?;
    match command {
        ApiKeyCommand::Create(arguments) => create::run(&desk, arguments).await,
        ApiKeyCommand::List(arguments) => list::run(&desk, arguments).await,
        ApiKeyCommand::Revoke(arguments) => revoke::run(&desk, arguments).await,
        ApiKeyCommand::Rotate(arguments) => rotate::run(&desk, arguments).await,
    }
}

impl Desk {
    async fn open(config: Config) -> Result<Self, Failure> {
        let (environment, ids) = (config.deployment.environment, config.tenancy.tenant_ids);
        let use_cases = offline::use_cases(config).await?;
        Ok(Self {
            keys: use_cases.api_keys,
            actor: offline::actor(CallerId::COMMAND_LINE),
            scopes: Scopes::from_iter(Scope::EVERYTHING),
            environment,
            ids,
        })
    }

    fn granting(&self) -> Granting<'_> {
        Granting(&self.scopes)
    }

    fn writing<T>(&self) -> Writing<'_, T> {
        Writing { actor: &self.actor, remember: &|_outcome| Ok(None::<LedgerRow>) }
    }
}
