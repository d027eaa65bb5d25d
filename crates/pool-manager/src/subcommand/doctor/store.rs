//! Whether the record store answers, what its schema lacks, and what its clock says.

use std::fs::File;
use std::io;
use std::path::Path;

use ::store::{ConnectError, StoreInspection};
use middleware::error_chain;
use tokio::time::{Instant, timeout};

use super::{LIMIT, Row, clock, late};
use crate::config::{DeploymentConfig, MongoConfig, StoreConfig};
use crate::data_dir;
use crate::record_store::{RecordStore, embedded_file};

const SUBJECT: &str = "record store";
const REACH: &str = "see that the host in MONGO_URI is right, the server runs and the network (security group) lets us through, and that \
     MONGO_URI asks for TLS where the server does";

/// Changes nothing: neither makes a file nor migrates.
pub(super) async fn rows(config: &StoreConfig, deployment: &DeploymentConfig) -> Vec<Row> {
    match config {
        StoreConfig::Embedded => vec![embedded(deployment)],
        StoreConfig::Mongo(config) => mongo(config).await,
    }
}

async fn mongo(config: &MongoConfig) -> Vec<Row> {
    let began = Instant::now();
    match timeout(LIMIT, RecordStore::inspect(config)).await {
        Ok(Ok(inspection)) => {
            let answering = Row::well(SUBJECT, format!("MongoDB answers, database {}", config.database));
            let clock = clock::row("that of the record store", inspection.server_time, began.elapsed());
            vec![answering, schema(&inspection), clock]
        }
        Ok(Err(error)) => vec![away(&error)],
        Err(_elapsed) => {
            vec![Row::fault(SUBJECT, format!("MONGO_URI: {}", late()), REACH)]
        }
    }
}

fn schema(inspection: &StoreInspection) -> Row {
    let StoreInspection { outstanding, missing_indexes, .. } = inspection;
    if !missing_indexes.is_empty() {
        let detail = format!("somebody removed the indexes {}", missing_indexes.join(", "));
        return Row::fault(SUBJECT, detail, "run `pool-manager migrate`, which makes them again");
    }
    if outstanding.is_empty() {
        return Row::well(SUBJECT, "the schema is up to date, every index is there");
    }
    let detail = format!("migrations are still to be applied: {}", outstanding.join(", "));
    Row::warning(
        SUBJECT,
        detail,
        "run `pool-manager migrate`; otherwise the next start of the service applies them",
    )
}

fn embedded(deployment: &DeploymentConfig) -> Row {
    let file = embedded_file(&deployment.data_dir);
    let place = file.display();
    match examine(&file, &deployment.data_dir) {
        Ok(true) => Row::well(SUBJECT, format!("embedded: {place}")),
        Ok(false) => Row::well(SUBJECT, format!("will be made at first start: {place}")),
        Err(error) => Row::fault(
            SUBJECT,
            format!("DATA_DIR: cannot use {place}: {error}"),
            "let the process make, read and write DATA_DIR and what is in it",
        ),
    }
}

/// Whether the file is there and can be used, or is not there and can be made; either way others are made beside it.
fn examine(file: &Path, data_dir: &Path) -> io::Result<bool> {
    let is_there = file.try_exists()?;
    if is_there {
        File::options().read(true).write(true).open(file)?;
    }
    data_dir::try_to_write(data_dir)?;
    Ok(is_there)
}

fn away(error: &ConnectError) -> Row {
    let detail = format!("MONGO_URI: {}", error_chain(error));
    match error {
        ConnectError::Unavailable(_) => Row::fault(SUBJECT, detail, REACH),
        ConnectError::Credentials(_) => {
            Row::misconfigured(SUBJECT, detail, "correct user, password and authSource in MONGO_URI")
        }
        ConnectError::Uri => Row::misconfigured(
            SUBJECT,
            detail,
            "write MONGO_URI as mongodb://user:password@host:27017/?tls=true",
        ),
        ConnectError::Certificate(_) | ConnectError::Options(_) => Row::misconfigured(
            SUBJECT,
            detail,
            "correct MONGO_URI and MONGO_CA_CERT_BASE64 as the message says",
        ),
        ConnectError::Migration(_) => Row::fault(SUBJECT, detail, "see docs/STORE.md on migrations"),
    }
}

#[cfg(test)]
mod tests {
    use domain::Timestamp;

    use super::super::row::Verdict;
    use super::*;

    #[test]
    fn what_the_schema_lacks_is_named_with_the_command_that_makes_it() {
        let whole = StoreInspection {
            server_time: Timestamp::from_millis(0),
            outstanding: Vec::new(),
            missing_indexes: Vec::new(),
        };
        assert_eq!(schema(&whole).verdict, Verdict::Ok);
        let outstanding = schema(&StoreInspection { outstanding: vec!["records"], ..whole.clone() });
        assert_eq!(outstanding.verdict, Verdict::Warning);
        let removed = StoreInspection { missing_indexes: vec!["audit_chain.by_place".to_owned()], ..whole };
        let row = schema(&removed);
        assert!(row.verdict == Verdict::Fault && row.detail.contains("audit_chain.by_place"), "{row:?}");
        assert!(row.fix.unwrap().contains("pool-manager migrate"));
    }
}
