//! Envoy's configurations in the chart are the program's, and Envoy takes them.

use std::fs;

use serde_json::{Value, json};
use wayleave_tests::chart::{Rendered, chart};
use wayleave_tests::program;

use super::attached::validate;

/// How Envoy hands calls over: in the values, the file of the chart, and the flags that make it.
struct Adaptor {
    value: &'static str,
    file: &'static str,
    flags: &'static [&'static str],
}

const ADAPTORS: [Adaptor; 2] = [
    Adaptor {
        value: "ExtProc",
        file: "envoy.json",
        flags: &["--socket", "/run/wayleave/ext-proc.sock"],
    },
    Adaptor {
        value: "Http",
        file: "envoy-http.json",
        flags: &["--adaptor", "http", "--socket", "/run/wayleave/http.sock"],
    },
];

impl Adaptor {
    fn checked_in(&self) -> String {
        fs::read_to_string(chart("wayleave/files").join(self.file)).unwrap()
    }

    fn read(&self) -> Value {
        serde_json::from_str(&self.checked_in()).unwrap()
    }

    fn rendered(&self) -> Rendered {
        Rendered::of(&json!({"gateway": {"envoy": {"adaptor": self.value}}}))
    }
}

#[test]
fn they_are_what_the_program_makes() {
    for adaptor in ADAPTORS {
        let mut words = vec!["envoy-config", "--listen", "0.0.0.0:4000"];
        words.extend(["--admin-socket", "/run/wayleave/envoy-admin.sock"]);
        words.extend(adaptor.flags);
        let output = program::run(&words);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(
            String::from_utf8(output.stdout).unwrap() == adaptor.checked_in(),
            "charts/wayleave/files/{} is not what `wayleave envoy-config` prints: run `make crds`",
            adaptor.file
        );
    }
}

#[test]
fn they_are_in_the_config_map_as_they_are() {
    let text =
        |rendered: &Rendered| rendered.get("ConfigMap", "wayleave-envoy")["data"]["envoy.json"].clone();
    for adaptor in ADAPTORS {
        assert_eq!(text(&adaptor.rendered()), adaptor.checked_in());
    }
    let [by_default, _] = ADAPTORS;
    assert_eq!(text(&Rendered::of(&json!({}))), by_default.checked_in());
}

#[test]
fn envoy_accepts_them() {
    for adaptor in ADAPTORS {
        validate(&adaptor.read()).unwrap();
    }
}

/// The same sockets and ports as in the pod.
#[test]
fn they_fit_the_pod() {
    for adaptor in ADAPTORS {
        let config = adaptor.read();
        let rendered = adaptor.rendered();
        let pod = &rendered.get("Deployment", "wayleave-gateway")["spec"]["template"]["spec"];
        let at = |place: &str| config.pointer(place).unwrap();
        let listener = "/static_resources/listeners/0/address/socket_address";
        assert_eq!(at(listener)["address"], "0.0.0.0");
        assert_eq!(
            at(listener)["port_value"],
            pod["initContainers"][0]["ports"][0]["containerPort"]
        );
        let arguments = pod["containers"][0]["args"].as_array().unwrap();
        let cluster = "/static_resources/clusters/0/load_assignment/endpoints/0/lb_endpoints/0/endpoint/address/pipe/path";
        for socket in [cluster, "/admin/address/pipe/path"] {
            assert!(arguments.contains(at(socket)), "{}", at(socket));
        }
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
