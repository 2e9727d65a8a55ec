//! Files change, break and are repaired, while phones ask.

use std::collections::BTreeMap;
use std::fs;

use bellhop::answer::Outcome;
use bellhop::model::Protocol::Http;
use bellhop::reload::{Doubt, Loaded, Loader};
use bellhop::snapshot::Snapshot;
use proptest::prelude::*;

use crate::support::{ACCOUNTS, DEVICE, FILE, Running, SERIAL, Site, ask, outcome, until};

const OTHER: &str = "a1b2c3d4e5f6g7h8j9k1m2n3p4";
const OTHER_FILE: &str = "0015654aa938.cfg";

fn other() -> String {
    DEVICE
        .replace(SERIAL, OTHER)
        .replace("A9:37", "A9:38")
        .replace("0087*001", "0087*002")
        .replace("Desk", "Other")
}

/// A loader with what it published last.
struct Loading {
    loader: Loader,
    last: Snapshot,
}

impl Loading {
    fn new(site: &Site) -> Self {
        let mut loader = Loader::new(&site.path("bellhop.toml")).unwrap();
        let nothing = loader.nothing();
        let last = loader.load(&nothing).unwrap().unwrap().snapshot;
        Self { loader, last }
    }

    /// Reads again; tells whether there is a new snapshot.
    fn again(&mut self) -> Result<bool, Vec<String>> {
        self.with(Doubt::Refuse)
    }

    /// Reads again, and takes what is doubtful.
    fn anyway(&mut self) -> Result<bool, Vec<String>> {
        self.with(Doubt::Waive)
    }

    fn with(&mut self, doubt: Doubt) -> Result<bool, Vec<String>> {
        match self.loader.load_with(&self.last, doubt) {
            Ok(Some(Loaded { snapshot, .. })) => {
                self.last = snapshot;
                Ok(true)
            }
            Ok(None) => Ok(false),
            Err(faults) => Err(faults.iter().map(ToString::to_string).collect()),
        }
    }

    /// Asks for a phone's file; tells the body and whether it was kept.
    fn ask(&self, serial: &str, file: &str) -> (String, bool) {
        match ask(&self.last, Http, &format!("/{serial}/{file}"), None).outcome {
            Outcome::Served { file, kept, .. } => (String::from_utf8(file.body.to_vec()).unwrap(), kept),
            Outcome::Failed(error) => panic!("{error}: {}", error.source),
            Outcome::Refused(refusal) => panic!("{refusal:?}"),
        }
    }
}

#[test]
fn only_what_changed_is_rendered_again() {
    let site = Site::with_phone().write("fleet/other.toml", &other());
    let mut loading = Loading::new(&site);
    let kept = |loading: &Loading| (loading.ask(SERIAL, FILE).1, loading.ask(OTHER, OTHER_FILE).1);
    assert_eq!(kept(&loading), (false, false));
    assert_eq!(kept(&loading), (true, true));
    assert_eq!(loading.again(), Ok(false), "nothing changed");

    site.put("fleet/other.toml", &other().replace("CANARY-admin", "CANARY-new"));
    assert_eq!(loading.again(), Ok(true));
    assert_eq!(kept(&loading), (true, false), "one device changed");
    assert!(loading.ask(OTHER, OTHER_FILE).0.contains("CANARY-new"));

    site.put("fleet/accounts.toml", &ACCOUNTS.replace("CANARY-sip-1", "CANARY-sip-3"));
    assert_eq!(loading.again(), Ok(true));
    assert_eq!(kept(&loading), (false, true), "the extension of one device changed");

    site.put("fleet/accounts.toml", &ACCOUNTS.replace("pbx.example.net", "pbx2.example.net"));
    assert_eq!(loading.again(), Ok(true));
    assert_eq!(kept(&loading), (false, false), "the organization of both changed");

    site.put("fleet/more.toml", "[[provider]]\nid = \"unused\"\n");
    assert_eq!(loading.again(), Ok(true));
    assert_eq!(kept(&loading), (true, true), "nothing that they depend on changed");

    // A file that moves its records elsewhere changes none of them.
    fs::rename(site.path("fleet/other.toml"), site.path("fleet/moved.toml")).unwrap();
    assert_eq!(loading.again(), Ok(true));
    assert_eq!(kept(&loading), (true, true));

    let site = site.config("\n[settings]\nntp-server = \"ntp.example.net\"\n");
    assert_eq!(loading.again(), Ok(true));
    assert_eq!(kept(&loading), (false, false), "the server's settings changed");
    assert!(loading.ask(SERIAL, FILE).0.contains("ntp.example.net"));
    drop(site);
}

#[test]
fn a_changed_template_renders_its_vendor_s_files_again() {
    let site = Site::with_phone().config("catalog = [\"shipped\", \"own\"]\n");
    fs::create_dir(site.path("own")).unwrap();
    let mut loading = Loading::new(&site);
    loading.ask(SERIAL, FILE);
    site.put("own/yealink/vendor.toml", "[family.v81.files]\n\"{mac}.cfg\" = { template = \"own.cfg\" }\n");
    site.put("own/yealink/templates/own.cfg", "mine = {{ device.name }}\n");
    assert_eq!(loading.again(), Ok(true));
    assert_eq!(loading.ask(SERIAL, FILE), ("mine = Desk\n".to_owned(), false));
    // Another vendor's template counts as well where one's own uses it.
    site.put("own/lent/vendor.toml", "name = \"Lent\"\n");
    site.put("own/lent/templates/part.cfg", "theirs = 1\n");
    site.put("own/yealink/templates/own.cfg", "{% include \"lent/part.cfg\" %}\n");
    assert_eq!(loading.again(), Ok(true));
    assert_eq!(loading.ask(SERIAL, FILE), ("theirs = 1\n".to_owned(), false));
    site.put("own/lent/templates/part.cfg", "theirs = 2\n");
    assert_eq!(loading.again(), Ok(true));
    assert_eq!(loading.ask(SERIAL, FILE), ("theirs = 2\n".to_owned(), false));
    site.put("own/yealink/templates/own.cfg", "mine = {{ device.name }}\n");
    assert_eq!(loading.again(), Ok(true));
    assert_eq!(loading.ask(SERIAL, FILE), ("mine = Desk\n".to_owned(), false));
    site.put("own/yealink/templates/own.cfg", "{% if %}");
    let faults = loading.again().unwrap_err();
    assert!(faults[0].contains("own/yealink/templates/own.cfg:1: does not compile: "), "{faults:?}");
    assert_eq!(loading.ask(SERIAL, FILE), ("mine = Desk\n".to_owned(), true), "the last good one stays");
    // It compiles and fails when it runs.
    site.put("own/yealink/templates/own.cfg", "{{ nothing }}");
    let faults = loading.again().unwrap_err();
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].contains("device.toml:2: cannot render {mac}.cfg of Desk: "), "{faults:?}");
    assert!(faults[0].ends_with("bellhop reload --force"), "{faults:?}");
    // Whoever means it gets it, and the last good file stands in for the one that fails.
    assert_eq!(loading.anyway(), Ok(true));
    let answer = ask(&loading.last, Http, &format!("/{SERIAL}/{FILE}"), None);
    let Outcome::Served { file, stale: Some(error), .. } = answer.outcome else {
        panic!("not stale");
    };
    assert_eq!(&file.body[..], b"mine = Desk\n");
    assert_eq!((error.source.template.as_str(), error.source.line), ("yealink/own.cfg", 1));
}

#[test]
fn a_bad_state_leaves_the_last_good_snapshot() {
    let site = Site::with_phone();
    let mut loading = Loading::new(&site);
    for bad in ["[[device]\n", "[[device]]\nserial = \"x\"\n", &DEVICE.replace("Desk", "Twin"), "\u{0}"] {
        site.put("fleet/bad.toml", bad);
        assert!(loading.again().is_err(), "{bad:?}");
        assert_eq!(loading.last.serial(), 1);
        assert_eq!(loading.ask(SERIAL, FILE).0.lines().next(), Some("#!version:1.0.0.1"));
    }
    fs::remove_file(site.path("fleet/bad.toml")).unwrap();
    assert_eq!(loading.again(), Ok(false), "it is as it was");
    // Something that others refer to goes away: they are checked though their own files did not change.
    site.put("fleet/accounts.toml", &ACCOUNTS.replace("number = \"0087*001\"", "number = \"0087*003\""));
    let faults = loading.again().unwrap_err();
    assert!(faults[0].contains("device.toml:11: there is no extension `0087*001` for line 1"), "{faults:?}");
}

/// Writes devices with numbers, each of `org` where its number is less than `of_org`.
fn devices(numbers: std::ops::Range<u32>, of_org: u32) -> String {
    let device = |number: u32| {
        let organization = if number < of_org { "owner = \"sp\"\norganization = \"org\"\n" } else { "" };
        format!(
            "[[device]]\nserial = \"serial-{number}-abcdefghijklmnop\"\nname = \"Device {number}\"\n\
             model = \"yealink/t46s\"\nmac = \"00:15:65:00:00:{number:02x}\"\n{organization}\n"
        )
    };
    numbers.map(device).collect()
}

#[test]
fn a_reading_that_takes_too_much_away_is_refused_until_it_is_meant() {
    let site = Site::new().write("fleet/accounts.toml", ACCOUNTS).write("fleet/a.toml", &devices(0..200, 12));
    let mut loading = Loading::new(&site);
    site.put("fleet/a.toml", &devices(0..180, 12));
    assert_eq!(loading.again(), Ok(true), "a tenth may go");
    let fleet = site.path("fleet");
    let doubt = |what: &str| {
        let cure = "mend the files or, if it is meant, have it published: bellhop reload --force";
        Err(vec![format!("{}: {what}; {cure}", fleet.display())])
    };
    for round in 0..2 {
        site.put("fleet/a.toml", &devices(0..161, 12));
        assert_eq!(loading.again(), doubt("has 161 devices of 180 that are served"), "round {round}");
        assert_eq!(loading.last.devices(), 180);
    }
    site.put("fleet/a.toml", "");
    assert!(loading.again().is_err(), "an empty file is not what anybody means");
    site.put("fleet/a.toml", &devices(0..180, 12));
    assert_eq!(loading.again(), Ok(false), "it is as it was");

    // Enough devices are left, and yet a provider and an organization lost all of theirs: moved, and then forgotten.
    site.put("fleet/a.toml", &devices(0..180, 0));
    let faults = loading.again().unwrap_err();
    let emptied = ["has no device of `org` any more, of 12", "has no device of `sp` any more, of 12"];
    assert!(
        faults.len() == 2 && faults.iter().zip(emptied).all(|(fault, what)| fault.contains(what)),
        "{faults:?}"
    );
    assert_eq!(loading.anyway(), Ok(true));
    assert_eq!(loading.again(), Ok(false));
    site.put("fleet/a.toml", &devices(0..1, 0));
    assert_eq!(loading.anyway(), Ok(true));
    assert_eq!(loading.last.devices(), 1);
    site.put("fleet/a.toml", "");
    assert_eq!(loading.again(), Ok(true), "a few may always go");
}

#[test]
fn an_operator_forces_what_is_doubted() {
    let site = Site::new().write("fleet/accounts.toml", ACCOUNTS).write("fleet/a.toml", &devices(0..40, 0));
    let server = Running::start(site.config("\n[reload]\nevents = false\ninterval = \"24h\"\n"));
    server.site.put("fleet/a.toml", &devices(0..20, 0));
    let output = server.command(&["reload"]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(78), "{told}");
    assert!(told.contains("has 20 devices of 40 that are served"), "{told}");
    assert!((server.metric("bellhop_snapshot_stale") - 1.0).abs() < 0.1);
    let output = server.command(&["reload", "--force"]);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "published: serial 2\n");
    assert!((server.metric("bellhop_snapshot_devices") - 20.0).abs() < 0.1);
    assert!(server.metric("bellhop_snapshot_stale").abs() < 0.1);
}

#[test]
fn settings_take_effect_with_a_reload_or_are_named() {
    let quiet = "\n[reload]\nevents = false\ninterval = \"24h\"\n[rendering]\ncache = \"8MiB\"\n";
    let server = Running::start(Site::with_phone().config(quiet));
    let path = format!("/{SERIAL}/{FILE}?{}", "x".repeat(64));
    assert_eq!(server.get(&path).status, 200);
    let settings = fs::read_to_string(server.site.path("bellhop.toml")).unwrap();
    let listeners = settings.replacen("127.0.0.1:0", "127.0.0.1:1", 1);
    assert_ne!(settings, listeners);
    let smaller = listeners.replace("8MiB", "4MiB") + "\n[limits]\npath-bytes = \"64B\"\n";
    server.site.put("bellhop.toml", &smaller);
    let output = server.command(&["reload"]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(told.contains("listen` has changed; start the server again for it to take effect"), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
    assert_eq!(server.get(&path).status, 414, "the new limit holds");
    assert!((server.metric("bellhop_cache_limit_bytes") - f64::from(4 << 20)).abs() < 65536.0);
    server.site.put("bellhop.toml", &settings);
    let output = server.command(&["reload"]);
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "", "it is as it was");
    assert_eq!(server.get(&path).status, 200);
}

#[test]
fn a_folder_in_place_of_another_is_noticed() {
    let config = "fleet = \"live/fleet\"\n[reload]\nquiet = \"50ms\"\ninterval = \"24h\"\n";
    let site = Site::new();
    let put = |site: &Site, release: &str, name: &str| {
        site.put(&format!("{release}/fleet/accounts.toml"), ACCOUNTS);
        site.put(&format!("{release}/fleet/device.toml"), &DEVICE.replace("CANARY-admin", name));
    };
    let link = |site: &Site, release: &str| {
        std::os::unix::fs::symlink(release, site.path("next")).unwrap();
        fs::rename(site.path("next"), site.path("live")).unwrap();
    };
    put(&site, "releases/1", "first");
    link(&site, "releases/1");
    let server = Running::start(site.config(config));
    let has = |text: &str| {
        let reply = server.get(&format!("/{SERIAL}/{FILE}"));
        String::from_utf8(reply.body).unwrap().contains(&format!("admin:{text}\n"))
    };
    assert!(has("first"));
    put(&server.site, "releases/2", "second");
    link(&server.site, "releases/2");
    until("a link that leads elsewhere is noticed", || has("second"));
    server.site.put("releases/2/fleet/device.toml", &DEVICE.replace("CANARY-admin", "third"));
    until("a change behind the link is noticed", || has("third"));
    fs::remove_dir_all(server.site.path("releases/2/fleet")).unwrap();
    put(&server.site, "releases/2", "fourth");
    until("a folder that is made anew is noticed", || has("fourth"));
    server.site.put("releases/2/fleet/device.toml", &DEVICE.replace("CANARY-admin", "fifth"));
    until("a change in the new folder is noticed", || has("fifth"));
    // As a mounted ConfigMap does it: each file is a link through `..data`, which is exchanged.
    for (version, name) in [("..1", "sixth"), ("..2", "seventh")] {
        server.site.put(&format!("volume/{version}/device.toml"), &DEVICE.replace("CANARY-admin", name));
        server.site.put(&format!("volume/{version}/accounts.toml"), ACCOUNTS);
        std::os::unix::fs::symlink(version, server.site.path("volume/..next")).unwrap();
        fs::rename(server.site.path("volume/..next"), server.site.path("volume/..data")).unwrap();
        if name == "sixth" {
            for file in ["device.toml", "accounts.toml"] {
                std::os::unix::fs::symlink(
                    format!("..data/{file}"),
                    server.site.path(&format!("volume/{file}")),
                )
                .unwrap();
            }
            fs::create_dir_all(server.site.path("mounted")).unwrap();
            std::os::unix::fs::symlink("../volume", server.site.path("mounted/fleet")).unwrap();
            link(&server.site, "mounted");
        }
        until("a volume's exchange is noticed", || has(name));
    }
}

/// What a fleet of a property test holds: by file, device number and line.
type Files = BTreeMap<u8, Vec<(u8, Option<u8>)>>;

fn write(site: &Site, files: &Files) {
    for file in 0..4 {
        let path = site.path(&format!("fleet/f{file}.toml"));
        let Some(devices) = files.get(&file) else {
            fs::remove_file(path).ok();
            continue;
        };
        let device = |(device, line): &(u8, Option<u8>)| {
            let lines = line.map_or(String::new(), |line| format!("lines = [\"0087*00{}\"]\n", line % 3));
            format!(
                "[[device]]\nserial = \"serial-{device}-abcdefghijklmnop\"\nname = \"Device {device}\"\n\
                 model = \"yealink/t46s\"\nmac = \"00:15:65:00:00:{device:02x}\"\nprotocol = \"http\"\n{lines}\n"
            )
        };
        fs::write(path, devices.iter().map(device).collect::<String>()).unwrap();
    }
}

/// Describes all that can be seen of a snapshot.
fn seen(snapshot: &Snapshot) -> Vec<String> {
    let mut seen: Vec<String> = snapshot
        .phones()
        .map(|phone| {
            let serial = phone.device.serial.expose();
            let mac = phone.device.mac.unwrap();
            assert_eq!(snapshot.phone_by_serial(serial).map(|phone| phone.device), Some(phone.device));
            assert_eq!(snapshot.phone_by_mac(mac).map(|phone| phone.device), Some(phone.device));
            let path = format!("/{serial}/{}.cfg", mac.plain());
            let answer = ask(snapshot, Http, &path, None);
            format!("{serial} {:?} {:?}", phone.device, outcome(&answer))
        })
        .collect();
    seen.sort();
    for device in 0..8 {
        let serial = format!("serial-{device}-abcdefghijklmnop");
        let found = snapshot.phone_by_serial(&serial).is_some();
        assert_eq!(found, seen.iter().any(|line| line.starts_with(&serial)), "{serial}");
    }
    seen
}

fn files() -> impl Strategy<Value = Files> {
    let device = (0..8_u8, prop::option::of(0..5_u8));
    prop::collection::btree_map(0..4_u8, prop::collection::vec(device, 0..4), 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Reading only what changed brings what reading everything brings, faults and all.
    #[test]
    fn a_snapshot_that_grew_is_like_one_made_at_once(states in prop::collection::vec(files(), 1..12)) {
        let site = Site::new().write("fleet/accounts.toml", ACCOUNTS);
        let mut loading = Loading::new(&site);
        for state in states {
            write(&site, &state);
            let grown = loading.again();
            match (grown, site.try_load()) {
                (Ok(_), Ok((fresh, _))) => prop_assert_eq!(seen(&loading.last), seen(&fresh)),
                (Err(grown), Err(fresh)) => {
                    let fresh: Vec<String> = fresh.iter().map(ToString::to_string).collect();
                    prop_assert_eq!(grown, fresh);
                }
                (grown, fresh) => prop_assert!(false, "{:?} but {:?}", grown, fresh.err()),
            }
        }
    }
}

#[test]
fn every_way_to_ask_for_a_reading_leads_to_the_same_place() {
    let quick = "\n[reload]\nevents = false\ninterval = \"24h\"\n";
    let server = Running::start(Site::with_phone().config(quick));
    let name = |name: &str| server.site.put("fleet/device.toml", &DEVICE.replace("CANARY-admin", name));
    let has = |text: &str| {
        String::from_utf8(server.get(&format!("/{SERIAL}/{FILE}")).body)
            .unwrap()
            .contains(&format!("admin:{text}\n"))
    };
    assert!(has("CANARY-admin"));
    name("by-command");
    let output = server.command(&["reload"]);
    assert_eq!(
        (output.status.code(), String::from_utf8(output.stdout).unwrap().as_str()),
        (Some(0), "published: serial 2\n")
    );
    assert!(has("by-command"), "who waited sees what he waited for");
    name("by-signal");
    server.signal(rustix::process::Signal::HUP);
    until("the signal is heard", || has("by-signal"));
    let output = server.command(&["reload"]);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "unchanged: serial 3\n");
    server.site.put("fleet/bad.toml", "[[device]]\n");
    let output = server.command(&["reload"]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), told.lines().count()), (Some(78), 3), "{told}");
    assert!(told.contains("bad.toml:1: `serial` is missing"), "{told}");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "refused: serial 3\n");
    assert!(has("by-signal"), "the last good one stays");
    assert!((server.metric("bellhop_reloads_total{result=\"refused\"}") - 1.0).abs() < 0.1);
    server.command(&["reload"]);
    let log = server.stop();
    assert_eq!(log.matches("`serial` is missing").count(), 1, "each fault is logged once: {log}");
    assert_eq!(log.matches("what was good before stays").count(), 1, "{log}");
}

#[test]
fn changes_are_noticed_by_events_and_by_the_clock() {
    let by_events = "\n[reload]\nquiet = \"50ms\"\ninterval = \"24h\"\n";
    let by_clock = "\n[reload]\nevents = false\ninterval = \"1s\"\n";
    for config in [by_events, by_clock] {
        let server = Running::start(Site::with_phone().config(config));
        let has = |text: &str| {
            let reply = server.get(&format!("/{SERIAL}/{FILE}"));
            String::from_utf8(reply.body).unwrap().contains(&format!("admin:{text}\n"))
        };
        assert!(has("CANARY-admin"));
        server.site.put("fleet/device.toml", &DEVICE.replace("CANARY-admin", "second"));
        until("a change is noticed", || has("second"));
        // As editors do it: a new file takes the place of the old one.
        server.site.put("fleet/.device.toml.swp", &DEVICE.replace("CANARY-admin", "third"));
        fs::rename(server.site.path("fleet/.device.toml.swp"), server.site.path("fleet/device.toml"))
            .unwrap();
        until("a replacement is noticed", || has("third"));
        server.site.put("fleet/new/folder/other.toml", &other());
        until("a new folder is noticed", || server.get(&format!("/{OTHER}/{OTHER_FILE}")).status == 200);
        fs::remove_file(server.site.path("fleet/device.toml")).unwrap();
        until("a removal is noticed", || server.get(&format!("/{SERIAL}/{FILE}")).status == 404);
    }
}

#[test]
fn a_server_whose_files_are_faulty_does_not_start() {
    let site = Site::new().write("fleet/a.toml", "[[device]]\nserial = 1\n");
    let output = crate::support::command(&site, &["serve"], "");
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(78), "{text}");
    assert!(text.contains("a.toml:2: `serial` is a number; give a text in quotes"), "{text}");
    assert!(!text.contains("panic"), "{text}");
}
