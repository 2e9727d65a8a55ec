//! Digest credentials: what a phone shows in place of its password (RFC 7616).

use std::fmt;

use md5::Md5;
use md5::digest::Digest;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::model::{DigestAlgorithm, Mac, UpdateCredentials};

/// Digest credentials of a request, as it was sent.
#[derive(Clone, Copy)]
pub struct DigestCredentials<'a> {
    /// What they are hashed by.
    pub algorithm: DigestAlgorithm,
    /// What the server gave for this phone to answer.
    pub nonce: &'a str,
    /// The path that they are for.
    pub uri: &'a str,
    /// How often the nonce was used, in hexadecimal digits.
    pub count: &'a str,
    method: &'a str,
    user: &'a str,
    realm: &'a str,
    client_nonce: &'a str,
    response: &'a str,
}

impl<'a> DigestCredentials<'a> {
    /// Reads the value of an `Authorization` header; `None` unless it is of digest credentials with `qop=auth`.
    pub fn read(header: &'a str, method: &'a str) -> Option<Self> {
        let (scheme, fields) = header.trim_ascii().split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("digest") {
            return None;
        }
        let [mut user, mut realm, mut nonce, mut uri, mut response] = [None; 5];
        let [mut algorithm, mut count, mut client_nonce, mut quality] = [None; 4];
        let mut rest = fields;
        while let Some((name, value, after)) = field(rest) {
            rest = after;
            let place = match name.to_ascii_lowercase().as_str() {
                "algorithm" => &mut algorithm,
                "cnonce" => &mut client_nonce,
                "nc" => &mut count,
                "nonce" => &mut nonce,
                "qop" => &mut quality,
                "realm" => &mut realm,
                "response" => &mut response,
                "uri" => &mut uri,
                "username" => &mut user,
                _ => continue,
            };
            if place.replace(value).is_some() {
                return None;
            }
        }
        if !rest.is_empty() || quality? != "auth" {
            return None;
        }
        // RFC 7616, section 3.3: without a word it is MD5.
        let algorithm = match algorithm {
            None => DigestAlgorithm::Md5,
            Some(word) => DigestAlgorithm::ALL.iter().find(|(known, _)| known.eq_ignore_ascii_case(word))?.1,
        };
        Some(Self {
            algorithm,
            method,
            user: user?,
            realm: realm?,
            nonce: nonce?,
            uri: uri?,
            response: response?,
            count: count?,
            client_nonce: client_nonce?,
        })
    }

    /// Tells whether they are those of a phone; without any the answer takes as long (promise S2).
    pub(super) fn are_of(&self, mac: Option<Mac>, credentials: Option<&UpdateCredentials>) -> bool {
        let user = credentials.map_or("", |credentials| credentials.user.as_str());
        let password = credentials.map_or("", |credentials| credentials.password.expose());
        let response = match self.algorithm {
            DigestAlgorithm::Md5 => self.respond::<Md5>(user, password),
            DigestAlgorithm::Sha256 => self.respond::<Sha256>(user, password),
        };
        let is_right = response.as_bytes().ct_eq(self.response.to_ascii_lowercase().as_bytes());
        let same_names =
            self.user.as_bytes().ct_eq(user.as_bytes()) & self.realm.as_bytes().ct_eq(realm(mac).as_bytes());
        bool::from(is_right & same_names) & credentials.is_some()
    }

    /// Works out the response that `user` would give (RFC 7616, section 3.4).
    fn respond<D: Digest>(&self, user: &str, password: &str) -> String {
        let secret = hash::<D>(&[user, self.realm, password]);
        let request = hash::<D>(&[self.method, self.uri]);
        hash::<D>(&[&secret, self.nonce, self.count, self.client_nonce, "auth", &request])
    }
}

/// Gives the realm that a phone is asked for credentials of: each has its own.
pub fn realm(mac: Option<Mac>) -> String {
    mac.map_or_else(|| "bellhop".to_owned(), |mac| format!("bellhop {}", mac.plain()))
}

/// Hashes texts with colons between them, as hexadecimal digits.
fn hash<D: Digest>(texts: &[&str]) -> String {
    use fmt::Write;
    let mut hash = D::new();
    for (at, text) in texts.iter().enumerate() {
        if at > 0 {
            hash.update(b":");
        }
        hash.update(text.as_bytes());
    }
    hash.finalize().iter().fold(String::new(), |mut digits, byte| {
        write!(digits, "{byte:02x}").ok();
        digits
    })
}

/// Takes the next `name=value` off; a value in quotes must not hold escapes, which nobody needs here.
fn field(text: &str) -> Option<(&str, &str, &str)> {
    let text = text.trim_start_matches([' ', '\t', ',']);
    let (name, rest) = text.split_once('=')?;
    let (value, rest) = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').filter(|(value, _)| !value.contains('\\'))?,
        None => rest.split_at(rest.find([',', ' ', '\t']).unwrap_or(rest.len())),
    };
    Some((name.trim_ascii(), value, rest))
}

impl fmt::Debug for DigestCredentials<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({}, {} ••••)", self.algorithm.word(), self.realm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Secret;

    /// The examples of RFC 7616, section 3.9.1, with the realm and names given there.
    const EXAMPLES: [(&str, &str); 2] = [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ];

    fn header(algorithm: &str, response: &str) -> String {
        format!(
            "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", uri=\"/dir/index.html\", \
             algorithm={algorithm}, nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc=00000001, \
             cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, response=\"{response}\", \
             opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
        )
    }

    #[test]
    fn responses_are_those_of_the_standard() {
        for (algorithm, response) in EXAMPLES {
            let header = header(algorithm, response);
            let credentials = DigestCredentials::read(&header, "GET").unwrap();
            let computed = match credentials.algorithm {
                DigestAlgorithm::Md5 => credentials.respond::<Md5>("Mufasa", "Circle of Life"),
                DigestAlgorithm::Sha256 => credentials.respond::<Sha256>("Mufasa", "Circle of Life"),
            };
            assert_eq!(computed, response);
        }
    }

    #[test]
    fn credentials_are_those_of_one_user_password_realm_method_and_path() {
        let mac = "0015654aa937".parse().unwrap();
        let login = UpdateCredentials { user: "desk".into(), password: Secret::new("CANARY-digest") };
        let text = |uri: &str| {
            let open = format!(
                "Digest username=\"desk\", realm=\"bellhop 0015654aa937\", nonce=\"n\", uri=\"{uri}\", \
                 algorithm=MD5, qop=auth, nc=00000001, cnonce=\"c\", response=\"\""
            );
            let response =
                DigestCredentials::read(&open, "GET").unwrap().respond::<Md5>("desk", "CANARY-digest");
            open.replace("response=\"\"", &format!("response=\"{response}\""))
        };
        let right = text("/0015654aa937.cfg");
        let credentials = DigestCredentials::read(&right, "GET").unwrap();
        assert!(credentials.are_of(Some(mac), Some(&login)));
        assert!(!credentials.are_of(Some(mac), None));
        assert!(!credentials.are_of(None, Some(&login)));
        let other = UpdateCredentials { password: Secret::new("another"), ..login.clone() };
        assert!(!credentials.are_of(Some(mac), Some(&other)));
        assert!(!DigestCredentials::read(&right, "HEAD").unwrap().are_of(Some(mac), Some(&login)));
        let moved = right.replace("/0015654aa937.cfg", "/0015654aa938.cfg");
        assert!(!DigestCredentials::read(&moved, "GET").unwrap().are_of(Some(mac), Some(&login)));
        assert!(!format!("{credentials:?}").contains(credentials.response));
    }

    #[test]
    fn what_is_no_digest_is_none() {
        let good = header("MD5", "x");
        for bad in [
            "Basic ZGVzazpwYXNz".to_owned(),
            "Digest".to_owned(),
            "Digest username=\"a".to_owned(),
            good.replace("qop=auth", "qop=auth-int"),
            good.replace("qop=auth, ", ""),
            good.replace("algorithm=MD5", "algorithm=MD4"),
            good.replace("nc=00000001", "nc=00000001, nc=00000002"),
            good.replace("Mufasa", "Muf\\asa"),
            format!("{good}, rubbish"),
        ] {
            assert!(DigestCredentials::read(&bad, "GET").is_none(), "{bad}");
        }
        let odd = good.replace("qop=auth", "qop=\"auth\"").replace("algorithm=MD5, ", "").replace(", ", ",");
        assert!(DigestCredentials::read(&odd, "GET").is_some());
    }
}
