//! What goes between a data plane and an operator, counted.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// A relay to an operator. Dropped, it ends.
pub(super) struct Meter {
    address: SocketAddr,
    bytes: Arc<AtomicU64>,
    _task: JoinSet<()>,
}

impl Meter {
    pub(super) async fn start(operator: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let bytes = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&bytes);
        let mut task = JoinSet::new();
        task.spawn(async move {
            let mut relays = JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                let far = TcpStream::connect(operator).await.unwrap();
                let ((near_out, near_in), (far_out, far_in)) = (near.into_split(), far.into_split());
                relays.spawn(relay(near_out, far_in, Arc::clone(&counted)));
                relays.spawn(relay(far_out, near_in, Arc::clone(&counted)));
            }
        });
        Self {
            address,
            bytes,
            _task: task,
        }
    }

    /// Where data planes have to go.
    pub(super) fn address(&self) -> String {
        self.address.to_string()
    }

    /// All bytes so far, both ways.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

async fn relay(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, bytes: Arc<AtomicU64>) {
    let mut buffer = vec![0; 16 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        bytes.fetch_add(count as u64, Ordering::Relaxed);
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}
