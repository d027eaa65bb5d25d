//! `pool-manager audit verify`.

use clap::Args;
use tenancy::{GivenHead, Verified, verify};

use super::Target;
use crate::failure::Failure;
use crate::output;

/// Arguments of `audit verify`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// A head that was kept elsewhere, as `head` in the log lines "head of the audit log", or as <sequence>:<hash>. What was cut
    /// off at the end shows only against one.
    #[arg(long = "head", value_name = "SEQUENCE:HASH")]
    heads: Vec<GivenHead>,
}

pub(super) async fn run(target: &Target, arguments: &Arguments) -> Result<(), Failure> {
    let verified =
        verify(target.log.as_ref(), &target.chain, &arguments.heads).await.map_err(Failure::StoreCommand)?;
    for finding in &verified.findings {
        output::line(&finding.to_string());
    }
    if verified.more > 0 {
        output::line(&format!("and {} findings more", verified.more));
    }
    tell(&verified, arguments.heads.is_empty());
    match verified.findings.len() + verified.more {
        0 => Ok(()),
        findings => Err(Failure::AuditFindings { findings }),
    }
}

/// What was looked at, and what that does not show.
fn tell(verified: &Verified, is_without_head: bool) {
    let Verified { rows, behind, head, waiting, too_old, .. } = verified;
    let outcome = if verified.is_intact() { "intact" } else { "not intact" };
    match rows {
        0 => output::line(&format!("{outcome}: there are no rows")),
        _ => output::line(&format!("{outcome}: {rows} rows, {} to {}", behind + 1, head.sequence)),
    }
    for head in too_old {
        output::line(&format!(
            "note: the head {head} is older than the rows that are kept, and was not compared"
        ));
    }
    if *waiting > 0 {
        output::line(&format!("note: {waiting} rows wait for their place in the chain"));
    }
    if is_without_head {
        output::line("note: without --head nothing shows whether the end was cut off");
    }
}
