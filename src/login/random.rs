//! Random texts, and hashes that stand for secrets.

use std::io;

use sha2::{Digest, Sha256};

/// Letters and digits that nobody confuses with each other: five bits each.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// Makes a random text of so many characters, five bits each.
pub(super) fn text(characters: usize) -> io::Result<String> {
    let mut bytes = vec![0; characters];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect())
}

/// Gives the SHA-256 of texts, each with its end marked, in 64 hexadecimal digits.
pub(super) fn digest(texts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update(text);
        // No text has it: ids and hashes are made of visible characters.
        hash.update([0]);
    }
    hex(&hash.finalize())
}

/// Gives the SHA-256 of a secret in 64 hexadecimal digits.
pub(super) fn digest_of(secret: &str) -> String {
    hex(&Sha256::digest(secret))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_texts_differ_and_have_every_character_of_the_alphabet() {
        let (first, second) = (text(2000).unwrap(), text(2000).unwrap());
        assert_ne!(first, second);
        assert!(ALPHABET.iter().all(|byte| first.contains(char::from(*byte))));
        let mut distinct = ALPHABET.to_vec();
        distinct.dedup();
        assert_eq!(distinct.len(), 32);
    }

    #[test]
    fn digests_are_those_of_sha_256() {
        // FIPS 180-2, appendix B.1.
        assert_eq!(digest_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
    }
}
