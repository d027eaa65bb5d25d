//! Reading the audit log.

use std::sync::Arc;

use domain::{Actor, AuditFilter, AuditLog, AuditPage, AuditQuery};

use crate::refusal::Refusal;

/// Finds rows of the audit log. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct AuditReading(Arc<dyn AuditLog>);

impl AuditReading {
    pub(crate) fn new(log: Arc<dyn AuditLog>) -> Self {
        Self(log)
    }

    /// A page of the rows that the caller may see, newest first. Who is bound to an environment sees what is about its tenants.
    pub async fn page(&self, query: AuditQuery, actor: &Actor) -> Result<AuditPage, Refusal> {
        let own = actor.binding.environment;
        let asked = query.filter.environment;
        if own.is_some() && asked.is_some() && own != asked {
            return Ok(AuditPage { rows: Vec::new(), next: None });
        }
        let filter = AuditFilter { environment: own.or(asked), ..query.filter };
        Ok(self.0.audit_page(&AuditQuery { filter, ..query }).await?)
    }
}
