//! What the chart's `EnvoyFilter` puts into a gateway of Istio.

use serde_json::{Value, json};
use wayleave_tests::chart::Rendered;

use super::host;
use super::shape::{Parts, Wanted};

/// The values of its patches; only the processor's address is another one.
pub(super) fn parts(wanted: &Wanted<'_>) -> Parts {
    let values = json!({"attach": {"istio": {"enabled": true, "ca": {"pem": wanted.authority}}}});
    let rendered = Rendered::in_namespace(&wanted.site.own, &values);
    let filter = rendered.get("EnvoyFilter", "wayleave-ext-proc");
    let patches = filter["spec"]["configPatches"].as_array().expect("patches");
    let values = |place: &str| -> Vec<Value> {
        let patches = patches.iter().filter(|patch| patch["applyTo"] == place);
        patches.map(|patch| patch["patch"]["value"].clone()).collect()
    };
    let value = |place| values(place).pop().expect("a patch");
    Parts {
        // Istio's own settings do not touch the processor.
        manager: json!({"use_remote_address": true, "normalize_path": true}),
        filter: value("HTTP_FILTER"),
        routes: values("HTTP_ROUTE"),
        cluster: cluster(value("CLUSTER"), wanted),
        secrets: Vec::new(),
    }
}

fn cluster(mut cluster: Value, wanted: &Wanted<'_>) -> Value {
    let place = "/load_assignment/endpoints/0/lb_endpoints/0/endpoint/address/socket_address";
    let address = cluster.pointer_mut(place).expect("an address");
    assert_eq!(
        *address,
        json!({"address": host(wanted.site), "port_value": 18001})
    );
    let processor = wanted.processor;
    *address = json!({"address": processor.ip().to_string(), "port_value": processor.port()});
    // For the tests that want another name than the chart's.
    let tls = cluster.pointer_mut("/transport_socket/typed_config");
    let tls = tls.expect("TLS");
    tls["sni"] = json!(wanted.host);
    let names = "/common_tls_context/validation_context/match_typed_subject_alt_names/0/matcher";
    let name = tls.pointer_mut(names).expect("a name");
    *name = json!({"exact": wanted.host});
    cluster
}
