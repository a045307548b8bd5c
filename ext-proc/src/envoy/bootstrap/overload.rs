//! Envoy's overload manager: what keeps clients that never read from exhausting its memory.

use serde_json::{Value, json};

use crate::envoy::bootstrap::extension;

const HEAP: &str = "envoy.resource_monitors.fixed_heap";
const CONNECTIONS: &str = "envoy.resource_monitors.global_downstream_max_connections";

/// The most clients at a time.
const MAX_CONNECTIONS: u32 = 50_000;

/// Streams that hold less than 2^20 bytes are never reset for memory.
const TRACKED_POWER: u32 = 20;

/// At 80 % of the heap the hungriest streams are reset, at 90 % freed memory is given back and idle connections are
/// closed, at 95 % requests are refused.
pub(super) fn overload_manager(max_heap_bytes: u64) -> Value {
    json!({
        "refresh_interval": "0.25s",
        "buffer_factory_config": {"minimum_account_to_track_power_of_two": TRACKED_POWER},
        "resource_monitors": [
            extension(
                HEAP,
                "envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig",
                json!({"max_heap_size_bytes": max_heap_bytes}),
            ),
            extension(
                CONNECTIONS,
                "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
                json!({"max_active_downstream_connections": MAX_CONNECTIONS}),
            ),
        ],
        "actions": [
            action("reset_high_memory_stream", &json!({"scaled": {"scaling_threshold": 0.8, "saturation_threshold": 0.95}})),
            action("shrink_heap", &json!({"threshold": {"value": 0.9}})),
            action("disable_http_keepalive", &json!({"threshold": {"value": 0.9}})),
            action("stop_accepting_requests", &json!({"threshold": {"value": 0.95}})),
        ],
    })
}

fn action(name: &str, trigger: &Value) -> Value {
    let mut trigger = trigger.clone();
    if let Some(members) = trigger.as_object_mut() {
        members.insert("name".to_owned(), HEAP.into());
    }
    json!({"name": format!("envoy.overload_actions.{name}"), "triggers": [trigger]})
}
