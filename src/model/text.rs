//! Texts with rules of their own: serials, names, identifiers, hosts and URLs.

use std::fmt;
use std::str::FromStr;

use compact_str::CompactString;
use sha2::{Digest, Sha256};

/// Most characters that a text of a record may have.
pub const TEXT_MAX: usize = 255;

/// The secret part of a device's update URL: 1 to 255 unreserved URL characters (RFC 3986, section 2.3).
///
/// It prints as dots. Whoever knows it gets the device's files.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Serial {
    text: CompactString,
    id: [u8; 8],
}

impl Serial {
    /// Gives the text itself; for URLs, comparisons and the operator's own terminal.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// Gives what its device is called by everybody: the first eight bytes of SHA-256 of `bellhop device ` and the serial,
    /// in 16 hexadecimal digits.
    ///
    /// It tells nothing of a serial that cannot be guessed; a generated one has 128 bits.
    pub fn public_id(&self) -> String {
        format!("{:016x}", u64::from_be_bytes(self.id))
    }

    /// Gives the bytes of [`Serial::public_id`].
    pub const fn id(&self) -> &[u8; 8] {
        &self.id
    }

    /// Says why the serial could be guessed; `None` for one with enough variety in it.
    ///
    /// Counted are 80 bits, from its length and the kinds of characters in it; a generated one has 128.
    pub fn weakness(&self) -> Option<&'static str> {
        let text = self.text.as_bytes();
        let has = |is: fn(&u8) -> bool, size: f64| if text.iter().any(is) { size } else { 0.0 };
        let letters = has(u8::is_ascii_lowercase, 26.0) + has(u8::is_ascii_uppercase, 26.0);
        let alphabet =
            letters + has(u8::is_ascii_digit, 10.0) + has(|byte| !byte.is_ascii_alphanumeric(), 4.0);
        let mut distinct = text.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        let characters = u32::try_from(text.len()).map_or(f64::MAX, f64::from);
        if characters * alphabet.log2() < 80.0 {
            Some("is short enough to be guessed")
        } else if distinct.len() < 8 {
            Some("repeats a few characters and could be guessed")
        } else {
            None
        }
    }
}

impl fmt::Debug for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Serial(••••)")
    }
}

impl FromStr for Serial {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let dots = matches!(text, "." | "..");
        if text.is_empty() || text.len() > TEXT_MAX || dots || !text.bytes().all(unreserved) {
            return Err(InvalidText(
                "is not usable in a URL; use 1 to 255 letters, digits, `-`, `.`, `_` or `~`",
            ));
        }
        let digest = Sha256::new().chain_update(b"bellhop device ").chain_update(text).finalize();
        let mut id = [0; 8];
        id.copy_from_slice(&digest[..8]);
        Ok(Self { text: CompactString::from(text), id })
    }
}

/// The text breaks the rule that its field has; says which, and what to write instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidText(pub &'static str);

/// Checks a friendly name: 3 to 32 letters, digits, blanks, `_`, `-` or `.`.
///
/// # Errors
/// Says what is wrong with `text`.
pub fn check_name(text: &str) -> Result<(), InvalidText> {
    let fits = |c: char| c.is_alphanumeric() || " _-.".contains(c);
    if !(3..=32).contains(&text.chars().count()) {
        Err(InvalidText("has the wrong length; use 3 to 32 characters"))
    } else if text.chars().all(fits) {
        Ok(())
    } else {
        Err(InvalidText(
            "has characters that a name may not have; use letters, digits, blanks, `_`, `-` and `.`",
        ))
    }
}

/// Checks the identifier of an account: 1 to 64 letters, digits, `_`, `-`, `.` or `@` of ASCII.
///
/// # Errors
/// Says what is wrong with `text`.
pub fn check_id(text: &str) -> Result<(), InvalidText> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.@".contains(&byte);
    if (1..=64).contains(&text.len()) && text.bytes().all(fits) {
        Ok(())
    } else {
        Err(InvalidText("is not an identifier; use 1 to 64 ASCII letters, digits, `_`, `-`, `.` or `@`"))
    }
}

/// Checks the user name of digest credentials: 1 to 64 printing characters of ASCII other than `"`, `\\` and `:`.
///
/// # Errors
/// Says what is wrong with `text`.
pub fn check_user(text: &str) -> Result<(), InvalidText> {
    let fits = |byte: u8| byte.is_ascii_graphic() && !b"\"\\:".contains(&byte);
    if (1..=64).contains(&text.len()) && text.bytes().all(fits) {
        Ok(())
    } else {
        Err(InvalidText(
            "is no user name; use 1 to 64 ASCII letters, digits and signs other than `\"`, `\\`, `:`",
        ))
    }
}

/// Checks an extension's number: 1 to 64 letters, digits, `*`, `#`, `+`, `_`, `-` or `.` of ASCII.
///
/// # Errors
/// Says what is wrong with `text`.
pub fn check_number(text: &str) -> Result<(), InvalidText> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"*#+_-.".contains(&byte);
    if (1..=64).contains(&text.len()) && text.bytes().all(fits) {
        Ok(())
    } else {
        Err(InvalidText("is not an extension's number; use digits, letters, `*`, `#`, `+`, `_`, `-` or `.`"))
    }
}

/// Checks a host: a DNS name or an IP address, without a port.
///
/// # Errors
/// Says what is wrong with `text`.
pub fn check_host(text: &str) -> Result<(), InvalidText> {
    let name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let is_name = (1..=253).contains(&text.len()) && text.bytes().all(name);
    if is_name || text.parse::<std::net::IpAddr>().is_ok() {
        Ok(())
    } else {
        Err(InvalidText("is not a host; write a DNS name or an IP address, without scheme and port"))
    }
}

/// Checks a URL: scheme http, https, tftp or ftp, then something, and no blank in it.
///
/// # Errors
/// Says what is wrong with `text`.
pub fn check_url(text: &str) -> Result<(), InvalidText> {
    let rest =
        ["http://", "https://", "tftp://", "ftp://"].iter().find_map(|scheme| text.strip_prefix(scheme));
    let visible = |byte: u8| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte);
    match rest {
        Some(rest) if !rest.is_empty() && text.len() <= TEXT_MAX && rest.bytes().all(visible) => Ok(()),
        _ => Err(InvalidText("is not a URL; write it whole, like https://files.example.net/ring.wav")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_serial_is_made_of_url_characters_and_prints_as_dots() {
        let serial: Serial = "rd5ayd43vds242fwd35u".parse().unwrap();
        assert_eq!(format!("{serial:?}"), "Serial(••••)");
        assert_eq!(serial.public_id().len(), 16);
        assert_ne!(serial.public_id(), "rd5ayd43vds242fwd35v".parse::<Serial>().unwrap().public_id());
        for text in ["", "..", "a/b", "a b", "a%41", "ä", &"x".repeat(256)] {
            assert!(text.parse::<Serial>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_serial_that_could_be_guessed_is_said_to_be_weak() {
        let weak = |text: &str| text.parse::<Serial>().unwrap().weakness().is_some();
        assert!(weak("0011223344"));
        assert!(weak("00085d1ae98c"));
        assert!(weak("phone-1"));
        assert!(weak("abababababababababababababab"));
        assert!(!weak("rd5ayd43vds242fwd35u"));
    }

    #[test]
    fn names_have_three_to_thirty_two_plain_characters() {
        for name in ["Aastra 51i phone1_sqa", "abc", "Büro-3.OG", &"x".repeat(32)] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
        for name in ["", "ab", &"x".repeat(33), "a<b", "a\nb", "tab\there"] {
            assert!(check_name(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn hosts_and_urls_are_told_apart() {
        for host in ["pbx.example.net", "192.0.2.1", "2001:db8::1", "pbx_1"] {
            assert_eq!(check_host(host), Ok(()), "{host}");
        }
        for host in ["", "pbx:5060", "http://pbx", "a b", "pbx/"] {
            assert!(check_host(host).is_err(), "{host:?}");
        }
        assert_eq!(check_url("http://h/x?a=b&c={mac"), Err(check_url("").unwrap_err()));
        assert_eq!(check_url("https://h:8443/a%20b.bin"), Ok(()));
        for url in ["h/x", "ftps://h/x", "http://", "http://h/a b", "http://h/\n"] {
            assert!(check_url(url).is_err(), "{url:?}");
        }
    }
}
