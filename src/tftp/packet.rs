//! Packets as they are on the wire (RFC 1350, section 5; RFC 2347).
//!
//! Promises: takes any bytes and never panics; copies nothing; what it takes apart it puts together again as it was.
//! Names are bytes, not text. Read next: [`Packet::decode`].

/// Longest request that is read, in bytes (RFC 2347, section 2).
pub const LONGEST_REQUEST: usize = 512;

/// A packet, its bytes borrowed from the datagram that it came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packet<'a> {
    /// Acknowledges a block, or block 0 an OACK.
    Ack(u16),
    /// A block of a file.
    Data {
        /// Its number; 1 is the first.
        block: u16,
        /// What is in it.
        bytes: &'a [u8],
    },
    /// The end of a transfer that failed.
    Error {
        /// Why, as a number; see [`ErrorCode`].
        code: u16,
        /// Why, in words.
        text: &'a [u8],
    },
    /// Options that the server agrees to (RFC 2347).
    Oack(Options<'a>),
    /// Asks for a file.
    Read(Request<'a>),
    /// Wants to send a file.
    Write(Request<'a>),
}

/// What a request says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request<'a> {
    /// Name of the file.
    pub name: &'a [u8],
    /// How its bytes are to be sent.
    pub mode: Mode,
    /// What else the client asks for.
    pub options: Options<'a>,
}

/// How the bytes of a file are sent (RFC 1350, section 1). Mode `mail` is obsolete and not known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// As text: lines end in CR LF, a lone CR is CR NUL (RFC 764).
    Netascii,
    /// As they are.
    Octet,
}

/// Names and values of options, each ended by a NUL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options<'a>(&'a [u8]);

/// Numbers of errors (RFC 1350, appendix; RFC 2347).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    /// 2
    AccessViolation,
    /// 8
    BadOption,
    /// 1
    FileNotFound,
    /// 4
    IllegalOperation,
    /// 0
    Undefined,
    /// 5
    UnknownTransfer,
}

/// Why bytes are no packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// A request of more than [`LONGEST_REQUEST`] bytes.
    #[error("the request is longer than {LONGEST_REQUEST} bytes")]
    Long,
    /// A mode that is not known, `mail` among them.
    #[error("the mode is not known")]
    Mode,
    /// A first number that means nothing.
    #[error("the operation is not known")]
    Opcode,
    /// Fewer bytes than a packet of its kind has.
    #[error("the packet is too short")]
    Short,
    /// A text without a NUL at its end.
    #[error("a text is not ended")]
    Unended,
}

const READ: u16 = 1;
const WRITE: u16 = 2;
const DATA: u16 = 3;
const ACK: u16 = 4;
const ERROR: u16 = 5;
const OACK: u16 = 6;

impl<'a> Packet<'a> {
    /// Reads a datagram.
    ///
    /// # Errors
    /// Why it is no packet.
    pub fn decode(datagram: &'a [u8]) -> Result<Self, Malformed> {
        let (opcode, rest) = number(datagram)?;
        match opcode {
            READ => Request::decode(rest).map(Self::Read),
            WRITE => Request::decode(rest).map(Self::Write),
            DATA => number(rest).map(|(block, bytes)| Self::Data { block, bytes }),
            ACK => number(rest).map(|(block, _)| Self::Ack(block)),
            ERROR => {
                let (code, rest) = number(rest)?;
                // Some clients leave the NUL out; the number alone says what matters.
                let text = rest.split(|byte| *byte == 0).next().unwrap_or_default();
                Ok(Self::Error { code, text })
            }
            OACK => Ok(Self::Oack(Options(rest))),
            _ => Err(Malformed::Opcode),
        }
    }

    /// Writes the packet to the end of `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Ack(block) => put(out, ACK, *block),
            Self::Data { block, bytes } => {
                put(out, DATA, *block);
                out.extend_from_slice(bytes);
            }
            Self::Error { code, text } => {
                put(out, ERROR, *code);
                out.extend_from_slice(text);
                out.push(0);
            }
            Self::Oack(options) => {
                out.extend_from_slice(&OACK.to_be_bytes());
                out.extend_from_slice(options.0);
            }
            Self::Read(request) => request.encode(READ, out),
            Self::Write(request) => request.encode(WRITE, out),
        }
    }
}

/// Begins a DATA packet in `out`, which is emptied; the block's bytes follow.
pub(super) fn begin_data(out: &mut Vec<u8>, block: u16) {
    out.clear();
    put(out, DATA, block);
}

impl<'a> Request<'a> {
    fn decode(rest: &'a [u8]) -> Result<Self, Malformed> {
        if rest.len() + 2 > LONGEST_REQUEST {
            return Err(Malformed::Long);
        }
        let (name, rest) = text(rest).ok_or(Malformed::Unended)?;
        let (mode, rest) = text(rest).ok_or(Malformed::Unended)?;
        let mode = Mode::of(mode).ok_or(Malformed::Mode)?;
        if rest.last().is_some_and(|byte| *byte != 0) {
            return Err(Malformed::Unended);
        }
        Ok(Self { name, mode, options: Options(rest) })
    }

    fn encode(&self, opcode: u16, out: &mut Vec<u8>) {
        out.extend_from_slice(&opcode.to_be_bytes());
        for part in [self.name, self.mode.word().as_bytes()] {
            out.extend_from_slice(part);
            out.push(0);
        }
        out.extend_from_slice(self.options.0);
    }
}

impl Mode {
    /// Gives the word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Netascii => "netascii",
            Self::Octet => "octet",
        }
    }

    /// Reads the word, in any case.
    fn of(word: &[u8]) -> Option<Self> {
        [Self::Octet, Self::Netascii]
            .into_iter()
            .find(|mode| word.eq_ignore_ascii_case(mode.word().as_bytes()))
    }
}

impl<'a> Options<'a> {
    /// Takes names and values as they are, each ended by a NUL.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Goes through names and values, to the first that is empty or has no value: some clients fill up with NULs.
    pub fn iter(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + use<'a> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let (name, after) = text(rest).filter(|(name, _)| !name.is_empty())?;
            let (value, after) = text(after)?;
            rest = after;
            Some((name, value))
        })
    }
}

impl ErrorCode {
    /// Gives the number on the wire.
    pub const fn number(self) -> u16 {
        match self {
            Self::Undefined => 0,
            Self::FileNotFound => 1,
            Self::AccessViolation => 2,
            Self::IllegalOperation => 4,
            Self::UnknownTransfer => 5,
            Self::BadOption => 8,
        }
    }
}

fn number(bytes: &[u8]) -> Result<(u16, &[u8]), Malformed> {
    let (number, rest) = bytes.split_first_chunk::<2>().ok_or(Malformed::Short)?;
    Ok((u16::from_be_bytes(*number), rest))
}

fn text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr::memchr(0, bytes)?;
    Some((&bytes[..end], &bytes[end + 1..]))
}

fn put(out: &mut Vec<u8>, opcode: u16, number: u16) {
    out.extend_from_slice(&opcode.to_be_bytes());
    out.extend_from_slice(&number.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn requests_are_read_with_their_options() {
        let Ok(Packet::Read(request)) =
            Packet::decode(b"\0\x01/a\xff.cfg\0OcTeT\0blksize\x001428\0tsize\x000\0")
        else {
            panic!("no request");
        };
        assert_eq!((request.name, request.mode), (&b"/a\xff.cfg"[..], Mode::Octet));
        let options: Vec<_> = request.options.iter().collect();
        assert_eq!(options, [(&b"blksize"[..], &b"1428"[..]), (&b"tsize"[..], &b"0"[..])]);
    }

    #[test]
    fn bytes_that_are_no_packet_are_told_apart() {
        let long = [b"\0\x01".as_slice(), &[b'a'; 510], b"\0octet\0"].concat();
        let rows: [(&[u8], Malformed); 12] = [
            (b"", Malformed::Short),
            (b"\0", Malformed::Short),
            (b"\0\x04\0", Malformed::Short),
            (b"\0\x03\0", Malformed::Short),
            (b"\0\x07\0\0", Malformed::Opcode),
            (b"\x01\x01a\0octet\0", Malformed::Opcode),
            (b"\0\x01a", Malformed::Unended),
            (b"\0\x01a\0octet", Malformed::Unended),
            (b"\0\x02a\0octet\0blksize\x001", Malformed::Unended),
            (b"\0\x01a\0mail\0", Malformed::Mode),
            (b"\0\x01a\0\0", Malformed::Mode),
            (&long, Malformed::Long),
        ];
        for (bytes, expected) in rows {
            assert_eq!(Packet::decode(bytes), Err(expected), "{bytes:?}");
        }
    }

    #[test]
    fn options_end_where_a_name_or_value_is_missing() {
        let names = |bytes| Options(bytes).iter().map(|(name, _)| name.to_vec()).collect::<Vec<_>>();
        assert_eq!(names(b"a\x001\0b\x002\0"), [b"a", b"b"]);
        assert_eq!(names(b"a\x001\0\0\0\0"), [b"a"]);
        assert_eq!(names(b"a\x001\0b\0"), [b"a"]);
        assert_eq!(names(b"\0"), Vec::<Vec<u8>>::new());
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(bytes in proptest::collection::vec(any::<u8>(), 0..1600)) {
            if let Ok(Packet::Read(request) | Packet::Write(request)) = Packet::decode(&bytes) {
                request.options.iter().for_each(drop);
            }
        }

        #[test]
        fn what_looks_like_a_packet_is_written_as_it_was_read(
            opcode in 1_u8..=6,
            rest in "[a-z0-9\0]{0,40}(octet)?\0{0,3}",
        ) {
            let bytes = [&[0, opcode], rest.as_bytes()].concat();
            if let Ok(packet) = Packet::decode(&bytes) {
                let mut out = Vec::new();
                packet.encode(&mut out);
                prop_assert_eq!(Packet::decode(&out), Ok(packet));
            }
        }
    }
}
