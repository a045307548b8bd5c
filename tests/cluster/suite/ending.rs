//! How it stops, starts again and ends.

use std::process::Stdio;
use std::time::Duration;

use rustix::process::Signal;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;
use wayleave_tests::cluster::Cluster;
use wayleave_tests::process::{lives, signal};
use wayleave_tests::until;

const LIMIT: Duration = Duration::from_secs(60);
/// Before the line in which a process that is to be killed names its servers.
const SERVERS: &str = "servers: ";

#[tokio::test]
async fn a_restart_keeps_the_data_and_the_port() {
    let mut cluster = Cluster::start().await;
    let create = ["create", "configmap", "colours", "--from-literal=sky=blue"];
    cluster.kubectl(&create).await;
    let before = cluster.get_json("configmap", "default", "colours").await;
    let url = cluster.url();

    cluster.stop_api_server();
    let said = cluster
        .try_kubectl(&["get", "configmap", "colours"])
        .await
        .unwrap_err();
    assert!(said.contains("refused"), "{said}");

    cluster.start_api_server().await;
    assert_eq!(cluster.url(), url);
    let after = cluster.get_json("configmap", "default", "colours").await;
    assert_eq!(after, before);
}

#[tokio::test]
async fn nothing_is_left_of_a_cluster_that_is_dropped() {
    let cluster = Cluster::start().await;
    let (processes, folder) = (cluster.processes(), cluster.folder());
    assert_eq!(processes.len(), 2);
    assert!(processes.iter().all(|process| lives(*process)));
    assert!(folder.is_dir());
    drop(cluster);
    assert!(!processes.iter().any(|process| lives(*process)));
    assert!(!folder.exists());
}

#[tokio::test]
async fn nothing_runs_on_after_a_test_that_is_killed() {
    let mut tests = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture"])
        .arg("suite::ending::waits_to_be_killed")
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(tests.stdout.take().unwrap()).lines();
    let servers = loop {
        let line = lines.next_line().await.unwrap().expect("a line with its servers");
        if let Some((_, servers)) = line.split_once(SERVERS) {
            break servers.to_owned();
        }
    };
    let servers: Vec<u32> = servers.split(' ').map(|server| server.parse().unwrap()).collect();
    assert!(
        servers.len() == 2 && servers.iter().all(|server| lives(*server)),
        "{servers:?}"
    );

    signal(tests.id().unwrap(), Signal::KILL);
    tests.wait().await.unwrap();
    until("the servers end with their test", LIMIT, async || {
        (!servers.iter().any(|server| lives(*server))).then_some(())
    })
    .await;
}

#[tokio::test]
#[ignore = "another test starts it as a process, to kill it"]
async fn waits_to_be_killed() {
    let cluster = Cluster::start().await;
    let processes = cluster.processes();
    println!("{SERVERS}{} {}", processes[0], processes[1]);
    tokio::time::sleep(LIMIT).await;
    panic!("nobody killed it");
}
