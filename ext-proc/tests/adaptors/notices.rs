//! What a data plane tells its configuration server of what it cannot do.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use envoy_types::pb::envoy::service::discovery::v3::Resource as Entry;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use wayleave_core::notice::{Notice, Notices};
use wayleave_core::resource::{Resource, ResourceKind, ResourceName};
use wayleave_core::secret::Secret;
use wayleave_core::snapshot::ObjectName;
use wayleave_core::snapshot::cache::{
    Cache, CacheRules, CacheState, KeyParts, Partition, RedisStore, Semantic, Store, ToolCalls, Verify,
};

use crate::config_plane::{DataPlane, TOKEN, sim, whole};
use crate::config_server::{FakeServer, Gate, certificate, entry};

/// A server that speaks as Redis does and knows no vectors.
async fn store() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream));
        }
    });
    address
}

/// Answers each command: a list of texts, each after a line with its length.
async fn answer(stream: TcpStream) -> Option<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    loop {
        let parts: usize = lines.next_line().await.ok()??.strip_prefix('*')?.parse().ok()?;
        let mut command = Vec::new();
        for _ in 0..parts {
            lines.next_line().await.ok()??;
            command.push(lines.next_line().await.ok()??);
        }
        let said = match &*command[0] {
            "PING" => "+PONG\r\n",
            "COMMAND" => "*2\r\n*-1\r\n*-1\r\n",
            _ => "+OK\r\n",
        };
        write.write_all(said.as_bytes()).await.ok()?;
    }
}

fn cache(store: SocketAddr, version: &str, semantic: bool) -> Entry {
    let name = |name: &str| ObjectName::new("team", name);
    let semantic = semantic.then(|| Semantic {
        threshold: Semantic::DEFAULT_THRESHOLD,
        provider: name("sim"),
        model: "embedder".into(),
        timeout: Duration::from_secs(1),
        max_turns: 1,
        verify: Verify::Words,
    });
    let rules = CacheRules {
        ttl: Duration::from_secs(60),
        partition: Partition::Route,
        key: KeyParts::default(),
        methods: std::iter::empty().collect(),
        max_entry_bytes: 1024,
        max_temperature: "0".parse().unwrap(),
        tool_calls: ToolCalls::Skip,
        store: Store::Redis(Arc::new(RedisStore {
            url: Secret::new(format!("redis://{store}")),
            cluster: false,
            ca_pem: None,
            timeout: Duration::from_secs(10),
            encryption_key: None,
        })),
        semantic,
    };
    let cache = Cache {
        name: name("kept"),
        routes: vec![name("all")],
        rules: CacheState::Ready(Arc::new(rules)),
    };
    entry(&Resource::Cache(Arc::new(cache)), version)
}

#[tokio::test]
async fn a_store_without_vectors_is_told_on_each_stream_until_nobody_asks_for_them() {
    let (sim, certificate, store) = (sim(), certificate(), store().await);
    let mut server = FakeServer::start(&certificate, Gate::Token(TOKEN)).await;
    let data_plane = DataPlane::start(&[server.url()], &certificate).await;
    let policy = ResourceName::new(ResourceKind::Cache, ObjectName::new("team", "kept"));
    let lacks = Notices::from([(policy, Notice::NoVectorSearch)]);

    let mut stream = server.stream().await;
    let mut all = whole(&sim);
    all.push(cache(store, "1", true));
    stream.complete(all, &[]).await;
    assert_eq!(stream.notices().await, lacks);
    data_plane
        .shows(
            "/metrics",
            "wayleave_cache_semantic_shared{policy=\"team/kept\"} 0",
        )
        .await;
    assert!(stream.is_silent().await, "it is told once");
    drop(stream);

    let mut stream = server.stream().await;
    stream.complete(vec![], &[]).await;
    assert_eq!(stream.notices().await, lacks);
    stream.complete(vec![cache(store, "2", false)], &[]).await;
    assert_eq!(stream.notices().await, Notices::new());
    stream.complete(vec![cache(store, "3", true)], &[]).await;
    assert_eq!(stream.notices().await, lacks);
    stream.complete(vec![], &["cache/team/kept"]).await;
    assert_eq!(stream.notices().await, Notices::new());
    assert!(!data_plane.text("/metrics").await.contains("semantic_shared{"));
}
