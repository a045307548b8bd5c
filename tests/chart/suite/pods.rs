//! The pods.

use serde_json::{Value, json};
use wayleave_tests::chart::{NAMESPACE, Rendered};

use super::cases::cases;

fn pod<'a>(rendered: &'a Rendered, name: &str) -> &'a Value {
    &rendered.get("Deployment", name)["spec"]["template"]["spec"]
}

fn containers(pod: &Value) -> Vec<&Value> {
    let of = |member: &str| pod[member].as_array().into_iter().flatten();
    of("initContainers").chain(of("containers")).collect()
}

fn arguments(container: &Value) -> Vec<&str> {
    let words = container["args"].as_array().unwrap();
    words.iter().map(|word| word.as_str().unwrap()).collect()
}

/// What stands behind a flag.
fn after<'a>(arguments: &[&'a str], flag: &str) -> Option<&'a str> {
    let place = arguments.iter().position(|word| *word == flag)?;
    arguments.get(place + 1).copied()
}

#[test]
fn every_container_has_as_few_rights_as_can_be() {
    for case in cases() {
        let rendered = Rendered::of(&case.values);
        let deployments = rendered.all("Deployment");
        assert_eq!(deployments.len(), 2, "{}", case.name);
        for deployment in deployments {
            let pod = &deployment["spec"]["template"]["spec"];
            let of_pod = &pod["securityContext"];
            assert_eq!(
                *of_pod,
                json!({"runAsNonRoot": true, "runAsUser": 65532, "runAsGroup": 65532, "fsGroup": 65532,
                    "seccompProfile": {"type": "RuntimeDefault"}})
            );
            for container in containers(pod) {
                assert_eq!(
                    container["securityContext"],
                    json!({"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
                        "capabilities": {"drop": ["ALL"]}}),
                    "{}",
                    case.name
                );
                let resources = &container["resources"];
                assert!(resources["requests"]["cpu"].is_string(), "{container:#}");
                assert!(resources["limits"]["memory"].is_string(), "{container:#}");
                assert!(resources["limits"].get("cpu").is_none(), "{container:#}");
            }
        }
    }
}

#[test]
fn the_operator_is_started_as_agreed() {
    let rendered = Rendered::of(&json!({}));
    let pod = pod(&rendered, "wayleave-operator");
    let container = &pod["containers"][0];
    assert_eq!(
        arguments(container).join(" "),
        "operator --config-listen 0.0.0.0:18000 --admin 0.0.0.0:8080 --lease wayleave-operator \
         --tls-secret wayleave-config-tls --ca-config-map wayleave-ca \
         --config-name wayleave-config.wayleave-system.svc --data-plane-account wayleave-system/wayleave-gateway"
    );
    assert_eq!(pod["automountServiceAccountToken"], true);
    for (probe, path) in [("livenessProbe", "/livez"), ("readinessProbe", "/readyz")] {
        assert_eq!(
            container[probe]["httpGet"],
            json!({"path": path, "port": "admin"})
        );
    }
    let deployment = rendered.get("Deployment", "wayleave-operator");
    assert_eq!(deployment["spec"]["replicas"], 2);
    assert_eq!(
        deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"],
        0
    );
    let service = &rendered.get("Service", "wayleave-config")["spec"];
    assert_eq!(
        (&service["clusterIP"], &service["publishNotReadyAddresses"]),
        (&json!("None"), &json!(false))
    );
    let secret = rendered.get("Secret", "wayleave-config-tls");
    assert_eq!(secret["type"], "Opaque");
    assert!(secret.get("data").is_none() && secret.get("stringData").is_none());
}

#[test]
fn the_processor_is_started_as_agreed() {
    let rendered = Rendered::of(&json!({}));
    let pod = pod(&rendered, "wayleave-gateway");
    let container = &pod["containers"][0];
    assert_eq!(
        arguments(container).join(" "),
        "ext-proc --config-server https://wayleave-config.wayleave-system.svc:18000 \
         --config-ca /var/run/wayleave/ca/ca.crt --config-token /var/run/wayleave/token/token \
         --socket /run/wayleave/ext-proc.sock --envoy-admin /run/wayleave/envoy-admin.sock \
         --admin 0.0.0.0:4001 --shutdown-delay 5s --drain-timeout 30s"
    );
    assert_eq!(pod["automountServiceAccountToken"], false);
    assert_eq!(pod["terminationGracePeriodSeconds"], 5 + 30 + 15);
    assert_eq!(container["readinessProbe"]["httpGet"]["path"], "/readyz");
    let volume = |name: &str| {
        let volumes = pod["volumes"].as_array().unwrap();
        volumes.iter().find(|volume| volume["name"] == name).unwrap()
    };
    assert_eq!(volume("run")["emptyDir"]["medium"], "Memory");
    assert_eq!(volume("ca")["configMap"], json!({"name": "wayleave-ca"}));
    assert_eq!(
        volume("token")["projected"]["sources"],
        json!([{"serviceAccountToken": {"path": "token", "audience": "wayleave-config", "expirationSeconds": 3600}}])
    );
    assert_eq!(
        rendered.get("Deployment", "wayleave-gateway")["spec"]["replicas"],
        2
    );
}

/// A sidecar is ended after the containers: the drain needs it.
#[test]
fn envoy_is_a_sidecar_that_shares_the_socket() {
    let rendered = Rendered::of(&json!({}));
    let pod = pod(&rendered, "wayleave-gateway");
    let envoy = &pod["initContainers"][0];
    assert_eq!(
        (&envoy["name"], &envoy["restartPolicy"]),
        (&json!("envoy"), &json!("Always"))
    );
    assert_eq!(envoy["image"], "docker.io/envoyproxy/envoy:distroless-v1.40.0");
    assert_eq!(
        after(&arguments(envoy), "--config-path"),
        Some("/etc/envoy/envoy.json")
    );
    for probe in ["startupProbe", "readinessProbe"] {
        assert_eq!(envoy[probe]["tcpSocket"]["port"], "http");
    }
    let mount = json!({"name": "run", "mountPath": "/run/wayleave"});
    for container in containers(pod) {
        assert!(container["volumeMounts"].as_array().unwrap().contains(&mount));
    }
    let service = &rendered.get("Service", "wayleave-gateway")["spec"];
    assert_eq!(
        (
            &service["type"],
            &service["ports"][0]["port"],
            &service["ports"][0]["targetPort"],
            &service["ports"][0]["appProtocol"]
        ),
        (&json!("ClusterIP"), &json!(80), &json!("http"), &json!("http"))
    );
}

#[test]
fn a_longer_drain_makes_a_longer_grace() {
    let rendered =
        Rendered::of(&json!({"gateway": {"shutdownDelaySeconds": 20, "drainTimeoutSeconds": 600}}));
    let pod = pod(&rendered, "wayleave-gateway");
    assert_eq!(pod["terminationGracePeriodSeconds"], 635);
    let arguments = arguments(&pod["containers"][0]);
    assert_eq!(after(&arguments, "--shutdown-delay"), Some("20s"));
    assert_eq!(after(&arguments, "--drain-timeout"), Some("600s"));
}

#[test]
fn another_bootstrap_replaces_the_pods_and_another_label_does_not() {
    let template = |values: Value| {
        let rendered = Rendered::of(&values);
        rendered.get("Deployment", "wayleave-gateway")["spec"]["template"].clone()
    };
    let default = template(json!({}));
    assert_ne!(
        default,
        template(json!({"gateway": {"envoy": {"bootstrap": "{}"}}}))
    );
    assert_eq!(
        default,
        template(json!({"gateway": {"service": {"labels": {"a": "b"}}}}))
    );
    assert!(!default.to_string().contains("helm.sh/chart"));
}

#[test]
fn accounts_of_ones_own_are_used() {
    let rendered = Rendered::of(&json!({
        "operator": {"serviceAccount": {"create": false, "name": "mine"}},
        "gateway": {"serviceAccount": {"name": "theirs"}},
    }));
    assert_eq!(pod(&rendered, "wayleave-operator")["serviceAccountName"], "mine");
    assert_eq!(pod(&rendered, "wayleave-gateway")["serviceAccountName"], "theirs");
    assert!(rendered.find("ServiceAccount", "mine").is_none());
    rendered.get("ServiceAccount", "theirs");
    let operator = arguments(&pod(&rendered, "wayleave-operator")["containers"][0]);
    assert_eq!(
        after(&operator, "--data-plane-account"),
        Some("wayleave-system/theirs")
    );
    for binding in rendered.all("RoleBinding") {
        assert_eq!(binding["subjects"][0]["name"], "mine");
    }
}

/// One pod and a budget of one would never let a node be drained.
#[test]
fn a_budget_is_only_for_more_than_one_pod() {
    let budgets = |values: Value| Rendered::of(&values).all("PodDisruptionBudget").len();
    assert_eq!(budgets(json!({})), 2);
    assert_eq!(budgets(json!({"operator": {"replicas": 1}})), 1);
    let scaled = |least: u32| json!({"gateway": {"replicas": 1, "autoscaling": {"enabled": true, "minReplicas": least}}});
    assert_eq!((budgets(scaled(1)), budgets(scaled(3))), (1, 2));
}

#[test]
fn with_autoscaling_the_number_of_pods_is_the_autoscalers() {
    let rendered = Rendered::of(&json!({"gateway": {"autoscaling": {"enabled": true}}}));
    assert!(
        rendered.get("Deployment", "wayleave-gateway")["spec"]
            .get("replicas")
            .is_none()
    );
    let target = &rendered.get("HorizontalPodAutoscaler", "wayleave-gateway")["spec"]["scaleTargetRef"];
    assert_eq!(
        (&target["kind"], &target["name"]),
        (&json!("Deployment"), &json!("wayleave-gateway"))
    );
}

#[test]
fn pods_are_spread_by_their_own_labels() {
    for component in ["operator", "gateway"] {
        let rendered = Rendered::of(&json!({}));
        let deployment = rendered.get("Deployment", &format!("wayleave-{component}"));
        let spread = &deployment["spec"]["template"]["spec"]["topologySpreadConstraints"][0];
        assert_eq!(spread["labelSelector"], deployment["spec"]["selector"]);
        assert_eq!(
            spread["labelSelector"]["matchLabels"]["app.kubernetes.io/component"],
            component
        );
    }
}

#[test]
fn only_the_gateway_reaches_the_operator() {
    let rendered = Rendered::of(&json!({"networkPolicy": {"enabled": true}}));
    let operator = &rendered.get("NetworkPolicy", "wayleave-operator")["spec"];
    assert_eq!(operator["policyTypes"], json!(["Ingress"]));
    let gateway = &rendered.get("Deployment", "wayleave-gateway")["spec"]["selector"];
    assert_eq!(
        operator["ingress"],
        json!([{"from": [{"podSelector": gateway}], "ports": [{"port": "grpc-config", "protocol": "TCP"}]}])
    );
    let clients = &rendered.get("NetworkPolicy", "wayleave-gateway")["spec"]["ingress"];
    assert_eq!(
        *clients,
        json!([{"ports": [{"port": "http", "protocol": "TCP"}]}])
    );
}

/// Names of ports have to be those of the containers.
#[test]
fn every_port_that_is_named_is_there() {
    for case in cases() {
        let rendered = Rendered::of(&case.values);
        for service in rendered.all("Service") {
            assert_eq!(service["metadata"]["namespace"], NAMESPACE);
            let spec = &service["spec"];
            let deployments = rendered.all("Deployment");
            let selected = deployments
                .into_iter()
                .find(|deployment| deployment["spec"]["selector"]["matchLabels"] == spec["selector"]);
            let pod = &selected.unwrap_or_else(|| panic!("{service:#} selects nothing"))["spec"]["template"]
                ["spec"];
            let named = |name: &Value| {
                let ports = containers(pod)
                    .into_iter()
                    .flat_map(|container| container["ports"].as_array().unwrap());
                ports.into_iter().any(|port| port["name"] == *name)
            };
            for port in spec["ports"].as_array().unwrap() {
                assert!(named(&port["targetPort"]), "{}: {port}", case.name);
            }
        }
    }
}

#[test]
fn the_ledger_goes_where_the_values_say() {
    let books = cases().into_iter().find(|case| case.name == "books").unwrap();
    let rendered = Rendered::of(&books.values);
    let pod = pod(&rendered, "wayleave-gateway");
    let container = &pod["containers"][0];
    let arguments = arguments(container);
    for (flag, value) in [
        ("--ledger-spool", "/var/lib/wayleave/spool"),
        ("--ledger-spool-max-bytes", "512Mi"),
        ("--ledger-clickhouse", "http://clickhouse:8123"),
        ("--ledger-clickhouse-database", "books"),
        ("--ledger-clickhouse-table", "wayleave_ledger"),
        ("--ledger-clickhouse-user", "wayleave"),
        (
            "--ledger-clickhouse-password-file",
            "/var/run/wayleave/clickhouse/password",
        ),
        ("--ledger-otlp", "http://collector:4318"),
    ] {
        assert_eq!(after(&arguments, flag), Some(value), "{flag}");
    }
    assert!(arguments.contains(&"--ledger-clickhouse-migrate"));
    let volumes = pod["volumes"].as_array().unwrap();
    for volume in [
        json!({"name": "spool", "emptyDir": {"sizeLimit": "1Gi"}}),
        json!({"name": "clickhouse", "secret": {"secretName": "clickhouse"}}),
    ] {
        assert!(volumes.contains(&volume), "{volume} in {volumes:?}");
    }
    let mounts = container["volumeMounts"].as_array().unwrap();
    assert!(mounts.contains(&json!({"name": "spool", "mountPath": "/var/lib/wayleave/spool"})));
}

#[test]
fn what_is_learned_goes_where_the_values_say() {
    let of = |name: &str| {
        let case = cases().into_iter().find(|case| case.name == name).unwrap();
        pod(&Rendered::of(&case.values), "wayleave-gateway").clone()
    };
    let in_folder = of("learned-in-a-folder");
    let in_redis = of("learned-in-redis");
    let ca = "/var/run/wayleave/redis-ca/ca.crt";
    let password = "/var/run/wayleave/redis/password";
    for (pod, flag, value) in [
        (&in_folder, "--learned", "/var/lib/wayleave/learned"),
        (&in_redis, "--learned-redis", "rediss://redis:6380"),
        (&in_redis, "--learned-redis-user", "wayleave"),
        (&in_redis, "--learned-redis-password-file", password),
        (&in_redis, "--learned-redis-ca", ca),
    ] {
        assert_eq!(
            after(&arguments(&pod["containers"][0]), flag),
            Some(value),
            "{flag}"
        );
    }
    let container = &in_redis["containers"][0];
    let prefix = after(&arguments(container), "--learned-redis-prefix").map(str::to_owned);
    assert!(
        prefix.is_some_and(|prefix| prefix.contains('/')),
        "NAMESPACE/RELEASE"
    );
    assert!(arguments(container).contains(&"--learned-redis-cluster"));
    for (pod, volume) in [
        (
            &in_folder,
            json!({"name": "learned", "emptyDir": {"sizeLimit": "100Mi"}}),
        ),
        (
            &in_redis,
            json!({"name": "redis", "secret": {"secretName": "redis"}}),
        ),
        (
            &in_redis,
            json!({"name": "redis-ca", "secret": {"secretName": "redis-tls"}}),
        ),
    ] {
        assert!(pod["volumes"].as_array().unwrap().contains(&volume), "{volume}");
        let mounts = pod["containers"][0]["volumeMounts"].as_array().unwrap();
        assert!(
            mounts.iter().any(|mount| mount["name"] == volume["name"]),
            "{volume}"
        );
    }
}
