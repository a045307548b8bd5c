//! Envoy's overload manager: what keeps clients that never read from exhausting its memory.

use serde_json::{Value, json};

use crate::envoy::bootstrap::{extension, typed};

const HEAP: &str = "envoy.resource_monitors.fixed_heap";
const CONNECTIONS: &str = "envoy.resource_monitors.global_downstream_max_connections";

/// The most clients at a time.
const MAX_CONNECTIONS: u32 = 50_000;

/// Streams that hold less than 2^20 bytes are never reset for memory.
const TRACKED_POWER: u32 = 20;

/// From 60 % of the heap on, connections whose client does not read what is left to send, and idle ones, are closed ever
/// sooner; from 80 % the hungriest HTTP/2 streams are reset; at 90 % freed memory is given back; at 95 % requests are
/// refused. So Envoy holds at most this heap and what the engine lets be in flight, and serves again within seconds.
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
            action("reduce_timeouts", &scaled(0.6, 0.9), Some(shorter_timeouts())),
            action("reset_high_memory_stream", &scaled(0.8, 0.95), None),
            action("shrink_heap", &from(0.9), Some(typed(
                "envoy.config.overload.v3.ShrinkHeapConfig",
                json!({"timer_interval": "1s"}),
            ))),
            action("stop_accepting_requests", &from(0.95), None),
        ],
    })
}

fn action(name: &str, trigger: &Value, config: Option<Value>) -> Value {
    let mut action = json!({"name": format!("envoy.overload_actions.{name}"), "triggers": [trigger]});
    if let (Some(config), Some(members)) = (config, action.as_object_mut()) {
        members.insert("typed_config".to_owned(), config);
    }
    action
}

fn from(share: f64) -> Value {
    json!({"name": HEAP, "threshold": {"value": share}})
}

fn scaled(from: f64, to: f64) -> Value {
    json!({"name": HEAP, "scaled": {"scaling_threshold": from, "saturation_threshold": to}})
}

fn shorter_timeouts() -> Value {
    let factor = |timer: &str| json!({"timer": timer, "min_timeout": "2s"});
    typed(
        "envoy.config.overload.v3.ScaleTimersOverloadActionConfig",
        json!({"timer_scale_factors": [
            factor("HTTP_DOWNSTREAM_CONNECTION_IDLE"),
            factor("HTTP_DOWNSTREAM_STREAM_FLUSH"),
        ]}),
    )
}
