//! The connection to the server: every call goes through [`MongoStore::ask`], which bounds it.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::TryStreamExt;
use mongodb::action::Find;
use mongodb::bson::{Bson, DateTime, Document, doc};
use mongodb::options::{
    Acknowledgment, ClientOptions, ConnectionString, ReadPreference, SelectionCriteria, Tls, TlsOptions,
    WriteConcern,
};
use mongodb::{Client, Collection, Database};

use super::fault::Fault;
use super::settings::MongoSettings;
use super::{ConnectError, MongoStore, command_words};

/// What a URI says. An error of the parser may quote it, and so the password.
pub(super) fn parsed(uri: &str) -> Result<ConnectionString, ConnectError> {
    ConnectionString::parse(uri).map_err(|_may_quote| ConnectError::Uri)
}

/// The options that a URI stands for. Only the names of `mongodb+srv` are asked for in the network.
async fn looked_up(settings: &MongoSettings) -> Result<ClientOptions, ConnectError> {
    let parsed = parsed(&settings.uri)?;
    let asked = within(settings.operation_time, ClientOptions::parse(parsed)).await;
    let fault = match asked {
        Ok(options) => return Ok(options),
        Err(fault) if fault.is_of_outage() => fault,
        Err(_may_quote) => return Err(ConnectError::Uri),
    };
    let hosts = Arc::from(settings.hosts()?);
    Err(ConnectError::Unavailable(Fault::With { hosts, fault: Box::new(fault) }.into()))
}

/// A client that has not connected yet: it connects, and mends its connections, by itself.
pub(super) async fn client(settings: &MongoSettings) -> Result<Client, ConnectError> {
    let mut options = looked_up(settings).await?;
    options.app_name.get_or_insert_with(|| "pool-manager".to_owned());
    options.retry_writes = Some(settings.retry_writes);
    options.max_pool_size = Some(settings.pool_size);
    // Less than a whole call, so that what is said is which server does not answer.
    let patience = settings.operation_time.mul_f32(0.8);
    options.server_selection_timeout = Some(patience);
    options.connect_timeout = Some(patience);
    let majority = WriteConcern::builder().w(Acknowledgment::Majority).w_timeout(settings.operation_time);
    options.write_concern = Some(majority.build());
    // The primary's newest state: a keyed write must see what another try has just written there.
    options.selection_criteria = Some(SelectionCriteria::ReadPreference(ReadPreference::Primary));
    options.command_event_handler = settings.on_command.clone().map(command_words::handler);
    let Some(pem) = &settings.ca_certificate_pem else {
        return Client::with_options(options).map_err(refused);
    };
    // The driver takes a file only, and has read it once the client is made.
    let mut file = tempfile::NamedTempFile::new().map_err(ConnectError::Certificate)?;
    file.write_all(pem.as_bytes()).map_err(ConnectError::Certificate)?;
    let mut tls = match options.tls.take() {
        Some(Tls::Enabled(tls)) => tls,
        Some(Tls::Disabled) | None => TlsOptions::default(),
    };
    tls.ca_file_path = Some(file.path().to_owned());
    options.tls = Some(Tls::Enabled(tls));
    Client::with_options(options).map_err(refused)
}

fn refused(error: mongodb::error::Error) -> ConnectError {
    ConnectError::Options(Fault::from(error).into())
}

impl MongoStore {
    /// The client's database, which is not there before the names of `mongodb+srv` were found.
    pub(super) fn database(&self) -> Result<&Database, Fault> {
        self.0.database.get().ok_or(Fault::NotPrepared)
    }

    pub(super) fn collection(&self, name: &str) -> Result<Collection<Document>, Fault> {
        Ok(self.database()?.collection(name))
    }

    /// Makes the client where there is none yet.
    pub(super) async fn make_client(&self) -> Result<&Database, ConnectError> {
        if let Some(database) = self.0.database.get() {
            return Ok(database);
        }
        let made = client(&self.0.settings).await?.database(&self.0.settings.database);
        Ok(self.0.database.get_or_init(|| made))
    }

    /// One call to the server.
    pub(super) async fn ask<T>(
        &self,
        call: impl IntoFuture<Output = mongodb::error::Result<T>>,
    ) -> Result<T, Fault> {
        if !self.0.is_prepared.load(Ordering::Acquire) {
            return Err(Fault::NotPrepared);
        }
        self.noted(within(self.0.settings.operation_time, call).await)
    }

    /// Tells of the beginning and the end of an outage, and names the servers in what went wrong.
    pub(super) fn noted<T>(&self, answer: Result<T, Fault>) -> Result<T, Fault> {
        let hosts = &self.0.hosts;
        match answer {
            Err(fault) if fault.is_of_outage() => {
                if let Some(outage) = &self.0.outage {
                    outage.failed(|| tracing::warn!(%hosts, reason = %fault, "the record store is away"));
                }
                Err(Fault::With { hosts: Arc::clone(hosts), fault: Box::new(fault) })
            }
            // A refusal is an answer, too.
            answer => {
                if let Some(outage) = &self.0.outage {
                    outage.succeeded(|away_seconds| {
                        tracing::info!(%hosts, away_seconds, "the record store is back");
                    });
                }
                answer
            }
        }
    }

    /// All that a query finds. The bound is on each answer of the server.
    pub(super) async fn all(&self, query: Find<'_, Document>) -> Result<Vec<Document>, Fault> {
        let mut cursor = self.ask(query).await?;
        let mut found = Vec::new();
        while let Some(document) = self.ask(cursor.try_next()).await? {
            found.push(document);
        }
        Ok(found)
    }

    /// One document by its id.
    pub(super) async fn by_id(
        &self,
        collection: &str,
        id: impl Into<Bson> + Send,
    ) -> Result<Option<Document>, Fault> {
        self.ask(self.collection(collection)?.find_one(doc! { "_id": id.into() })).await
    }

    /// Inserts a document; `false` when one with its id, or with a value that is unique, is there.
    pub(super) async fn insert(&self, collection: &str, document: Document) -> Result<bool, Fault> {
        match self.ask(self.collection(collection)?.insert_one(document)).await {
            Ok(_) => Ok(true),
            Err(fault) if fault.is_duplicate() => Ok(false),
            Err(fault) => Err(fault),
        }
    }

    /// Changes one document; `false` when none is so.
    pub(super) async fn update(
        &self,
        collection: &str,
        filter: Document,
        update: Document,
    ) -> Result<bool, Fault> {
        let updated = self.ask(self.collection(collection)?.update_one(filter, update)).await?;
        Ok(updated.matched_count == 1)
    }

    /// The time of the server: times of several replicas are compared by it.
    pub(super) async fn server_time(&self) -> Result<DateTime, Fault> {
        let answer = self.ask(self.database()?.run_command(doc! { "hello": 1 })).await?;
        answer.get_datetime("localTime").copied().map_err(Fault::value)
    }
}

/// One call to the server, and no longer than this.
pub(super) async fn within<T>(
    limit: Duration,
    call: impl IntoFuture<Output = mongodb::error::Result<T>>,
) -> Result<T, Fault> {
    let answer = tokio::time::timeout(limit, call.into_future()).await;
    Ok(answer.map_err(|_elapsed| Fault::Slow(limit))??)
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::CertificateAuthority;

    #[tokio::test]
    async fn the_authority_is_handed_to_the_driver_and_a_bad_uri_is_not_shown() {
        let pem = CertificateAuthority::generate().pem().to_owned();
        let settings = MongoSettings {
            ca_certificate_pem: Some(pem),
            ..MongoSettings::new("mongodb://localhost:1/?tls=true", "records")
        };
        assert!(client(&settings).await.is_ok());
        let bad = MongoSettings { uri: "mongodb://ana:hunter2@/?x".to_owned(), ..settings };
        let refused = client(&bad).await.unwrap_err();
        assert!(
            matches!(refused, ConnectError::Uri) && !format!("{refused:?} {refused}").contains("hunter2")
        );
    }
}
