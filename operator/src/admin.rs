//! The operator's admin pages.

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::metrics::Metrics;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Serves /metrics, /livez and /readyz until `closing`. `lacks` says why the operator is not ready.
pub(crate) async fn serve(
    listener: TcpListener,
    metrics: Arc<Metrics>,
    lacks: watch::Receiver<Option<String>>,
    closing: CancellationToken,
) -> std::io::Result<()> {
    let readiness = move || async move {
        match &*lacks.borrow() {
            None => (StatusCode::OK, "ready\n".to_owned()),
            Some(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}\n")),
        }
    };
    let pages = Router::new()
        .route(
            "/metrics",
            get(async move || ([(CONTENT_TYPE, OPEN_METRICS)], metrics.text()).into_response()),
        )
        .route("/livez", get(async || "live\n"))
        .route("/readyz", get(readiness));
    axum::serve(listener, pages)
        .with_graceful_shutdown(closing.cancelled_owned())
        .await
}
