//! A request as every transport hands it on.

use std::borrow::Cow;
use std::net::IpAddr;

use http::{HeaderMap, HeaderName};

use crate::identify::Credentials;
use crate::model::{Mac, Protocol, Subnet};

/// What a phone asks, and all that came with it.
#[derive(Debug, Clone, Copy)]
pub struct Inquiry<'a> {
    /// How it came.
    pub transport: Protocol,
    /// Whom it came from.
    pub peer: IpAddr,
    /// The path as it was sent, query included; over TFTP the file name.
    pub path: &'a [u8],
    /// What it says of itself: the User-Agent as it was sent, or what a dialogue has in its place.
    pub user_agent: Option<&'a [u8]>,
    /// The headers that it came with; over TFTP there are none.
    pub headers: Option<&'a HeaderMap>,
    /// The MAC address that a verified device certificate names.
    pub certificate: Option<Mac>,
    /// Credentials for this path: in answer to a nonce of this server, or a login.
    pub credentials: Option<Credentials<'a>>,
    /// The network that it came from, while that is banned.
    pub banned: Option<Subnet>,
}

impl<'a> Inquiry<'a> {
    /// Makes an inquiry that shows nothing but what it asks for.
    pub const fn new(transport: Protocol, peer: IpAddr, path: &'a [u8]) -> Self {
        Self {
            transport,
            peer,
            path,
            user_agent: None,
            headers: None,
            certificate: None,
            credentials: None,
            banned: None,
        }
    }

    /// Tells whether it came with a header, where there has to be one.
    pub fn shows(&self, header: Option<&HeaderName>) -> bool {
        header.is_none_or(|name| self.headers.is_some_and(|headers| headers.contains_key(name)))
    }
}

/// Why a path names nothing, before anything is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadName;

/// A path that was decoded once and split, and is compared from then on.
#[derive(Debug)]
pub(super) struct Name<'a> {
    segments: Cow<'a, [u8]>,
    first: usize,
}

impl<'a> Name<'a> {
    /// Reads a path: without its query, decoded once, the prefix taken off.
    ///
    /// # Errors
    /// The path is outside the prefix, or has control characters, backslashes or dot segments in it.
    pub(super) fn read(inquiry: &Inquiry<'a>, prefix: &str) -> Result<Self, BadName> {
        let path = match inquiry.transport {
            Protocol::Http | Protocol::Https => {
                let path = inquiry.path.split(|byte| *byte == b'?').next().unwrap_or_default();
                decode(path)?
            }
            // Cisco's 7940 and 7960 write the folder that they were given, "./" for none, before their names.
            Protocol::Tftp => Cow::Borrowed(inquiry.path.strip_prefix(b"./").unwrap_or(inquiry.path)),
        };
        if path.iter().any(|byte| byte.is_ascii_control() || *byte == b'\\') {
            return Err(BadName);
        }
        let mut rest = normal(path)?;
        if !prefix.is_empty() {
            let after = rest.strip_prefix(prefix.as_bytes()).ok_or(BadName)?;
            rest = Cow::Owned(after.strip_prefix(b"/").ok_or(BadName)?.to_owned());
        }
        let first = rest.iter().position(|byte| *byte == b'/').unwrap_or(rest.len());
        Ok(Self { segments: rest, first })
    }

    /// Gives all of the path, without a slash at either end.
    pub(super) fn whole(&self) -> &[u8] {
        &self.segments
    }

    /// Gives the first segment.
    pub(super) fn first(&self) -> &[u8] {
        &self.segments[..self.first]
    }

    /// Gives what follows the first segment; empty when nothing does.
    pub(super) fn rest(&self) -> &[u8] {
        self.segments.get(self.first + 1..).unwrap_or_default()
    }
}

/// Decodes `%xx` once; an incomplete one is refused.
fn decode(path: &[u8]) -> Result<Cow<'_, [u8]>, BadName> {
    if memchr::memchr(b'%', path).is_none() {
        return Ok(Cow::Borrowed(path));
    }
    let mut at = 0;
    while let Some(next) = memchr::memchr(b'%', &path[at..]) {
        at += next;
        if !path.get(at + 1..at + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
            return Err(BadName);
        }
        at += 3;
    }
    Ok(percent_encoding::percent_decode(path).into())
}

/// Takes empty segments out and refuses `.` and `..`.
fn normal(path: Cow<'_, [u8]>) -> Result<Cow<'_, [u8]>, BadName> {
    // Segments are only looked at where a slash or the beginning is followed by a slash, a dot or nothing.
    let is_odd = |pair: &[u8]| pair[0] == b'/' && matches!(pair[1], b'/' | b'.');
    let trimmed = path.strip_prefix(b"/").unwrap_or(&path);
    let is_plain = !matches!(trimmed, [b'/' | b'.', ..] | [.., b'/']) && !trimmed.windows(2).any(is_odd);
    match path {
        Cow::Borrowed(path) if is_plain => Ok(Cow::Borrowed(path.strip_prefix(b"/").unwrap_or(path))),
        path => {
            let segments: Vec<&[u8]> =
                path.split(|byte| *byte == b'/').filter(|part| !part.is_empty()).collect();
            if segments.iter().any(|segment| matches!(*segment, b"." | b"..")) {
                return Err(BadName);
            }
            Ok(Cow::Owned(segments.join(&b'/')))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn read(transport: Protocol, path: &str, prefix: &str) -> Result<String, BadName> {
        let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let inquiry = Inquiry::new(transport, peer, path.as_bytes());
        let name = Name::read(&inquiry, prefix)?;
        Ok(format!(
            "{} = {} + {}",
            String::from_utf8_lossy(name.whole()),
            String::from_utf8_lossy(name.first()),
            String::from_utf8_lossy(name.rest())
        ))
    }

    #[test]
    fn a_path_is_decoded_once_and_split() {
        let http = |path| read(Protocol::Http, path, "");
        assert_eq!(http("/abc/x.cfg").unwrap(), "abc/x.cfg = abc + x.cfg");
        assert_eq!(http("//abc///x.cfg/").unwrap(), "abc/x.cfg = abc + x.cfg");
        assert_eq!(http("/abc/Cisco/a%20b.cfg?x=/..").unwrap(), "abc/Cisco/a b.cfg = abc + Cisco/a b.cfg");
        assert_eq!(http("/a%2Fb").unwrap(), "a/b = a + b");
        assert_eq!(http("/a%2541").unwrap(), "a%41 = a%41 + ");
        assert_eq!(http("/").unwrap(), " =  + ");
    }

    #[test]
    fn paths_that_try_to_climb_or_hide_are_refused() {
        for path in [
            "/../etc/passwd",
            "/a/../b",
            "/a/./b",
            "/%2e%2e/x",
            "/a\\b",
            "/a%5cb",
            "/a%00",
            "/a\nb",
            "/a%",
            "/a%4",
            "/a%zz",
        ] {
            assert_eq!(read(Protocol::Http, path, ""), Err(BadName), "{path:?}");
        }
    }

    #[test]
    fn a_prefix_is_taken_off_whole_segments_only() {
        let below = |path| read(Protocol::Https, path, "pro/p");
        assert_eq!(below("/pro/p/abc/x").unwrap(), "abc/x = abc + x");
        for path in ["/abc/x", "/pro/px/x", "/pro/p", "/pro"] {
            assert_eq!(below(path), Err(BadName), "{path}");
        }
    }

    #[test]
    fn tftp_names_are_taken_as_they_are() {
        let tftp = |path| read(Protocol::Tftp, path, "");
        assert_eq!(tftp("a%41?b").unwrap(), "a%41?b = a%41?b + ");
        assert_eq!(tftp("/spa504G.cfg").unwrap(), "spa504G.cfg = spa504G.cfg + ");
        assert_eq!(tftp("./SIP0007EB.cnf").unwrap(), "SIP0007EB.cnf = SIP0007EB.cnf + ");
        for path in ["../x", "././x", "a/./x", "/./x", ".", "./../x"] {
            assert_eq!(tftp(path), Err(BadName), "{path}");
        }
    }
}
