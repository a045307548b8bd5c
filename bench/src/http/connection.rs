//! A keep-alive connection with one call at a time.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::call::{Call, Fault, Judge, Timing};
use super::response::Response;
use crate::load::Lane;

/// Bytes read at once.
const READ: usize = 16 * 1024;

/// A connection that sends one kind of call; it connects when it has to.
#[derive(Debug)]
pub struct Connection {
    address: SocketAddr,
    call: Arc<Call>,
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
    response: Response,
    judge: Judge,
}

impl Connection {
    /// To a server, for one kind of call; not connected yet.
    pub fn new(address: SocketAddr, call: Arc<Call>) -> Self {
        let (response, judge) = (Response::new(), Judge::default());
        Self {
            address,
            call,
            stream: None,
            buffer: vec![0; READ],
            response,
            judge,
        }
    }

    /// From now on sends another kind of call.
    pub fn ask(&mut self, call: Arc<Call>) {
        self.call = call;
    }

    /// Sends the request and reads the answer to its end. Times count from `start`.
    async fn exchange(&mut self, stream: &mut TcpStream, start: Instant) -> Result<Timing, Fault> {
        self.response.reset();
        self.judge.reset();
        stream.write_all(&self.call.request).await?;
        let expect = self.call.expect;
        let mut first = None;
        loop {
            let count = stream.read(&mut self.buffer).await?;
            let part = self
                .buffer
                .get(..count)
                .filter(|part| !part.is_empty())
                .ok_or(Fault::Cut)?;
            let judge = &mut self.judge;
            let complete = self
                .response
                .feed(part, &mut |body: &[u8]| judge.body(body, expect))?;
            if first.is_none() && self.judge.has_content() {
                first = Some(start.elapsed());
            }
            if complete {
                let total = start.elapsed();
                self.judge.verdict(*self.response.head(), expect)?;
                return Ok(Timing { first, total });
            }
        }
    }
}

impl Lane for Connection {
    async fn call(&mut self, start: Instant) -> Result<Timing, Fault> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => connect(self.address).await?,
        };
        // A call that is dropped or fails in the middle leaves the connection closed: its state is unknown.
        let outcome = self.exchange(&mut stream, start).await;
        if outcome.is_ok() && !self.response.head().close {
            self.stream = Some(stream);
        }
        outcome
    }
}

async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error.kind())
    }
}
