//! Starts at which the operator's files are broken: what was kept of them stands in.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::{ACCOUNTS, DEVICE, FILE, Running, SERIAL, Site, command, until};

const CONFIG: &str = "\n[reload]\nevents = false\ninterval = \"24h\"\n";

/// Starts a server, waits until its state is kept, and kills it.
fn kept(site: Site) -> Site {
    let server = Running::start(site.config(CONFIG));
    let manifest = server.site.path("state/last-good/manifest");
    until("the state is kept", || manifest.exists());
    server.signal(rustix::process::Signal::KILL);
    server.into_site()
}

fn body(server: &Running) -> String {
    String::from_utf8(server.get(&format!("/{SERIAL}/{FILE}")).body).unwrap()
}

fn reload(server: &Running, arguments: &[&str]) -> (Option<i32>, String) {
    let output = server.command(&[&["reload"], arguments].concat());
    (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

#[test]
fn what_was_kept_is_served_where_the_files_are_broken_at_the_start() {
    let site = kept(Site::with_phone());
    site.put("fleet/device.toml", "[[device]\n");
    let server = Running::start(site);
    assert!(body(&server).contains("CANARY-admin"), "as before it broke");
    assert!((server.metric("bellhop_snapshot_stale") - 1.0).abs() < 0.1);
    let (code, told) = reload(&server, &[]);
    assert!(code == Some(78) && told.contains("device.toml:1: not TOML"), "{told}");
    let (code, told) = reload(&server, &["--force"]);
    assert_eq!(code, Some(78), "a fault cannot be forced: {told}");
    server.site.put("fleet/device.toml", &DEVICE.replace("CANARY-admin", "mended"));
    assert_eq!(reload(&server, &[]), (Some(0), "published: serial 2\n".to_owned()));
    assert!(body(&server).contains("admin:mended\n"));
    assert!(server.metric("bellhop_snapshot_stale").abs() < 0.1);
    let log = server.stop();
    assert!(log.contains("serving what was kept as the last good state"), "{log}");
    assert!(log.contains("device.toml:1: not TOML"), "{log}");
}

#[test]
fn broken_settings_keep_nobody_from_being_served() {
    let site = kept(Site::with_phone());
    let settings = fs::read_to_string(site.path("bellhop.toml")).unwrap();
    fs::remove_dir_all(site.path("fleet")).unwrap();
    site.put("bellhop.toml", &format!("{settings}\n[http\n"));
    let server = Running::start(site);
    assert!(body(&server).contains("CANARY-admin"));
    server.site.put("bellhop.toml", &settings);
    server.site.put("fleet/accounts.toml", ACCOUNTS);
    server.site.put("fleet/device.toml", &DEVICE.replace("CANARY-admin", "mended"));
    assert_eq!(reload(&server, &[]), (Some(0), "published: serial 2\n".to_owned()));
    assert!(body(&server).contains("admin:mended\n"));
}

#[test]
fn files_that_lost_their_devices_meanwhile_are_doubted_at_the_start() {
    let many = |number: u32| {
        format!(
            "[[device]]\nserial = \"serial-{number}-abcdefghijklmnop\"\nname = \"Phone {number}\"\nmodel = \"yealink/t46s\"\n"
        )
    };
    let many: String = (0..30).map(many).collect();
    let site = kept(Site::with_phone().write("fleet/many.toml", &many));
    site.put("fleet/many.toml", "");
    let server = Running::start(site);
    assert!((server.metric("bellhop_snapshot_devices") - 31.0).abs() < 0.1);
    let (code, told) = reload(&server, &[]);
    assert!(code == Some(78) && told.contains("has 1 devices of 31 that are served"), "{told}");
    assert_eq!(reload(&server, &["--force"]), (Some(0), "published: serial 2\n".to_owned()));
}

#[test]
fn a_kept_state_is_private_and_a_damaged_one_is_never_used() {
    let site = kept(Site::with_phone());
    let good = site.path("state/last-good/1/fleet/device.toml");
    for path in [&good, &site.path("state/last-good/manifest")] {
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
    }
    let whole = fs::read(&good).unwrap();
    assert_eq!(whole, fs::read(site.path("fleet/device.toml")).unwrap(), "byte for byte");
    site.put("fleet/device.toml", "[[device]\n");
    let refusal = || {
        let output = command(&site, &["serve"], "");
        assert_eq!(output.status.code(), Some(78));
        String::from_utf8(output.stderr).unwrap()
    };
    let mut bytes = whole.clone();
    bytes[10] ^= 1;
    fs::write(&good, &bytes).unwrap();
    let told = refusal();
    assert!(told.contains("device.toml:1: not TOML"), "{told}");
    assert!(told.contains("last-good/1/fleet/device.toml is damaged"), "{told}");
    fs::write(&good, &whole).unwrap();
    let manifest = site.path("state/last-good/manifest");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replace("\"number\":1", "\"number\":2")).unwrap();
    let told = refusal();
    assert!(told.contains("last-good/manifest is damaged"), "{told}");
    fs::remove_dir_all(site.path("state/last-good")).unwrap();
    let told = refusal();
    assert!(told.contains("device.toml:1: not TOML") && !told.contains("last-good"), "{told}");
}
