//! Grandstream's binary configuration file: a header with a checksum, and the parameters as a form would send them.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

use crate::finish::Unfit;
use crate::model::Mac;

/// What is written as `%XX`, blanks aside, which become `+`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'*').remove(b'_').remove(b'-');

/// What the phones know such a file by, after all parameters.
const LAST: &[u8] = b"gnkey=0b82";

/// Bytes of the header: two zeros, length, checksum, MAC address, two empty lines.
const HEADER: usize = 16;

/// Where the checksum stands.
const CHECKSUM: std::ops::Range<usize> = 4..6;

/// Writes lines like `P2=secret` as a binary file; empty lines, and those that begin with `#`, are left out.
///
/// # Errors
/// A line is none of them, or the file is too long for its own header.
pub(super) fn encode(text: &[u8], mac: Mac) -> Result<Vec<u8>, Unfit> {
    let mut file = Vec::with_capacity(HEADER + text.len() * 5 / 4 + LAST.len());
    file.extend_from_slice(&[0; 6]);
    file.extend_from_slice(&mac.octets());
    file.extend_from_slice(b"\r\n\r\n");
    for (number, line) in (1..).zip(text.split(|byte| *byte == b'\n')) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.trim_ascii().is_empty() || line.starts_with(b"#") {
            continue;
        }
        let equals = line.iter().position(|byte| *byte == b'=').ok_or(Unfit::Line(number))?;
        let (name, value) = (line[..equals].trim_ascii(), &line[equals + 1..]);
        if name.is_empty() || !name.iter().all(u8::is_ascii_alphanumeric) {
            return Err(Unfit::Line(number));
        }
        file.extend_from_slice(name);
        file.push(b'=');
        for (at, word) in value.split(|byte| *byte == b' ').enumerate() {
            if at > 0 {
                file.push(b'+');
            }
            percent_encode(word, ENCODED).for_each(|piece| file.extend_from_slice(piece.as_bytes()));
        }
        file.push(b'&');
    }
    file.extend_from_slice(LAST);
    if !file.len().is_multiple_of(2) {
        file.push(0);
    }
    let too_long = Unfit::Size { bytes: file.len(), most: u32::from(u16::MAX) * 2 };
    let words = u16::try_from(file.len() / 2).map_err(|_| too_long)?;
    file[2..4].copy_from_slice(&words.to_be_bytes());
    let sum = file
        .chunks_exact(2)
        .fold(0_u16, |sum, word| sum.wrapping_add(u16::from_be_bytes([word[0], word[1]])));
    file[CHECKSUM].copy_from_slice(&sum.wrapping_neg().to_be_bytes());
    Ok(file)
}
