//! A port that stays ours while the server that listens on it is down.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpSocket;

/// An ephemeral port of loopback. It is bound here but not listened on; a server that shares ports may do that, and the
/// kernel gives the port to nobody else.
#[derive(Debug)]
pub(crate) struct Port {
    number: u16,
    _bound: TcpSocket,
}

impl Port {
    /// Any free one.
    ///
    /// # Panics
    /// When there is none.
    pub(crate) fn reserve() -> Self {
        Self::reserve_number(0).expect("a free port")
    }

    /// This one, if it is free.
    ///
    /// # Panics
    /// When the system gives no socket.
    pub(crate) fn reserve_number(number: u16) -> Option<Self> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, number));
        // Somebody may listen there who shares ports, but not with us.
        std::net::TcpListener::bind(address).ok()?;
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_reuseport(true).expect("a port that can be shared");
        // Connections of a server that was killed may still linger.
        socket
            .set_reuseaddr(number != 0)
            .expect("a port that can be taken again");
        socket.bind(address).ok()?;
        Some(Self {
            number: socket.local_addr().expect("a bound socket").port(),
            _bound: socket,
        })
    }

    /// Its number.
    pub(crate) fn number(&self) -> u16 {
        self.number
    }
}
