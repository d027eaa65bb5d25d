//! `pool-manager audit head`.

use super::Target;
use crate::failure::Failure;
use crate::output;

pub(super) async fn run(target: &Target) -> Result<(), Failure> {
    let head = target.log.chain_head().await.map_err(Failure::StoreCommand)?;
    output::line(&target.chain.sign(head, target.clock.now().into()).to_string());
    Ok(())
}
