//! Files that are the same for everybody: a cap on downloads, and over HTTP ranges and conditions.
//!
//! Promises: nobody waits for a disk but who asks for an asset; no more downloads at once than are allowed, so that
//! configuration goes first; a download ends at its deadline, however slowly it is read; its length is told. Read
//! next: [`Shelf::respond`].

use std::fs::Metadata;
use std::future::{Future, Ready, ready};
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use futures_util::StreamExt;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, BodyStream, StreamBody};
use hyper::header::{self, HeaderValue};
use hyper::{Method, Request, Response, StatusCode, Uri};
use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncSeek};
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tower_http::services::fs::{Backend, DefaultServeDirFallback, File as Served, ServeDir};
use tracing::debug;

use crate::assets::{Asset, Name, OpenError, below, open};
use crate::config::Assets as Settings;
use crate::listen::downloads::{Download, Downloads};
use crate::model::Protocol;
use crate::snapshot::Snapshot;
use crate::telemetry::{AssetRequests, Assets as Metrics};

/// Longest wait for a file to be opened.
const OPENING: Duration = Duration::from_secs(10);

/// Longest wait for a part of a file.
const READING: Duration = Duration::from_secs(10);

/// Bytes that are read at once.
const CHUNK: usize = 64 << 10;

/// Age from which on a file's date proves that it is the same (RFC 9110, section 8.8.2.2).
const SETTLED: Duration = Duration::from_secs(2);

/// A request for an asset.
pub(super) struct Wanted {
    /// How it came.
    pub(super) transport: Protocol,
    /// Whom it came from.
    pub(super) peer: IpAddr,
    /// What is asked for below the folder, encoded as it was sent.
    pub(super) path: String,
    /// What holds now.
    pub(super) settings: Settings,
    /// How many connections there may be.
    pub(super) connections: u32,
}

impl Wanted {
    /// Reads the path of a URL; none where it names no asset.
    pub(super) fn read(snapshot: &Snapshot, transport: Protocol, peer: IpAddr, path: &str) -> Option<Self> {
        let below = below(path.as_bytes(), &snapshot.world().rules.provisioning.path_prefix)?;
        let config = snapshot.config();
        Some(Self {
            transport,
            peer,
            path: String::from_utf8_lossy(below).into_owned(),
            settings: config.assets.clone(),
            connections: config.limits.connections,
        })
    }
}

/// Why there is nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nothing {
    /// All downloads are taken.
    Busy,
    /// It cannot be read now.
    Failed,
    /// There is none of that name.
    Missing,
}

/// Where assets are taken from, whatever asks for them.
pub(super) struct Shelf {
    downloads: Arc<Downloads>,
    metrics: Metrics,
}

/// An asset that is read part by part.
pub(super) struct Taken {
    asset: Asset,
    _until_it_is_dropped: Download,
}

impl Shelf {
    /// Makes a shelf that nothing is taken from yet.
    pub(super) fn new(metrics: Metrics) -> Self {
        Self { downloads: Downloads::new(metrics.clone()), metrics }
    }

    /// Responds to a request whose method is GET or HEAD.
    ///
    /// # Errors
    /// Why there is nothing.
    pub(super) async fn respond(
        &self,
        wanted: &Wanted,
        request: Request<()>,
    ) -> Result<Response<UnsyncBoxBody<Bytes, io::Error>>, Nothing> {
        let answer = self.answer(wanted, request).await;
        let metrics = self.metrics.requests(wanted.transport);
        let outcome = match &answer {
            Ok(response) => {
                let (counter, word) = match response.status() {
                    StatusCode::OK | StatusCode::PARTIAL_CONTENT => (&metrics.served, "served"),
                    StatusCode::NOT_MODIFIED => (&metrics.not_modified, "not-modified"),
                    _ => (&metrics.invalid, "invalid"),
                };
                counter.increment(1);
                word
            }
            Err(nothing) => nothing.count(metrics),
        };
        debug!(transport = wanted.transport.word(), peer = %wanted.peer, outcome, "asset");
        answer
    }

    async fn answer(
        &self,
        wanted: &Wanted,
        mut request: Request<()>,
    ) -> Result<Response<UnsyncBoxBody<Bytes, io::Error>>, Nothing> {
        let asset = self.open(&wanted.settings, Name::read_encoded(wanted.path.as_bytes())).await?;
        *request.uri_mut() = Uri::try_from(format!("/{}", wanted.path)).map_err(|_| Nothing::Missing)?;
        let size = asset.size();
        let mut library = ServeDir::with_backend("", Opened(Arc::new(asset)))
            .append_index_html_on_directories(false)
            .ignore_multi_range_requests(true)
            .with_buf_chunk_size(CHUNK);
        if !range_holds(&mut library, &request).await {
            request.headers_mut().remove(header::RANGE);
        } else if request.headers().get(header::RANGE).is_some_and(|range| is_all(range, size)) {
            request.headers_mut().insert(header::RANGE, HeaderValue::from_static("bytes=0-"));
        }
        let is_head = request.method() == Method::HEAD;
        let response = library.try_call(request).await.map_err(|_| Nothing::Failed)?;
        let mut response = match response.status() {
            StatusCode::NOT_FOUND => return Err(Nothing::Missing),
            StatusCode::OK | StatusCode::PARTIAL_CONTENT if !is_head => {
                let download = self
                    .downloads
                    .begin(wanted.peer, &wanted.settings, wanted.connections)
                    .ok_or(Nothing::Busy)?;
                let bytes = self.metrics.requests(wanted.transport).bytes.clone();
                let end = Instant::now() + wanted.settings.deadline;
                response.map(|body| {
                    let frames = BodyStream::new(body).map(move |frame| {
                        let _until_all_is_sent = &download;
                        let frame = frame?;
                        if Instant::now() > end {
                            return Err(io::ErrorKind::TimedOut.into());
                        }
                        bytes.increment(frame.data_ref().map_or(0, |data| data.len() as u64));
                        Ok(frame)
                    });
                    StreamBody::new(frames).boxed_unsync()
                })
            }
            _ => response.map(BodyExt::boxed_unsync),
        };
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        Ok(response)
    }

    /// Takes an asset by the name that a client asks for, with or without `assets/` before it.
    ///
    /// # Errors
    /// Why there is nothing.
    pub(super) async fn take(
        &self,
        transport: Protocol,
        peer: IpAddr,
        settings: &Settings,
        prefix: &str,
        path: &[u8],
    ) -> Result<Arc<Taken>, Nothing> {
        let below = below(path, prefix);
        let taken = self.open(settings, Name::read(below.unwrap_or(path))).await.and_then(|asset| {
            let _until_it_is_dropped = self.downloads.begin(peer, settings, u32::MAX).ok_or(Nothing::Busy)?;
            Ok(Arc::new(Taken { asset, _until_it_is_dropped }))
        });
        let metrics = self.metrics.requests(transport);
        let outcome = match &taken {
            Ok(_) => {
                metrics.served.increment(1);
                "served"
            }
            // It may never have been meant to be one.
            Err(nothing) if *nothing != Nothing::Busy && below.is_none() => return taken,
            Err(nothing) => nothing.count(metrics),
        };
        debug!(transport = transport.word(), %peer, outcome, "asset");
        taken
    }

    /// Counts bytes that were sent of an asset that was taken.
    pub(super) fn count_bytes(&self, transport: Protocol, bytes: u64) {
        self.metrics.requests(transport).bytes.increment(bytes);
    }

    /// Opens an asset on a thread that may wait for a disk.
    ///
    /// # Errors
    /// Why there is nothing.
    pub(super) async fn open(&self, settings: &Settings, name: Option<Name>) -> Result<Asset, Nothing> {
        let name = name.ok_or(Nothing::Missing)?;
        let folder: PathBuf = settings.folder.clone();
        let opened = timeout(OPENING, spawn_blocking(move || open(&folder, &name))).await;
        match opened {
            Ok(Ok(Ok(asset))) => Ok(asset),
            Ok(Ok(Err(OpenError::Missing))) => Err(Nothing::Missing),
            Ok(Ok(Err(error))) => {
                debug!(error = &error as &dyn std::error::Error, "asset");
                Err(Nothing::Failed)
            }
            Ok(Err(_)) | Err(_) => Err(Nothing::Failed),
        }
    }
}

impl Taken {
    /// Gives how many bytes it has.
    pub(super) fn size(&self) -> u64 {
        self.asset.size()
    }

    /// Reads a part on a thread that may wait for a disk; none where that fails, or takes too long.
    pub(super) async fn read(self: &Arc<Self>, offset: u64, length: usize) -> Option<Bytes> {
        let taken = Arc::clone(self);
        let reading = spawn_blocking(move || taken.asset.read(offset, length));
        timeout(READING, reading).await.ok()?.ok()?.ok()
    }
}

impl Nothing {
    /// Counts it; gives the word for logs.
    fn count(self, metrics: &AssetRequests) -> &'static str {
        let (counter, word) = match self {
            Self::Busy => (&metrics.busy, "busy"),
            Self::Failed => (&metrics.failed, "failed"),
            Self::Missing => (&metrics.missing, "missing"),
        };
        counter.increment(1);
        word
    }
}

/// Tells whether a range may be answered by that part: one whose unit is known, of the very file that the client has
/// begun to fetch (RFC 9110, section 13.1.5), which the library does not look at.
async fn range_holds(library: &mut ServeDir<DefaultServeDirFallback, Opened>, request: &Request<()>) -> bool {
    let headers = request.headers();
    let known = |range: &HeaderValue| range.as_bytes().starts_with(b"bytes=");
    if !headers.get(header::RANGE).is_none_or(known) {
        return false;
    }
    let Some(begun) = headers.get(header::IF_RANGE) else { return true };
    let mut question = Request::new(());
    *question.method_mut() = Method::HEAD;
    question.uri_mut().clone_from(request.uri());
    let Ok(response) = library.try_call(question).await else { return false };
    let of_file = |name| response.headers().get(name);
    if begun.as_bytes().starts_with(b"\"") {
        return of_file(header::ETAG) == Some(begun);
    }
    let date = of_file(header::LAST_MODIFIED).filter(|date| *date == begun);
    let date = date.and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok());
    date.and_then(|date| SystemTime::now().duration_since(date).ok()).is_some_and(|age| age >= SETTLED)
}

/// Tells whether a range asks for the last bytes of a file that has no more (RFC 9110, section 14.1.2); the library
/// takes that for a part that is not there.
fn is_all(range: &HeaderValue, size: u64) -> bool {
    let last =
        range.as_bytes().strip_prefix(b"bytes=-").filter(|digits| digits.iter().all(u8::is_ascii_digit));
    let last = last.and_then(|digits| std::str::from_utf8(digits).ok()?.parse::<u64>().ok());
    size > 0 && last.is_some_and(|last| last >= size)
}

/// The one file that a request is for, as the library asks for it.
#[derive(Clone)]
struct Opened(Arc<Asset>);

impl Backend for Opened {
    type File = Box<dyn Readable>;
    type Metadata = Metadata;
    type OpenFuture = Ready<io::Result<Self::File>>;
    type MetadataFuture = Ready<io::Result<Metadata>>;

    fn open(&self, _: PathBuf) -> Self::OpenFuture {
        ready(self.0.file().map(|file| Box::new(File::from_std(file)) as Self::File))
    }

    fn metadata(&self, _: PathBuf) -> Self::MetadataFuture {
        ready(Ok(self.0.metadata().clone()))
    }
}

/// A file of the runtime's, as the library wants it.
trait Readable: AsyncRead + AsyncSeek + Unpin + Send + Sync {
    /// Asks the system what the file is.
    fn ask(&self) -> Pin<Box<dyn Future<Output = io::Result<Metadata>> + Send + '_>>;
}

impl Readable for File {
    fn ask(&self) -> Pin<Box<dyn Future<Output = io::Result<Metadata>> + Send + '_>> {
        Box::pin(self.metadata())
    }
}

impl Served for Box<dyn Readable> {
    type Metadata = Metadata;
    type MetadataFuture<'a> = Pin<Box<dyn Future<Output = io::Result<Metadata>> + Send + 'a>>;

    fn metadata(&self) -> Self::MetadataFuture<'_> {
        self.as_ref().ask()
    }
}
