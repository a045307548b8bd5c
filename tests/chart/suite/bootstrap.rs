//! Envoy's configuration in the chart is the program's, and Envoy takes it.

use std::fs;

use serde_json::{Value, json};
use wayleave_tests::chart::{Rendered, chart};
use wayleave_tests::program;

use super::attached::validate;

fn checked_in() -> String {
    fs::read_to_string(chart("wayleave/files/envoy.json")).unwrap()
}

fn read() -> Value {
    serde_json::from_str(&checked_in()).unwrap()
}

#[test]
fn it_is_what_the_program_makes() {
    let output = program::run(&[
        "envoy-config",
        "--listen",
        "0.0.0.0:4000",
        "--socket",
        "/run/wayleave/ext-proc.sock",
        "--admin-socket",
        "/run/wayleave/envoy-admin.sock",
    ]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        String::from_utf8(output.stdout).unwrap() == checked_in(),
        "charts/wayleave/files/envoy.json is not what `wayleave envoy-config` prints: run `make crds`"
    );
}

#[test]
fn it_is_in_the_config_map_as_it_is() {
    let rendered = Rendered::of(&json!({}));
    assert_eq!(
        rendered.get("ConfigMap", "wayleave-envoy")["data"]["envoy.json"],
        checked_in()
    );
}

#[test]
fn envoy_accepts_it() {
    validate(&read()).unwrap();
}

/// The same sockets and ports as in the pod.
#[test]
fn it_fits_the_pod() {
    let config = read();
    let rendered = Rendered::of(&json!({}));
    let pod = &rendered.get("Deployment", "wayleave-gateway")["spec"]["template"]["spec"];
    let at = |place: &str| config.pointer(place).unwrap();
    let listener = "/static_resources/listeners/0/address/socket_address";
    assert_eq!(at(listener)["address"], "0.0.0.0");
    assert_eq!(
        at(listener)["port_value"],
        pod["initContainers"][0]["ports"][0]["containerPort"]
    );
    let arguments = pod["containers"][0]["args"].as_array().unwrap();
    let cluster =
        "/static_resources/clusters/0/load_assignment/endpoints/0/lb_endpoints/0/endpoint/address/pipe/path";
    for socket in [cluster, "/admin/address/pipe/path"] {
        assert!(arguments.contains(at(socket)), "{}", at(socket));
    }
}

#[test]
fn one_of_ones_own_replaces_it() {
    let own = "{\"admin\": {}}\n";
    let rendered = Rendered::of(&json!({"gateway": {"envoy": {"bootstrap": own}}}));
    assert_eq!(
        rendered.get("ConfigMap", "wayleave-envoy")["data"]["envoy.json"],
        own
    );
}
