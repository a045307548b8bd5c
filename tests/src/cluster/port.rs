//! A port that stays ours while the server that listens on it is down.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpSocket;

/// An ephemeral port of loopback. It is bound here but not listened on; a server that shares ports may do that, and the
/// kernel gives the port to nobody else.
#[derive(Debug)]
pub(super) struct Port {
    number: u16,
    _bound: TcpSocket,
}

impl Port {
    /// Any free one.
    ///
    /// # Panics
    /// When there is none.
    pub(super) fn reserve() -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_reuseport(true).expect("a port that can be shared");
        socket
            .bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
            .expect("a free port");
        Self {
            number: socket.local_addr().expect("a bound socket").port(),
            _bound: socket,
        }
    }

    /// Its number.
    pub(super) fn number(&self) -> u16 {
        self.number
    }
}
