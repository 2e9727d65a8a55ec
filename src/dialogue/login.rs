//! Names and passwords that programs show in a query, a form, lines or JSON.

use std::fmt;

use percent_encoding::percent_decode;

use crate::model::Secret;

/// Longest name or password that is looked at.
const LONGEST: usize = 256;

/// The fields that a program shows its credentials in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginFields {
    /// The field of the name.
    pub user: Box<str>,
    /// The field of the password.
    pub password: Box<str>,
}

/// Credentials as they were shown.
#[derive(Clone)]
pub struct Login {
    /// The name.
    pub user: String,
    /// The password.
    pub password: Secret,
}

impl LoginFields {
    /// Finds the credentials in the query of a URL.
    pub fn in_query(&self, query: &[u8]) -> Option<Login> {
        self.in_pairs(query.split(|byte| *byte == b'&'), decode)
    }

    /// Finds the credentials in what was sent: an object of JSON, a form, or lines of `name=value`.
    pub fn in_body(&self, body: &[u8]) -> Option<Login> {
        let body = body.trim_ascii();
        if body.first() == Some(&b'{') {
            let object: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(body).ok()?;
            let text = |field: &str| object.get(field)?.as_str().map(str::to_owned);
            return Login::of(text(&self.user)?, &text(&self.password)?);
        }
        // A form is one line, and what it has in the place of line ends is encoded.
        if body.contains(&b'\n') || !body.contains(&b'&') {
            let lines = body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
            return self.in_pairs(lines, of_line);
        }
        self.in_query(body)
    }

    fn in_pairs<'b>(
        &self,
        pairs: impl Iterator<Item = &'b [u8]>,
        decode: impl Fn(&[u8]) -> Option<String>,
    ) -> Option<Login> {
        let [mut user, mut password] = [None, None];
        for pair in pairs {
            let Some(at) = memchr::memchr(b'=', pair) else { continue };
            let (name, value) = (pair[..at].trim_ascii(), &pair[at + 1..]);
            let place = match name {
                name if name == self.user.as_bytes() => &mut user,
                name if name == self.password.as_bytes() => &mut password,
                _ => continue,
            };
            // What is said twice was put together by somebody else than the program.
            if place.replace(decode(value)?).is_some() {
                return None;
            }
        }
        Login::of(user?, &password?)
    }
}

impl Login {
    fn of(user: String, password: &str) -> Option<Self> {
        let is_sane = |text: &str| (1..=LONGEST).contains(&text.len());
        (is_sane(&user) && is_sane(password)).then(|| Self { user, password: Secret::new(password) })
    }
}

/// Finds the value of a field in the query of a URL.
pub fn field(query: &[u8], field: &str) -> Option<String> {
    let mut pairs = query.split(|byte| *byte == b'&');
    decode(pairs.find_map(|pair| pair.strip_prefix(field.as_bytes())?.strip_prefix(b"="))?)
}

/// Decodes a value of a form (WHATWG URL, section 5.1).
fn decode(value: &[u8]) -> Option<String> {
    let spaced: Vec<u8> = value.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    percent_decode(&spaced).decode_utf8().ok().map(String::from)
}

/// Reads the value of a line: as it stands where it is in quotes, else encoded as in a form.
fn of_line(value: &[u8]) -> Option<String> {
    let value = value.trim_ascii();
    match value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")) {
        Some(quoted) => std::str::from_utf8(quoted).ok().map(str::to_owned),
        None => decode(value),
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login(••••)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields() -> LoginFields {
        LoginFields { user: "user".into(), password: "pw".into() }
    }

    fn seen(login: Option<Login>) -> Option<(String, String)> {
        login.map(|login| (login.user, login.password.expose().to_owned()))
    }

    #[test]
    fn credentials_are_found_in_every_shape_that_programs_send() {
        let expected = Some(("a b".to_owned(), "p&=+ü".to_owned()));
        let fields = fields();
        assert_eq!(seen(fields.in_query(b"x=1&user=a+b&pw=p%26%3D%2B%C3%BC")), expected);
        for body in [
            "user=a%20b&pw=p%26%3d%2b%c3%bc&z",
            "{\"user\": \"a b\", \"pw\": \"p&=+\\u00fc\", \"id\": 7}",
            "platform=ios\r\nuser=a b\r\npw=p%26%3d%2b%C3%BC\r\n",
            "user = \"a b\"\npw = \"p&=+ü\"",
        ] {
            assert_eq!(seen(fields.in_body(body.as_bytes())), expected, "{body}");
        }
    }

    #[test]
    fn anything_else_shows_no_credentials() {
        let fields = fields();
        let long = format!("user=a&pw={}", "x".repeat(257));
        let deep = "{\"user\":".repeat(2_000);
        for body in [
            "",
            "user=a",
            "user=&pw=b",
            "user=a&user=b&pw=c",
            "user=a&pw=%ff",
            "{",
            "{\"user\": 1}",
            &long,
            &deep,
        ] {
            assert_eq!(seen(fields.in_body(body.as_bytes())), None, "{body:.40}");
        }
        assert_eq!(seen(fields.in_query(b"user=a\npw=b")), None);
    }

    #[test]
    fn a_login_prints_as_dots() {
        let login = fields().in_query(b"user=desk&pw=CANARY-1").unwrap();
        assert_eq!(format!("{login:?}"), "Login(••••)");
    }
}
