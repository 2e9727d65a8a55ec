//! Files as text (RFC 764, page 10): a line ends in CR LF, a lone CR is CR NUL.
//!
//! Promises: works in pieces, without a copy of the whole; the pieces are the same wherever it is cut.

/// How far a file has been written out as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cursor {
    /// Bytes of the file that were taken.
    pub offset: u64,
    /// The second byte of a pair whose first one is out already.
    pub pending: Option<u8>,
}

/// Appends up to `room` bytes of text made of `source`, which stands at the cursor; gives the cursor behind them.
///
/// Fewer bytes come out only when `source` ends.
pub fn encode(cursor: Cursor, source: &[u8], room: usize, out: &mut Vec<u8>) -> Cursor {
    let full = out.len() + room;
    let mut rest = source.iter();
    let mut pending = cursor.pending;
    while out.len() < full {
        let Some(byte) = pending.take().or_else(|| {
            let byte = *rest.next()?;
            pending = match byte {
                b'\n' => Some(b'\n'),
                b'\r' => Some(0),
                _ => None,
            };
            Some(if byte == b'\n' { b'\r' } else { byte })
        }) else {
            break;
        };
        out.push(byte);
    }
    Cursor { offset: cursor.offset + (source.len() - rest.len()) as u64, pending }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plain(source: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        for byte in source {
            match byte {
                b'\n' => out.extend(b"\r\n"),
                b'\r' => out.extend(b"\r\0"),
                byte => out.push(*byte),
            }
        }
        out
    }

    #[test]
    fn lines_end_in_two_bytes() {
        let mut out = Vec::new();
        let cursor = encode(Cursor::default(), b"foo\nbar\rbaz\n", 100, &mut out);
        assert_eq!(out, b"foo\r\nbar\r\0baz\r\n");
        assert_eq!(cursor, Cursor { offset: 12, pending: None });
    }

    proptest! {
        #[test]
        fn wherever_it_is_cut_it_is_the_same(
            source in proptest::collection::vec(proptest::sample::select(b"ab\r\n\0".to_vec()), 0..200),
            room in 1_usize..20,
        ) {
            let (mut cursor, mut out) = (Cursor::default(), Vec::new());
            loop {
                let before = out.len();
                let from = usize::try_from(cursor.offset).unwrap();
                let to = source.len().min(from + room);
                cursor = encode(cursor, &source[from..to], room, &mut out);
                if out.len() - before < room {
                    break;
                }
            }
            prop_assert_eq!(out, plain(&source));
        }
    }
}
