//! Values that are wrong are refused, and every value is described.

use std::fs;

use serde_json::{Value, json};
use wayleave_tests::chart::{Rendered, chart, objects};

#[test]
fn wrong_values_are_refused() {
    let wrong = [
        (json!({"replicas": 3}), "replicas"),
        (json!({"operator": {"replica": 3}}), "/operator"),
        (json!({"operator": {"replicas": 0}}), "/operator/replicas"),
        (json!({"operator": {"replicas": "2"}}), "/operator/replicas"),
        (json!({"image": {"repository": ""}}), "/image/repository"),
        (json!({"image": {"digest": "latest"}}), "/image/digest"),
        (json!({"image": {"pullPolicy": "Sometimes"}}), "/image/pullPolicy"),
        (
            json!({"image": {"pullSecrets": ["registry"]}}),
            "/image/pullSecrets/0",
        ),
        (json!({"log": {"format": "xml"}}), "/log/format"),
        (json!({"watch": {"namespaces": "team-a"}}), "/watch/namespaces"),
        (
            json!({"watch": {"namespaces": ["Team_A"]}}),
            "/watch/namespaces/0",
        ),
        (json!({"watch": {"namespaces": ["a", "a"]}}), "/watch/namespaces"),
        (
            json!({"gateway": {"drainTimeoutSeconds": "30s"}}),
            "/gateway/drainTimeoutSeconds",
        ),
        (
            json!({"gateway": {"service": {"port": 0}}}),
            "/gateway/service/port",
        ),
        (
            json!({"gateway": {"service": {"type": "ExternalName"}}}),
            "/gateway/service/type",
        ),
        (
            json!({"gateway": {"podDisruptionBudget": {"minAvailable": "half"}}}),
            "/gateway/podDisruptionBudget/minAvailable",
        ),
        (
            json!({"gateway": {"podLabels": {"a": 1}}}),
            "/gateway/podLabels/a",
        ),
        (
            json!({"metrics": {"podMonitor": {"interval": "soon"}}}),
            "/metrics/podMonitor/interval",
        ),
        (
            json!({"attach": {"envoyGateway": {"parentRefs": [{}]}}}),
            "/attach/envoyGateway/parentRefs/0",
        ),
        (
            json!({"attach": {"istio": {"ca": {"pem": "no certificate"}}}}),
            "/attach/istio/ca/pem",
        ),
        (json!({"attach": {"linkerd": {}}}), "/attach"),
    ];
    for (values, place) in wrong {
        match Rendered::try_of(&values, &[]) {
            Ok(_) => panic!("{values} is not refused"),
            Err(said) => assert!(said.contains(place), "{values}: {said}"),
        }
    }
}

/// What no schema can say.
#[test]
fn values_that_contradict_each_other_are_refused() {
    let wrong = [
        (
            json!({"gateway": {"envoy": {"enabled": false}}}),
            "nobody could call the gateway",
        ),
        (
            json!({"attach": {"envoyGateway": {"enabled": true}}}),
            "give the Gateways of the chart's route",
        ),
        (json!({"attach": {"istio": {"enabled": true}}}), "one of the two"),
        (
            json!({"attach": {"istio": {"enabled": true, "ca": {"file": "/a", "pem": super::cases::PEM}}}}),
            "one of the two",
        ),
        (
            json!({"operator": {"serviceAccount": {"create": false}}}),
            "operator.serviceAccount.name",
        ),
        (
            json!({"gateway": {"autoscaling": {"enabled": true, "targetCPUUtilizationPercentage": null}}}),
            "needs a target",
        ),
    ];
    for (values, told) in wrong {
        match Rendered::try_of(&values, &[]) {
            Ok(_) => panic!("{values} is not refused"),
            Err(said) => assert!(said.contains(told), "{values}: {said}"),
        }
    }
}

#[test]
fn every_value_is_described_and_has_a_default() {
    let read = |name: &str| fs::read_to_string(chart("wayleave").join(name)).unwrap();
    let schema: Value = serde_json::from_str(&read("values.schema.json")).unwrap();
    let defaults = objects(&read("values.yaml")).remove(0);
    let mut values = 0;
    compare("", &schema, &defaults, &mut values);
    assert!(values > 90, "{values} values");
}

fn compare(path: &str, schema: &Value, defaults: &Value, values: &mut usize) {
    let properties = schema["properties"].as_object().unwrap();
    assert_eq!(schema["additionalProperties"], false, "{path} takes anything");
    for name in defaults.as_object().unwrap().keys() {
        assert!(
            properties.contains_key(name),
            "{path}/{name} is not in the schema"
        );
    }
    for (name, property) in properties.iter().filter(|(name, _)| *name != "global") {
        let path = format!("{path}/{name}");
        *values += 1;
        let told = property["description"].as_str().unwrap_or_default();
        assert!(!told.is_empty(), "{path} has no description");
        let default = defaults.get(name);
        let default = default.unwrap_or_else(|| panic!("{path} is not in values.yaml"));
        if property.get("properties").is_some() {
            compare(&path, property, default, values);
        }
    }
}
