//! HTTPS: the certificate that is minted, those that are chosen by name and by what a phone can verify.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::version::{TLS12, TLS13};
use rustls::{ProtocolVersion, SignatureScheme};

use crate::support::{
    DEVICE, FILE, Running, SERIAL, Site, TlsPhone, certificate, certificate_with, command, https,
};

fn site() -> Site {
    Site::with_phone().write("fleet/device.toml", &DEVICE.replace("\"http\"", "\"https\""))
}

fn path() -> String {
    format!("/{SERIAL}/{FILE}")
}

#[test]
fn without_a_certificate_one_is_minted_and_kept() {
    let server = Running::start(site());
    assert!(server.greeting.contains("(self-signed certificate)"), "{}", server.greeting);
    let reply = TlsPhone::default().get(server.https, &path());
    assert_eq!(reply.status, 200);
    assert!(reply.body.starts_with(b"#!version:1.0.0.1\n"));
    let minted = server.site.path("state/self-signed.pem");
    let shown = TlsPhone::default().connect(server.https).unwrap().certificate();
    assert_eq!(shown, CertificateDer::from_pem_file(&minted).unwrap());
    let mode = fs::metadata(&minted).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let before = fs::read(&minted).unwrap();
    assert_eq!(command(&server.site, &["check"], "").status.code(), Some(0));
    assert_eq!(fs::read(&minted).unwrap(), before);
}

#[test]
fn what_is_left_of_a_minted_certificate_is_minted_anew() {
    let whole = {
        let server = Running::start(site());
        fs::read_to_string(server.site.path("state/self-signed.pem")).unwrap()
    };
    let certificate_alone = &whole[whole.find("-----BEGIN CERTIFICATE").unwrap()..];
    for left in ["", &whole[..whole.len() / 2], certificate_alone] {
        let server = Running::start(site().write("state/self-signed.pem", left));
        assert_eq!(TlsPhone::default().get(server.https, &path()).status, 200, "{left:?}");
    }
}

#[test]
fn a_device_over_http_is_not_served_over_tls_and_the_other_way_round() {
    let server = Running::start(site());
    assert_eq!(server.get(&path()).status, 404);
    assert_eq!(TlsPhone::default().get(server.https, &path()).status, 200);
}

#[test]
fn certificates_are_chosen_by_the_name_that_is_asked_for() {
    let site = site();
    let first = certificate(&site, "first", &["first.example.net"]);
    let second = certificate(&site, "second", &["second.example.net", "*.phones.example.net"]);
    let config = https(&["first", "second"], "");
    let server = Running::start(site.config(&config));
    assert!(!server.greeting.contains("self-signed"), "{}", server.greeting);
    let rows = [
        (None, &first),
        (Some("unknown.example.net"), &first),
        (Some("first.example.net"), &first),
        (Some("SECOND.example.net"), &second),
        (Some("a.phones.example.net"), &second),
        (Some("a.b.phones.example.net"), &first),
    ];
    for (name, expected) in rows {
        let phone = TlsPhone { name, ..TlsPhone::default() };
        assert_eq!(phone.connect(server.https).unwrap().certificate(), *expected, "{name:?}");
    }
}

#[test]
fn a_phone_gets_the_chain_that_it_can_verify_and_the_cheaper_one_of_two() {
    let site = site();
    let name = &["both.example.net"];
    let rsa = certificate_with(&site, "rsa", name, true, |_| ());
    let curve = certificate(&site, "curve", name);
    let alone = certificate_with(&site, "alone", &["alone.example.net"], true, |_| ());
    let again = certificate(&site, "again", &["again.example.net", "both.example.net"]);
    let server = Running::start(site.config(&https(&["rsa", "curve", "alone", "again"], "")));
    // What a phone offers decides: suites in TLS 1.2, signatures in both versions.
    let old: fn(&mut CryptoProvider) = |provider| {
        provider.cipher_suites.retain(|suite| format!("{:?}", suite.suite()).contains("ECDHE_RSA"));
    };
    let unsure: fn(&mut CryptoProvider) = |provider| {
        let known = &mut provider.signature_verification_algorithms;
        known.mapping = known
            .mapping
            .iter()
            .position(|(scheme, _)| *scheme == SignatureScheme::RSA_PSS_SHA256)
            .map_or(&[], |at| &known.mapping[at..=at]);
    };
    let new: fn(&mut CryptoProvider) = |_| ();
    let rows = [
        (Some("both.example.net"), new, &curve),
        (Some("both.example.net"), old, &rsa),
        (Some("both.example.net"), unsure, &rsa),
        (None, new, &curve),
        (None, old, &rsa),
        (Some("alone.example.net"), new, &alone),
        (Some("again.example.net"), new, &again),
    ];
    for (at, (name, change, expected)) in rows.into_iter().enumerate() {
        let phone = TlsPhone { name, change, ..TlsPhone::default() };
        let shown = phone.connect(server.https).unwrap().certificate();
        assert_eq!(shown, *expected, "row {at}");
    }
    let checked = command(&server.site, &["check"], "");
    let text = String::from_utf8(checked.stderr).unwrap();
    assert!(text.contains("certs/again.pem: warning: is not used for \"both.example.net\""), "{text}");
    assert_eq!(checked.status.code(), Some(0), "{text}");
}

#[test]
fn phones_get_tls_1_2_and_1_3_and_http_1_1_only() {
    let server = Running::start(site());
    for (version, spoken) in [(&TLS12, ProtocolVersion::TLSv1_2), (&TLS13, ProtocolVersion::TLSv1_3)] {
        let versions: &'static [_] = Box::leak(Box::new([version]));
        let connection = TlsPhone { versions, ..TlsPhone::default() }.connect(server.https).unwrap();
        assert_eq!(connection.agreed(), (spoken, Some(&b"http/1.1"[..])));
    }
}
