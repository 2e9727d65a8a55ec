//! The headers by which proxies tell whom a request or a connection comes from.
//!
//! Promises: that of the PROXY protocol, versions 1 and 2, is read before anything else, TLS included, and not a byte
//! more than it; only of proxies that an operator trusts, on listeners where they send one.

use std::io::{self, ErrorKind};
use std::net::IpAddr;
use std::time::Duration;

use hyper::header::{HeaderName, HeaderValue};
use hyper::{HeaderMap, StatusCode};
use proxy_header::{ParseConfig, ProxyHeader};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::timeout;

use crate::config::Proxies;
use crate::guard;

/// What version 2 begins with; its 16 bytes end with the number of those that follow.
const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// Longest header of version 1, its end of line included.
const LONGEST_LINE: usize = 107;

/// Longest header of version 2 after its first 16 bytes: addresses, and what some proxies add.
const LONGEST_REST: usize = 4096;

/// Where a proxy of HTTP tells whom it was asked by.
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Gives whom a request comes from, by what trusted proxies tell.
///
/// # Errors
/// They do not tell it.
pub(super) fn origin(peer: IpAddr, headers: &HeaderMap, proxies: &Proxies) -> Result<IpAddr, StatusCode> {
    if proxies.trusted.is_empty() {
        return Ok(peer.to_canonical());
    }
    let told = headers.get_all(FORWARDED_FOR).into_iter().map(HeaderValue::as_bytes);
    guard::origin(peer, told, proxies).map_err(|_| StatusCode::BAD_REQUEST)
}

/// Reads the header; gives whom the proxy speaks for, none where it speaks for itself.
///
/// # Errors
/// There is none in time, or it is not as it must be.
pub(super) async fn read(
    stream: &mut (impl AsyncRead + Unpin),
    patience: Duration,
) -> io::Result<Option<IpAddr>> {
    let bytes = timeout(patience, whole(stream)).await??;
    let config = ParseConfig { include_tlvs: false, ..ParseConfig::default() };
    let (header, length) = ProxyHeader::parse(&bytes, config).map_err(io::Error::other)?;
    if length != bytes.len() {
        return Err(ErrorKind::InvalidData.into());
    }
    Ok(header.proxied_address().map(|address| address.source.ip().to_canonical()))
}

/// Reads as many bytes as the header has.
async fn whole(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; SIGNATURE.len()];
    stream.read_exact(&mut bytes).await?;
    if bytes == SIGNATURE {
        bytes.resize(16, 0);
        stream.read_exact(&mut bytes[12..]).await?;
        let rest = usize::from(u16::from_be_bytes([bytes[14], bytes[15]]));
        if rest > LONGEST_REST {
            return Err(ErrorKind::InvalidData.into());
        }
        bytes.resize(16 + rest, 0);
        stream.read_exact(&mut bytes[16..]).await?;
        return Ok(bytes);
    }
    // What follows the line is not ours to read.
    while bytes.starts_with(b"PROXY ") && bytes.len() < LONGEST_LINE {
        bytes.push(stream.read_u8().await?);
        if bytes.ends_with(b"\r\n") {
            return Ok(bytes);
        }
    }
    Err(ErrorKind::InvalidData.into())
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use proxy_header::ProxiedAddress;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(5);

    fn header(source: &str, version: u8) -> Vec<u8> {
        let source: SocketAddr = source.parse().unwrap();
        let to = if source.is_ipv4() { "127.0.0.1:80" } else { "[::1]:80" };
        let header = ProxyHeader::with_address(ProxiedAddress::stream(source, to.parse().unwrap()));
        let mut bytes = [0; 128];
        let length = match version {
            1 => header.encode_to_slice_v1(&mut bytes).unwrap(),
            _ => header.encode_to_slice_v2(&mut bytes).unwrap(),
        };
        bytes[..length].to_vec()
    }

    async fn told(bytes: &[u8]) -> (Result<Option<String>, ErrorKind>, Vec<u8>) {
        let mut stream = bytes;
        let told = read(&mut stream, PATIENCE).await;
        (told.map(|ip| ip.map(|ip| ip.to_string())).map_err(|error| error.kind()), stream.to_vec())
    }

    #[tokio::test]
    async fn both_versions_tell_whom_a_connection_comes_from_and_leave_the_rest() {
        for version in [1, 2] {
            for (source, expected) in [
                ("192.0.2.1:4711", "192.0.2.1"),
                ("[2001:db8::1]:1", "2001:db8::1"),
                ("[::ffff:192.0.2.1]:1", "192.0.2.1"),
            ] {
                let mut bytes = header(source, version);
                bytes.extend(b"GET /");
                assert_eq!(told(&bytes).await, (Ok(Some(expected.to_owned())), b"GET /".to_vec()));
            }
        }
        assert_eq!(told(b"PROXY UNKNOWN\r\nx").await, (Ok(None), b"x".to_vec()));
        let local = [SIGNATURE, b"\x20\0\0\0x"].concat();
        assert_eq!(told(&local).await, (Ok(None), b"x".to_vec()));
    }

    #[tokio::test]
    async fn what_is_no_header_is_refused() {
        let long = [SIGNATURE, b"\x21\x11\xff\xff"].concat();
        let endless = [&b"PROXY TCP4 "[..], &[b'1'; 200]].concat();
        let short = [SIGNATURE, b"\x21\x11\0\x04\x01\x02\x03\x04"].concat();
        for bytes in [
            &b"GET / HTTP/1.1\r\n\r\n"[..],
            b"PROXY TCP4 192.0.2.1\r\n",
            b"PROXY TCP4 192.0.2.256 192.0.2.1 1 2\r\n",
            b"PROXY TCP4 192.0.2.1 192.0.2.1 1 2\n\n\n\n\n",
            b"PROXY ",
            b"",
            &long,
            &endless,
            &short,
        ] {
            assert!(told(bytes).await.0.is_err(), "{bytes:?}");
        }
    }

    #[tokio::test]
    async fn a_proxy_that_says_nothing_is_not_waited_for() {
        let (mut stream, _other) = tokio::io::duplex(64);
        let error = read(&mut stream, Duration::from_millis(10)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    }
}
