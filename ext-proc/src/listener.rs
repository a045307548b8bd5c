//! Where the process can be reached.

use std::fmt;
use std::fs::Permissions;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::either::Either;
use wayleave_tls::ServedCertificate;

/// A socket that listens.
#[derive(Debug)]
pub enum Listener {
    /// TCP.
    Tcp(TcpListener),
    /// TLS on TCP.
    Tls(TlsPort),
    /// A Unix socket.
    Unix(UnixSocket),
}

/// A TCP port that speaks TLS.
pub struct TlsPort {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

/// A Unix socket that listens; its file goes with it.
#[derive(Debug)]
pub struct UnixSocket {
    listener: UnixListener,
    path: PathBuf,
}

/// An accepted connection.
pub(crate) enum Accepted {
    /// Ready for use.
    Plain(Either<TcpStream, UnixStream>),
    /// Before its handshake.
    Tls(TcpStream, TlsAcceptor),
}

/// A connection that is ready for use.
pub(crate) type Connection = Either<Either<TcpStream, UnixStream>, Box<TlsStream<TcpStream>>>;

/// Why an address cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// TCP.
    #[error("cannot listen on {address}: {error}. Is another process there? Choose another address")]
    Tcp {
        /// The address.
        address: SocketAddr,
        /// Why.
        error: io::Error,
    },
    /// TLS.
    #[error("cannot set up TLS for {address}: {error}")]
    Tls {
        /// The address.
        address: SocketAddr,
        /// Why.
        error: tokio_rustls::rustls::Error,
    },
    /// A Unix socket.
    #[error(
        "cannot listen on the socket {path}: {error}. Its folder has to exist and be writable, and its path be shorter than 90 bytes"
    )]
    Unix {
        /// The socket's file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A process answers at this Unix socket.
    #[error("another process listens on the socket {path}. Stop it or choose another path")]
    InUse {
        /// The socket's file.
        path: PathBuf,
    },
    /// The path is taken by something that is no socket.
    #[error("{path} exists and is not a socket. Remove it or choose another path")]
    NotASocket {
        /// The path.
        path: PathBuf,
    },
}

impl Listener {
    /// Listens on TCP. Port 0 takes a free one.
    pub async fn tcp(address: SocketAddr) -> Result<Self, ListenError> {
        Ok(Self::Tcp(bind(address).await?))
    }

    /// Listens on TCP and shows this certificate to whoever connects, to clients that speak HTTP/2.
    pub async fn tls(address: SocketAddr, certificate: &ServedCertificate) -> Result<Self, ListenError> {
        let acceptor = certificate
            .acceptor()
            .map_err(|error| ListenError::Tls { address, error })?;
        let listener = bind(address).await?;
        Ok(Self::Tls(TlsPort { listener, acceptor }))
    }

    /// Listens on a Unix socket that only this user may open. A file left by a dead process is replaced.
    pub async fn unix(path: impl Into<PathBuf>) -> Result<Self, ListenError> {
        let path = path.into();
        check_free(&path).await?;
        // Bound under another name, closed to others, and only then moved to where clients look.
        let mut hidden = path.clone().into_os_string();
        hidden.push(format!(".{}", std::process::id()));
        let hidden = PathBuf::from(hidden);
        let bind = || {
            let listener = UnixListener::bind(&hidden)?;
            std::fs::set_permissions(&hidden, Permissions::from_mode(0o600))?;
            std::fs::rename(&hidden, &path)?;
            Ok(listener)
        };
        match bind() {
            Ok(listener) => Ok(Self::Unix(UnixSocket { listener, path })),
            Err(error) => Err(ListenError::Unix { path, error }),
        }
    }

    /// The address, if it is TCP.
    pub fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok(),
            Self::Tls(port) => port.listener.local_addr().ok(),
            Self::Unix(_) => None,
        }
    }

    /// The next connection.
    pub(crate) async fn accept(&self) -> io::Result<Accepted> {
        match self {
            Self::Tcp(listener) => Ok(Accepted::Plain(Either::Left(accept(listener).await?))),
            Self::Tls(TlsPort { listener, acceptor }) => {
                Ok(Accepted::Tls(accept(listener).await?, acceptor.clone()))
            }
            Self::Unix(socket) => Ok(Accepted::Plain(Either::Right(socket.listener.accept().await?.0))),
        }
    }
}

impl Accepted {
    /// Shakes hands, where that has to be.
    pub(crate) async fn open(self) -> io::Result<Connection> {
        match self {
            Self::Plain(stream) => Ok(Either::Left(stream)),
            Self::Tls(stream, acceptor) => Ok(Either::Right(Box::new(acceptor.accept(stream).await?))),
        }
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, ListenError> {
    TcpListener::bind(address)
        .await
        .map_err(|error| ListenError::Tcp { address, error })
}

async fn accept(listener: &TcpListener) -> io::Result<TcpStream> {
    let (stream, _) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

impl fmt::Debug for TlsPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TlsPort({:?})", self.listener)
    }
}

impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Self {
        Self::Tcp(listener)
    }
}

impl Drop for UnixSocket {
    fn drop(&mut self) {
        // Whoever is gone before us has removed it.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Checks that nobody listens at `path`, and that it may be replaced.
async fn check_free(path: &Path) -> Result<(), ListenError> {
    match std::fs::symlink_metadata(path) {
        Err(_) => Ok(()),
        Ok(found) if !found.file_type().is_socket() => Err(ListenError::NotASocket {
            path: path.to_owned(),
        }),
        Ok(_) => match UnixStream::connect(path).await {
            Ok(_) => Err(ListenError::InUse {
                path: path.to_owned(),
            }),
            Err(_) => Ok(()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_unix_socket_is_private_and_goes_with_its_listener() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let listener = Listener::unix(&path).await.unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        drop(listener);
        assert!(
            std::fs::read_dir(folder.path()).unwrap().next().is_none(),
            "nothing is left"
        );
    }

    #[tokio::test]
    async fn a_dead_process_s_socket_is_replaced_and_a_live_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let live = Listener::unix(&path).await.unwrap();
        assert!(matches!(
            Listener::unix(&path).await,
            Err(ListenError::InUse { .. })
        ));
        UnixStream::connect(&path).await.unwrap();
        drop(live);
    }

    #[tokio::test]
    async fn other_files_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes");
        std::fs::write(&path, "mine").unwrap();
        assert!(matches!(
            Listener::unix(&path).await,
            Err(ListenError::NotASocket { .. })
        ));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
        let nowhere = folder.path().join("no/folder/s");
        assert!(matches!(
            Listener::unix(nowhere).await,
            Err(ListenError::Unix { .. })
        ));
    }
}
