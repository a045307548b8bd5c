//! Bare connections, for clients that do not behave.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(20);

/// Sends bytes and leaves the connection open, reading nothing.
///
/// # Panics
/// When nobody listens there.
pub async fn send(address: SocketAddr, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("somebody listens");
    // A server may refuse before it has read all.
    let _ = stream.write_all(bytes).await;
    stream
}

/// Sends bytes, and reads what comes meanwhile and after: a whole answer, or all until the other side closes.
///
/// # Panics
/// When nobody listens there, or nothing comes.
pub async fn exchange(address: SocketAddr, bytes: &[u8]) -> String {
    let stream = TcpStream::connect(address).await.expect("somebody listens");
    let (mut reader, mut writer) = stream.into_split();
    let sending = async {
        // A server may refuse before it has read all.
        let _ = writer.write_all(bytes).await;
        std::future::pending::<()>().await;
    };
    let mut answer = Vec::new();
    let reading = async {
        let mut piece = vec![0; 16 << 10];
        while let Ok(Ok(read)) = timeout(PATIENCE, reader.read(&mut piece)).await {
            answer.extend_from_slice(piece.get(..read).unwrap_or_default());
            if read == 0 || ends(&answer) {
                break;
            }
        }
    };
    tokio::select! {
        () = sending => {}
        () = reading => {}
    }
    let text = String::from_utf8_lossy(&answer).into_owned();
    assert!(!text.is_empty(), "the connection was closed without an answer");
    text
}

/// Whether a whole answer with a declared length is there.
fn ends(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.to_ascii_lowercase().lines().find_map(|line| {
        line.strip_prefix("content-length:")
            .and_then(|length| length.trim().parse::<usize>().ok())
    });
    length.is_some_and(|length| body.len() >= length)
}

/// A request in HTTP/1.1's own words.
pub fn post(path: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut request = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        // Writing to a String cannot fail.
        let _ = write!(request, "{name}: {value}\r\n");
    }
    request.push_str("\r\n");
    request.push_str(body);
    request.into_bytes()
}

/// The same request with a body whose length nobody knows before its end.
pub fn post_chunked(path: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut request = format!("POST {path} HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n");
    for (name, value) in headers {
        // Writing to a String cannot fail.
        let _ = write!(request, "{name}: {value}\r\n");
    }
    let _ = write!(request, "\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    request.into_bytes()
}
