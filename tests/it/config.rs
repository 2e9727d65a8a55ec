//! `config/bellhop.toml` is the defaults, all of them, and says so.

use std::collections::BTreeSet;
use std::path::Path;

use bellhop::config::Config;
use bellhop::document::Document;

fn shipped() -> (std::path::PathBuf, String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/bellhop.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    (path, text)
}

/// Asks the reader itself which keys a table has: it names them all to whoever writes an unknown one.
fn known(table: &str) -> BTreeSet<String> {
    let text = if table.is_empty() { "qqqqqqqq = 1".to_owned() } else { format!("[{table}]\nqqqqqqqq = 1") };
    let faults = Config::parse(Path::new("x"), &text).unwrap_err();
    let message = &faults[0].message;
    let list = message.split_once("; known are ").unwrap_or_else(|| panic!("{message}")).1;
    list.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn the_shipped_file_equals_the_defaults() {
    let (path, text) = shipped();
    assert_eq!(Config::parse(&path, &text).unwrap(), Config::default());
    assert_eq!(Config::parse(&path, "").unwrap(), Config::default());
}

#[test]
fn the_shipped_file_names_every_setting() {
    let (path, text) = shipped();
    let document = Document::parse(&path, &text).unwrap_or_else(|faults| panic!("{}", faults[0]));
    let root: BTreeSet<String> = document.root().into_iter().map(|entry| entry.key().to_owned()).collect();
    assert_eq!(root, known(""));
    for entry in document.root() {
        if entry.is_table() && !matches!(entry.key(), "settings" | "raw") {
            let keys = entry.table().unwrap().into_iter().map(|entry| entry.key().to_owned());
            assert_eq!(keys.collect::<BTreeSet<_>>(), known(entry.key()), "{}", entry.key());
        }
    }
}

#[test]
fn every_setting_of_the_shipped_file_has_a_comment() {
    let (_, text) = shipped();
    let mut commented = false;
    for line in text.lines() {
        match line.split(['=', '[']).next().unwrap_or_default().trim() {
            _ if line.starts_with('#') => commented = true,
            _ if line.is_empty() => commented = false,
            key if line.contains('=') && line.starts_with(|c: char| c.is_ascii_lowercase()) => {
                assert!(commented, "{key} has no comment above it");
            }
            _ => (),
        }
    }
}

#[test]
fn every_value_out_of_its_range_is_told() {
    let rows = [
        ("[limits]\nconnections = 0", "2: `connections` is 0; give a whole number from 1 to 1000000"),
        (
            "[limits]\nheader-timeout = \"0s\"",
            "2: `header-timeout` is no time in its range; write a number with a unit, from 1s to 1m",
        ),
        ("[limits]\nheader-timeout = 10", "2: `header-timeout` is a number; give a text in quotes"),
        (
            "[limits]\nheader-bytes = \"1KiB\"",
            "2: `header-bytes` is no size in its range; write a number with a unit, from 8.0 KiB to 64.0 KiB",
        ),
        (
            "[http]\nlisten = [\"8080\"]",
            "2: `listen` holds something else than an address with a port; write 0.0.0.0:8080 or [::]:8080",
        ),
        (
            "[admin]\nlisten = [\"127.0.0.1:1\", \"127.0.0.1:2\"]",
            "2: `listen` holds several addresses; give one, or none to switch it off",
        ),
        (
            "[https]\ncertificates = [{ key = \"x\" }]",
            "2: needs both files; write { certificate = \"server.pem\", key = \"server.key\" }",
        ),
        (
            "[https]\ndevice-authorities = [{ mac = \"state\" }]",
            "2: needs the authorities' certificates; write { certificates = \"maker.pem\" }",
        ),
        (
            "[https]\ndevice-authorities = [{ certificates = \"x\", mac = \"name\" }]",
            "2: `mac` does not know `name`; write `common-name`, `serial-number`, `state` or `surname`",
        ),
        (
            "[provisioning]\nplain-networks = [\"10/8\"]",
            "2: `plain-networks` holds something else than a network; write 192.0.2.0/24, or an address alone",
        ),
        (
            "[provisioning]\npath-prefix = \"a b\"",
            "2: `path-prefix` is not a path; use letters, digits, `-`, `.`, `_`, `~` and `/`",
        ),
        (
            "[provisioning]\nhost = \"http://x\"",
            "2: `host` is not a host; write a DNS name or an IP address, without scheme and port",
        ),
        ("[rendering]\nfuel = 1", "2: `fuel` is 1; give a whole number from 1000 to 100000000"),
        (
            "[reload]\nquiet = \"1ms\"",
            "2: `quiet` is no time in its range; write a number with a unit, from 10ms to 10s",
        ),
        (
            "[proxies]\nproxy-protocol = [\"tftp\"]",
            "2: `proxy-protocol` does not know `tftp`; did you mean `http`?",
        ),
        (
            "[proxies]\ntrusted = [\"nginx\"]",
            "2: `trusted` holds something else than a network; write 192.0.2.0/24, or an address alone",
        ),
        ("[guard]\nunknown = 65", "2: `unknown` is 65; give a whole number from 1 to 64"),
        ("[guard]\nipv6-prefix = 64", "2: `ipv6-prefix` is 64; give a whole number from 1 to 56"),
        (
            "[guard]\nlongest-ban = \"2h\"",
            "2: `longest-ban` is no time in its range; write a number with a unit, from 1s to 1h",
        ),
        ("[tftp]\nblksize = 7", "2: `blksize` is 7; give a whole number from 8 to 65464"),
        ("[tftp]\nwindowsize = 65", "2: `windowsize` is 65; give a whole number from 1 to 64"),
        (
            "[tftp]\nport-range = \"500-400\"",
            "2: `port-range` is no range of ports; write \"40000-40999\", or \"\" to let the system choose",
        ),
        (
            "[tftp]\nnetworks = [\"lan\"]",
            "2: `networks` holds something else than a network; write 192.0.2.0/24, or an address alone",
        ),
        (
            "[tftp]\nsilence = \"11m\"",
            "2: `silence` is no time in its range; write a number with a unit, from 1s to 10m",
        ),
        ("[settings]\nvlan = 0", "2: `vlan` is 0; give a whole number from 1 to 4094"),
        ("[limts]", "1: unknown key `limts`; did you mean `limits`?"),
    ];
    for (text, expected) in rows {
        let faults = Config::parse(Path::new("bellhop.toml"), text).unwrap_err();
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(lines, [format!("bellhop.toml:{expected}")]);
    }
}
