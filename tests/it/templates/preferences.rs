//! What the administrator prefers for every device goes before the server's configuration.

use bellhop::model::Protocol::{self, Http, Https, Tftp};
use bellhop::snapshot::{KnownBy, Snapshot};

use super::Loading;
use crate::support::{ACCOUNTS, DEVICE, FILE, SERIAL, Site, ask, outcome};

const MAC: &str = "0015654aa937";

fn phone(record: &str) -> Site {
    Site::new()
        .with_vendors(&["cisco"])
        .write("fleet/accounts.toml", ACCOUNTS)
        .write("fleet/device.toml", record)
}

fn how(snapshot: &Snapshot, transport: Protocol, path: &str) -> &'static str {
    outcome(&ask(snapshot, transport, path, None)).0
}

#[test]
fn mac_based_provisioning_follows_the_preference_and_one_url_is_live() {
    let record = DEVICE.replace("protocol", "mac-based = true\nprotocol");
    for (configured, preferred, by_mac) in [
        (false, None, false),
        (false, Some(true), true),
        (false, Some(false), false),
        (true, None, true),
        (true, Some(true), true),
        (true, Some(false), false),
    ] {
        let config = format!(
            "[provisioning]\nhost = \"p.example.net\"\nhttp-port = 80\nhttps-port = 443\nmac-based = {configured}\n"
        );
        let written = preferred.map(|on: bool| format!("[preferences]\nmac-based = {on}\n"));
        let site =
            phone(&record).config(&config).write("fleet/preferences.toml", &written.unwrap_or_default());
        let snapshot = site.load();
        let told = (
            how(&snapshot, Http, &format!("/{MAC}/{FILE}")),
            how(&snapshot, Http, &format!("/{SERIAL}/{FILE}")),
        );
        let wanted = if by_mac { ("served", "wrong-url") } else { ("wrong-url", "served") };
        assert_eq!(told, wanted, "configured {configured}, preferred {preferred:?}");
        let known = snapshot.phone_by_serial(SERIAL).unwrap().known_by();
        assert_eq!(known == KnownBy::Mac, by_mac);
    }
}

#[test]
fn switching_mac_based_provisioning_off_turns_urls_back_to_serials_at_once() {
    let record = DEVICE.replace("protocol", "mac-based = true\nprotocol");
    let site = phone(&record).write("fleet/preferences.toml", "[preferences]\nmac-based = true\n");
    let mut loading = Loading::new(&site);
    let url = |loading: &Loading| {
        let phone = loading.last.phone_by_serial(SERIAL).unwrap().url_segment();
        let got = ask(&loading.last, Http, &format!("/{phone}/{FILE}"), None);
        let (_, body) = outcome(&got);
        let body = String::from_utf8(body.unwrap().to_vec()).unwrap();
        let line = body.lines().find(|line| line.starts_with("static.auto_provision.server.url")).unwrap();
        line.rsplit('/').next().unwrap().to_owned()
    };
    assert_eq!(url(&loading), MAC);
    site.put("fleet/preferences.toml", "[preferences]\nmac-based = false\n");
    loading.again();
    assert_eq!(url(&loading), SERIAL);
    assert_eq!(how(&loading.last, Http, &format!("/{MAC}/{FILE}")), "wrong-url");
    // Common files are open to whoever names no device only where some phone is known by less than its serial.
    assert_eq!(how(&loading.last, Http, "/y000000000066.cfg"), "unknown");
    site.put("fleet/preferences.toml", "[preferences]\nmac-based = true\n");
    loading.again();
    assert_eq!(how(&loading.last, Http, "/y000000000066.cfg"), "served");
    site.put("fleet/preferences.toml", "");
    loading.again();
    assert_eq!(url(&loading), SERIAL, "without preferences the configuration counts");
}

#[test]
fn the_preferred_protocol_is_that_of_devices_that_name_none_where_it_is_offered() {
    let unnamed = DEVICE.replace("protocol = \"http\"\n", "");
    for (record, preferred, wanted) in [
        (unnamed.as_str(), "", Https),
        (&unnamed, "protocol = \"http\"", Http),
        (&unnamed, "protocol = \"tftp\"", Tftp),
        (DEVICE, "protocol = \"tftp\"", Http),
    ] {
        let site = phone(record).write("fleet/preferences.toml", &format!("[preferences]\n{preferred}\n"));
        let snapshot = site.load();
        assert_eq!(snapshot.phone_by_serial(SERIAL).unwrap().protocol(), wanted, "{preferred}");
        let name = if wanted == Tftp { format!("/{FILE}") } else { format!("/{SERIAL}/{FILE}") };
        assert_eq!(how(&snapshot, wanted, &name), "served", "{preferred}");
        assert_eq!(how(&snapshot, Tftp, "/y000000000066.cfg") == "served", wanted == Tftp, "{preferred}");
    }
    let cisco = unnamed
        .replace("yealink/t46s", "cisco/7960")
        .replace("mac = ", "application-version = \"P0S3-08-11-00\"\nmac = ");
    let site = phone(&cisco).write("fleet/preferences.toml", "[preferences]\nprotocol = \"https\"\n");
    let snapshot = site.load();
    let phone = snapshot.phone_by_serial(SERIAL).unwrap();
    assert!(!phone.firmware.protocols.contains(&Https), "the test needs a firmware without https");
    assert_eq!(
        Some(phone.protocol()),
        phone.firmware.protocols.first().copied(),
        "what is not offered is not taken"
    );
}

#[test]
fn the_preferred_interval_is_in_the_firmwares_unit_and_within_its_range() {
    for (record, preferred, seconds) in [
        (DEVICE.to_owned(), "", 600),
        (DEVICE.to_owned(), "update-interval = 3600", 3600),
        (DEVICE.to_owned(), "update-interval = 61", 120),
        (DEVICE.to_owned(), "update-interval = 5999940", 43_200 * 60),
        (DEVICE.replace("protocol", "update-interval = 20\nprotocol"), "update-interval = 3600", 1200),
    ] {
        let site = phone(&record).write("fleet/preferences.toml", &format!("[preferences]\n{preferred}\n"));
        let snapshot = site.load();
        let phone = snapshot.phone_by_serial(SERIAL).unwrap();
        let told = phone.update_interval() * phone.firmware.interval.unit.seconds();
        assert_eq!(told, seconds, "{preferred}");
        let shown = format!("static.auto_provision.repeat.minutes = {}\n", seconds / 60);
        let got = ask(&snapshot, Http, &format!("/{SERIAL}/{FILE}"), None);
        let body = outcome(&got).1.map(<[u8]>::to_vec).unwrap();
        assert!(String::from_utf8(body).unwrap().contains(&shown), "{preferred}");
    }
}

#[test]
fn preferences_in_two_files_are_a_fault() {
    let site = phone(DEVICE)
        .write("fleet/one.toml", "[preferences]\nmac-based = true\n")
        .write("fleet/two.toml", "[preferences]\nmac-based = false\n");
    let faults = site.lines(&site.try_load().unwrap_err()).join("\n");
    assert!(faults.contains("there are preferences already"), "{faults}");
}
