//! A tiny provider inside the test: it understands just the behaviours that the bench asks for.

use std::fmt::Write;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

/// Starts the provider; it lives as long as the runtime.
pub(crate) async fn start() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            stream.set_nodelay(true).unwrap();
            tokio::spawn(serve(stream));
        }
    });
    address
}

/// Answers calls until the client leaves, or the behaviour says to close.
async fn serve(stream: TcpStream) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    while let Some(model) = read_model(&mut stream).await? {
        let open = match model.as_str() {
            "sim?bytes=2KiB" => answer(&mut stream, "").await?,
            "close" => answer(&mut stream, "connection: close\r\n").await?,
            "sim?status=429&retry-after=0" => {
                stream
                    .write_all(b"HTTP/1.1 429 Too Many Requests\r\ncontent-length: 2\r\n\r\n{}")
                    .await?;
                true
            }
            "sim?chunks=64&chunk-bytes=32" => events(&mut stream, 64, Duration::ZERO, true).await?,
            "sim?chunks=64&chunk-bytes=32&pace=5ms" => {
                events(&mut stream, 64, Duration::from_millis(5), true).await?
            }
            "lost chunk" => events(&mut stream, 63, Duration::ZERO, true).await?,
            "no done" => events(&mut stream, 64, Duration::ZERO, false).await?,
            "cut" => {
                stream
                    .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4096\r\n\r\n{")
                    .await?;
                false
            }
            other => unreachable!("the stand-in does not know the model {other}"),
        };
        stream.flush().await?;
        if !open {
            break;
        }
    }
    Ok(())
}

async fn read_model(stream: &mut BufReader<TcpStream>) -> io::Result<Option<String>> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    Ok(Some(body["model"].as_str().unwrap().to_owned()))
}

/// Returns whether the connection stays open.
async fn answer(stream: &mut BufReader<TcpStream>, header: &str) -> io::Result<bool> {
    let content = "x".repeat(2048);
    let body = format!(r#"{{"choices":[{{"message":{{"content":"{content}"}}}}]}}"#);
    let head = format!(
        "HTTP/1.1 200 OK\r\n{header}content-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all([head, body].concat().as_bytes()).await?;
    Ok(header.is_empty())
}

async fn events(
    stream: &mut BufReader<TcpStream>,
    count: u32,
    pace: Duration,
    done: bool,
) -> io::Result<bool> {
    let mut text = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_owned();
    for _ in 0..count {
        let event = format!(
            "data: {{\"choices\":[{{\"delta\":{{\"content\":\"{}\"}}}}]}}\n\n",
            "x".repeat(32)
        );
        write!(text, "{:x}\r\n{event}\r\n", event.len()).unwrap();
        if !pace.is_zero() {
            stream.write_all(text.as_bytes()).await?;
            text.clear();
            sleep(pace).await;
        }
    }
    let end = if done {
        "e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"
    } else {
        "0\r\n\r\n"
    };
    stream.write_all((text + end).as_bytes()).await?;
    Ok(true)
}
