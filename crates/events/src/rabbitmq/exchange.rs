//! A channel on which the exchange is known to be there.

use std::sync::Arc;

use lapin::options::{ConfirmSelectOptions, ExchangeDeclareOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, Connection, ExchangeKind};

use super::connect_error::ConnectError;
use super::fault::Fault;

/// Opens a channel that confirms, and declares the durable topic exchange on it. One that is there with other properties, or
/// that the user may not make, is used as it is.
pub(super) async fn open_channel(
    connection: &Connection,
    exchange: &ShortString,
) -> Result<Channel, ConnectError> {
    let durable = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    let channel = match declare(connection, exchange, durable).await {
        Ok(channel) => channel,
        Err(fault) if fault.is_of_difference() || fault.is_of_permission() => {
            // It only asks whether there is one.
            let passive = ExchangeDeclareOptions { passive: true, ..ExchangeDeclareOptions::default() };
            let found = declare(connection, exchange, passive).await;
            let channel = found.map_err(|_not_there| ConnectError::Exchange(Arc::new(fault.clone())))?;
            if fault.is_of_difference() {
                let exchange = exchange.as_str();
                tracing::warn!(exchange, %fault, "the exchange is no plain durable topic exchange; used as it is");
            }
            channel
        }
        Err(fault) => return Err(fault.into()),
    };
    channel.confirm_select(ConfirmSelectOptions::default()).await.map_err(Fault::from)?;
    Ok(channel)
}

/// Declares on a channel of its own, because a refusal closes it.
async fn declare(
    connection: &Connection,
    exchange: &ShortString,
    options: ExchangeDeclareOptions,
) -> Result<Channel, Fault> {
    let channel = connection.create_channel().await?;
    channel.exchange_declare(exchange.clone(), ExchangeKind::Topic, options, FieldTable::default()).await?;
    Ok(channel)
}
