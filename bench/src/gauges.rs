//! What a gateway tells of its cache, from its metrics page.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::http::response::Response;

const PATIENCE: Duration = Duration::from_secs(5);
const READ: usize = 16 * 1024;

/// The gauges, summed over all policies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gauges {
    /// Bytes of all entries.
    pub cache_bytes: u64,
    /// Entries.
    pub cache_entries: u64,
}

/// Asks the gateway's admin port.
///
/// # Errors
/// When it does not answer, or does not tell.
pub async fn read(admin: SocketAddr) -> Result<Gauges> {
    let page = timeout(PATIENCE, page(admin)).await;
    let page = page.context("no answer in 5 seconds").and_then(|page| page);
    let page = page.with_context(|| format!("cannot read the metrics at {admin}"))?;
    parse(&page).context("the metrics do not tell of a cache")
}

async fn page(admin: SocketAddr) -> Result<String> {
    let mut stream = TcpStream::connect(admin).await?;
    let request = format!("GET /metrics HTTP/1.1\r\nhost: {admin}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let (mut response, mut body) = (Response::new(), Vec::new());
    let mut buffer = vec![0; READ];
    loop {
        let count = stream.read(&mut buffer).await?;
        let part = buffer.get(..count).filter(|part| !part.is_empty());
        let part = part.context("the answer was cut")?;
        if response.feed(part, &mut |bytes: &[u8]| body.extend_from_slice(bytes))? {
            break;
        }
    }
    match response.head().status {
        200 => Ok(String::from_utf8(body)?),
        status => bail!("status {status}"),
    }
}

fn parse(page: &str) -> Option<Gauges> {
    Some(Gauges {
        cache_bytes: sum(page, "wayleave_cache_bytes")?,
        cache_entries: sum(page, "wayleave_cache_entries")?,
    })
}

/// `None`: it is not on the page.
fn sum(page: &str, name: &str) -> Option<u64> {
    let values: Vec<u64> = page
        .lines()
        .filter_map(|line| line.strip_prefix(name)?.strip_prefix('{'))
        .filter_map(|line| line.rsplit_once("} ")?.1.parse().ok())
        .collect();
    (!values.is_empty()).then(|| values.iter().sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_summed_and_other_metrics_left_out() {
        let page = "# TYPE wayleave_cache_bytes gauge\nwayleave_cache_bytes{policy=\"a/b\"} 1000\n\
                    wayleave_cache_bytes{policy=\"a/c\"} 24\nwayleave_cache_bytes_more{policy=\"a/b\"} 7\n\
                    wayleave_cache_entries{policy=\"a/b\"} 3\n";
        let gauges = Gauges {
            cache_bytes: 1024,
            cache_entries: 3,
        };
        assert_eq!(parse(page), Some(gauges));
        assert_eq!(parse("wayleave_cache_bytes{policy=\"a/b\"} 1000\n"), None);
    }
}
