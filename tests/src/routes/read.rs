//! `GET /test/read`

use axum::Json;
use serde::Serialize;

#[derive(Serialize)]
pub(super) struct Answer {
    service: &'static str,
    status: &'static str,
}

pub(super) async fn handler() -> Json<Answer> {
    Json(Answer { service: "ledger", status: "active" })
}
