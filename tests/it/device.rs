//! Device certificates: which of them prove a phone, and that no other one keeps it from being served (promise L1).

use std::sync::Arc;

use bellhop::telemetry::HandshakeFailure;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, DnValue,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};

use crate::support::{DEVICE, FILE, Running, SERIAL, Site, TlsPhone, command, failures};

const MAC: &str = "0015654AA937";
const OTHER_MAC: &str = "0015654AA938";

type Authority = CertifiedIssuer<'static, KeyPair>;

fn name(values: &[(DnType, DnValue)]) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    for (part, value) in values {
        name.push(part.clone(), value.clone());
    }
    name
}

fn common(value: &str) -> DistinguishedName {
    name(&[(DnType::CommonName, value.into())])
}

fn authority(called: &str) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = common(called);
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    parameters
}

fn root(called: &str) -> Authority {
    CertifiedIssuer::self_signed(authority(called), KeyPair::generate().unwrap()).unwrap()
}

/// Makes a phone's certificate.
fn made(authority: &Authority, subject: DistinguishedName) -> CertifiedKey {
    made_with(authority, &[], subject, |_| ())
}

fn made_with(
    authority: &Authority,
    between: &[CertificateDer<'static>],
    subject: DistinguishedName,
    change: impl FnOnce(&mut CertificateParams),
) -> CertifiedKey {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = subject;
    change(&mut parameters);
    let key = KeyPair::generate().unwrap();
    let certificate = parameters.signed_by(&key, authority).unwrap();
    let mut chain = vec![certificate.der().clone()];
    chain.extend_from_slice(between);
    with_key(chain, &key)
}

/// Puts a chain and a key together, whether they belong to each other or not.
fn with_key(chain: Vec<CertificateDer<'static>>, key: &KeyPair) -> CertifiedKey {
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    CertifiedKey::new(chain, aws_lc_rs::sign::any_supported_type(&key).unwrap())
}

/// A server that knows one phone and trusts one maker.
fn server(maker: &Authority, rule: &str) -> Running {
    let site = Site::with_phone().write("fleet/device.toml", &DEVICE.replace("\"http\"", "\"https\""));
    site.put("certs/maker.pem", &maker.pem());
    let config = format!(
        "\n[https]\nlisten = [\"127.0.0.1:0\"]\n\
         device-authorities = [{{ certificates = \"certs/maker.pem\"{rule} }}]\n"
    );
    Running::start(site.config(&config))
}

/// Asks by MAC address, which only a certificate opens, and by serial, which nothing may close.
fn ask(server: &Running, own: Option<CertifiedKey>) -> (u16, u16) {
    let phone = TlsPhone { certificate: own, ..TlsPhone::default() };
    let by_mac = phone.get(server.https, &format!("/{FILE}"));
    let by_serial = phone.get(server.https, &format!("/{SERIAL}/{FILE}"));
    (by_mac.status, by_serial.status)
}

const PROVEN: (u16, u16) = (200, 200);
const ANONYMOUS: (u16, u16) = (404, 200);

#[test]
fn a_certificate_of_a_known_maker_proves_its_phone_and_none_keeps_a_phone_away() {
    let (maker, stranger) = (root("Maker"), root("Stranger"));
    let between = CertifiedIssuer::signed_by(authority("Between"), KeyPair::generate().unwrap(), &maker);
    let between = between.unwrap();
    let chain = [between.der().clone()];
    let stolen = made(&maker, common(MAC)).cert;
    let old = |p: &mut CertificateParams| {
        (p.not_before, p.not_after) = (date_time_ymd(2010, 1, 1), date_time_ymd(2020, 1, 1));
    };
    let early = |p: &mut CertificateParams| p.not_before = date_time_ymd(2200, 1, 1);
    let for_servers =
        |p: &mut CertificateParams| p.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let is_authority = |p: &mut CertificateParams| p.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let utf_16 = DnValue::BmpString(rcgen::string::BmpString::try_from(MAC).unwrap());
    let key = KeyPair::generate().unwrap();
    let organization = |text: &str| (DnType::OrganizationName, DnValue::from(text));
    let garbage = |length: usize| CertificateDer::from(vec![0x30; length]);
    let rows = [
        ("by the maker", made(&maker, common(MAC)), PROVEN),
        ("lower case with colons", made(&maker, common("00:15:65:4a:a9:37")), PROVEN),
        (
            "more in the subject",
            made(&maker, name(&[organization("Yealink"), (DnType::CommonName, MAC.into())])),
            PROVEN,
        ),
        ("an authority between", made_with(&between, &chain, common(MAC), |_| ()), PROVEN),
        ("for servers", made_with(&maker, &[], common(MAC), for_servers), PROVEN),
        ("the authority between is missing", made_with(&between, &[], common(MAC), |_| ()), ANONYMOUS),
        ("another maker", made(&stranger, common(MAC)), ANONYMOUS),
        ("another phone", made(&maker, common(OTHER_MAC)), (404, 404)),
        ("a generic name", made(&maker, common("Yealink Generic")), ANONYMOUS),
        ("an address and more", made(&maker, common("0015654AA937.example.net")), ANONYMOUS),
        ("an address after something", made(&maker, common("T46S-0015654AA937")), ANONYMOUS),
        ("a NUL", made(&maker, common("0015654AA937\0")), ANONYMOUS),
        ("no name", made(&maker, DistinguishedName::new()), ANONYMOUS),
        ("another part", made(&maker, name(&[organization(MAC)])), ANONYMOUS),
        ("UTF-16", made(&maker, name(&[(DnType::CommonName, utf_16)])), ANONYMOUS),
        ("its time is over", made_with(&maker, &[], common(MAC), old), ANONYMOUS),
        ("its time is to come", made_with(&maker, &[], common(MAC), early), ANONYMOUS),
        ("an authority itself", made_with(&maker, &[], common(MAC), is_authority), ANONYMOUS),
        ("the key of another", with_key(stolen, &key), ANONYMOUS),
        ("garbage", with_key(vec![garbage(100)], &key), ANONYMOUS),
        ("a large one", with_key(vec![garbage(40_000)], &key), ANONYMOUS),
        ("many", with_key(vec![garbage(10); 100], &key), ANONYMOUS),
    ];
    let server = server(&maker, "");
    for (what, own, expected) in rows {
        assert_eq!(ask(&server, Some(own)), expected, "{what}");
    }
    assert_eq!(ask(&server, None), ANONYMOUS, "no certificate");
    for reason in HandshakeFailure::ALL {
        assert!(failures(&server, reason.word()).abs() < 0.1, "{reason:?}");
    }
}

#[test]
fn a_maker_s_rule_says_where_the_address_is_and_whether_time_counts() {
    let maker = root("Maker");
    let old = |p: &mut CertificateParams| {
        (p.not_before, p.not_after) = (date_time_ymd(2010, 1, 1), date_time_ymd(2020, 1, 1));
    };
    let sep = "CP-8841-SEP0015654AA937";
    let cisco = server(&maker, ", after = \"-SEP\", expired = true");
    assert_eq!(ask(&cisco, Some(made(&maker, common(sep)))), PROVEN);
    assert_eq!(ask(&cisco, Some(made_with(&maker, &[], common(sep), old))), PROVEN);
    assert_eq!(ask(&cisco, Some(made(&maker, common(MAC)))), ANONYMOUS);
    let state = server(&maker, ", mac = \"state\"");
    let in_state = name(&[
        (DnType::CommonName, "x".into()),
        (DnType::StateOrProvinceName, MAC.to_lowercase().as_str().into()),
    ]);
    assert_eq!(ask(&state, Some(made(&maker, in_state))), PROVEN);
    assert_eq!(ask(&state, Some(made(&maker, common(MAC)))), ANONYMOUS);
}

#[test]
fn both_versions_ask_for_the_certificate_and_no_session_is_taken_up_again() {
    let maker = root("Maker");
    let server = server(&maker, "");
    for version in [&TLS12, &TLS13] {
        let versions: &'static [_] = Box::leak(Box::new([version]));
        let mut phone = TlsPhone { versions, ..TlsPhone::default() };
        phone.certificate = Some(made(&maker, common(MAC)));
        assert_eq!(phone.get(server.https, &format!("/{FILE}")).status, 200);
        phone.certificate = None;
        assert_eq!(phone.get(server.https, &format!("/{FILE}")).status, 404);
    }
    let again = TlsPhone { certificate: Some(made(&maker, common(MAC))), ..TlsPhone::default() };
    let config = again.config();
    for _ in 0..3 {
        let connection = TlsPhone::connect_with(&Arc::clone(&config), None, server.https).unwrap();
        assert_eq!(connection.kind(), rustls::HandshakeKind::Full);
        assert_eq!(connection.get(&format!("/{FILE}")).status, 200);
    }
}

#[test]
fn a_file_without_authorities_is_refused_at_the_start() {
    let site = Site::with_phone().write("certs/maker.pem", "nothing\n");
    let config = "\n[https]\nlisten = [\"127.0.0.1:0\"]\n\
                  device-authorities = [{ certificates = \"certs/maker.pem\" }]\n";
    let output = command(&site.config(config), &["serve"], "");
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(78), "{text}");
    assert!(text.contains("certs/maker.pem: holds no certificate; give the maker's"), "{text}");
}

#[test]
fn an_authority_that_is_taken_away_counts_no_more_from_the_next_request_on() {
    let (maker, other) = (root("Maker"), root("Other"));
    let server = server(&maker, "");
    let phone = TlsPhone { certificate: Some(made(&maker, common(MAC))), ..TlsPhone::default() };
    let mut kept = phone.connect(server.https).unwrap();
    let by_mac = format!("/{FILE}");
    assert_eq!(kept.ask(&by_mac), 200);
    server.site.put("certs/maker.pem", &other.pem());
    assert_eq!(server.command(&["reload"]).status.code(), Some(0));
    assert_eq!(kept.ask(&by_mac), 404);
    assert_eq!(phone.get(server.https, &by_mac).status, 404);
    // Both are known: what it proved counts again.
    server.site.put("certs/maker.pem", &(other.pem() + &maker.pem()));
    assert_eq!(server.command(&["reload"]).status.code(), Some(0));
    assert_eq!(kept.ask(&by_mac), 200);
    assert_eq!(phone.get(server.https, &by_mac).status, 200);
}

/// Promise S7: whoever got a second certificate for a phone's address is noticed.
#[test]
fn another_certificate_of_the_same_phone_raises_an_alarm() {
    const ALARMS: &str = "bellhop_guard_alarms_total{kind=\"new-certificate\"}";
    let maker = root("Maker");
    let server = server(&maker, "");
    let (first, second) = (made(&maker, common(MAC)), made(&maker, common(MAC)));
    for (own, alarms) in [(&first, 0.0), (&first, 0.0), (&second, 1.0), (&second, 1.0)] {
        let phone = TlsPhone { certificate: Some(own.clone()), ..TlsPhone::default() };
        assert_eq!(phone.get(server.https, &format!("/{FILE}")).status, 200);
        assert!((server.metric(ALARMS) - alarms).abs() < 0.1);
    }
    let log = server.stop();
    assert!(
        log.contains("a device proves itself by another certificate") && log.contains("device=\"Desk\""),
        "{log}"
    );
}
