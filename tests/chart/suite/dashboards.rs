//! The dashboards reach Grafana. What they show is tested in `tests/dashboards`.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};
use wayleave_tests::chart::{Rendered, chart};

/// What an annotation may hold: `kubectl apply` keeps the whole object in one.
const MOST_BYTES: usize = 256 << 10;

/// The objects that hold dashboards.
fn maps(rendered: &Rendered) -> Vec<Value> {
    let component = "app.kubernetes.io/component";
    let maps = rendered.all("ConfigMap").into_iter().cloned();
    maps.filter(|map| map["metadata"]["labels"][component] == "dashboard")
        .collect()
}

#[test]
fn each_is_a_config_map_that_the_sidecar_finds() {
    let rendered = Rendered::of(&json!({"metrics": {"dashboard": {
        "enabled": true, "annotations": {"grafana_folder": "Wayleave"},
    }}}));
    let mut shown = BTreeSet::new();
    let mut files = BTreeSet::new();
    for map in maps(&rendered) {
        assert_eq!(map["metadata"]["labels"]["grafana_dashboard"], "1");
        assert_eq!(map["metadata"]["annotations"]["grafana_folder"], "Wayleave");
        assert!(map.to_string().len() < MOST_BYTES, "{}", map["metadata"]["name"]);
        for (file, text) in map["data"].as_object().unwrap() {
            assert!(files.insert(file.clone()), "{file} twice in one folder");
            let dashboard: Value = serde_json::from_str(text.as_str().unwrap()).unwrap();
            shown.insert(dashboard["uid"].as_str().unwrap().to_owned());
        }
    }
    let there = fs::read_dir(chart("wayleave/files/dashboards")).unwrap().count();
    assert_eq!((shown.len(), files.len()), (there, there));
}

#[test]
fn there_are_none_where_they_are_not_wanted() {
    assert_eq!(maps(&Rendered::of(&json!({}))), Vec::<Value>::new());
}
