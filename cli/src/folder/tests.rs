use std::fs;
use std::os::unix::fs::symlink;

use tempfile::TempDir;
use tokio::time::timeout;

use super::*;

/// The promise to users is a second, of which reading and compiling need a share.
const IN_TIME: Duration = Duration::from_millis(900);

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

async fn expect_change(watch: &mut FolderWatch) {
    timeout(IN_TIME, watch.changed())
        .await
        .expect("the change is told in time");
}

#[tokio::test]
async fn a_written_a_new_and_a_removed_file_are_told() {
    let folder = folder(&[("a.yaml", "1")]);
    let mut watch = FolderWatch::new(folder.path());
    fs::write(folder.path().join("a.yaml"), "2").unwrap();
    expect_change(&mut watch).await;
    fs::write(folder.path().join("b.yaml"), "1").unwrap();
    expect_change(&mut watch).await;
    fs::remove_file(folder.path().join("a.yaml")).unwrap();
    expect_change(&mut watch).await;
}

#[tokio::test]
async fn an_editors_renames_are_one_change() {
    let folder = folder(&[("a.yaml", "1")]);
    let mut watch = FolderWatch::new(folder.path());
    let path = |name| folder.path().join(name);
    fs::write(path(".a.yaml.swp"), "2").unwrap();
    fs::rename(path("a.yaml"), path("a.yaml~")).unwrap();
    fs::rename(path(".a.yaml.swp"), path("a.yaml")).unwrap();
    fs::remove_file(path("a.yaml~")).unwrap();
    expect_change(&mut watch).await;
    timeout(QUIET * 2, watch.changed())
        .await
        .expect_err("there was no second change");
}

#[tokio::test]
async fn a_mounted_config_maps_swap_is_told() {
    let folder = folder(&[]);
    let path = |name: &str| folder.path().join(name);
    for (version, text) in [("..1", "old"), ("..2", "new!")] {
        fs::create_dir(path(version)).unwrap();
        fs::write(path(version).join("a.yaml"), text).unwrap();
    }
    symlink("..1", path("..data")).unwrap();
    symlink("..data/a.yaml", path("a.yaml")).unwrap();
    let mut watch = FolderWatch::new(folder.path());
    symlink("..2", path("..tmp")).unwrap();
    fs::rename(path("..tmp"), path("..data")).unwrap();
    expect_change(&mut watch).await;
    assert_eq!(fs::read_to_string(path("a.yaml")).unwrap(), "new!");
}

#[tokio::test]
async fn reading_is_no_change() {
    let folder = folder(&[("a.yaml", "1")]);
    let mut watch = FolderWatch::new(folder.path());
    for _ in 0..5 {
        fs::read(folder.path().join("a.yaml")).unwrap();
    }
    timeout(QUIET * 3, watch.changed())
        .await
        .expect_err("nothing has changed");
}

#[tokio::test]
async fn a_linked_folder_that_is_set_anew_is_followed() {
    let parent = folder(&[]);
    let path = |name: &str| parent.path().join(name);
    for name in ["one", "two"] {
        fs::create_dir(path(name)).unwrap();
        fs::write(path(name).join("a.yaml"), name).unwrap();
    }
    symlink("one", path("current")).unwrap();
    let mut watch = FolderWatch::new(&path("current"));
    symlink("two", path("next")).unwrap();
    fs::rename(path("next"), path("current")).unwrap();
    // Nothing in the folder itself tells of this: the rescan finds it.
    timeout(RESCAN * 3, watch.changed())
        .await
        .expect("the rescan finds it");
    fs::write(path("two").join("a.yaml"), "three").unwrap();
    expect_change(&mut watch).await;
}

#[tokio::test]
async fn a_folder_in_the_place_of_another_is_followed() {
    let parent = folder(&[]);
    let path = |name: &str| parent.path().join(name);
    for name in ["current", "next"] {
        fs::create_dir(path(name)).unwrap();
        fs::write(path(name).join("a.yaml"), name).unwrap();
    }
    let mut watch = FolderWatch::new(&path("current"));
    fs::rename(path("current"), path("old")).unwrap();
    fs::rename(path("next"), path("current")).unwrap();
    timeout(RESCAN * 3, watch.changed())
        .await
        .expect("the rescan finds it");
    fs::write(path("current").join("a.yaml"), "other").unwrap();
    expect_change(&mut watch).await;
}
