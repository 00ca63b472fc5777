//! The receiver, a process of its own: this program, told so by its environment.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::machine::nanoseconds;

/// Tells this program to be the receiver.
pub(crate) const RECEIVER: &str = "FLAGPOST_BENCH_RECEIVER";

/// Answers everything with 200 on connections that stay; `/hang` never. `/seen` tells the count and the latencies.
/// It ends with its standard input, so that it does not outlive whoever started it.
pub(crate) fn receive() {
    std::thread::spawn(|| {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        std::process::exit(0);
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        println!("{}", listener.local_addr().expect("it is bound"));
        let seen: Arc<(AtomicU64, std::sync::Mutex<Vec<u64>>)> = Arc::default();
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, Arc::clone(&seen)));
        }
    });
}

async fn answer(mut stream: TcpStream, seen: Arc<(AtomicU64, std::sync::Mutex<Vec<u64>>)>) -> Option<()> {
    let _ = stream.set_nodelay(true);
    let mut buffer = Vec::with_capacity(8192);
    loop {
        let head = loop {
            if let Some(at) = find(&buffer, b"\r\n\r\n") {
                break at + 4;
            }
            if stream.read_buf(&mut buffer).await.ok()? == 0 {
                return None;
            }
        };
        let length = find(&buffer[..head], b"ontent-").map_or(0, |_| content_length(&buffer[..head]));
        while buffer.len() < head + length {
            if stream.read_buf(&mut buffer).await.ok()? == 0 {
                return None;
            }
        }
        let (hang, told) = (buffer.starts_with(b"POST /hang"), buffer.starts_with(b"GET /seen"));
        if let Some(at) = find(&buffer[head..head + length], b"sent-at-") {
            let digits = &buffer[head + at + 8..];
            let digits = &digits[..digits.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len())];
            let sent: u64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
            seen.1.lock().ok()?.push(nanoseconds().saturating_sub(sent));
        }
        buffer.drain(..head + length);
        if hang {
            std::future::pending::<()>().await;
        }
        if told {
            let latencies = std::mem::take(&mut *seen.1.lock().ok()?);
            let body = json!({"count": seen.0.swap(0, Ordering::Relaxed), "latencies": latencies}).to_string();
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
            stream.write_all(answer.as_bytes()).await.ok()?;
        } else {
            seen.0.fetch_add(1, Ordering::Relaxed);
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await.ok()?;
        }
    }
}

fn find(text: &[u8], word: &[u8]) -> Option<usize> {
    text.windows(word.len()).position(|window| window == word)
}

fn content_length(head: &[u8]) -> usize {
    let text = String::from_utf8_lossy(head).to_ascii_lowercase();
    let line = text.lines().find_map(|line| line.strip_prefix("content-length:").map(str::trim));
    line.and_then(|length| length.parse().ok()).unwrap_or(0)
}

pub(crate) struct Receiver {
    child: Child,
    pub(crate) address: String,
}

impl Receiver {
    pub(crate) fn start() -> Receiver {
        let mut child = Command::new(std::env::current_exe().expect("a path"))
            .env(RECEIVER, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the receiver starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("it is piped")).read_line(&mut line).expect("it tells its address");
        Receiver { child, address: line.trim().to_owned() }
    }

    pub(crate) async fn seen(&self) -> Json {
        let mut stream = TcpStream::connect(&self.address).await.expect("it listens");
        stream.write_all(b"GET /seen HTTP/1.1\r\nconnection: close\r\n\r\n").await.expect("it is asked");
        let mut buffer = Vec::new();
        loop {
            if let Some(head) = find(&buffer, b"\r\n\r\n") {
                let length = content_length(&buffer[..head]);
                if buffer.len() >= head + 4 + length {
                    return serde_json::from_slice(&buffer[head + 4..]).expect("JSON");
                }
            }
            assert!(stream.read_buf(&mut buffer).await.expect("it answers") > 0);
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
