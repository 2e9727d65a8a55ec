//! The load: phones that ask as fast as they are answered.
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on ends")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::LocalSet;
use tokio_rustls::TlsConnector;

use crate::listen::anybody::Anybody;

/// Phones at once.
const AT_ONCE: usize = 48;

/// What phones do.
#[derive(Clone, Copy)]
pub(crate) enum Work {
    /// They ask again and again on one connection.
    KeepAlive { tls: bool },
    /// They connect anew for each request; TLS without resumption.
    NewConnection { tls: bool },
}

/// A load on a server.
pub(crate) struct Load<'p> {
    pub(crate) work: Work,
    pub(crate) http: SocketAddr,
    pub(crate) https: SocketAddr,
    pub(crate) paths: &'p [String],
    pub(crate) time: Duration,
}

/// Runs a load and tells how many requests were answered with 200.
pub(crate) fn run(load: &Load<'_>) -> u64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let done = Arc::new(AtomicU64::new(0));
    let paths: Arc<[String]> = load.paths.into();
    let (work, http, https) = (load.work, load.http, load.https);
    let end = Instant::now() + load.time;
    let local = LocalSet::new();
    for phone in 0..AT_ONCE {
        let (done, paths) = (Arc::clone(&done), Arc::clone(&paths));
        local.spawn_local(async move {
            let mut next = phone;
            let mut path = || {
                next += AT_ONCE;
                paths[next % paths.len()].as_str()
            };
            while Instant::now() < end {
                match work {
                    Work::KeepAlive { tls: false } => {
                        let stream = TcpStream::connect(http).await.unwrap();
                        keep_asking(stream, &mut path, &done, end).await;
                    }
                    Work::KeepAlive { tls: true } => {
                        keep_asking(handshake(https).await, &mut path, &done, end).await;
                    }
                    Work::NewConnection { tls: false } => {
                        let stream = TcpStream::connect(http).await.unwrap();
                        ask_once(stream, path(), &done).await;
                    }
                    Work::NewConnection { tls: true } => {
                        ask_once(handshake(https).await, path(), &done).await;
                    }
                }
            }
        });
    }
    runtime.block_on(local);
    done.load(Ordering::Relaxed)
}

async fn handshake(address: SocketAddr) -> tokio_rustls::client::TlsStream<TcpStream> {
    let stream = TcpStream::connect(address).await.unwrap();
    TlsConnector::from(client()).connect(ServerName::try_from("localhost").unwrap(), stream).await.unwrap()
}

fn client() -> Arc<ClientConfig> {
    thread_local! {
        static CLIENT: Arc<ClientConfig> = {
            let provider = Arc::new(aws_lc_rs::default_provider());
            let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
            let mut config = config.dangerous().with_custom_certificate_verifier(Arc::new(Anybody(Arc::new(aws_lc_rs::default_provider())))).with_no_client_auth();
            config.resumption = rustls::client::Resumption::disabled();
            Arc::new(config)
        };
    }
    CLIENT.with(Arc::clone)
}

async fn keep_asking<'p, S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    path: &mut impl FnMut() -> &'p str,
    done: &AtomicU64,
    end: Instant,
) {
    let mut buffer = vec![0; 64 * 1024];
    while Instant::now() < end {
        let request = format!("GET {} HTTP/1.1\r\nHost: localhost\r\n\r\n", path());
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut have = 0;
        loop {
            let read = stream.read(&mut buffer[have..]).await.unwrap();
            if read == 0 {
                return;
            }
            have += read;
            if whole(&buffer[..have]) {
                break;
            }
        }
        count(&buffer[..have], done);
    }
}

async fn ask_once<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, path: &str, done: &AtomicU64) {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut buffer = Vec::with_capacity(16 * 1024);
    // A server may close without a TLS goodbye.
    stream.read_to_end(&mut buffer).await.ok();
    count(&buffer, done);
}

/// Tells whether a response is complete.
fn whole(response: &[u8]) -> bool {
    let Some(head) = memchr::memmem::find(response, b"\r\n\r\n") else {
        return false;
    };
    let text = std::str::from_utf8(&response[..head]).unwrap();
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length").then(|| value.parse::<usize>().unwrap())
    });
    response.len() >= head + 4 + length.unwrap()
}

fn count(response: &[u8], done: &AtomicU64) {
    assert!(
        response.starts_with(b"HTTP/1.1 200 "),
        "{}",
        String::from_utf8_lossy(&response[..response.len().min(80)])
    );
    done.fetch_add(1, Ordering::Relaxed);
}
