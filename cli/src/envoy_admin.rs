//! What a running Envoy says of itself, at its admin socket.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::client::Peer;

/// Between two questions.
const ASK_AGAIN: Duration = Duration::from_millis(20);

/// Waits until Envoy serves, and tells where. Waits for ever if it never does.
pub(crate) async fn serving(admin: &Path) -> SocketAddr {
    let peer = Peer::Unix(admin.to_owned());
    loop {
        if peer.get("/ready").await.is_ok()
            && let Ok(listeners) = peer.get_json("/listeners?format=json").await
            && let Some(address) = address(&listeners)
        {
            return address;
        }
        sleep(ASK_AGAIN).await;
    }
}

/// The address of the first listener.
fn address(listeners: &Value) -> Option<SocketAddr> {
    let socket = listeners.pointer("/listener_statuses/0/local_address/socket_address")?;
    let ip: IpAddr = socket.get("address")?.as_str()?.parse().ok()?;
    let port = u16::try_from(socket.get("port_value")?.as_u64()?).ok()?;
    (port != 0).then(|| SocketAddr::new(ip, port))
}

/// Makes Envoy ask its clients to come by another connection; it takes their calls all the same.
///
/// # Errors
/// When it does not answer.
pub(crate) async fn drain(admin: &Path) -> anyhow::Result<()> {
    let peer = Peer::Unix(admin.to_owned());
    peer.post("/drain_listeners?graceful&skip_exit").await.map(drop)
}

/// Waits until Envoy has handed every answer over to its client, at most `patience`.
pub(crate) async fn idle(admin: &Path, patience: Duration) {
    let peer = Peer::Unix(admin.to_owned());
    let end = Instant::now() + patience;
    while Instant::now() < end {
        match peer
            .get_json("/stats?format=json&filter=downstream_rq_active")
            .await
        {
            Ok(stats) if active(&stats) > 0 => sleep(ASK_AGAIN).await,
            // Idle, or gone.
            Ok(_) | Err(_) => return,
        }
    }
}

/// Requests that are not over, without those at the admin socket, such as this one.
fn active(stats: &Value) -> u64 {
    let stats = stats
        .get("stats")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let counted = stats.iter().filter(|stat| {
        stat.get("name")
            .and_then(Value::as_str)
            .is_some_and(|name| !name.starts_with("http.admin."))
    });
    counted
        .filter_map(|stat| stat.get("value").and_then(Value::as_u64))
        .sum()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_address_is_read() {
        let listeners = |port: u16| {
            json!({"listener_statuses": [{"name": "wayleave", "local_address":
                {"socket_address": {"address": "127.0.0.1", "port_value": port}}}]})
        };
        assert_eq!(address(&listeners(4000)), Some(([127, 0, 0, 1], 4000).into()));
        assert_eq!(address(&listeners(0)), None, "not bound yet");
        assert_eq!(address(&json!({"listener_statuses": []})), None);
    }

    #[test]
    fn the_question_itself_does_not_count() {
        let stats = json!({"stats": [
            {"name": "http.admin.downstream_rq_active", "value": 1},
            {"name": "http.wayleave.downstream_rq_active", "value": 2},
        ]});
        assert_eq!(active(&stats), 2);
        assert_eq!(active(&json!({"stats": []})), 0);
    }
}
