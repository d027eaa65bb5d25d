//! What `doctor` says of a role that may not read what it has to.

use axum::Router;
use axum::http::StatusCode;

use super::doctor;

/// Plays Secrets Manager for a role that may look everywhere but at the tenants of staging.
async fn refuses_staging(body: String) -> (StatusCode, &'static str) {
    let answer = if body.contains("tenants/staging/") {
        r#"{"__type":"AccessDeniedException","Message":"not authorized to perform: secretsmanager:GetSecretValue"}"#
    } else {
        r#"{"__type":"ResourceNotFoundException","Message":"there is none"}"#
    };
    (StatusCode::BAD_REQUEST, answer)
}

#[tokio::test]
async fn a_role_of_another_environment_is_found_out() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let served = tokio::spawn(axum::serve(listener, Router::new().fallback(refuses_staging)).into_future());
    let directory = tempfile::tempdir().unwrap();
    let asked = |environment: &'static str| {
        let (endpoint, directory) = (endpoint.clone(), directory.path().to_owned());
        tokio::task::spawn_blocking(move || {
            let aws = [
                ("ENVIRONMENT_NAME", environment),
                ("SECRETS_BACKEND", "aws"),
                ("AWS_REGION", "us-east-2"),
                ("AWS_ENDPOINT_URL", &*endpoint),
                ("AWS_ACCESS_KEY_ID", "testing"),
                ("AWS_SECRET_ACCESS_KEY", "testing"),
            ];
            doctor(&directory, &aws)
        })
    };
    let (code, table) = asked("staging").await.unwrap();
    assert_eq!(code, Some(1), "{table}");
    assert!(table.contains("tenants/staging/: ") && table.contains("tenant_environments"), "{table}");
    let (code, table) = asked("production").await.unwrap();
    assert_eq!(code, Some(0), "{table}");
    served.abort();
}
