use tokio::io::{AsyncReadExt, AsyncWriteExt};
use std::time::{Duration, Instant};
// load PORT CONNS SECS ORDER
#[tokio::main(worker_threads = 2)]
async fn main() {
    let a: Vec<String> = std::env::args().collect();
    let (port, conns, secs): (u16, usize, u64) = (a[1].parse().unwrap(), a[2].parse().unwrap(), a[3].parse().unwrap());
    let order = a.get(4).cloned().unwrap_or_default();
    let body = "x".repeat(1024);
    let req = format!("POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nauthorization: Bearer sk-0123456789\r\nuser-agent: load/1.0 (linux)\r\naccept: */*\r\nx-do: {order}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let stop = Instant::now() + Duration::from_secs(secs);
    let mut tasks = vec![];
    for _ in 0..conns {
        let req = req.clone();
        tasks.push(tokio::spawn(async move {
            let mut s = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            s.set_nodelay(true).unwrap();
            let mut n = 0u64; let mut bad = 0u64; let mut lat = vec![]; let mut buf = vec![0u8; 1<<20];
            while Instant::now() < stop {
                let t = Instant::now();
                s.write_all(req.as_bytes()).await.unwrap();
                let mut have = 0; let mut need = usize::MAX; let mut chunked = false;
                loop {
                    let r = s.read(&mut buf[have..]).await.unwrap();
                    if r == 0 { bad += 1; return (n, bad, lat); }
                    have += r;
                    if need == usize::MAX && !chunked {
                        if let Some(p) = buf[..have].windows(4).position(|w| w == b"\r\n\r\n") {
                            let head = String::from_utf8_lossy(&buf[..p]).to_lowercase();
                            if !head.starts_with("http/1.1 200") { bad += 1; }
                            if let Some(i) = head.find("content-length: ") { need = p + 4 + head[i+16..].lines().next().unwrap().trim().parse::<usize>().unwrap(); } else { chunked = true; }
                        }
                    }
                    if chunked { if buf[..have].ends_with(b"\r\n0\r\n\r\n") { break; } if have > 900_000 { let k = have-16; buf.copy_within(k..have, 0); have = 16; } }
                    else if have >= need { break; }
                }
                n += 1; lat.push(t.elapsed().as_micros() as u32);
            }
            (n, bad, lat)
        }));
    }
    let mut n = 0; let mut bad = 0; let mut lat = vec![];
    for t in tasks { let (a, b, l) = t.await.unwrap(); n += a; bad += b; lat.extend(l); }
    lat.sort();
    println!("{port} {order:20} {:>7.0}/s p50 {:>6} us p99 {:>6} us bad {bad}", n as f64 / secs as f64, lat[lat.len()/2], lat[lat.len()*99/100]);
}
