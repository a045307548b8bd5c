//! A cluster of three nodes.

use super::process::{By, free_port};
use super::*;
use crate::cache::store::{Item, Vector};

/// Slots of each node.
const PARTS: [(u16, u16); 3] = [(0, 5460), (5461, 10922), (10923, 16383)];

pub(crate) struct Node {
    process: Process,
    pub(crate) port: u16,
    bus: u16,
}

/// Which program a node is.
#[derive(Clone, Copy)]
pub(crate) enum Program {
    Any,
    With(By),
}

async fn node(program: Program) -> Option<Node> {
    let (port, bus) = (free_port(), free_port());
    let (port_text, bus_text) = (port.to_string(), bus.to_string());
    let arguments = [
        "--port",
        &port_text,
        "--cluster-port",
        &bus_text,
        "--cluster-enabled",
        "yes",
        "--cluster-node-timeout",
        "2000",
        "--cluster-require-full-coverage",
        "no",
    ];
    let process = match program {
        Program::Any => Process::start(&arguments).await?,
        Program::With(by) => Process::start_with(by, &arguments).await?,
    };
    Some(Node { process, port, bus })
}

/// Three nodes that know each other.
pub(crate) async fn nodes(program: Program) -> Option<Vec<Node>> {
    let mut nodes = Vec::new();
    for (from, to) in PARTS {
        let node = node(program).await?;
        let raw = raw(&node.process.url()).await;
        let () = raw
            .ask(cmd("CLUSTER").arg("ADDSLOTSRANGE").arg(from).arg(to))
            .await
            .unwrap();
        nodes.push(node);
    }
    let first = &nodes[0];
    for node in &nodes {
        let raw = raw(&node.process.url()).await;
        let mut meet = cmd("CLUSTER");
        meet.arg("MEET").arg("127.0.0.1").arg(first.port).arg(first.bus);
        let () = raw.ask(&meet).await.unwrap();
    }
    for node in &nodes {
        let raw = raw(&node.process.url()).await;
        until("the node knows the cluster", async || {
            let told: String = raw.ask(cmd("CLUSTER").arg("INFO")).await.unwrap();
            let whole = [
                "cluster_state:ok",
                "cluster_slots_ok:16384",
                "cluster_known_nodes:3",
            ];
            whole.iter().all(|line| told.contains(line)).then_some(())
        })
        .await;
    }
    Some(nodes)
}

async fn entries(node: &Node) -> usize {
    names(&raw(&node.process.url()).await).await
}

#[tokio::test]
async fn a_cluster_shares_entries_out_and_forgets_them_everywhere() {
    let Some(mut nodes) = nodes(Program::Any).await else {
        return;
    };
    let opened = connected(RedisStore {
        cluster: true,
        ..spec(&format!("redis://127.0.0.1:{}", nodes[1].port))
    })
    .await;
    let store = &opened.store;
    for number in 0..100 {
        opened.put(&key("a/r", "one", number)).await;
        opened.put(&key("a/s", "one", number)).await;
        assert_eq!(
            store.get(&key("a/r", "one", number)).await,
            Lookup::Found(entry())
        );
    }
    let mut all = 0;
    for node in &nodes {
        let here = entries(node).await;
        assert!(here > 20, "{here}");
        all += here;
    }
    assert_eq!(all, 200);
    assert_eq!(store.purge(&Purge::Route(Arc::from("a/r"))).await, Ok(100));
    assert_eq!(store.purge(&Purge::Key(key("a/s", "one", 0))).await, Ok(1));
    assert_eq!(store.get(&key("a/r", "one", 5)).await, Lookup::Missing);
    assert_eq!(store.get(&key("a/s", "one", 5)).await, Lookup::Found(entry()));

    // The others go on when one of them is gone.
    let left = entries(&nodes[0]).await + entries(&nodes[2]).await;
    nodes[1].process.kill();
    let opened = connected(RedisStore {
        cluster: true,
        timeout: Duration::from_millis(50),
        ..spec(&format!("redis://127.0.0.1:{}", nodes[0].port))
    })
    .await;
    until("all that is left is found", async || {
        let mut found = 0;
        for number in 1..100 {
            let looked = opened.store.get(&key("a/s", "one", number)).await;
            found += usize::from(looked == Lookup::Found(entry()));
        }
        (found == left).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_cluster_shares_out_what_similar_requests_are_found_by() {
    let Some(nodes) = nodes(Program::With(By::VectorSets)).await else {
        return;
    };
    let cluster = |node: usize| RedisStore {
        cluster: true,
        ..spec(&format!("redis://127.0.0.1:{}", nodes[node].port))
    };
    let (one, other) = (connected(cluster(0)).await, connected(cluster(1)).await);
    let along = Vector::new(vec![1.0, 0.0]).unwrap();
    for number in 0..50 {
        let item = Item {
            request: key("", "", number).request,
            words: number.to_string().into(),
            vector: along.clone(),
        };
        one.put_up(&key("a/r", "one", number), item).await;
        let found = other.store.nearest(&key("a/r", "one", number), &along, 0.9).await;
        let words: Vec<&str> = found.iter().map(|found| &*found.words).collect();
        assert_eq!(words, [number.to_string()]);
    }
    for node in &nodes {
        let here = entries(node).await;
        assert!(here > 5, "{here}");
    }
    assert_eq!(one.store.purge(&Purge::Route(Arc::from("a/r"))).await, Ok(0));
    for node in &nodes {
        assert_eq!(entries(node).await, 0);
    }
}

#[tokio::test]
async fn a_cluster_whose_nodes_search_only_what_they_hold_is_not_searched() {
    let Some(nodes) = nodes(Program::With(By::SearchModule)).await else {
        return;
    };
    let spec = RedisStore {
        cluster: true,
        ..spec(&format!("redis://127.0.0.1:{}", nodes[0].port))
    };
    vectors::each_finds_its_own(spec.clone()).await;
    for node in &nodes {
        assert_eq!(entries(node).await, 0);
    }
    // Where a search reaches all, any node is asked.
    let wire = Server::new(&spec).unwrap().connect().await.unwrap();
    let echo: String = wire.ask_any(cmd("ECHO").arg("any")).await.unwrap();
    assert_eq!(echo, "any");
}
