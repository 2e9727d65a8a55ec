//! The text of a file: UTF-8, or a word on what it seems to be.

/// Gives the text of a file without its byte-order mark.
///
/// # Errors
/// It is none: what it seems to be and the cure, with the line where that shows, or 0.
pub(super) fn text(bytes: &[u8]) -> Result<&str, (u64, String)> {
    if let Some(what) = container(bytes) {
        return Err((0, format!("the file is {what}, not text; save it as “CSV UTF-8” and send that")));
    }
    if let Some(encoding) = wide(bytes) {
        return Err((
            0,
            format!("the file seems to be {encoding}; save it as UTF-8 (in Excel: “CSV UTF-8”)"),
        ));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let line = lines(&bytes[..error.valid_up_to()]) + 1;
        let what = if is_latin(bytes) { "Latin-1 or Windows-1252" } else { "no text in UTF-8" };
        (line, format!("the file seems to be {what}; save it as UTF-8 (in Excel: “CSV UTF-8”)"))
    })
}

/// Counts the ends of lines, however they are written.
pub(super) fn lines(bytes: &[u8]) -> u64 {
    let mut lines = 0;
    for (at, byte) in bytes.iter().enumerate() {
        let ends = *byte == b'\n' || (*byte == b'\r' && bytes.get(at + 1) != Some(&b'\n'));
        lines += u64::from(ends);
    }
    lines
}

/// Names a file that is no text at all by its first bytes.
fn container(bytes: &[u8]) -> Option<&'static str> {
    const KNOWN: &[(&[u8], &str)] = &[
        (b"PK\x03\x04", "a workbook or an archive"),
        (b"\xd0\xcf\x11\xe0", "an old workbook"),
        (b"\x1f\x8b", "compressed"),
        (b"%PDF-", "a PDF"),
    ];
    KNOWN.iter().find(|(start, _)| bytes.starts_with(start)).map(|(_, what)| *what)
}

/// Names an encoding of more bytes a character by its mark, or by the zeros that Western text has in it.
fn wide(bytes: &[u8]) -> Option<&'static str> {
    if bytes.starts_with(b"\xff\xfe\0\0") || bytes.starts_with(b"\0\0\xfe\xff") {
        return Some("UTF-32");
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Some("UTF-16");
    }
    let head = &bytes[..bytes.len().min(512) & !1];
    let zeros = |from: usize| head.iter().skip(from).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    let most = |zeros: usize| head.len() >= 4 && zeros * 4 > head.len() / 2 * 3;
    (most(odd) && even == 0 || most(even) && odd == 0).then_some("UTF-16")
}

/// Tells whether the bytes that are no UTF-8 look like letters of Western Europe rather than like chance.
fn is_latin(bytes: &[u8]) -> bool {
    let strange = bytes.iter().filter(|byte| matches!(byte, 0..=8 | 14..=31 | 127)).count();
    strange == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_no_part_of_the_text() {
        assert_eq!(text(b"\xef\xbb\xbfmac\n"), Ok("mac\n"));
        assert_eq!(text("Zürich".as_bytes()), Ok("Zürich"));
        assert_eq!(text(b""), Ok(""));
    }

    #[test]
    fn another_encoding_is_recognised_and_the_cure_told() {
        let wide =
            |bytes: fn(u16) -> [u8; 2]| "mac,name\n".encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
        let latin = b"mac,name\n00085D1AE98C,Z\xfcrich\n".to_vec();
        for (bytes, line, word) in [
            (wide(u16::to_le_bytes), 0, "UTF-16"),
            (wide(u16::to_be_bytes), 0, "UTF-16"),
            ([b"\xff\xfe".to_vec(), wide(u16::to_le_bytes)].concat(), 0, "UTF-16"),
            (latin, 2, "Latin-1"),
            (b"PK\x03\x04rest".to_vec(), 0, "workbook"),
            (b"a\0\x01\xff\xff".to_vec(), 1, "no text"),
        ] {
            let (at, message) = text(&bytes).unwrap_err();
            assert!(message.contains(word) && message.contains("UTF-8"), "{message}");
            assert_eq!(at, line, "{message}");
        }
    }

    #[test]
    fn lines_end_in_three_ways() {
        assert_eq!(lines(b"a\nb\r\nc\rd"), 3);
    }
}
