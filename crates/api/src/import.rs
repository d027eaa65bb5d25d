//! Lines of JSON that another service's records are taken from.

use std::collections::BTreeMap;

use domain::{ApiKeyEntry, AssociationStatus, Invalid, KeyBinding, Owner, Scope, TenantStatus, TextMap};
use serde::Deserialize;
use tenancy::{ImportedKey, ImportedRecord, ImportedTenant, ServiceWish};

use crate::error::ApiError;
use crate::json_input;
use crate::v1::{ModuleEntry, NewAssociationIn, OwnerIn, check_base_urls, check_modules};

/// One line. Its `type` says what it is; the other fields are those of the HTTP API, with the ids.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "camelCase")]
enum Line {
    Service {
        name: String,
        #[serde(default)]
        modules: Vec<ModuleEntry>,
        #[serde(default)]
        base_urls: BTreeMap<String, String>,
    },
    Tenant {
        id: String,
        slug: String,
        name: String,
        environment: String,
        isolation: Option<String>,
        status: Option<String>,
        #[serde(default)]
        metadata: BTreeMap<String, String>,
        owner: OwnerIn,
        created_at: Option<String>,
    },
    Association {
        tenant_id: String,
        service: String,
        status: Option<String>,
        #[serde(flatten)]
        association: NewAssociationIn,
    },
    ApiKey {
        id: Option<String>,
        sha256: String,
        service: Option<String>,
        environment: Option<String>,
        tenant_id: Option<String>,
        name: String,
        #[serde(default)]
        scopes: Vec<String>,
        tier: Option<String>,
        expires_at: Option<String>,
        revoked_at: Option<String>,
        revocation_reason: Option<String>,
        last_used_at: Option<String>,
    },
}

/// Reads one line.
pub fn imported_record(line: &str) -> Result<ImportedRecord, ApiError> {
    let line: Line = json_input::parse_text(line.as_bytes())?;
    let mut invalid = Invalid::default();
    let record = line.check(&mut invalid);
    Ok(invalid.settle(record)?)
}

impl Line {
    fn check(self, invalid: &mut Invalid) -> Option<ImportedRecord> {
        match self {
            Self::Service { name, modules, base_urls } => {
                let modules = check_modules(modules, invalid);
                let base_urls = check_base_urls(base_urls, invalid);
                let name = invalid.take("name", name.parse())?;
                Some(ImportedRecord::Service(name, ServiceWish { modules, base_urls }))
            }
            Self::Tenant { id, slug, name, environment, isolation, status, metadata, owner, created_at } => {
                let id = invalid.take("id", id.parse());
                let slug = invalid.take("slug", slug.parse());
                let name = invalid.take("name", name.parse());
                let environment = invalid.take("environment", environment.parse());
                let isolation = isolation.and_then(|text| invalid.take("isolation", text.parse()));
                let status = status.and_then(|text| invalid.take("status", text.parse()));
                let metadata = TextMap::check(metadata, "metadata", invalid);
                let owner: Option<Owner> = owner.check(invalid);
                let created_at = created_at.and_then(|text| invalid.take("createdAt", text.parse()));
                Some(ImportedRecord::Tenant(Box::new(ImportedTenant {
                    id: id?,
                    slug: slug?,
                    name: name?,
                    environment: environment?,
                    isolation: isolation.unwrap_or(domain::Isolation::Isolated),
                    status: status.unwrap_or(TenantStatus::Active),
                    metadata: metadata?,
                    owner: owner?,
                    created_at,
                })))
            }
            Self::Association { tenant_id, service, status, association } => {
                let tenant = invalid.take("tenantId", tenant_id.parse());
                let service = invalid.take("service", service.parse());
                let status = status.and_then(|text| invalid.take("status", association_status(&text)));
                let association = association.check(invalid);
                Some(ImportedRecord::Association {
                    tenant: tenant?,
                    service: service?,
                    status: status.unwrap_or(AssociationStatus::Active),
                    association: Box::new(association),
                })
            }
            Self::ApiKey {
                id,
                sha256,
                service,
                environment,
                tenant_id,
                name,
                scopes,
                tier,
                expires_at,
                revoked_at,
                revocation_reason,
                last_used_at,
            } => {
                let id = id.and_then(|text| invalid.take("id", ApiKeyEntry::check_id(&text).map(|()| text)));
                let hash = invalid.take("sha256", sha256.parse());
                let is_for_both = service.is_none() && tenant_id.is_none() && environment.is_none();
                let binding = KeyBinding {
                    service: service.and_then(|text| invalid.take("service", text.parse())),
                    environment: environment.and_then(|text| invalid.take("environment", text.parse())),
                    tenant: tenant_id.and_then(|text| invalid.take("tenantId", text.parse())),
                };
                if binding.environment.is_none() && !is_for_both && !invalid.is_about("environment") {
                    invalid.add("environment", "is needed for a key of a service or of a tenant");
                }
                let name = invalid.take("name", name.parse());
                let scopes = scopes.iter().enumerate().filter_map(|(index, text)| {
                    invalid.take(format!("scopes.{index}"), text.parse::<Scope>())
                });
                let scopes = scopes.collect();
                let tier = tier.and_then(|text| invalid.take("tier", text.parse()));
                let expires_at = expires_at.and_then(|text| invalid.take("expiresAt", text.parse()));
                if revocation_reason.is_some() && revoked_at.is_none() {
                    invalid.add("revocationReason", "is for a key with revokedAt");
                }
                let revoked_at = revoked_at.and_then(|text| invalid.take("revokedAt", text.parse()));
                let revocation_reason =
                    revocation_reason.and_then(|text| invalid.take("revocationReason", text.parse()));
                let last_used_at = last_used_at.and_then(|text| invalid.take("lastUsedAt", text.parse()));
                Some(ImportedRecord::ApiKey(Box::new(ImportedKey {
                    id,
                    hash: hash?,
                    binding,
                    name: name?,
                    scopes,
                    tier,
                    expires_at,
                    revoked_at,
                    revocation_reason,
                    last_used_at,
                })))
            }
        }
    }
}

fn association_status(text: &str) -> Result<AssociationStatus, &'static str> {
    let known = [AssociationStatus::Active, AssociationStatus::Suspended, AssociationStatus::Purged];
    known.into_iter().find(|status| status.name() == text).ok_or("must be active, suspended or purged")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_is_read() {
        for line in [
            r#"{"type":"service","name":"ledger","modules":[{"name":"m","resources":["postgresql"]}]}"#,
            r#"{"type":"tenant","id":"0f8fad5b-d9cb-469f-a165-70867728950e","slug":"a","name":"A","environment":"staging","owner":{"email":"a@x"},"createdAt":"2020-01-01T00:00:00Z"}"#,
            r#"{"type":"association","tenantId":"acme","service":"ledger","status":"suspended","isolationMode":"shared"}"#,
            r#"{"type":"api-key","sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","service":"ledger","environment":"staging","name":"pods"}"#,
            r#"{"type":"api-key","sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","name":"ana","revokedAt":"2020-01-01T00:00:00Z","revocationReason":"leaked","lastUsedAt":"2019-01-01T00:00:00Z"}"#,
            r#"{"type":"api-key","sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","environment":"staging","tenantId":"acme","name":"acme"}"#,
        ] {
            assert!(imported_record(line).is_ok(), "{line}: {:?}", imported_record(line));
        }
    }

    #[test]
    fn everything_that_is_wrong_with_a_line_is_told() {
        let line = r#"{"type":"tenant","id":"a:b","slug":"-","name":"","environment":"uat","owner":{"email":"x"},"status":"gone"}"#;
        let text = imported_record(line).unwrap_err().to_string();
        for field in ["id: ", "slug: ", "name: ", "environment: ", "owner.email: ", "status: "] {
            assert!(text.contains(field), "{text}");
        }
        for id in ["", "bootstrap", "a/b", "..", "a\n"] {
            let line = serde_json::json!({ "type": "api-key", "id": id, "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                "service": "ledger", "environment": "staging", "name": "pods" });
            let text = imported_record(&line.to_string()).unwrap_err().to_string();
            assert!(text.contains("id: "), "{text}");
        }
        for (more, field) in [
            (r#""service":"ledger""#, "environment: "),
            (r#""tenantId":"acme""#, "environment: "),
            (r#""revocationReason":"leaked""#, "revocationReason: "),
            (r#""lastUsedAt":"yesterday""#, "lastUsedAt: "),
            (r#""environment":"uat","service":"ledger""#, "environment: "),
        ] {
            let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
            let line = format!(r#"{{"type":"api-key","sha256":"{sha256}","name":"pods",{more}}}"#);
            let text = imported_record(&line).unwrap_err().to_string();
            assert!(text.contains(field), "{text}");
        }
        for line in ["", "{}", r#"{"type":"user"}"#] {
            assert!(imported_record(line).is_err(), "{line}");
        }
    }
}
