//! `pool-manager api-key list`.

use api::ApiKeyOut;
use clap::Args;
use domain::ServiceName;

use super::Desk;
use crate::failure::Failure;
use crate::output;

const PAGE: usize = 200;

/// Arguments of `api-key list`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Whose keys; without one, those of no service.
    #[arg(long)]
    service: Option<ServiceName>,
}

pub(super) async fn run(desk: &Desk, arguments: Arguments) -> Result<(), Failure> {
    let (service, mut after) = (arguments.service.as_ref(), None::<String>);
    loop {
        let page = desk.keys.list(service, after.as_deref(), PAGE, &desk.actor).await;
        let page = page.map_err(Failure::ApiKeyCommand)?;
        for view in &page.keys {
            output::json(&ApiKeyOut::of(view, desk.ids));
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
}
