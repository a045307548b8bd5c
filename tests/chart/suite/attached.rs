//! The objects that attach the processor to other gateways.

use std::fs;
use std::process::Command;

use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};
use wayleave_core::endpoint::Endpoint;
use wayleave_tests::Cluster;
use wayleave_tests::chart::{NAMESPACE, Rendered, said};
use wayleave_tests::program::envoy;

use super::foreign;

const HOST: &str = "wayleave-ext-proc.wayleave-system.svc";

fn to_envoy_gateway() -> Value {
    json!({"attach": {"envoyGateway": {"enabled": true, "parentRefs": [{"name": "eg", "namespace": "gateways"}]}}})
}

fn to_istio(pem: &str) -> Value {
    json!({"attach": {"istio": {"enabled": true, "namespace": "istio-ingress", "ca": {"pem": pem}}}})
}

/// The paths that another gateway has to send.
fn served() -> [String; Endpoint::ALL.len()] {
    Endpoint::ALL.map(Endpoint::pattern)
}

fn flags(rendered: &Rendered, component: &str) -> String {
    let deployment = rendered.get("Deployment", &format!("wayleave-{component}"));
    let arguments = deployment["spec"]["template"]["spec"]["containers"][0]["args"]
        .as_array()
        .unwrap();
    let words: Vec<&str> = arguments.iter().map(|word| word.as_str().unwrap()).collect();
    words.join(" ")
}

#[test]
fn nothing_is_attached_by_default() {
    let rendered = Rendered::of(&json!({}));
    assert!(!flags(&rendered, "gateway").contains("--grpc"));
    assert!(!flags(&rendered, "operator").contains("--ext-proc-name"));
    assert!(rendered.find("Service", "wayleave-ext-proc").is_none());
}

#[test]
fn attached_the_processor_listens_with_a_certificate() {
    for values in [to_envoy_gateway(), to_istio(super::cases::PEM)] {
        let rendered = Rendered::of(&values);
        assert!(flags(&rendered, "gateway").contains(" --grpc 0.0.0.0:18001 "));
        let name = format!(" --ext-proc-name {HOST}");
        assert!(flags(&rendered, "operator").contains(&name));
        let port = &rendered.get("Service", "wayleave-ext-proc")["spec"]["ports"][0];
        assert_eq!(port["port"], 18001);
        // It is TLS: a gateway that reads h2c or grpc here would speak in the clear.
        assert!(port.get("appProtocol").is_none());
    }
}

#[test]
fn without_an_envoy_nothing_of_it_is_left() {
    let mut values = to_envoy_gateway();
    values["gateway"] = json!({"envoy": {"enabled": false}});
    let rendered = Rendered::of(&values);
    assert!(rendered.find("Service", "wayleave-gateway").is_none());
    assert!(rendered.find("ConfigMap", "wayleave-envoy").is_none());
    let pod = &rendered.get("Deployment", "wayleave-gateway")["spec"]["template"]["spec"];
    assert!(pod.get("initContainers").is_none());
    assert!(!pod.to_string().contains("envoy"), "{pod:#}");
}

#[test]
fn envoy_gateway_sends_the_same_paths_and_trusts_the_same_name() {
    let rendered = Rendered::of(&to_envoy_gateway());
    let policy = &rendered.get("EnvoyExtensionPolicy", "wayleave-ext-proc")["spec"];
    let target = &policy["targetRefs"][0];
    let route = rendered.get("HTTPRoute", target["name"].as_str().unwrap());
    let rule = &route["spec"]["rules"][0];
    let path = |pattern: String| json!({"path": {"type": "RegularExpression", "value": pattern}});
    assert_eq!(rule["matches"], json!(served().map(path)));
    let filter = rule["filters"][0]["extensionRef"]["name"].as_str().unwrap();
    let direct = &rendered.get("HTTPRouteFilter", filter)["spec"]["directResponse"];
    assert_eq!(direct["statusCode"], 503);
    let processor = &policy["extProc"][0];
    assert_eq!(processor["failOpen"], false);
    assert_eq!(
        processor["processingMode"],
        json!({"request": {"body": "FullDuplexStreamed"}})
    );
    let tls = &rendered.get("BackendTLSPolicy", "wayleave-ext-proc")["spec"];
    assert_eq!(tls["validation"]["hostname"], HOST);
    assert_eq!(tls["validation"]["caCertificateRefs"][0]["name"], "wayleave-ca");
    let service = rendered.get("Service", tls["targetRefs"][0]["name"].as_str().unwrap());
    assert_eq!(
        service["spec"]["ports"][0]["name"],
        tls["targetRefs"][0]["sectionName"]
    );
}

/// Envoy Gateway's own rules hold in the API server: the policy breaks one of them as soon as it fails open.
#[tokio::test]
async fn envoy_gateways_rules_are_in_force() {
    let cluster = Cluster::shared().await;
    foreign::install(cluster).await;
    let home = cluster.namespace("attached").await;
    let rendered = Rendered::try_of(&to_envoy_gateway(), &["--namespace", &home]).unwrap();
    let mut policy = rendered.get("EnvoyExtensionPolicy", "wayleave-ext-proc").clone();
    cluster.apply(&policy.to_string()).await;
    policy["spec"]["extProc"][0]["failOpen"] = json!(true);
    let said = cluster.try_apply(&policy.to_string()).await.unwrap_err();
    assert!(said.contains("FailOpen must be false"), "{said}");
}

/// What an `EnvoyFilter` puts into Envoy is opaque to the API server, so Envoy is asked.
#[test]
fn envoy_accepts_what_the_envoy_filter_makes_of_a_gateway() {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["a.test".to_owned()]).unwrap();
    let pem = certificate.self_signed(&key).unwrap().pem();
    let rendered = Rendered::of(&to_istio(&pem));
    let filter = rendered.get("EnvoyFilter", "wayleave-ext-proc");
    assert_eq!(filter["metadata"]["namespace"], "istio-ingress");
    let patches = filter["spec"]["configPatches"].as_array().unwrap();
    let values = |place: &str| -> Vec<Value> {
        let patches = patches.iter().filter(|patch| patch["applyTo"] == place);
        let value = |patch: &Value| {
            assert_eq!(patch["match"]["context"], "GATEWAY");
            patch["patch"]["value"].clone()
        };
        patches.map(value).collect()
    };
    let routes = values("HTTP_ROUTE");
    let paths: Vec<&Value> = routes
        .iter()
        .map(|route| &route["match"]["safe_regex"]["regex"])
        .collect();
    assert_eq!(json!(paths), json!(served()));
    let mut config = gateway(&values("CLUSTER")[0], &values("HTTP_FILTER")[0], routes);
    validate(&config).unwrap();
    // It does look at each of them.
    config["static_resources"]["clusters"][0]["transport_socket"]["typed_config"]["sny"] = json!("a");
    assert!(validate(&config).unwrap_err().contains("sny"));
}

/// A gateway as Istio makes one, with a route of somebody else's.
fn gateway(cluster: &Value, filter: &Value, mut routes: Vec<Value>) -> Value {
    let router = json!({"name": "envoy.filters.http.router", "typed_config":
        {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}});
    routes.push(json!({"match": {"prefix": "/"}, "direct_response": {"status": 200}}));
    let manager = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "gateway",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]},
        "http_filters": [filter, router],
    });
    json!({"static_resources": {
        "clusters": [cluster],
        "listeners": [{
            "address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}},
            "filter_chains": [{"filters": [
                {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager},
            ]}],
        }],
    }})
}

/// What Envoy says to a configuration.
pub(super) fn validate(config: &Value) -> Result<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("envoy.json");
    fs::write(&file, config.to_string()).unwrap();
    let mut command = Command::new(envoy());
    command.args(["--mode", "validate", "--disable-hot-restart", "--config-path"]);
    said(command.arg(file).output().unwrap())
}

/// All objects are in the release's namespace, but for the two that cannot be.
#[test]
fn only_the_envoy_filter_and_watched_roles_are_elsewhere() {
    for case in super::cases::cases() {
        for object in Rendered::of(&case.values).objects {
            let kind = object["kind"].as_str().unwrap();
            let namespace = object["metadata"]["namespace"].as_str();
            let elsewhere = match kind {
                "ClusterRole" | "ClusterRoleBinding" => namespace.is_none(),
                "Role" | "RoleBinding" => namespace.is_some(),
                "EnvoyFilter" => namespace == Some("istio-ingress") || namespace == Some(NAMESPACE),
                _ => namespace == Some(NAMESPACE),
            };
            assert!(elsewhere, "{}: {kind} in {namespace:?}", case.name);
        }
    }
}
