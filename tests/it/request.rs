//! A phone asks, over each transport: who gets what, and who gets the one answer that everybody gets.

use std::collections::BTreeSet;

use bellhop::model::Protocol::{self, Http, Https, Tftp};
use bellhop::snapshot::Snapshot;

use crate::support::{ACCOUNTS, DEVICE, FILE, Running, SERIAL, Site, ask, ask_from, outcome};

const AGENT: &str = "Yealink SIP-T46S 66.86.0.15 00:15:65:4a:a9:37";

/// Makes a site with the device changed.
fn site(change: &[(&str, &str)], config: &str) -> Site {
    let mut device = DEVICE.to_owned();
    for (from, to) in change {
        assert!(device.contains(from), "{from}");
        device = device.replace(from, to);
    }
    Site::new()
        .with_vendors(&["mitel", "grandstream"])
        .write("fleet/accounts.toml", ACCOUNTS)
        .write("fleet/device.toml", &device)
        .config(config)
}

const MAC_BASED: &str = "\n[provisioning]\nhost = \"p.example.net\"\nmac-based = true\n";

#[test]
fn the_evidence_the_url_and_the_protocol_decide() {
    let by_serial = format!("/{SERIAL}/{FILE}");
    let mac_based = ("protocol = \"http\"", "protocol = \"http\"\nmac-based = true");
    let tftp = ("protocol = \"http\"", "protocol = \"tftp\"");
    let disabled = ("name = \"Desk\"", "name = \"Desk\"\nstatus = \"disabled\"");
    type Row<'r> = (&'r str, &'r [(&'r str, &'r str)], &'r str, Protocol, &'r str, &'r str);
    let rows: &[Row<'_>] = &[
        ("serial", &[], "", Http, &by_serial, "served"),
        (
            "serial, other spelling of the name",
            &[],
            "",
            Http,
            &format!("/{SERIAL}/00-15-65-4A-A9-37.CFG"),
            "served",
        ),
        ("serial, common file", &[], "", Http, &format!("/{SERIAL}/y000000000066.cfg"), "served"),
        ("serial, probe", &[], "", Http, &format!("/{SERIAL}/0015654aa937.boot"), "probe"),
        ("serial, no such file", &[], "", Http, &format!("/{SERIAL}/other.cfg"), "no-such-file"),
        (
            "serial, file of another model",
            &[],
            "",
            Http,
            &format!("/{SERIAL}/y000000000028.cfg"),
            "no-such-file",
        ),
        ("serial alone", &[], "", Http, &format!("/{SERIAL}"), "no-such-file"),
        ("serial, over TLS", &[], "", Https, &by_serial, "wrong-protocol"),
        ("serial, over TFTP", &[], "", Tftp, &by_serial, "wrong-protocol"),
        ("serial of nobody", &[], "", Http, "/nobody/0015654aa937.cfg", "unknown"),
        ("serial of a disabled device", &[disabled], "", Http, &by_serial, "disabled"),
        ("MAC address, not switched on", &[], "", Http, &format!("/{FILE}"), "wrong-url"),
        (
            "MAC address, device asks, server does not allow",
            &[mac_based],
            "",
            Http,
            &format!("/{FILE}"),
            "wrong-url",
        ),
        ("serial, device asks, server does not allow", &[mac_based], "", Http, &by_serial, "served"),
        (
            "MAC address, server allows, device does not ask",
            &[],
            MAC_BASED,
            Http,
            &format!("/{FILE}"),
            "wrong-url",
        ),
        ("MAC address, allowed", &[mac_based], MAC_BASED, Http, &format!("/{FILE}"), "served"),
        (
            "MAC address as a folder, allowed",
            &[mac_based],
            MAC_BASED,
            Http,
            &format!("/00:15:65:4A:A9:37/{FILE}"),
            "served",
        ),
        (
            "serial, when the MAC address is the live URL",
            &[mac_based],
            MAC_BASED,
            Http,
            &by_serial,
            "wrong-url",
        ),
        ("another MAC address", &[mac_based], MAC_BASED, Http, "/0015654aa938.cfg", "unknown"),
        (
            "common file, by a phone known by its MAC address",
            &[mac_based],
            MAC_BASED,
            Http,
            "/y000000000066.cfg",
            "served",
        ),
        ("common file, where no phone asks so", &[], MAC_BASED, Http, "/y000000000066.cfg", "unknown"),
        (
            "common file, over a protocol that no phone asks by",
            &[mac_based],
            MAC_BASED,
            Https,
            "/y000000000066.cfg",
            "unknown",
        ),
        (
            "probe, by a phone known by its MAC address",
            &[mac_based],
            MAC_BASED,
            Http,
            "/y000000000000.boot",
            "probe",
        ),
        ("MAC address, over TFTP", &[tftp], "", Tftp, FILE, "served"),
        ("MAC address with a slash, over TFTP", &[tftp], "", Tftp, &format!("/{FILE}"), "served"),
        ("serial, of a TFTP phone", &[tftp], "", Tftp, &by_serial, "served"),
        ("common file, over TFTP", &[tftp], "", Tftp, "y000000000066.cfg", "served"),
        ("MAC address, of a TFTP phone over HTTP", &[tftp], "", Http, &format!("/{FILE}"), "wrong-protocol"),
    ];
    for (what, change, config, transport, path, expected) in rows {
        let snapshot = site(change, config).load();
        for agent in [None, Some(AGENT)] {
            assert_eq!(outcome(&ask(&snapshot, *transport, path, agent)).0, *expected, "{what} {agent:?}");
        }
    }
}

#[test]
fn facts_that_contradict_the_record_take_trust_away() {
    let snapshot = site(&[], "").load();
    let with = |agent: &str| outcome(&ask(&snapshot, Http, &format!("/{SERIAL}/{FILE}"), Some(agent))).0;
    assert_eq!(with(AGENT), "served");
    assert_eq!(with("Yealink SIP-T46S 66.86.0.15"), "served", "what is not told contradicts nothing");
    assert_eq!(with("curl/8.5.0"), "served");
    assert_eq!(with("\u{1f600}"), "served");
    assert_eq!(with("Yealink SIP-T46S 66.86.0.15 00:15:65:4a:a9:38"), "contradicted");
    assert_eq!(with("Yealink SIP-T48S 66.86.0.15 00:15:65:4a:a9:37"), "contradicted");
    assert_eq!(with("Grandstream Model HW GXP2170 SW 1.0.11.79 DevId 0015654aa937"), "contradicted");
    let other = format!("/{SERIAL}/0015654aa938.cfg");
    assert_eq!(outcome(&ask(&snapshot, Http, &other, None)).0, "contradicted");
    let folder = "/0015654aa937/0015654aa938.cfg";
    assert_eq!(outcome(&ask(&snapshot, Http, folder, None)).0, "contradicted");
}

#[test]
fn a_device_without_an_address_is_not_contradicted_by_one() {
    let snapshot = site(&[("mac = \"00:15:65:4A:A9:37\"\n", "")], "").load();
    let path = format!("/{SERIAL}/001565aabbcc.cfg");
    assert_eq!(
        outcome(&ask(&snapshot, Http, &path, Some("Yealink SIP-T46S 66.86.0.15 00:15:65:aa:bb:cc"))).0,
        "served"
    );
    let differ = "Yealink SIP-T46S 66.86.0.15 00:15:65:aa:bb:dd";
    assert_eq!(
        outcome(&ask(&snapshot, Http, &path, Some(differ))).0,
        "contradicted",
        "path and agent differ"
    );
}

#[test]
fn brands_that_took_over_another_s_phones_may_tell_either_name() {
    let snapshot =
        site(&[("yealink/t46s", "mitel/6867i"), ("CANARY-admin", "12345"), ("00:15:65", "00:08:5D")], "")
            .load();
    let with = |agent: &str| outcome(&ask(&snapshot, Http, &format!("/{SERIAL}/startup.cfg"), Some(agent))).0;
    assert_eq!(with("Mitel6867i MAC:00-08-5D-4A-A9-37 V:5.1.0.1024-SIP"), "served");
    assert_eq!(with("Aastra6867i MAC:00-08-5D-4A-A9-37 V:4.2.0.181-SIP"), "served");
    assert_eq!(with("Aastra6865i MAC:00-08-5D-4A-A9-37 V:4.2.0.181-SIP"), "contradicted");
}

#[test]
fn secrets_go_in_clear_to_private_networks_only() {
    let rows = [
        ("127.0.0.1", true),
        ("10.1.2.3", true),
        ("172.31.255.255", true),
        ("192.168.0.1", true),
        ("fd00::1", true),
        ("fe80::1", true),
        ("::1", true),
        ("::ffff:10.1.2.3", true),
        ("172.32.0.1", false),
        ("192.0.2.1", false),
        ("8.8.8.8", false),
        ("2001:db8::1", false),
        ("::ffff:8.8.8.8", false),
    ];
    let http = site(&[], "").load();
    let https = site(&[("protocol = \"http\"", "protocol = \"https\"")], "").load();
    let tftp = site(&[("protocol = \"http\"", "protocol = \"tftp\"")], "").load();
    let path = format!("/{SERIAL}/{FILE}");
    for (peer, private) in rows {
        let expected = if private { "served" } else { "plain-network" };
        assert_eq!(outcome(&ask_from(&http, Http, peer, &path, None)).0, expected, "{peer}");
        assert_eq!(outcome(&ask_from(&tftp, Tftp, peer, FILE, None)).0, expected, "{peer}");
        assert_eq!(outcome(&ask_from(&https, Https, peer, &path, None)).0, "served", "{peer}");
        // What holds no secret goes anywhere.
        let common = format!("/{SERIAL}/y000000000066.cfg");
        assert_eq!(outcome(&ask_from(&http, Http, peer, &common, None)).0, "served", "{peer}");
        // Over TFTP the network is all that tells a phone from a stranger.
        let named = "0015654aa937/y000000000066.cfg";
        assert_eq!(outcome(&ask_from(&tftp, Tftp, peer, named, None)).0, expected, "{peer}");
    }
    let wide = "\n[provisioning]\nplain-networks = [\"0.0.0.0/0\"]\n";
    let wide = site(&[], wide).load();
    assert_eq!(outcome(&ask_from(&wide, Http, "8.8.8.8", &path, None)).0, "served");
    assert_eq!(outcome(&ask_from(&wide, Http, "2001:db8::1", &path, None)).0, "plain-network");
}

#[test]
fn a_common_file_holds_nothing_of_a_single_phone() {
    let mac_based = ("protocol = \"http\"", "protocol = \"http\"\nmac-based = true");
    let snapshot = site(&[mac_based], MAC_BASED).load();
    let answer = ask(&snapshot, Http, "/y000000000066.cfg", None);
    let body = String::from_utf8(outcome(&answer).1.unwrap().to_vec()).unwrap();
    assert!(!body.contains("CANARY") && !body.contains(SERIAL) && !body.contains("0087"), "{body}");
}

#[test]
fn a_common_file_is_that_of_the_model_in_the_user_agent() {
    let device = |model: &str, mac: &str, serial: &str| {
        let device = DEVICE.replace("yealink/t46s", model).replace("00:15:65:4A:A9:37", mac);
        let device = device.replace(SERIAL, serial).replace("lines = [\"0087*001\"]", "lines = []");
        device + "mac-based = true\n"
    };
    let snapshot = Site::new()
        .with_vendors(&["mitel"])
        .write("fleet/accounts.toml", ACCOUNTS)
        .write("fleet/a.toml", &device("aastra/51i", "00:08:5D:1A:E9:8C", "a1b2c3d4e5f6g7h8j9k1m2n3p4"))
        .write("fleet/b.toml", &device("mitel/6867i", "00:08:5D:40:90:5F", "b1b2c3d4e5f6g7h8j9k1m2n3p4"))
        .config(MAC_BASED)
        .load();
    let body = |path: &str, agent: &str| {
        let answer = ask(&snapshot, Http, path, Some(agent));
        outcome(&answer).1.unwrap_or_else(|| panic!("{path} {agent}")).to_vec()
    };
    let aastra = "Aastra51i MAC:00-08-5D-1A-E9-8C V:2.3.0.80-SIP";
    let mitel = "Mitel6867i MAC:00-08-5D-40-90-5F V:5.0.0.1018-SIP";
    let (older, newer) = (body("/00085D1AE98C/aastra.cfg", aastra), body("/00085D40905F/aastra.cfg", mitel));
    assert_ne!(older, newer);
    assert_eq!(body("/aastra.cfg", aastra), older);
    assert_eq!(body("/aastra.cfg", mitel), newer);
    // Who tells neither gets one of them.
    assert!([&older, &newer].contains(&&body("/aastra.cfg", "Mitel6930 V:1.0")));
}

#[test]
fn a_common_file_is_that_of_the_version_that_is_told_and_else_of_the_fleet() {
    let device = |firmware: &str, protocol: &str| {
        let device = DEVICE.replace("yealink/t46s\"", &format!("yealink/t28p\"\nfirmware = \"{firmware}\""));
        let device = device
            .replace("lines = [\"0087*001\"]", "lines = []")
            .replace("\"http\"", &format!("\"{protocol}\""));
        device + if protocol == "tftp" { "" } else { "mac-based = true\n" }
    };
    let fleet = |firmware: &str, protocol: &str| {
        // Flyingvoice's phones ask for the same name, and come first in the order of the vendors.
        let site = Site::new().with_vendors(&["flyingvoice"]).write("fleet/accounts.toml", ACCOUNTS);
        site.write("fleet/a.toml", &device(firmware, protocol)).config(MAC_BASED).load()
    };
    let name = "y000000000000.cfg";
    let got = |snapshot: &Snapshot, transport, path: &str, agent| {
        let answer = ask(snapshot, transport, path, agent);
        outcome(&answer).1.unwrap_or_else(|| panic!("{path} {agent:?}")).to_vec()
    };
    let own = |firmware| got(&fleet(firmware, "http"), Http, &format!("/0015654AA937/{name}"), None);
    let (sections, lines) = (own("61"), own("72"));
    assert_ne!(sections, lines);
    for (firmware, body) in [("61", &sections), ("72", &lines)] {
        assert_eq!(
            got(&fleet(firmware, "tftp"), Tftp, name, None),
            *body,
            "over TFTP none tells its version"
        );
        let snapshot = fleet(firmware, "http");
        let path = format!("/{name}");
        assert_eq!(got(&snapshot, Http, &path, None), *body);
        assert_eq!(
            got(&snapshot, Http, &path, Some("Yealink SIP-T28P 1.0")),
            *body,
            "of no version that is known"
        );
        assert_eq!(got(&snapshot, Http, &path, Some("Yealink SIP-T28P 2.61.0.10")), sections);
        assert_eq!(got(&snapshot, Http, &path, Some("Yealink SIP-T28P 2.72.0.10")), lines);
    }
}

/// Whoever gets nothing gets the same bytes: promise S1.
#[test]
fn refusals_cannot_be_told_apart() {
    let other = DEVICE
        .replace(SERIAL, "b2c3d4e5f6g7h8j9k1m2n3p4q5")
        .replace("A9:37", "A9:38")
        .replace("0087*001", "0087*002")
        .replace("name = \"Desk\"", "name = \"Desk\"\nstatus = \"disabled\"");
    let tls = DEVICE
        .replace(SERIAL, "c3d4e5f6g7h8j9k1m2n3p4q5r6")
        .replace("A9:37", "A9:39")
        .replace("lines = [\"0087*001\"]", "")
        .replace("protocol = \"http\"", "protocol = \"https\"");
    let server =
        Running::start(Site::with_phone().write("fleet/other.toml", &other).write("fleet/tls.toml", &tls));
    let paths = [
        "/".to_owned(),
        "/nobody/0015654aa937.cfg".to_owned(),
        format!("/{FILE}"),
        "/0015654aa938.cfg".to_owned(),
        "/0015654aa9ff.cfg".to_owned(),
        "/y000000000066.cfg".to_owned(),
        format!("/{SERIAL}/other.cfg"),
        format!("/{SERIAL}/0015654aa937.boot"),
        format!("/{SERIAL}/0015654aa938.cfg"),
        format!("/{SERIAL}"),
        "/b2c3d4e5f6g7h8j9k1m2n3p4q5/0015654aa938.cfg".to_owned(),
        "/c3d4e5f6g7h8j9k1m2n3p4q5r6/0015654aa939.cfg".to_owned(),
        "/../etc/passwd".to_owned(),
        "/%00".to_owned(),
    ];
    let agents = ["", "User-Agent: x\r\n", "User-Agent: Yealink SIP-T46S 66.86.0.15 00:15:65:4a:a9:38\r\n"];
    let mut seen = BTreeSet::new();
    for path in &paths {
        for agent in agents {
            let reply = server.get_with(path, agent);
            assert_eq!(reply.status, 404, "{path}");
            seen.insert((reply.head, reply.body));
        }
    }
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert_eq!(server.get(&format!("/{SERIAL}/{FILE}")).status, 200);
    assert!(server.metric("bellhop_refusals_total{transport=\"http\",reason=\"disabled\"}") > 0.0);
}
