//! Promise S8: what is secret is seen in a phone's file and nowhere else.

use crate::support::{ACCOUNTS, FILE, Running, Site, TlsPhone, command, exchange};

/// A device full of secrets; every one of them and its serial begin with a canary.
const DEVICE: &str = r#"
[[device]]
serial = "CANARY-serial-k2m9x3q8w6e5"
name = "Desk"
model = "yealink/t46s"
mac = "00:15:65:4A:A9:37"
admin-password = "CANARY-admin"
protocol = "http"
organization = "org"
lines = ["0087*001"]
settings = { user-password = "CANARY-user", ldap-server = "ldap.example.net", ldap-password = "CANARY-ldap" }
raw = { "static.network.vpn.password" = "CANARY-raw", "features.dnd_mode" = "1" }
"#;

const CANARY_SERIAL: &str = "CANARY-serial-k2m9x3q8w6e5";

fn site() -> Site {
    Site::new().write("fleet/accounts.toml", ACCOUNTS).write("fleet/device.toml", DEVICE)
}

#[test]
fn nothing_secret_is_logged_counted_or_told() {
    let server = Running::start_with(site(), &[("BELLHOP_LOG", "trace"), ("RUST_BACKTRACE", "full")]);
    let whole = server.get(&format!("/{CANARY_SERIAL}/{FILE}"));
    let body = String::from_utf8(whole.body).unwrap();
    for secret in ["sip-1", "admin", "user", "ldap", "raw", "serial"] {
        assert!(body.contains(&format!("CANARY-{secret}")), "the phone gets {secret}");
    }
    // Everything that can go wrong on the way.
    for path in [
        format!("/{CANARY_SERIAL}"),
        format!("/{CANARY_SERIAL}/CANARY-file"),
        format!("/{CANARY_SERIAL}x/{FILE}"),
        format!("/{CANARY_SERIAL}/../{FILE}"),
        format!("/{CANARY_SERIAL}/0015654aa938.cfg"),
    ] {
        assert_eq!(server.get(&path).status, 404);
    }
    server.raw(
        format!("GET /{CANARY_SERIAL} /{FILE} HTTP/1.1\r\nHost: CANARY\r\nAuthorization: CANARY\r\n\r\n")
            .as_bytes(),
    );
    server.raw(format!("POST /{CANARY_SERIAL}/{FILE} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes());
    // Faults of every kind in files with secrets in them.
    server.site.put(
        "fleet/broken.toml",
        "[[device]]\nserial = \"CANARY-x\"\nadmin-password = \"CANARY-broken\nname = 1\n",
    );
    server.command(&["reload"]);
    let twice = DEVICE.replace("Desk", "Twin").replace("CANARY-admin", "CANARY \u{7}");
    server.site.put("fleet/broken.toml", &twice);
    let reload = server.command(&["reload"]);
    assert_eq!(reload.status.code(), Some(78));
    let metrics = String::from_utf8(server.admin("/metrics").body).unwrap();
    let told = [reload.stdout, reload.stderr].concat();
    let greeting = server.greeting.clone();
    let log = server.stop();
    for (what, text) in [
        ("metrics", metrics),
        ("reload", String::from_utf8(told).unwrap()),
        ("greeting", greeting),
        ("log", log),
    ] {
        assert!(!text.contains("CANARY"), "{what}:\n{text}");
        assert!(!text.is_empty(), "{what}");
    }
}

#[test]
fn a_template_that_fails_tells_no_value() {
    let vendor = "name = \"Yealink\"\n[family.v81.files]\n\"{mac}.cfg\" = { template = \"bad.cfg\" }\n";
    let bad = "line 1\n{{ device.admin_password + 1 }}\n";
    let site = site().config("catalog = [\"shipped\", \"own\"]\n");
    let site = site.write("own/yealink/vendor.toml", vendor).write("own/yealink/templates/bad.cfg", bad);
    let check = command(&site, &["check"], "");
    let text = String::from_utf8(check.stderr).unwrap();
    assert_eq!(check.status.code(), Some(78));
    assert!(text.contains("cannot render {mac}.cfg of Desk: template yealink/bad.cfg, line 2: "), "{text}");
    assert!(!text.contains("CANARY"), "{text}");
    let server = Running::start(site);
    let reply = server.get(&format!("/{CANARY_SERIAL}/{FILE}"));
    assert_eq!((reply.status, reply.header("Retry-After"), reply.body.len()), (503, Some("60"), 0));
    let log = server.stop();
    assert!(log.contains("rendering failed") && log.contains("yealink/bad.cfg, line 2"), "{log}");
    assert!(!log.contains("CANARY"), "{log}");
}

#[test]
fn an_operator_sees_secrets_only_when_asked_to_reveal_them() {
    let masked = command(&site(), &["render", "Desk"], "");
    let text = String::from_utf8(masked.stdout).unwrap();
    assert!(text.contains("account.1.password = ********\n"), "{text}");
    assert!(text.contains("features.dnd_mode = 1\n"), "{text}");
    assert!(!text.contains("CANARY"), "{text}");
    let revealed = command(&site(), &["render", CANARY_SERIAL, FILE, "--reveal"], "");
    let text = String::from_utf8(revealed.stdout).unwrap();
    assert!(text.contains("account.1.password = CANARY-sip-1\n"), "{text}");
    let list = command(&site(), &["device", "list", "--json"], "");
    let text = String::from_utf8(list.stdout).unwrap();
    assert!(text.contains("\"Desk\"") && !text.contains("CANARY"), "a list shows no serial: {text}");
    let shown = command(&site(), &["device", "show", "Desk", "--json"], "");
    let text = String::from_utf8(shown.stdout).unwrap();
    assert!(text.contains(CANARY_SERIAL), "the administrator may know the update URL: {text}");
    assert_eq!(text.matches("CANARY").count(), text.matches(CANARY_SERIAL).count(), "{text}");
}

#[test]
fn the_process_leaves_no_dump_and_no_secret_in_its_arguments() {
    let server = Running::start(site());
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", server.id())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().collect::<Vec<_>>()[4..6], ["0", "0"]);
    for file in ["cmdline", "environ"] {
        let text = std::fs::read(format!("/proc/{}/{file}", server.id())).unwrap();
        assert!(!String::from_utf8_lossy(&text).contains("CANARY"), "{file}");
    }
    let key = std::fs::metadata(server.site.path("state/admin.key")).unwrap();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&key.permissions()) & 0o777, 0o600);
}

/// Makes what an operator can look at, by every way there is; gives each with its name.
fn told(server: &Running) -> Vec<(String, String)> {
    let commands: &[&[&str]] =
        &[&["status"], &["status", "--json"], &["bans", "--json"], &["reload"], &["check"]];
    let output = |arguments: &&[&str]| {
        let output = server.command(arguments);
        (arguments.join(" "), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    };
    let page = |path: &&str| ((*path).to_owned(), String::from_utf8(server.admin(path).body).unwrap());
    let pages = ["/metrics", "/readyz", "/healthz", "/api/v1/status", "/api/v1/CANARY"];
    commands.iter().map(output).chain(pages.iter().map(page)).collect()
}

#[test]
fn nothing_secret_is_told_in_any_shape_of_the_log_or_by_the_admin_side() {
    for format in ["text", "json"] {
        let settings = format!(
            "[log]\nformat = {format:?}\nlevel = \"trace\"\n[provisioning]\nhost = \"x.example.net\"\n\
             digest = [\"SHA-256\", \"MD5\"]\n[proxies]\ntrusted = [\"127.0.0.1\"]\n[guard]\nunknown = 3\n\
             [settings]\nuser-password = \"CANARY-setting\"\n[raw]\nyealink = {{ \"x.password\" = \"CANARY-raw\" }}\n"
        );
        let server = Running::start(site().config(&format!("\n{settings}")));
        for path in
            ["CANARY-one/x", "CANARY-two/x", "CANARY-three/x", "CANARY-four/x", "assets/CANARY", "x?CANARY"]
        {
            server.get_with(
                &format!("/{path}"),
                "X-Forwarded-For: CANARY, 192.0.2.1\r\nUser-Agent: CANARY\r\n",
            );
        }
        let shown = "Authorization: Digest username=\"CANARY\", realm=\"CANARY\", nonce=\"CANARY\", uri=\"/CANARY\", response=\"CANARY\"\r\n";
        server.get_with(&format!("/{FILE}"), shown);
        server.get_with(&format!("/{FILE}"), "Authorization: Basic CANARY\r\n");
        TlsPhone { name: Some("CANARY.example.net"), ..TlsPhone::default() }.get(server.https, "/CANARY");
        exchange(server.https, &[b"GET /CANARY HTTP/1.1\r\nHost: CANARY\r\n\r\n"]);
        exchange(server.admin, &[b"GET /api/v1/bans HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer CANARY\r\nConnection: close\r\n\r\n"]);
        let tftp = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        tftp.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
        for datagram in [&b"\0\x01CANARY/x\0octet\0"[..], b"\0\x01CANARY\0CANARY\0", b"\0\x02CANARY\0octet\0"]
        {
            tftp.send_to(datagram, server.tftp).unwrap();
            tftp.recv(&mut [0; 600]).unwrap();
        }
        // Settings with secrets and a fault in them.
        let whole = std::fs::read_to_string(server.site.path("bellhop.toml")).unwrap();
        server.site.put("bellhop.toml", &format!("{whole}\n\"x\" = [\"CANARY-fault\"\n"));
        let mut all = told(&server);
        server.site.put("bellhop.toml", &whole);
        all.extend(told(&server));
        let key = std::fs::read_to_string(server.site.path("state/admin.key")).unwrap();
        let key = key.trim().rsplit(' ').next().unwrap().to_owned();
        all.push(("log".to_owned(), server.stop()));
        for (what, text) in all {
            assert!(!text.contains("CANARY"), "{format}: {what}:\n{text}");
            assert!(!text.contains(&key), "{format}: {what} tells the key of the command line");
            assert!(!text.is_empty(), "{what}");
        }
    }
}
