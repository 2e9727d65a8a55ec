//! Connections that come as they come, whether the ones before were answered or not.
#![expect(
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "a bench that cannot go on ends; what is counted is far from where floats are coarse"
)]

use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::{Resource, getrlimit};
use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::LocalSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;

use super::careless::Careless;
use super::peers::processor_time_of;

/// How long a phone waits for its file, counted from the instant when it was to connect.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// Time at the beginning of an offer that is not counted.
pub(crate) const WARMING: Duration = Duration::from_secs(1);

/// Descriptors that are not for connections; what cannot be made for want of others is told.
const OTHERS: usize = 100;

/// Phones, each with an address of its own, and where they connect.
#[derive(Clone)]
pub(crate) struct Phones {
    pub(crate) server: SocketAddr,
    pub(crate) paths: Arc<[String]>,
    pub(crate) tls: Option<Arc<ClientConfig>>,
}

/// What became of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The file came.
    Served,
    /// 503.
    Busy,
    /// No file, and no word either.
    Closed,
    /// There was no connection.
    Unconnected,
}

/// What became of an offer.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// Connections that were made.
    pub(crate) made: usize,
    /// Connections that could not be made, as too many were under way.
    pub(crate) unmade: usize,
    /// From when a phone was to connect until it had its file, for each that got it in time.
    pub(crate) times: Vec<Duration>,
    /// Files that came while connections were offered, [`WARMING`] excepted.
    pub(crate) counted: usize,
    pub(crate) busy: usize,
    pub(crate) closed: usize,
    pub(crate) unconnected: usize,
    pub(crate) late: usize,
    /// Processor time of the load while it offered.
    pub(crate) load: Duration,
}

impl Told {
    /// Files a second.
    pub(crate) fn goodput(&self, time: Duration) -> f64 {
        self.counted as f64 / (time - WARMING).as_secs_f64()
    }

    /// The time that so many of the served had at most, in hundredths.
    pub(crate) fn percentile(&mut self, percent: usize) -> Duration {
        self.times.sort_unstable();
        self.times.get(self.times.len() * percent / 100).copied().unwrap_or_default()
    }
}

impl Phones {
    pub(crate) fn new(server: SocketAddr, paths: Vec<String>, tls: bool) -> Self {
        Self { server, paths: paths.into(), tls: tls.then(client) }
    }

    /// Connects as one of them, asks, and reads to the end.
    pub(crate) async fn ask(&self, phone: usize) -> Ending {
        let Ok(stream) = self.connect(phone).await else { return Ending::Unconnected };
        let path = &self.paths[phone % self.paths.len()];
        match &self.tls {
            None => fetch(stream, path).await,
            Some(client) => {
                let name = ServerName::try_from("localhost").unwrap();
                match TlsConnector::from(Arc::clone(client)).connect(name, stream).await {
                    Ok(stream) => fetch(stream, path).await,
                    Err(_) => Ending::Closed,
                }
            }
        }
    }

    async fn connect(&self, phone: usize) -> std::io::Result<TcpStream> {
        let socket = TcpSocket::new_v4()?;
        let own = Ipv4Addr::from(0x7f01_0000 + (phone % self.paths.len()) as u32);
        socket.bind(SocketAddr::new(IpAddr::V4(own), 0))?;
        socket.connect(self.server).await
    }

    /// Asks for each file once.
    pub(crate) fn warm(&self) {
        let runtime = runtime();
        for phone in 0..self.paths.len() {
            let ending = runtime.block_on(self.ask(phone));
            assert_eq!(ending, Ending::Served, "{}", self.paths[phone]);
        }
    }

    /// Finds out how many files a second there are at most: some phones, each asking anew when it was answered.
    pub(crate) fn peak(&self, at_once: usize, time: Duration) -> f64 {
        let (local, done) = (LocalSet::new(), Rc::new(RefCell::new(0_u64)));
        let end = Instant::now() + time;
        for phone in 0..at_once {
            let (phones, done) = (self.clone(), Rc::clone(&done));
            local.spawn_local(async move {
                let mut next = phone;
                while Instant::now() < end {
                    let served = phones.ask(next).await == Ending::Served;
                    *done.borrow_mut() += u64::from(served);
                    next += at_once;
                }
            });
        }
        runtime().block_on(local);
        let done = *done.borrow();
        done as f64 / time.as_secs_f64()
    }

    /// Offers so many connections a second, and waits until nothing is under way.
    pub(crate) fn offer(&self, rate: f64, time: Duration) -> Told {
        let told = Rc::new(RefCell::new(Told::default()));
        let (local, begin) = (LocalSet::new(), Instant::now());
        let (phones, heard) = (self.clone(), Rc::clone(&told));
        let under_way = Rc::new(());
        let most = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX) as usize - OTHERS;
        local.spawn_local(async move {
            let (own, mut next) = (processor_time_of(std::process::id()), 0);
            while begin.elapsed() < time {
                while (next as f64) < begin.elapsed().as_secs_f64() * rate {
                    let due = begin + Duration::from_secs_f64(next as f64 / rate);
                    if Rc::strong_count(&under_way) > most {
                        heard.borrow_mut().unmade += 1;
                    } else {
                        heard.borrow_mut().made += 1;
                        let (phones, heard, here) =
                            (phones.clone(), Rc::clone(&heard), Rc::clone(&under_way));
                        tokio::task::spawn_local(async move {
                            let ending =
                                timeout(PATIENCE.saturating_sub(due.elapsed()), phones.ask(next)).await;
                            heard.borrow_mut().note(ending.ok(), begin, due, time);
                            drop(here);
                        });
                    }
                    next += 1;
                }
                sleep(Duration::from_millis(1)).await;
            }
            heard.borrow_mut().load = processor_time_of(std::process::id()).saturating_sub(own);
        });
        runtime().block_on(local);
        Rc::try_unwrap(told).unwrap().into_inner()
    }
}

impl Told {
    fn note(&mut self, ending: Option<Ending>, begin: Instant, due: Instant, time: Duration) {
        match ending {
            None => self.late += 1,
            Some(Ending::Busy) => self.busy += 1,
            Some(Ending::Closed) => self.closed += 1,
            Some(Ending::Unconnected) => self.unconnected += 1,
            Some(Ending::Served) => {
                self.times.push(due.elapsed());
                self.counted += usize::from((WARMING..time).contains(&begin.elapsed()));
            }
        }
    }
}

/// What all phones do on one thread.
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

async fn fetch<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, path: &str) -> Ending {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    if stream.write_all(request.as_bytes()).await.is_err() {
        return Ending::Closed;
    }
    let mut response = Vec::with_capacity(16 * 1024);
    // A server may close without a TLS goodbye.
    stream.read_to_end(&mut response).await.ok();
    if response.starts_with(b"HTTP/1.1 200 ") && is_whole(&response) {
        Ending::Served
    } else if response.starts_with(b"HTTP/1.1 503 ") {
        Ending::Busy
    } else {
        Ending::Closed
    }
}

fn is_whole(response: &[u8]) -> bool {
    let Some(head) = memchr::memmem::find(response, b"\r\n\r\n") else { return false };
    let text = String::from_utf8_lossy(&response[..head]);
    let length = text.lines().find_map(|line| line.strip_prefix("Content-Length: "));
    length.is_some_and(|length| length.parse::<usize>().unwrap() == response.len() - head - 4)
}

/// Makes a client that shakes hands in full each time, and spends no time on what it is shown: the load should cost
/// less than what it loads.
pub(crate) fn client() -> Arc<ClientConfig> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider));
    let config = config.with_safe_default_protocol_versions().unwrap().dangerous();
    let mut config =
        config.with_custom_certificate_verifier(Arc::new(Careless(provider))).with_no_client_auth();
    config.resumption = Resumption::disabled();
    Arc::new(config)
}
