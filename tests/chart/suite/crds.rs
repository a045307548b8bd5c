//! The chart of the kinds is `crds/`, and nothing is deleted with it.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use wayleave_tests::chart::{Rendered, objects};

const KEEP: &str = "helm.sh/resource-policy";

#[test]
fn it_is_the_generated_kinds_with_one_annotation() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crds");
    let mut generated: Vec<Value> = fs::read_dir(folder)
        .unwrap()
        .flat_map(|entry| objects(&fs::read_to_string(entry.unwrap().path()).unwrap()))
        .collect();
    for crd in &mut generated {
        crd["metadata"]["annotations"][KEEP] = json!("keep");
    }
    let name = |crd: &Value| crd["metadata"]["name"].as_str().unwrap().to_owned();
    generated.sort_by_key(name);
    let mut rendered = Rendered::crds().objects;
    rendered.sort_by_key(name);
    let names = |crds: &[Value]| crds.iter().map(name).collect::<Vec<_>>();
    assert_eq!(names(&rendered), names(&generated));
    for (rendered, generated) in rendered.iter().zip(&generated) {
        assert!(
            rendered == generated,
            "{} differs: run `make crds`",
            name(rendered)
        );
    }
}
