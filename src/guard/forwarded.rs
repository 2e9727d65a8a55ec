//! Whom a request comes from, where proxies stand in between.

use std::net::{IpAddr, SocketAddr};

use crate::config::Proxies;

/// A trusted proxy's `X-Forwarded-For` that does not tell whom it speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("`X-Forwarded-For` of a trusted proxy holds something else than addresses")]
pub struct BadForwarded;

/// Gives whom a request comes from, by the values of `X-Forwarded-For` in the order in which they came.
///
/// Each proxy adds, at the end, the address that it was asked from; so the way back goes from the end on, for as long
/// as the one who added an address is trusted. What a stranger wrote before that counts for nothing.
///
/// # Errors
/// Where a trusted proxy should have written an address there is none: the request is nobody's, and must not be taken
/// for the proxy's own.
pub fn origin<'v>(
    peer: IpAddr,
    values: impl DoubleEndedIterator<Item = &'v [u8]>,
    proxies: &Proxies,
) -> Result<IpAddr, BadForwarded> {
    let mut nearest = peer.to_canonical();
    for hop in values.rev().flat_map(|value| value.rsplit(|byte| *byte == b',')) {
        if !proxies.trusts(nearest) {
            break;
        }
        nearest = address(hop.trim_ascii()).ok_or(BadForwarded)?.to_canonical();
    }
    Ok(nearest)
}

/// Reads an address, which some proxies write with a port.
fn address(hop: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(hop).ok()?;
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(trusted: &[&str], values: &[&str]) -> Result<String, BadForwarded> {
        let trusted = trusted.iter().map(|network| network.parse().unwrap()).collect();
        let proxies = Proxies { trusted, ..Proxies::default() };
        let values = values.iter().map(|value| value.as_bytes());
        origin("127.0.0.1".parse().unwrap(), values, &proxies).map(|address| address.to_string())
    }

    #[test]
    fn the_last_address_that_no_trusted_proxy_has_counts() {
        let near = ["127.0.0.0/8"];
        let chain = ["127.0.0.0/8", "10.0.0.0/8", "2001:db8::/32"];
        let rows: [(&[&str], &[&str], &str); 11] = [
            (&[], &["192.0.2.1"], "127.0.0.1"),
            (&["192.0.2.0/24"], &["192.0.2.1"], "127.0.0.1"),
            (&near, &[], "127.0.0.1"),
            (&near, &["192.0.2.1"], "192.0.2.1"),
            (&near, &["10.0.0.1, 192.0.2.1"], "192.0.2.1"),
            (&near, &["10.0.0.1", " 192.0.2.1\t"], "192.0.2.1"),
            (&near, &["nonsense, 192.0.2.1"], "192.0.2.1"),
            (&near, &["::ffff:192.0.2.1"], "192.0.2.1"),
            (&near, &["192.0.2.1:4711"], "192.0.2.1"),
            (&chain, &["192.0.2.9, 192.0.2.1, [2001:db8::7]:443", "10.0.0.1"], "192.0.2.1"),
            (&chain, &["10.9.9.9, 10.0.0.1"], "10.9.9.9"),
        ];
        for (trusted, values, expected) in rows {
            assert_eq!(by(trusted, values).as_deref(), Ok(expected), "{trusted:?} {values:?}");
        }
    }

    #[test]
    fn a_request_of_nobody_is_not_taken_for_the_proxys_own() {
        for value in ["", "unknown", "192.0.2.1,", "[192.0.2.1", "192.0.2.1 192.0.2.2", "\u{fc}"] {
            assert_eq!(by(&["127.0.0.0/8"], &[value]), Err(BadForwarded), "{value}");
        }
    }
}
