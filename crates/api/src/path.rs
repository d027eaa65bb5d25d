//! What the path of a request names.
//!
//! A segment is decoded after routing, so that an encoded slash stays in it. One that cannot be such a name names nothing:
//! 404, which is the only way that clients understand "there is no such tenant".

use std::str::FromStr;

use axum::extract::{FromRequestParts, RawPathParams};
use domain::{CredentialKind, CredentialName, Invalid, ModuleName, ServiceName, TenantId};
use http::request::Parts;
use tenancy::{CredentialPath, ModulePath};

use crate::error::ApiError;

/// `{tenantId}`.
#[derive(Debug, Clone)]
pub(crate) struct OfTenant(pub(crate) TenantId);

/// `{tenantId}` and `{service}`.
#[derive(Debug, Clone)]
pub(crate) struct OfAssociation {
    pub(crate) tenant: TenantId,
    pub(crate) service: ServiceName,
}

/// `{tenantId}`, `{service}` and `{module}`.
#[derive(Debug, Clone)]
pub(crate) struct OfModule(pub(crate) ModulePath);

/// `{tenantId}`, `{application}` and `{target}`, of a credential for a service of the platform.
#[derive(Debug, Clone)]
pub(crate) struct OfM2m(pub(crate) CredentialPath);

/// The same for somebody else's service.
#[derive(Debug, Clone)]
pub(crate) struct OfExternal(pub(crate) CredentialPath);

/// `{service}`.
#[derive(Debug, Clone)]
pub(crate) struct OfService(pub(crate) ServiceName);

/// `{service}` and `{module}`, of the catalogue.
#[derive(Debug, Clone)]
pub(crate) struct OfServiceModule {
    pub(crate) service: ServiceName,
    pub(crate) module: ModuleName,
}

/// `{service}` and `{keyId}`.
#[derive(Debug, Clone)]
pub(crate) struct OfServiceKey {
    pub(crate) service: ServiceName,
    pub(crate) id: String,
}

/// `{keyId}`, of a key of no service.
#[derive(Debug, Clone)]
pub(crate) struct OfKey(pub(crate) String);

const TENANT: (&str, &str) = ("tenantId", "tenant");
const SERVICE: (&str, &str) = ("service", "service");
const MODULE: (&str, &str) = ("module", "module");

struct Segments(RawPathParams);

impl Segments {
    async fn of<S: Send + Sync>(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        // Only a path that is no UTF-8 is refused.
        RawPathParams::from_request_parts(parts, state).await.map(Self).map_err(|_| ApiError::NoRoute)
    }

    fn text(&self, name: &str) -> Result<&str, ApiError> {
        let found = self.0.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value).ok_or(ApiError::NoRoute)
    }

    fn get<T: FromStr>(&self, (name, what): (&str, &'static str)) -> Result<T, ApiError> {
        self.text(name)?.parse().map_err(|_| ApiError::NoSuch { what })
    }

    /// What a write would make has to have a name that readers take: 422, with the part at fault.
    fn credential(&self, kind: CredentialKind) -> Result<CredentialPath, ApiError> {
        let tenant = self.get(TENANT)?;
        let mut invalid = Invalid::default();
        let [application, target] = ["application", "target"]
            .map(|part| Ok::<_, ApiError>(invalid.take(part, self.text(part)?.parse())));
        match (application?, target?) {
            (Some(application), Some(target)) => {
                Ok(CredentialPath { tenant, name: CredentialName { kind, application, target } })
            }
            _ => Err(invalid.into()),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for OfTenant {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        Ok(Self(Segments::of(parts, state).await?.get(TENANT)?))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for OfAssociation {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let segments = Segments::of(parts, state).await?;
        Ok(Self { tenant: segments.get(TENANT)?, service: segments.get(SERVICE)? })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for OfModule {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let segments = Segments::of(parts, state).await?;
        let (tenant, service) = (segments.get(TENANT)?, segments.get(SERVICE)?);
        Ok(Self(ModulePath { tenant, service, module: segments.get(MODULE)? }))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for OfM2m {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        Segments::of(parts, state).await?.credential(CredentialKind::M2m).map(Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for OfExternal {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        Segments::of(parts, state).await?.credential(CredentialKind::External).map(Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for OfService {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        Ok(Self(Segments::of(parts, state).await?.get(SERVICE)?))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for OfServiceModule {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let segments = Segments::of(parts, state).await?;
        Ok(Self { service: segments.get(SERVICE)?, module: segments.get(MODULE)? })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for OfServiceKey {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let segments = Segments::of(parts, state).await?;
        Ok(Self { service: segments.get(SERVICE)?, id: segments.text("keyId")?.to_owned() })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for OfKey {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        Ok(Self(Segments::of(parts, state).await?.text("keyId")?.to_owned()))
    }
}
