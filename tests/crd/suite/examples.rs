//! The examples.

use std::fs;

use super::manifest::{Manifest, read_folder, root};
use super::server::judge;

#[tokio::test]
async fn the_api_server_takes_every_example() {
    let folders = fs::read_dir(root().join("examples")).unwrap();
    let folders = folders
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir());
    let manifests: Vec<Manifest> = folders
        .flat_map(|folder| read_folder(&folder))
        .filter(|manifest| manifest.object["apiVersion"] == "wayleave.dev/v1alpha1")
        .collect();
    assert!(manifests.len() > 10, "{} manifests", manifests.len());
    let judged = judge(manifests.iter().map(|manifest| &manifest.object)).await;
    for (manifest, said) in manifests.iter().zip(judged) {
        assert!(said.is_empty(), "{}: {said:?}", manifest.place);
    }
}
