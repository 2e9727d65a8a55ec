//! What client and server agree on before the first block (RFC 2347, 2348, 2349, 7440).
//!
//! Promises: nothing that was not asked for is answered, and nothing beyond what was asked or is allowed; options that
//! are unknown or make no sense are left out, and the latter told of; of an option given twice the first counts. Read
//! next: [`negotiate`].

use crate::tftp::packet::{Mode, Options, Packet};

/// Block size without an option, in bytes (RFC 1350, section 2).
const USUAL_BLKSIZE: u16 = 512;

/// What the server allows at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Bytes in a block: 8 to 65464 (RFC 2348).
    pub blksize: u16,
    /// Blocks under way at once: 1 to 64; with 1 the option is not known (RFC 7440).
    pub windowsize: u16,
}

/// What holds for a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Bytes in a block: 8 to 65464.
    pub blksize: u16,
    /// Blocks under way at once: 1 to 64.
    pub windowsize: u16,
    /// Longest time between retransmissions, in seconds, when the client asked for one: 1 to 255.
    pub timeout: Option<u8>,
    /// The number that follows block 65535: 0 or 1.
    pub rollover: u16,
    /// Whether an option was given more than once.
    pub repeated: bool,
    /// Whether a known option had a value that its standard does not know.
    pub senseless: bool,
    size: u64,
    accepted: [Option<Kind>; Kind::ALL.len()],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Blksize,
    Rollover,
    Timeout,
    Tsize,
    Windowsize,
}

impl Kind {
    const ALL: [Self; 5] = [Self::Blksize, Self::Rollover, Self::Timeout, Self::Tsize, Self::Windowsize];

    const fn word(self) -> &'static str {
        match self {
            Self::Blksize => "blksize",
            Self::Rollover => "rollover",
            Self::Timeout => "timeout",
            Self::Tsize => "tsize",
            Self::Windowsize => "windowsize",
        }
    }
}

/// Agrees on options for a file of `size` bytes.
pub fn negotiate(options: Options<'_>, mode: Mode, size: u64, caps: Caps) -> Terms {
    let mut terms = Terms {
        blksize: USUAL_BLKSIZE,
        windowsize: 1,
        timeout: None,
        rollover: 0,
        repeated: false,
        senseless: false,
        size,
        accepted: [None; Kind::ALL.len()],
    };
    let mut seen = [false; Kind::ALL.len()];
    let mut places = 0;
    for (name, value) in options.iter() {
        let known = Kind::ALL.iter().position(|kind| name.eq_ignore_ascii_case(kind.word().as_bytes()));
        let Some(at) = known else { continue };
        if std::mem::replace(&mut seen[at], true) {
            terms.repeated = true;
        } else if terms.accept(Kind::ALL[at], value, mode, caps) {
            terms.accepted[places] = Some(Kind::ALL[at]);
            places += 1;
        }
    }
    terms
}

impl Terms {
    /// Tells whether the client is told of them; where it asked for nothing that is known, the first block follows.
    pub const fn has_options(&self) -> bool {
        self.accepted[0].is_some()
    }

    /// Writes the OACK that tells of them, in the order in which they were asked for, to the end of `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        Packet::Oack(Options::default()).encode(out);
        for kind in self.accepted.iter().flatten() {
            let value = match kind {
                Kind::Blksize => u64::from(self.blksize),
                Kind::Rollover => u64::from(self.rollover),
                Kind::Timeout => u64::from(self.timeout.unwrap_or_default()),
                Kind::Tsize => self.size,
                Kind::Windowsize => u64::from(self.windowsize),
            };
            for text in [kind.word(), &value.to_string()] {
                out.extend_from_slice(text.as_bytes());
                out.push(0);
            }
        }
    }

    /// Gives the number that the `block`-th block has on the wire; the first is 1.
    pub(super) fn wire_number(&self, block: u64) -> u16 {
        let most = u64::from(u16::MAX);
        let number = match (block, self.rollover) {
            (0, _) => 0,
            (_, 0) => block & most,
            _ => (block - 1) % most + 1,
        };
        u16::try_from(number).unwrap_or_default()
    }

    /// Takes a value over; tells whether it makes sense.
    fn accept(&mut self, kind: Kind, value: &[u8], mode: Mode, caps: Caps) -> bool {
        let Some(value) = decimal(value) else {
            self.senseless = true;
            return false;
        };
        let short = u16::try_from(value).unwrap_or(u16::MAX);
        match kind {
            Kind::Blksize if value >= 8 => self.blksize = short.min(caps.blksize),
            Kind::Rollover if value <= 1 => self.rollover = short,
            Kind::Timeout if (1..=255).contains(&value) => self.timeout = u8::try_from(value).ok(),
            // As text the file has another length, which is known only at its end.
            Kind::Tsize if mode == Mode::Octet => (),
            Kind::Windowsize if value >= 1 && caps.windowsize > 1 => {
                self.windowsize = short.min(caps.windowsize);
            }
            // These make sense, only not here.
            Kind::Tsize => return false,
            Kind::Windowsize if value >= 1 => return false,
            Kind::Blksize | Kind::Rollover | Kind::Timeout | Kind::Windowsize => {
                self.senseless = true;
                return false;
            }
        }
        true
    }
}

/// Reads digits and nothing else; numbers beyond counting are the largest one.
fn decimal(text: &[u8]) -> Option<u64> {
    let digit = |byte: &u8| byte.is_ascii_digit().then(|| u64::from(byte - b'0'));
    let first = text.first().and_then(digit)?;
    text[1..]
        .iter()
        .try_fold(first, |number, byte| Some(number.saturating_mul(10).saturating_add(digit(byte)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(options: &str, mode: Mode, caps: Caps) -> String {
        let mut bytes: Vec<u8> = options.replace(' ', "\0").into_bytes();
        bytes.push(0);
        let terms = negotiate(Options::new(&bytes), mode, 4000, caps);
        if !terms.has_options() {
            return "-".to_owned();
        }
        let mut out = Vec::new();
        terms.encode(&mut out);
        assert_eq!(out[..2], [0, 6]);
        String::from_utf8(out[2..].to_vec()).unwrap().trim_end_matches('\0').replace('\0', " ")
    }

    #[test]
    fn options_are_answered_within_what_is_allowed() {
        let rows = [
            ("", "-"),
            ("blksize 1024", "blksize 1024"),
            ("BLKSIZE 1024", "blksize 1024"),
            ("blksize 7", "-"),
            ("blksize 8", "blksize 8"),
            ("blksize 1428", "blksize 1428"),
            ("blksize 1429", "blksize 1428"),
            ("blksize 65464", "blksize 1428"),
            ("blksize 65465", "blksize 1428"),
            ("blksize 99999999999999999999999", "blksize 1428"),
            ("blksize +512", "-"),
            ("blksize -1", "-"),
            ("blksize 5x", "-"),
            ("blksize 1024 blksize 600", "blksize 1024"),
            ("blksize 7 blksize 600", "-"),
            ("timeout 0", "-"),
            ("timeout 1", "timeout 1"),
            ("timeout 255", "timeout 255"),
            ("timeout 256", "-"),
            ("tsize 0", "tsize 4000"),
            ("tsize 17", "tsize 4000"),
            ("tsize x", "-"),
            ("windowsize 0", "-"),
            ("windowsize 1", "windowsize 1"),
            ("windowsize 8", "windowsize 8"),
            ("windowsize 65535", "windowsize 16"),
            ("rollover 0", "rollover 0"),
            ("rollover 1", "rollover 1"),
            ("rollover 2", "-"),
            ("multicast 1 utimeout 5", "-"),
            ("tsize 0 multicast 1 blksize 512", "tsize 4000 blksize 512"),
            (
                "windowsize 4 tsize 0 timeout 3 rollover 0 blksize 9000",
                "windowsize 4 tsize 4000 timeout 3 rollover 0 blksize 1428",
            ),
        ];
        let caps = Caps { blksize: 1428, windowsize: 16 };
        for (options, expected) in rows {
            assert_eq!(answer(options, Mode::Octet, caps), expected, "{options}");
        }
    }

    #[test]
    fn the_length_of_text_is_not_told() {
        let caps = Caps { blksize: 1428, windowsize: 16 };
        assert_eq!(answer("tsize 0 blksize 600", Mode::Netascii, caps), "blksize 600");
    }

    #[test]
    fn windows_may_be_ignored() {
        let caps = Caps { blksize: 512, windowsize: 1 };
        assert_eq!(answer("windowsize 8 blksize 600", Mode::Octet, caps), "blksize 512");
    }

    #[test]
    fn numbers_go_on_at_0_or_at_1() {
        let with = |rollover: &str| {
            let bytes = format!("rollover\0{rollover}\0");
            let terms =
                negotiate(Options::new(bytes.as_bytes()), Mode::Octet, 0, Caps { blksize: 8, windowsize: 1 });
            [0, 1, 65_534, 65_535, 65_536, 65_537, 131_070, 131_071, 131_072]
                .map(|block| terms.wire_number(block))
        };
        assert_eq!(with("0"), [0, 1, 65_534, 65_535, 0, 1, 65_534, 65_535, 0]);
        assert_eq!(with("1"), [0, 1, 65_534, 65_535, 1, 2, 65_535, 1, 2]);
    }
}
