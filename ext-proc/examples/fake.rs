#[path = "../tests/adaptors/fake.rs"]
mod support;
use wayleave_ext_proc::{Front, Listener, Limits};
use wayleave_ext_proc::envoy::bootstrap::*;
use tokio_util::sync::CancellationToken;
#[tokio::main(worker_threads = 2)]
async fn main() {
    let dir = std::path::PathBuf::from(std::env::args().nth(1).unwrap());
    let (fake, mut events) = support::Fake::new();
    tokio::spawn(async move { while let Some(e) = events.0.recv().await { if std::env::var_os("SAY").is_some() { match e { support::Seen::Call(c) => println!("call {} {} bytes", c.path, c.body.len()), e => println!("{e:?}") } } } });
    for (n, adaptor, port) in [("ext", Adaptor::ExtProc, 7101), ("http", Adaptor::Http, 7102)] {
        let mut o = BootstrapOptions::new(ListenAddress::Tcp(format!("127.0.0.1:{port}").parse().unwrap()), dir.join(format!("{n}-admin.sock")), dir.join(format!("{n}.sock")));
        o.adaptor = adaptor;
        if std::env::var_os("LOG").is_some() { o.access_log = AccessLog::Stdout; }
        std::fs::write(dir.join(format!("{n}.json")), serde_json::to_string_pretty(&bootstrap(&o)).unwrap()).unwrap();
    }
    let closing = CancellationToken::new();
    let a = Front::Envoy(Listener::unix(dir.join("ext.sock")).await.unwrap()).serve(fake.clone(), Limits::default(), closing.clone());
    let b = Front::Http(Listener::unix(dir.join("http.sock")).await.unwrap()).serve(fake.clone(), Limits::default(), closing.clone());
    let c = Front::Http(Listener::tcp("127.0.0.1:7103".parse().unwrap()).await.unwrap()).serve(fake.clone(), Limits::default(), closing.clone());
    let d = Front::Envoy(Listener::tcp("127.0.0.1:7104".parse().unwrap()).await.unwrap()).serve(fake.clone(), Limits::default(), closing.clone());
    tokio::join!(a, b, c, d);
}
