//! Promise S10: phones that answer a challenge with their credentials.
//!
//! What a phone answers is worked out here anew, from RFC 7616.

use std::net::IpAddr;

use bellhop::answer::answer;
use bellhop::identify::Inquiry;
use md5::{Digest, Md5};
use sha2::Sha256;

use crate::support::{ACCOUNTS, DEVICE, FILE, Reply, Running, SERIAL, Site, outcome};

const DIGEST: &str = "\n[provisioning]\ndigest = [\"SHA-256\", \"MD5\"]\n";

/// Writes an `Authorization` header of the phone whose user name is its address, for a nonce that nobody gave.
pub(crate) fn respond(mac: &str, password: &str, path: &str) -> String {
    let challenge = Challenge { realm: format!("bellhop {mac}"), nonce: "n".to_owned() };
    challenge.answer::<Md5>("MD5", ("GET", path), (mac, password), 1)
}

struct Challenge {
    realm: String,
    nonce: String,
}

impl Challenge {
    /// Reads the challenge for an algorithm out of a response.
    fn read(reply: &Reply, algorithm: &str) -> Self {
        let line = reply.head.lines().find(|line| {
            line.starts_with("Www-Authenticate: Digest ") && line.contains(&format!("algorithm={algorithm},"))
        });
        let line = line.unwrap_or_else(|| panic!("no challenge: {}", reply.head));
        let value = |name: &str| {
            let (_, rest) = line.split_once(&format!("{name}=\"")).unwrap();
            rest.split_once('"').unwrap().0.to_owned()
        };
        Self { realm: value("realm"), nonce: value("nonce") }
    }

    fn answer<D: Digest>(
        &self,
        algorithm: &str,
        (method, path): (&str, &str),
        (user, password): (&str, &str),
        count: u32,
    ) -> String {
        let Self { realm, nonce } = self;
        let hash = |text: String| {
            D::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect::<String>()
        };
        let (secret, request) =
            (hash(format!("{user}:{realm}:{password}")), hash(format!("{method}:{path}")));
        let response = hash(format!("{secret}:{nonce}:{count:08x}:c0ffee:auth:{request}"));
        format!(
            "Digest username=\"{user}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{path}\", \
             algorithm={algorithm}, response=\"{response}\", qop=auth, nc={count:08x}, cnonce=\"c0ffee\""
        )
    }
}

fn server() -> Running {
    let device = format!("{DEVICE}update-user = \"desk\"\nupdate-password = \"CANARY-update\"\n");
    let disabled = DEVICE.replace(SERIAL, "a1b2c3d4e5f6g7h8j9k1m2n3p4").replace("A9:37", "A9:38");
    let disabled =
        disabled.replace("\"0087*001\"", "") + "update-password = \"CANARY-update\"\nstatus = \"disabled\"\n";
    let site =
        Site::new().write("fleet/accounts.toml", ACCOUNTS).write("fleet/devices.toml", &(device + &disabled));
    Running::start(site.config(DIGEST))
}

/// Asks, with the answer to a challenge.
fn ask(server: &Running, path: &str, authorization: &str) -> Reply {
    server.get_with(path, &format!("Authorization: {authorization}\r\n"))
}

fn is_stale(reply: &Reply) -> bool {
    reply.head.contains("stale=true")
}

#[test]
fn a_phone_that_shows_its_credentials_gets_its_file_once_for_each_answer() {
    let server = server();
    let path = format!("/{FILE}");
    let login = ("desk", "CANARY-update");
    for (algorithm, answer) in [
        ("MD5", Challenge::answer::<Md5> as fn(&_, &str, _, _, u32) -> String),
        ("SHA-256", Challenge::answer::<Sha256>),
    ] {
        let asked = server.get(&path);
        assert_eq!((asked.status, is_stale(&asked)), (401, false));
        let challenge = Challenge::read(&asked, algorithm);
        let first = answer(&challenge, algorithm, ("GET", &path), login, 1);
        let served = ask(&server, &path, &first);
        assert_eq!(served.status, 200, "{algorithm}: {}", served.head);
        assert!(String::from_utf8_lossy(&served.body).contains("CANARY-sip-1"));
        // What was overheard is worth nothing.
        let again = ask(&server, &path, &first);
        assert_eq!((again.status, is_stale(&again)), (401, true));
        let next = answer(&challenge, algorithm, ("GET", &path), login, 2);
        assert_eq!(ask(&server, &path, &next).status, 200);
        let skipped = answer(&challenge, algorithm, ("GET", &path), login, 9);
        assert_eq!(ask(&server, &path, &skipped).status, 200);
        let back = answer(&challenge, algorithm, ("GET", &path), login, 8);
        assert_eq!(ask(&server, &path, &back).status, 401);
    }
    assert!(server.metric("bellhop_refusals_total{transport=\"http\",reason=\"credentials\"}") >= 4.0);
    let log = server.stop();
    assert!(!log.contains("CANARY"), "{log}");
}

#[test]
fn credentials_are_for_one_device_path_method_and_nonce() {
    let server = server();
    let path = format!("/{FILE}");
    let challenge = || Challenge::read(&server.get(&path), "MD5");
    let answer = |challenge: &Challenge, request, login| challenge.answer::<Md5>("MD5", request, login, 1);
    let get = ("GET", path.as_str());
    for (what, authorization) in [
        ("a wrong password", answer(&challenge(), get, ("desk", "CANARY-another"))),
        ("another user", answer(&challenge(), get, ("0015654aa937", "CANARY-update"))),
        ("another path", answer(&challenge(), ("GET", "/0015654aa938.cfg"), ("desk", "CANARY-update"))),
        ("another method", answer(&challenge(), ("HEAD", &path), ("desk", "CANARY-update"))),
        ("no credentials", "Basic ZGVzazpDQU5BUlktdXBkYXRl".to_owned()),
    ] {
        let reply = ask(&server, &path, &authorization);
        assert_eq!((reply.status, is_stale(&reply)), (401, false), "{what}");
    }
    let made_up = Challenge { nonce: "0".repeat(56), ..challenge() };
    let reply = ask(&server, &path, &answer(&made_up, get, ("desk", "CANARY-update")));
    assert_eq!((reply.status, is_stale(&reply)), (401, true), "a nonce of nobody's");
    let other = Challenge { realm: "bellhop 0015654aa938".to_owned(), ..challenge() };
    assert_eq!(ask(&server, &path, &answer(&other, get, ("desk", "CANARY-update"))).status, 401);
}

#[test]
fn challenges_tell_nothing_of_what_exists() {
    let server = server();
    let plain = |path: &str| {
        let reply = server.get(path);
        let nonce = Challenge::read(&reply, "MD5").nonce;
        let named = path.trim_start_matches('/').trim_end_matches(".cfg");
        let head = reply.head.replace(&nonce, "NONCE").replace(&format!("bellhop {named}"), "REALM");
        (head, reply.body)
    };
    let unknown = plain("/0015654aa9ff.cfg");
    assert_eq!(plain(&format!("/{FILE}")), unknown, "a device without its credentials");
    assert_eq!(plain("/0015654aa938.cfg"), unknown, "a disabled device");
    let nobody = server.get(&format!("/nobody/{FILE}"));
    let serial = server.get(&format!("/{SERIAL}/{FILE}"));
    assert_eq!((nobody.status, serial.status), (401, 401), "the serial is not this device's URL");
    assert_eq!(nobody.body, serial.body);
}

#[test]
fn whoever_is_known_or_no_phone_is_not_asked() {
    let server = server();
    let path = "/0015654aa937/nothing";
    let challenge = Challenge::read(&server.get(&format!("/{FILE}")), "MD5");
    assert_eq!(server.get("/y000000000066.cfg").status, 200, "a common file");
    assert_eq!(server.get("/../x").status, 404, "no name at all");
    let authorization = challenge.answer::<Md5>("MD5", ("GET", path), ("desk", "CANARY-update"), 1);
    assert_eq!(ask(&server, path, &authorization).status, 404, "a file that the phone has not");
    let off = Running::start(
        Site::new().write("fleet/accounts.toml", ACCOUNTS).write("fleet/devices.toml", DEVICE),
    );
    assert_eq!(off.get(&format!("/{FILE}")).status, 404, "without algorithms nobody is asked");
}

#[test]
fn phones_are_told_their_credentials() {
    for (model, mac) in [
        ("yealink/t46s", "00:15:65:4A:A9:37"),
        ("polycom/vvx411", "64:16:7F:4B:2A:19"),
        ("grandstream/gxp2170", "C0:74:AD:2B:D8:59"),
        ("snom/d785", "00:04:13:A2:5C:3E"),
        ("cisco/spa504g", "58:BF:EA:11:6C:E4"),
        ("cisco/8841", "00:56:2B:1C:7A:5D"),
        ("linksys/spa941", "00:0E:08:D3:5A:21"),
    ] {
        let device = DEVICE.replace("yealink/t46s", model).replace("00:15:65:4A:A9:37", mac);
        let device = device.replace("protocol = \"http\"\n", "")
            + "update-user = \"desk-7\"\nupdate-password = \"CANARY-update\"\n";
        let files = |config: &str| {
            let site = Site::new()
                .with_vendors(&["polycom", "grandstream", "snom", "cisco", "linksys", "vtech"])
                .write("fleet/accounts.toml", ACCOUNTS)
                .write("fleet/device.toml", &device);
            let snapshot = site.config(config).load();
            let phone = snapshot.phone_by_serial(SERIAL).unwrap();
            let all = phone.firmware.files.iter().map(|file| phone.file_name(file));
            let texts = all.filter_map(|name| {
                let path = format!("/{}/{name}", phone.url_segment());
                let local = IpAddr::from([127, 0, 0, 1]);
                let inquiry = Inquiry {
                    certificate: phone.device.mac,
                    ..Inquiry::new(phone.protocol(), local, path.as_bytes())
                };
                let answer = answer(&snapshot, &inquiry);
                outcome(&answer).1.map(|body| String::from_utf8_lossy(body).into_owned())
            });
            texts.collect::<String>()
        };
        let asked = files(DIGEST);
        assert!(asked.contains("desk-7") && asked.contains("CANARY-update"), "{model}");
        let off = files("");
        assert!(off.contains(SERIAL), "{model}");
        assert!(!off.contains("desk-7") && !off.contains("CANARY-update"), "{model}");
    }
}
