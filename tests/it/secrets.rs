//! Promise S8: what is secret is seen in a phone's file and nowhere else.

use crate::support::{ACCOUNTS, FILE, Running, SERIAL, Site, command};

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
    let site = site().config(&format!("catalog = [{:?}, \"own\"]\n", crate::support::shipped_catalog()));
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
    assert_eq!(text.matches("CANARY").count(), 1, "the serial is what a device is called by: {text}");
    assert!(!SERIAL.is_empty());
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
