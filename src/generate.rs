//! Makes serials and passwords, out of the system's random numbers.
//!
//! Promises: each character is as likely as any other, and none is mistaken for another one where people read it; a
//! phone's password is one that the phone takes.

use crate::catalog::{Firmware, PasswordCharacters};

/// Characters of a serial: 32 that are not mistaken for one another, so that 26 of them carry 130 bits.
const SERIAL: &[u8] = b"abcdefghjkmnpqrstuvwxyz123456789";
const SERIAL_LENGTH: usize = 26;

/// Characters of a password for phones that take letters; without those that are mistaken for one another.
const LETTERS_AND_DIGITS: &[u8] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const DIGITS: &[u8] = b"0123456789";
const PASSWORD_LENGTH: usize = 16;

/// The system gives no random numbers.
#[derive(Debug, thiserror::Error)]
#[error("the system gives no random numbers")]
pub struct NoRandom(#[from] getrandom::Error);

/// Makes a serial of 130 bits.
///
/// # Errors
/// The system gives no random numbers.
pub fn serial() -> Result<String, NoRandom> {
    random(SERIAL, SERIAL_LENGTH)
}

/// Makes a password of sixteen characters, or as many as a phone of this firmware takes, of those that it takes.
///
/// # Errors
/// The system gives no random numbers.
pub fn phone_password(firmware: Option<&Firmware>) -> Result<String, NoRandom> {
    let characters = match firmware.map(|rules| rules.password_characters) {
        Some(PasswordCharacters::Digits) => DIGITS,
        Some(PasswordCharacters::LettersAndDigits) | None => LETTERS_AND_DIGITS,
    };
    let length = firmware.map_or(PASSWORD_LENGTH, |rules| PASSWORD_LENGTH.min(rules.password_max.into()));
    random(characters, length)
}

/// Makes a password of sixteen letters and digits, which 92 bits go into.
///
/// # Errors
/// The system gives no random numbers.
pub fn password() -> Result<String, NoRandom> {
    random(LETTERS_AND_DIGITS, PASSWORD_LENGTH)
}

/// Picks characters, each as likely as any other.
fn random(characters: &[u8], length: usize) -> Result<String, NoRandom> {
    let mut text = String::new();
    let fair = 256 - 256 % characters.len();
    while text.len() < length {
        let mut bytes = [0; 64];
        getrandom::fill(&mut bytes)?;
        let usable = bytes.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < fair);
        text.extend(
            usable.map(|byte| char::from(characters[byte % characters.len()])).take(length - text.len()),
        );
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_has_its_length_and_characters() {
        let made = serial().unwrap();
        assert_eq!(made.len(), 26);
        assert!(made.bytes().all(|byte| SERIAL.contains(&byte)));
        assert_eq!(made.parse::<crate::model::Serial>().unwrap().weakness(), None);
        assert_ne!(made, serial().unwrap());
        assert_eq!(phone_password(None).unwrap().len(), 16);
        assert!(password().unwrap().bytes().all(|byte| LETTERS_AND_DIGITS.contains(&byte)));
    }
}
