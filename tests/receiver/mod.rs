//! A receiver on this machine that behaves as it is told, and remembers what it was sent.
#![allow(dead_code, reason = "each test file uses the part that it needs")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How the receiver treats one connection.
#[derive(Clone)]
pub(crate) enum Behaviour {
    /// Reads the request, writes these bytes, closes.
    Answer(String),
    /// Reads the request, then writes one byte of this after another, slowly, until the other side leaves.
    Drip(String),
    /// Reads the request and says nothing until the other side leaves.
    Silence,
    /// Reads the request's head alone and closes, which resets the connection.
    Reset,
    /// Writes the head, then this many bytes of body.
    Flood(usize),
}

/// One request as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) method: String,
    pub(crate) target: String,
    /// In the order of the wire, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
}

/// An answer with this status and nothing else.
pub(crate) fn status(status: u16) -> Behaviour {
    answer(status, "", "")
}

/// An answer with header lines, each ending in `\r\n`, and a body.
pub(crate) fn answer(status: u16, headers: &str, body: &str) -> Behaviour {
    let length = body.len();
    let head = format!("HTTP/1.1 {status} Whatever\r\nConnection: close\r\n{headers}");
    // A 204 has no body and no length.
    let length = if status == 204 { String::new() } else { format!("Content-Length: {length}\r\n") };
    Behaviour::Answer(format!("{head}{length}\r\n{body}"))
}

impl Receiver {
    /// Starts a receiver that treats its connections by `script`, the last entry again and again.
    pub(crate) fn start(script: Vec<Behaviour>) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let received = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&received);
        std::thread::spawn(move || {
            for (at, stream) in listener.incoming().enumerate() {
                let Ok(stream) = stream else { return };
                let behaviour = script[at.min(script.len() - 1)].clone();
                let log = Arc::clone(&log);
                std::thread::spawn(move || serve(stream, &behaviour, &log));
            }
        });
        Receiver { address, received }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().expect("no test thread broke").clone()
    }
}

fn serve(stream: TcpStream, behaviour: &Behaviour, log: &Mutex<Vec<Received>>) -> Option<()> {
    let mut writer = stream.try_clone().ok()?;
    let mut reader = BufReader::with_capacity(if matches!(behaviour, Behaviour::Reset) { 16 } else { 8192 }, stream);
    if matches!(behaviour, Behaviour::Reset) {
        // What was sent and never read turns the close into a reset.
        reader.fill_buf().ok()?;
        return None;
    }
    let request = read(&mut reader)?;
    log.lock().ok()?.push(request);
    match behaviour {
        Behaviour::Answer(bytes) => writer.write_all(bytes.as_bytes()).ok(),
        Behaviour::Flood(size) => {
            writer.write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n").as_bytes()).ok()?;
            let block = vec![b'x'; 8192];
            let mut left = *size;
            while left > 0 {
                let next = left.min(block.len());
                writer.write_all(&block[..next]).ok()?;
                left -= next;
            }
            Some(())
        }
        Behaviour::Drip(bytes) => {
            for byte in bytes.bytes() {
                writer.write_all(&[byte]).ok()?;
                if gone(&mut reader, Some(Duration::from_millis(20))) {
                    return None;
                }
            }
            gone(&mut reader, None);
            Some(())
        }
        Behaviour::Silence => {
            gone(&mut reader, None);
            Some(())
        }
        Behaviour::Reset => None,
    }
}

/// Waits until the other side leaves, or for so long; whether it left.
fn gone(reader: &mut BufReader<TcpStream>, patience: Option<Duration>) -> bool {
    if reader.get_ref().set_read_timeout(patience).is_err() {
        return true;
    }
    match reader.read(&mut [0; 16]) {
        Ok(0) => true,
        Ok(_) => false,
        Err(error) => !matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut),
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Received> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end_matches(['\r', '\n']).split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, value)| value.parse().ok());
    if headers.iter().any(|(name, value)| name == "expect" && value == "100-continue") {
        reader.get_mut().write_all(b"HTTP/1.1 100 Continue\r\n\r\n").ok()?;
    }
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    Some(Received { method, target, headers, body })
}
