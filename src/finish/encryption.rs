//! Files that only the phone can read: what vendors document, with a key of the device.
//!
//! The same text and key give the same bytes, so that a file that did not change is the same file to whoever asks
//! again: salts are taken from the text, by a function that nobody computes without the key.

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{
    AES_128, AES_256, EncryptingKey, EncryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hmac::{Context, HMAC_SHA256, Key};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::{digest, hkdf};
use md5::{Digest, Md5};

use crate::finish::Unfit;
use crate::model::Secret;

/// How a file is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// What `openssl enc -aes-256-cbc -md md5 -pass …` writes: AES-256-CBC with a salted passphrase, as phones have
    /// had it since OpenSSL 0.9.7.
    OpensslMd5,
    /// The same with `-md sha256`.
    OpensslSha256,
    /// The content coding `aes128gcm` (RFC 8188); the key's characters are the keying material.
    Rfc8188,
    /// Yealink's: AES-128-ECB with the key's sixteen characters as they are, on text that is filled up with empty
    /// lines.
    Yealink,
}

/// Bytes that AES works on at a time.
const BLOCK: usize = 16;

/// Bytes of a record of RFC 8188, the tag and the delimiter among them.
const RECORD: u32 = 4096;

/// Bytes of a record that are not text: one that delimits it, and the tag.
const AROUND: usize = 17;

impl Encryption {
    /// Every way with its word in the catalog.
    pub const ALL: &[(&'static str, Self)] = &[
        ("openssl-aes-256-cbc", Self::OpensslMd5),
        ("openssl-aes-256-cbc-sha256", Self::OpensslSha256),
        ("rfc8188", Self::Rfc8188),
        ("yealink", Self::Yealink),
    ];

    /// Gives the word in the catalog.
    pub const fn word(self) -> &'static str {
        match self {
            Self::OpensslMd5 => "openssl-aes-256-cbc",
            Self::OpensslSha256 => "openssl-aes-256-cbc-sha256",
            Self::Rfc8188 => "rfc8188",
            Self::Yealink => "yealink",
        }
    }

    /// Gives the Content-Encoding by which the phone knows the file, so that it can be had over HTTP only.
    pub const fn content_coding(self) -> Option<&'static str> {
        match self {
            Self::Rfc8188 => Some("aes128gcm"),
            Self::OpensslMd5 | Self::OpensslSha256 | Self::Yealink => None,
        }
    }

    /// Says what a key must be where this one cannot be the phone's.
    pub fn misfit(self, key: &Secret) -> Option<&'static str> {
        let key = key.expose();
        let among = |more: &str| key.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c));
        match self {
            // They stand in brackets of a rule in which `$` begins a variable and a blank ends a word.
            Self::OpensslMd5 | Self::OpensslSha256 if !among("-._~+=:,@/") => {
                Some("use letters, digits and the signs `-._~+=:,@/`")
            }
            Self::Rfc8188 if key.len() < 16 => Some("use 16 to 64 characters"),
            Self::Yealink if key.len() != BLOCK || !among("#$%*+,-.:=?@[]^_{}~") => {
                Some("use 16 letters, digits and signs of `#$%*+,-.:=?@[]^_{}~`")
            }
            Self::OpensslMd5 | Self::OpensslSha256 | Self::Rfc8188 | Self::Yealink => None,
        }
    }

    /// Encrypts a file.
    ///
    /// # Errors
    /// The key cannot be the phone's.
    pub(super) fn encrypt(self, text: Vec<u8>, key: &Secret) -> Result<Vec<u8>, Unfit> {
        if self.misfit(key).is_some() {
            return Err(Unfit::Key);
        }
        let secret = key.expose().as_bytes();
        let encrypted = match self {
            Self::OpensslMd5 | Self::OpensslSha256 => {
                let [salt @ .., _, _, _, _, _, _, _, _] = salt(secret, &text);
                self.openssl(text, secret, salt)
            }
            Self::Rfc8188 => aes128gcm(&text, secret, &salt(secret, &text)),
            Self::Yealink => yealink(text, secret),
        };
        encrypted.map_err(|Unspecified| Unfit::Key)
    }

    fn openssl(self, mut text: Vec<u8>, passphrase: &[u8], salt: [u8; 8]) -> Result<Vec<u8>, Unspecified> {
        let sum = |parts: &[&[u8]]| -> Vec<u8> {
            let parts = parts.concat();
            match self {
                Self::OpensslSha256 => digest::digest(&digest::SHA256, &parts).as_ref().to_vec(),
                _ => Md5::digest(&parts).to_vec(),
            }
        };
        // EVP_BytesToKey, with one round: each sum goes into the next until key and vector are filled.
        let mut made = Vec::new();
        let mut last = Vec::new();
        while made.len() < 48 {
            last = sum(&[&last, passphrase, &salt]);
            made.extend_from_slice(&last);
        }
        let vector: [u8; BLOCK] = made[32..48].try_into().map_err(|_| Unspecified)?;
        let key = UnboundCipherKey::new(&AES_256, &made[..32])?;
        let context = EncryptionContext::Iv128(FixedLength::from(vector));
        PaddedBlockEncryptingKey::cbc_pkcs7(key)?.less_safe_encrypt(&mut text, context)?;
        Ok([b"Salted__", &salt[..], &text].concat())
    }
}

/// Writes the content coding of RFC 8188, without a key's name.
fn aes128gcm(text: &[u8], material: &[u8], salt: &[u8; 16]) -> Result<Vec<u8>, Unspecified> {
    let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(material);
    let mut bits = [0; 16];
    expand(&extracted, b"Content-Encoding: aes128gcm\0", &mut bits)?;
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &bits)?);
    let mut first = [0; 12];
    expand(&extracted, b"Content-Encoding: nonce\0", &mut first)?;
    let mut out = [&salt[..], &RECORD.to_be_bytes(), &[0]].concat();
    let whole = RECORD as usize - AROUND;
    let records = text.len().div_ceil(whole).max(1);
    for number in 0..records {
        let from = number * whole;
        let is_last = number + 1 == records;
        let mut record = text[from..text.len().min(from + whole)].to_vec();
        record.push(if is_last { 2 } else { 1 });
        let mut nonce = first;
        for (byte, bits) in nonce.iter_mut().rev().zip(number.to_le_bytes()) {
            *byte ^= bits;
        }
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut record)?;
        out.extend_from_slice(&record);
    }
    Ok(out)
}

fn expand(from: &hkdf::Prk, what: &[u8], into: &mut [u8]) -> Result<(), Unspecified> {
    struct Length(usize);
    impl hkdf::KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    from.expand(&[what], Length(into.len()))?.fill(into)
}

fn yealink(mut text: Vec<u8>, key: &[u8]) -> Result<Vec<u8>, Unspecified> {
    text.resize(text.len().next_multiple_of(BLOCK), b'\n');
    EncryptingKey::ecb(UnboundCipherKey::new(&AES_128, key)?)?.encrypt(&mut text)?;
    Ok(text)
}

/// Takes a salt from a text: another text has another one, and only the key tells which.
fn salt(key: &[u8], text: &[u8]) -> [u8; 16] {
    let mut context = Context::with_key(&Key::new(HMAC_SHA256, key));
    context.update(b"bellhop salt\0");
    context.update(text);
    let mut salt = [0; 16];
    salt.copy_from_slice(&context.sign().as_ref()[..16]);
    salt
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unbase64(text: &str) -> Vec<u8> {
        let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let mut bits = text.bytes().flat_map(|byte| {
            let value = letters.iter().position(|letter| *letter == byte).unwrap();
            (0..6).rev().map(move |bit| value >> bit & 1 == 1)
        });
        let mut bytes = Vec::new();
        loop {
            let byte: Vec<bool> = bits.by_ref().take(8).collect();
            if byte.len() < 8 {
                return bytes;
            }
            bytes.push(byte.iter().fold(0, |byte, bit| byte << 1 | u8::from(*bit)));
        }
    }

    #[test]
    fn the_content_coding_is_that_of_the_rfc() {
        // RFC 8188, section 3.1.
        let material = unbase64("yqdlZ-tYemfogSmv7Ws5PQ");
        let salt: [u8; 16] = unbase64("I1BsxtFttlv3u_Oo94xnmw").try_into().unwrap();
        let made = aes128gcm(b"I am the walrus", &material, &salt).unwrap();
        let expected = "I1BsxtFttlv3u_Oo94xnmwAAEAAA-NAVub2qFgBEuQKRapoZu-IxkIva3MEB1PD-ly8Thjg";
        assert_eq!(made, unbase64(expected));
    }

    /// Reads records as section 2 of the RFC says, from the outside.
    fn read(coded: &[u8], material: &[u8]) -> Vec<u8> {
        let record = u32::from_be_bytes(coded[16..20].try_into().unwrap()) as usize;
        assert_eq!(coded[20], 0, "no name of a key");
        let made = hkdf::Salt::new(hkdf::HKDF_SHA256, &coded[..16]).extract(material);
        let (mut key, mut first) = ([0; 16], [0; 12]);
        expand(&made, b"Content-Encoding: aes128gcm\0", &mut key).unwrap();
        expand(&made, b"Content-Encoding: nonce\0", &mut first).unwrap();
        let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).unwrap());
        let mut text = Vec::new();
        let mut records = (0_u128..).zip(coded[21..].chunks(record)).peekable();
        while let Some((number, sealed)) = records.next() {
            let mut nonce = [0; 16];
            nonce[4..].copy_from_slice(&first);
            let nonce = (u128::from_be_bytes(nonce) ^ number).to_be_bytes();
            let nonce = Nonce::try_assume_unique_for_key(&nonce[4..]).unwrap();
            let mut sealed = sealed.to_vec();
            let opened = key.open_in_place(nonce, Aad::empty(), &mut sealed).unwrap();
            let end = if records.peek().is_some() { 1 } else { 2 };
            text.extend_from_slice(opened.strip_suffix(&[end]).unwrap());
        }
        text
    }

    #[test]
    fn long_files_are_made_of_many_records() {
        let key = Secret::new("0123456789abcdef");
        for length in [0, 1, 4078, 4079, 4080, 8158, 50_000] {
            let text: Vec<u8> = (0..=255).cycle().take(length).collect();
            let coded = Encryption::Rfc8188.encrypt(text.clone(), &key).unwrap();
            assert_eq!(read(&coded, b"0123456789abcdef"), text, "{length}");
        }
    }

    #[test]
    fn the_same_text_and_key_give_the_same_bytes() {
        let (key, other) = (Secret::new("0123456789abcdef"), Secret::new("0123456789abcdeg"));
        for (word, encryption) in Encryption::ALL {
            assert_eq!(encryption.word(), *word);
            let made = |text: &str, key| encryption.encrypt(text.into(), key).unwrap();
            let text = "account.1.password = secret\n";
            assert_eq!(made(text, &key), made(text, &key));
            assert_ne!(made(text, &key), made(text, &other));
            if *encryption != Encryption::Yealink {
                let changed = made("account.1.password = secreT\n", &key);
                assert_ne!(made(text, &key)[..16], changed[..16], "{word}: another text has another salt");
            }
            assert!(!made(text, &key).windows(6).any(|part| part == b"secret"));
        }
    }

    #[test]
    fn a_key_that_the_phone_does_not_take_encrypts_nothing() {
        let misfit = |encryption: Encryption, key: &str| {
            let key = Secret::new(key);
            let told = encryption.misfit(&key).is_some();
            assert_eq!(encryption.encrypt(b"x".to_vec(), &key) == Err(Unfit::Key), told);
            told
        };
        assert!(!misfit(Encryption::Yealink, "0123456789abcde~"));
        assert!(misfit(Encryption::Yealink, "0123456789abcdef0"));
        assert!(misfit(Encryption::Yealink, "0123456789abcde/"));
        assert!(misfit(Encryption::Rfc8188, "too short"));
        assert!(!misfit(Encryption::OpensslMd5, "SecretPhrase1234"));
        for key in ["quo\"te", "$A-variable", "brack]et", "two words", "Umlaut-ä"] {
            assert!(misfit(Encryption::OpensslMd5, key), "{key}");
            assert!(misfit(Encryption::OpensslSha256, key), "{key}");
        }
    }
}
