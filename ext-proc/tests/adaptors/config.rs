//! The whole process with a configuration server: what it takes, what it answers, and what it does when nobody is there.

use std::io;
use std::sync::{Arc, Mutex};

use http::StatusCode;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

use crate::config_plane::{DataPlane, TOKEN, provider, route, sim, whole};
use crate::config_server::{FakeServer, Gate, certificate};

#[tokio::test]
async fn it_is_ready_when_the_first_set_is_whole_and_not_before() {
    let (sim, certificate) = (sim(), certificate());
    let mut server = FakeServer::start(&certificate, Gate::Token(TOKEN)).await;
    let data_plane = DataPlane::start(&[server.url()], &certificate).await;
    let mut stream = server.stream().await;
    let node = stream.first.node.clone().unwrap();
    assert_eq!(
        (node.id.as_str(), node.user_agent_name.as_str()),
        ("pod-1", "wayleave")
    );
    assert_eq!(stream.first.resource_names_subscribe, ["*"]);
    assert!(stream.first.initial_resource_versions.is_empty());
    data_plane.says("has not sent a whole one so far").await;

    let mut parts = whole(&sim);
    stream.send("1", "", vec![parts.remove(0)], &[]).await;
    assert!(stream.is_silent().await, "nothing is in force yet");
    assert_eq!(
        data_plane.page("/readyz").await.status,
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert_eq!(data_plane.call().await.json()["error"]["code"], "not_ready");
    stream.send("2", "v1", parts, &[]).await;
    assert_eq!(stream.answer().await, ("1".to_owned(), vec![]));
    // What is answered is in force: there is nothing to wait for.
    assert_eq!(data_plane.page("/readyz").await.status, StatusCode::OK);
    data_plane.serves().await;
    assert_eq!(stream.answer().await, ("2".to_owned(), vec![]));

    let metrics = data_plane.text("/metrics").await;
    for line in [
        "wayleave_config_connected 1",
        "wayleave_config_resources 2",
        "wayleave_config_updates_total{result=\"acked\"} 2",
        "wayleave_configurations_total 1",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line}: {metrics}");
    }
    assert!(
        metrics.contains("wayleave_config_last_update_timestamp_seconds 1") && metrics.ends_with("# EOF\n")
    );
}

#[tokio::test]
async fn a_set_may_be_empty() {
    let certificate = certificate();
    let mut server = FakeServer::start(&certificate, Gate::Token(TOKEN)).await;
    let data_plane = DataPlane::start(&[server.url()], &certificate).await;
    server.stream().await.complete(vec![], &[]).await;
    assert_eq!(data_plane.text("/readyz").await, "ready\n");
}

#[tokio::test]
async fn edits_and_removals_are_in_force_when_they_are_answered() {
    let (sim, certificate) = (sim(), certificate());
    let mut server = FakeServer::start(&certificate, Gate::Token(TOKEN)).await;
    let data_plane = DataPlane::start(&[server.url()], &certificate).await;
    let mut stream = server.stream().await;
    stream.complete(whole(&sim), &[]).await;
    stream.complete(vec![route(&sim, "other")], &[]).await;
    assert_eq!(data_plane.call().await.status, StatusCode::NOT_FOUND);
    stream.complete(vec![route(&sim, "m")], &[]).await;
    data_plane.serves().await;
    stream.complete(vec![], &["route/team/all"]).await;
    assert_eq!(data_plane.call().await.status, StatusCode::NOT_FOUND);
    assert!(!data_plane.text("/config").await.contains("\"all\""));
}

#[tokio::test]
async fn of_a_rejected_resource_the_last_good_stays_and_the_rest_is_taken() {
    let (sim, certificate) = (sim(), certificate());
    let mut server = FakeServer::start(&certificate, Gate::Token(TOKEN)).await;
    let data_plane = DataPlane::start(&[server.url()], &certificate).await;
    let mut stream = server.stream().await;
    stream.complete(whole(&sim), &[]).await;
    let broken = "-----BEGIN CERTIFICATE-----\nbm8=\n-----END CERTIFICATE-----\n";
    let bad = provider(&sim, |endpoint| {
        endpoint.url = "https://elsewhere.test/v1".into();
        endpoint.ca_pem = Some(broken.into());
    });
    stream
        .send("bad", "v2", vec![bad, route(&sim, "other")], &[])
        .await;
    let (nonce, rejected) = stream.answer().await;
    assert_eq!(nonce, "bad");
    let [rejected] = &rejected[..] else {
        panic!("{rejected:?}")
    };
    assert_eq!(rejected.name, "provider/team/sim");
    assert!(
        rejected
            .reason
            .contains("cannot set up TLS for https://elsewhere.test/v1"),
        "{rejected:?}"
    );
    assert_eq!(
        data_plane.call().await.status,
        StatusCode::NOT_FOUND,
        "the route is the new one"
    );
    stream.complete(vec![route(&sim, "m")], &[]).await;
    data_plane.serves().await;
    let metrics = data_plane.text("/metrics").await;
    assert!(
        metrics.contains("wayleave_config_updates_total{result=\"rejected\"} 1"),
        "{metrics}"
    );
}

#[tokio::test]
async fn calls_go_on_while_the_operator_is_away_and_then_only_the_difference_comes() {
    let (sim, certificate) = (sim(), certificate());
    let mut server = FakeServer::start(&certificate, Gate::Token(TOKEN)).await;
    let data_plane = DataPlane::start(&[server.url()], &certificate).await;
    let mut stream = server.stream().await;
    stream.complete(whole(&sim), &[]).await;
    let address = server.address;
    drop((server, stream));
    data_plane.shows("/metrics", "wayleave_config_connected 0").await;
    data_plane.serves().await;
    assert_eq!(data_plane.text("/readyz").await, "ready\n", "it stays so");

    let mut server = FakeServer::start_at(address, &certificate, Gate::Token(TOKEN)).await;
    let mut stream = server.stream().await;
    let held = &stream.first.initial_resource_versions;
    assert_eq!((held.len(), held["route/team/all"].as_str()), (2, "1"));
    stream.complete(vec![], &[]).await;
    data_plane.serves().await;
    // The server ends the stream, as it does: the next comes, and what went meanwhile is told.
    drop(stream);
    let mut stream = server.stream().await;
    assert_eq!(stream.first.initial_resource_versions.len(), 2);
    stream.complete(vec![], &["route/team/all"]).await;
    assert_eq!(data_plane.call().await.status, StatusCode::NOT_FOUND);
    let metrics = data_plane.text("/metrics").await;
    assert!(
        metrics.contains("wayleave_configurations_total 2\n"),
        "nothing new was no new configuration: {metrics}"
    );
}

#[tokio::test]
async fn nothing_is_taken_from_a_server_that_is_not_trusted() {
    let ours = certificate();
    let mut server = FakeServer::start(&certificate(), Gate::Token(TOKEN)).await;
    let data_plane = DataPlane::start(&[server.url()], &ours).await;
    let why = data_plane.says("no TLS with").await;
    assert!(why.starts_with("not ready: no configuration yet: "), "{why}");
    assert_eq!(server.attempts(), 0, "the token has not left");
    // The CA is renewed.
    drop(server);
    server = FakeServer::start(&ours, Gate::Token(TOKEN)).await;
    let renewed = DataPlane::start(&[server.url()], &certificate()).await;
    renewed.says("no TLS with").await;
    std::fs::write(renewed.files.path().join("ca.crt"), ours.cert.pem()).unwrap();
    server.stream().await.complete(vec![], &[]).await;
    assert_eq!(renewed.text("/readyz").await, "ready\n");
}

#[tokio::test]
async fn a_server_without_tls_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            // What a gRPC server without TLS begins with: the settings of HTTP/2.
            stream.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await.unwrap();
        }
    });
    let data_plane = DataPlane::start(&[url], &certificate()).await;
    data_plane.says("no TLS with").await;
    serving.abort();
}

#[tokio::test]
async fn what_is_missing_is_told() {
    let certificate = certificate();
    // A port that nobody listens on any more.
    let address = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let data_plane = DataPlane::start(&[format!("https://{address}")], &certificate).await;
    let why = data_plane.says("cannot reach").await.to_lowercase();
    assert!(
        why.contains(&format!("cannot reach https://{address}: connection refused")),
        "{why}"
    );
    std::fs::remove_file(data_plane.files.path().join("token")).unwrap();
    let why = data_plane.says("the token file").await;
    assert!(why.contains("No such file"), "{why}");
    std::fs::write(data_plane.files.path().join("token"), "t").unwrap();
    std::fs::write(data_plane.files.path().join("ca.crt"), "nothing").unwrap();
    data_plane.says("there is no certificate in it").await;
}

/// What is logged by this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_renewed_token_is_read_and_none_is_ever_shown() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    // With only one subscriber, what other tests come by first would be off for good, in this thread as well.
    let _other = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::default());
    let _guard = tracing::subscriber::set_default(subscriber);
    let (sim, certificate) = (sim(), certificate());
    let mut server = FakeServer::start(&certificate, Gate::Token("renewed-token")).await;
    let data_plane = DataPlane::start(&[server.url()], &certificate).await;
    let mut shown = data_plane.says("the server does not trust this token").await;
    assert!(shown.contains("the token has expired"), "{shown}");
    std::fs::write(data_plane.files.path().join("token"), "renewed-token").unwrap();
    let mut stream = server.stream().await;
    stream.complete(whole(&sim), &[]).await;
    data_plane.serves().await;
    for path in ["/readyz", "/metrics", "/config"] {
        shown += &data_plane.text(path).await;
    }
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(
        log.contains("the configuration server is connected"),
        "the log is read"
    );
    let untrusted = log.matches("no configuration server serves").count();
    assert_eq!(untrusted, 1, "each change is told once");
    for secret in [TOKEN, "renewed-token", "sk-very-secret"] {
        assert!(
            !shown.contains(secret) && !log.contains(secret),
            "{secret} is shown"
        );
    }
}

#[tokio::test]
async fn a_standby_s_neighbour_is_asked_at_once() {
    let certificate = certificate();
    let standby = FakeServer::start(&certificate, Gate::Standby).await;
    let mut leader = FakeServer::start(&certificate, Gate::Token(TOKEN)).await;
    let data_plane = DataPlane::start(&[standby.url(), leader.url()], &certificate).await;
    leader.stream().await.complete(vec![], &[]).await;
    assert_eq!(data_plane.text("/readyz").await, "ready\n");
    assert!(standby.attempts() <= 1, "the leader is found in one round");

    let mut alone = FakeServer::start(&certificate, Gate::Standby).await;
    let data_plane = DataPlane::start(&[alone.url()], &certificate).await;
    data_plane.says("is on standby: another replica leads").await;
    alone.set_gate(Gate::Token(TOKEN));
    alone.stream().await.complete(vec![], &[]).await;
    assert!(alone.attempts() >= 2);
}
