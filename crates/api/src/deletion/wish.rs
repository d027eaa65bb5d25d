//! What a deletion was asked for with.

use cache::{Glob, GlobError};
use domain::{TenantId, TenantIdError};

use crate::error::{ApiError, ParameterProblem};
use crate::parameters::Parameters;

/// What a deletion by pattern was asked for with, by a request or on the command line.
#[derive(Debug, Clone)]
pub struct DeletionWish {
    /// Which keys.
    pub pattern: Glob,
    /// Only keys of this tenant.
    pub tenant: Option<TenantId>,
    /// A pattern that matches everything is meant.
    pub confirm: bool,
    /// Also keys of other programs, for a pattern that matches everything.
    pub foreign: bool,
    /// Count, delete nothing.
    pub dry_run: bool,
}

impl DeletionWish {
    /// What matches `pattern`.
    pub(crate) fn of(parameters: &Parameters) -> Result<Self, ApiError> {
        let Some(pattern) = parameters.text("pattern")? else {
            return Err(ApiError::parameter("pattern", ParameterProblem::Missing("ratelimit:*")));
        };
        let pattern = pattern.parse().map_err(|error: GlobError| ApiError::parameter("pattern", error))?;
        Self::with(pattern, parameters)
    }

    /// Every key of this service.
    pub(crate) fn everything(parameters: &Parameters) -> Result<Self, ApiError> {
        let wish = Self { foreign: false, ..Self::with(Glob::everything(), parameters)? };
        if wish.confirm { Ok(wish) } else { Err(ApiError::NothingToDelete) }
    }

    fn with(pattern: Glob, parameters: &Parameters) -> Result<Self, ApiError> {
        Ok(Self {
            pattern,
            tenant: tenant(parameters)?,
            confirm: parameters.flag("confirm")?,
            foreign: parameters.flag("foreign")?,
            dry_run: parameters.dry_run()?,
        })
    }
}

/// The tenant under either name. To overlook it would delete the keys of all tenants.
fn tenant(parameters: &Parameters) -> Result<Option<TenantId>, ApiError> {
    if parameters.is_given("tenantId") && parameters.is_given("tenant") {
        return Err(ApiError::parameter("tenant", ParameterProblem::Beside("tenantId")));
    }
    const EXAMPLE: &str = "tenantId=6b1b4b33f5d14d5f8c9d2a7e0f3c1a55";
    for name in ["tenantId", "tenant"] {
        if let Some(text) = parameters.restriction(name, EXAMPLE)? {
            let tenant = text.parse().map_err(|error: TenantIdError| ApiError::parameter(name, error))?;
            return Ok(Some(tenant));
        }
    }
    Ok(None)
}
