//! Values as users have them.

use serde_json::{Value, json};

/// Values with a name.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) values: Value,
}

/// Something like a certificate: the chart only passes it on.
pub(super) const PEM: &str = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

/// One for each thing that values switch on or off, and all of it together.
pub(super) fn cases() -> Vec<Case> {
    let case = |name, values| Case { name, values };
    vec![
        case("nothing", json!({})),
        case(
            "namespaces",
            json!({"watch": {"namespaces": ["team-a", "team-b"]}}),
        ),
        case("no rights", json!({"rbac": {"create": false}})),
        case("accounts of one's own", accounts()),
        case(
            "names",
            json!({"fullnameOverride": "llm", "commonLabels": {"team": "platform"}, "commonAnnotations": {"a": "b"}}),
        ),
        case("an image of one's own", image()),
        case(
            "one pod each",
            json!({"operator": {"replicas": 1}, "gateway": {"replicas": 1}}),
        ),
        case("autoscaling", autoscaling()),
        case("load balancer", load_balancer()),
        case("network policies", network_policies()),
        case("metrics", metrics()),
        case("pods", pods()),
        case("a proxy", json!({"gateway": {"envoy": {"adaptor": "Http"}}})),
        case("books", books()),
        case("learned-in-a-folder", learned_in_a_folder()),
        case("learned-in-redis", learned_in_redis()),
        case("Envoy Gateway", envoy_gateway()),
        case(
            "Istio",
            json!({"attach": {"istio": {"enabled": true, "namespace": "istio-ingress", "port": 8080, "ca": {"file": "/etc/wayleave/ca.crt"}}}}),
        ),
        case("only attached", only_attached()),
        case("everything", everything()),
    ]
}

fn accounts() -> Value {
    json!({
        "operator": {"serviceAccount": {"create": false, "name": "mine"}},
        "gateway": {"serviceAccount": {"name": "theirs", "annotations": {"a": "b"}}},
    })
}

fn image() -> Value {
    json!({
        "image": {"repository": "registry.example/wayleave", "digest": format!("sha256:{:064}", 0), "pullSecrets": [{"name": "registry"}]},
        "gateway": {"envoy": {"image": {"tag": "v1.39.0", "pullPolicy": "Always"}}},
    })
}

fn autoscaling() -> Value {
    json!({"gateway": {"autoscaling": {
        "enabled": true,
        "targetMemoryUtilizationPercentage": 80,
        "behavior": {"scaleDown": {"stabilizationWindowSeconds": 300}},
    }}})
}

fn load_balancer() -> Value {
    json!({"gateway": {"service": {
        "type": "LoadBalancer",
        "port": 8080,
        "nodePort": 30080,
        "loadBalancerClass": "example.com/nlb",
        "loadBalancerSourceRanges": ["10.0.0.0/8"],
        "externalTrafficPolicy": "Local",
        "annotations": {"example.com/scheme": "internal"},
        "labels": {"exposed": "yes"},
    }}})
}

fn network_policies() -> Value {
    let from = json!([{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]);
    json!({"networkPolicy": {
        "enabled": true,
        "clientsFrom": [{"namespaceSelector": {}}],
        "metricsFrom": from,
        "operatorEgress": [{"ports": [{"port": 443}]}],
        "gatewayEgress": [{}],
    }})
}

fn books() -> Value {
    json!({"gateway": {"ledger": {
        "spool": {"enabled": true, "maxBytes": "512Mi", "volume": {"emptyDir": {"sizeLimit": "1Gi"}}},
        "clickhouse": {
            "url": "http://clickhouse:8123",
            "database": "books",
            "user": "wayleave",
            "passwordSecret": {"name": "clickhouse"},
            "migrate": true,
        },
        "otlp": {"url": "http://collector:4318"},
    }}})
}

fn learned_in_a_folder() -> Value {
    json!({"gateway": {"learned": {"folder": {"enabled": true, "volume": {"emptyDir": {"sizeLimit": "100Mi"}}}}}})
}

fn learned_in_redis() -> Value {
    json!({"gateway": {"learned": {"redis": {
        "url": "rediss://redis:6380",
        "user": "wayleave",
        "passwordSecret": {"name": "redis"},
        "caSecret": {"name": "redis-tls"},
        "cluster": true,
    }}}})
}

fn metrics() -> Value {
    json!({"metrics": {
        "podMonitor": {"enabled": true, "labels": {"release": "prometheus"}, "interval": "15s", "scrapeTimeout": "10s"},
        "dashboard": {"enabled": true, "annotations": {"grafana_folder": "Wayleave"}},
    }})
}

fn pods() -> Value {
    let pod = json!({
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [{"key": "llm", "operator": "Exists"}],
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
            {"matchExpressions": [{"key": "pool", "operator": "In", "values": ["llm"]}]},
        ]}}},
        "topologySpreadConstraints": [
            {"maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "DoNotSchedule",
             "labelSelector": {"matchLabels": {"mine": "true"}}},
        ],
        "priorityClassName": "system-cluster-critical",
        "extraArgs": ["--log=debug"],
        "extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}],
        "extraVolumes": [{"name": "ledger", "emptyDir": {}}],
        "extraVolumeMounts": [{"name": "ledger", "mountPath": "/var/lib/wayleave"}],
        "podLabels": {"tier": "edge"},
        "podAnnotations": {"prometheus.io/scrape": "true"},
    });
    json!({"operator": pod, "gateway": pod})
}

fn envoy_gateway() -> Value {
    json!({"attach": {"envoyGateway": {
        "enabled": true,
        "parentRefs": [{"name": "eg", "namespace": "gateways"}],
        "hostnames": ["llm.example.com"],
        "targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": "mine"}],
    }}})
}

fn only_attached() -> Value {
    json!({
        "gateway": {"envoy": {"enabled": false}},
        "attach": {"istio": {"enabled": true, "ca": {"pem": PEM}}},
    })
}

fn everything() -> Value {
    let mut all = json!({});
    let parts = [
        image(),
        autoscaling(),
        load_balancer(),
        network_policies(),
        metrics(),
        pods(),
        envoy_gateway(),
        json!({"attach": {"istio": {"enabled": true, "ca": {"pem": PEM}}}}),
        json!({"watch": {"namespaces": ["team-a"]}}),
    ];
    for part in parts {
        lay(&mut all, part);
    }
    all
}

/// Lays values over others, as Helm does.
fn lay(under: &mut Value, over: Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            for (key, value) in over {
                lay(under.entry(key).or_insert(Value::Null), value);
            }
        }
        (under, over) => *under = over,
    }
}
