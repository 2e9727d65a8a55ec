//! The raw limit: hyper and rustls with one fixed body, nothing identified, authorized or rendered.
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on ends")]

use std::convert::Infallible;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Response;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::task::TaskTracker;

use crate::listen::peers::{Peer, await_listening, free_port, on_one_core};
use crate::support::Site;

/// Starts this very program again as the bare server.
pub(crate) fn start(site: &Site, body: &[u8]) -> Peer {
    fs::write(site.path("bare.body"), body).unwrap();
    let (http, https) = (free_port(), free_port());
    let program = std::env::current_exe().unwrap();
    let child = on_one_core(program.to_str().unwrap())
        .arg("--bare")
        .args([http.to_string(), https.to_string()])
        .arg(site.path(""))
        .spawn()
        .unwrap();
    let peer = Peer { http, https, child };
    await_listening(http);
    await_listening(https);
    peer
}

/// Serves until it is killed.
pub(crate) fn serve(arguments: &[String]) {
    let [http, https, folder] = arguments else {
        panic!("--bare takes two addresses and a folder");
    };
    let folder = Path::new(folder);
    let body = Bytes::from(fs::read(folder.join("bare.body")).unwrap());
    let chain = CertificateDer::pem_file_iter(folder.join("state/self-signed.pem")).unwrap();
    let chain = chain.collect::<Result<Vec<_>, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_file(folder.join("state/self-signed.pem")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let acceptor = TlsAcceptor::from(Arc::new(config.with_single_cert(chain, key).unwrap()));
    let (http, https): (SocketAddr, SocketAddr) = (http.parse().unwrap(), https.parse().unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let tracker = TaskTracker::new();
    let _entered = runtime.enter();
    let (plain_body, tasks) = (body.clone(), tracker.clone());
    tracker.spawn(async move {
        let listener = TcpListener::bind(http).await.unwrap();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            tasks.spawn(connection(stream, plain_body.clone()));
        }
    });
    let tasks = tracker.clone();
    tracker.spawn(async move {
        let listener = TcpListener::bind(https).await.unwrap();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            let (acceptor, body) = (acceptor.clone(), body.clone());
            tasks.spawn(async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    connection(stream, body).await;
                }
            });
        }
    });
    runtime.block_on(tracker.wait());
}

async fn connection<S: AsyncRead + AsyncWrite + Unpin>(stream: S, body: Bytes) {
    let service = service_fn(move |_| {
        let response = Response::new(Full::new(body.clone()));
        std::future::ready(Ok::<_, Infallible>(response))
    });
    http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.ok();
}
