//! HTTPS: the certificate that is minted, those that are chosen by name, and what is refused.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;

use rustls::ProtocolVersion;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::version::{TLS12, TLS13};

use crate::support::{DEVICE, FILE, Running, SERIAL, Site, TlsPhone, command, until};

const FAILURES: &str = "bellhop_handshake_failures_total{transport=\"https\"}";

fn site() -> Site {
    Site::with_phone().write("fleet/device.toml", &DEVICE.replace("\"http\"", "\"https\""))
}

fn path() -> String {
    format!("/{SERIAL}/{FILE}")
}

/// Writes a certificate for names, with its key, as an operator would.
fn certificate(site: &Site, file: &str, names: &[&str]) -> CertificateDer<'static> {
    let key = rcgen::KeyPair::generate().unwrap();
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let certificate = rcgen::CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
    site.put(&format!("certs/{file}.pem"), &certificate.pem());
    site.put(&format!("certs/{file}.key"), &key.serialize_pem());
    certificate.der().clone()
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
    let files = |name: &str| format!("{{ certificate = \"certs/{name}.pem\", key = \"certs/{name}.key\" }}");
    let config = format!(
        "\n[https]\nlisten = [\"127.0.0.1:0\"]\ncertificates = [{}, {}]\n",
        files("first"),
        files("second")
    );
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
fn a_key_of_another_certificate_is_refused_at_the_start() {
    let site = site();
    certificate(&site, "first", &["first.example.net"]);
    certificate(&site, "second", &["second.example.net"]);
    let config = "\n[https]\nlisten = [\"127.0.0.1:0\"]\n\
                  certificates = [{ certificate = \"certs/first.pem\", key = \"certs/second.key\" }]\n";
    let output = command(&site.config(config), &["serve"], "");
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("cannot use the key") && text.contains("certs/second.key"), "{text}");
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

#[test]
fn older_versions_get_an_alert_and_are_counted() {
    let server = Running::start(site());
    // A hello of TLS 1.1 (RFC 4346, section 7.4.1.2) with one cipher suite and no extensions.
    let mut hello = vec![0x16, 3, 1, 0, 45, 1, 0, 0, 41, 3, 2];
    hello.extend([7; 32]);
    hello.extend([0, 0, 2, 0, 0x2f, 1, 0]);
    let mut stream = TcpStream::connect(server.https).unwrap();
    stream.write_all(&hello).unwrap();
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).unwrap();
    // Alert, any version, two bytes: fatal, handshake_failure, as the hello says no signature algorithms either
    // (RFC 8446, section 6.2).
    assert_eq!((reply[0], &reply[3..]), (21, &[0, 2, 2, 40][..]));
    until("the failure is counted", || server.metric(FAILURES) >= 1.0);
}

#[test]
fn a_peer_that_says_nothing_holds_nobody_up() {
    let site = site().config("\n[limits]\nhandshake-timeout = \"1s\"\n");
    let server = Running::start(site);
    let silent: Vec<_> = (0..50).map(|_| TcpStream::connect(server.https).unwrap()).collect();
    assert_eq!(TlsPhone::default().get(server.https, &path()).status, 200);
    until("silent peers are closed", || server.metric(FAILURES) >= 50.0);
    drop(silent);
}
