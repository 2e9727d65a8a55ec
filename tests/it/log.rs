//! The log: its shapes, and how much it tells.

use serde_json::Value;

use crate::support::{FILE, Running, SERIAL, Site, command};

/// Starts a server with settings of its log, publishes once and is refused once; gives the log.
fn logged(settings: &str, start: impl Fn(Site) -> Running) -> String {
    let server = start(Site::with_phone().config(&format!("[log]\n{settings}\n")));
    server.site.put("fleet/more.toml", "[[provider]]\nid = \"more\"\nname = \"More\"\n");
    assert!(server.command(&["reload"]).status.success());
    server.site.put("fleet/more.toml", "[[provider]]\nid = \"more\"\nname = 1\n");
    assert_eq!(server.command(&["reload"]).status.code(), Some(78));
    server.get(&format!("/{SERIAL}/{FILE}"));
    server.stop()
}

#[test]
fn text_has_a_time_a_level_a_message_and_fields() {
    let log = logged("", Running::start);
    let line = log.lines().find(|line| line.contains("published serial=2")).expect(&log);
    let (time, rest) = line.split_once(' ').unwrap();
    assert!(humantime::parse_rfc3339(time).is_ok(), "{line}");
    assert!(rest.trim_start().starts_with("INFO published serial=2 devices=1 took="), "{line}");
    for told in [
        "INFO listening transport=http address=127.0.0.1:",
        " INFO started version=\"0.1.0\" serial=1 ",
        " INFO stopped",
    ] {
        assert!(log.contains(told), "{told}: {log}");
    }
    assert!(log.contains(" WARN fault in the files fault="), "{log}");
    assert!(!log.contains("outcome="), "requests are not told of: {log}");
}

#[test]
fn json_is_an_object_a_line() {
    let log = logged("format = \"json\"\nlevel = \"debug\"", Running::start);
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let said = |message: &str| lines.iter().find(|line| line["message"] == message).expect(message);
    for line in &lines {
        assert!(humantime::parse_rfc3339(line["time"].as_str().unwrap()).is_ok(), "{line}");
        assert!(["info", "warn", "debug"].contains(&line["level"].as_str().unwrap()), "{line}");
    }
    let published = said("published");
    assert_eq!((&published["serial"], &published["devices"]), (&Value::from(2), &Value::from(1)));
    assert!(said("fault in the files")["fault"].as_str().unwrap().contains("more.toml:3: "));
    let served = lines.iter().find(|line| line["outcome"] == "served").unwrap();
    let facts = ["transport", "device", "peer", "file"].map(|name| served[name].as_str().unwrap());
    assert_eq!(facts, ["http", "Desk", "127.0.0.1", "{mac}.cfg"]);
}

#[test]
fn the_journal_is_told_priorities_and_no_times() {
    let log = logged("", |site| {
        Running::start_after(site, "export JOURNAL_STREAM=$(stat -Lc %d:%i /proc/self/fd/2)")
    });
    assert!(log.contains("<6> INFO published serial=2 "), "{log}");
    assert!(log.lines().all(|line| line.starts_with('<')), "{log}");
    assert!(log.contains("<4> WARN fault in the files "), "{log}");
    let other = logged("", |site| Running::start_after(site, "export JOURNAL_STREAM=8:1"));
    assert!(!other.contains("<6>") && other.contains("INFO published"), "{other}");
}

#[test]
fn a_reload_changes_how_much_is_told_unless_the_environment_says() {
    for (variables, told) in [(&[][..], true), (&[("BELLHOP_LOG", "info")][..], false)] {
        let server = Running::start_with(Site::with_phone(), variables);
        assert_eq!(server.get("/before-the-reload-0123456789/x").status, 404);
        let settings = std::fs::read_to_string(server.site.path("bellhop.toml")).unwrap();
        server.site.put("bellhop.toml", &format!("{settings}[log]\nlevel = \"debug\"\n"));
        assert!(server.command(&["reload"]).status.success());
        assert_eq!(server.get("/after-the-reload-0123456789/x").status, 404);
        let log = server.stop();
        assert_eq!(log.matches("outcome=\"unknown\"").count(), usize::from(told), "{log}");
    }
}

#[test]
fn what_the_environment_says_wrongly_is_told_and_passed_over() {
    let server = Running::start_with(Site::with_phone(), &[("BELLHOP_LOG", "=/nonsense=")]);
    let log = server.stop();
    assert!(log.contains("WARN what to log is not understood; the setting counts"), "{log}");
}

#[test]
fn words_that_are_no_setting_of_the_log_are_faults() {
    let site = Site::with_phone().config("[log]\nlevel = \"loud\"\nformat = \"xml\"\nto = \"printer\"\n");
    let check = command(&site, &["check"], "");
    let text = String::from_utf8(check.stderr).unwrap();
    assert_eq!(check.status.code(), Some(78));
    for word in ["`error`, `warn`, `info`, `debug` or `trace`", "`json` or `text`", "`journald` or `stderr`"]
    {
        assert!(text.contains(word), "{word}: {text}");
    }
}

#[test]
fn a_phone_with_another_firmware_than_its_record_says_is_told_of_once() {
    let vendor = "name = \"Acme\"\nprotocols = [\"http\"]\nlines = 1\n\
                  interval = { unit = \"minutes\", parameter = \"x\" }\n\
                  user-agents = ['^Acme (?P<model>[a-z]+)(?: (?P<version>[0-9.]+))?$']\n\
                  files = { \"{mac}.cfg\" = { template = \"x.cfg\", main = true } }\n\
                  [model.desk]\ndefault-firmware = \"old\"\n\
                  firmware = { old = { versions = [\"1.\"] }, new = { versions = [\"2.\"] } }\n";
    let site = Site::with_phone().config("catalog = [\"own\"]\n").write("own/acme/vendor.toml", vendor);
    let device = crate::support::DEVICE.replace("yealink/t46s", "acme/desk");
    let site = site.write("own/acme/templates/x.cfg", "x\n").write("fleet/device.toml", &device);
    let server = Running::start(site);
    let says = |agent: &str| {
        let reply = server.get_with(&format!("/{SERIAL}/{FILE}"), &format!("User-Agent: {agent}\r\n"));
        assert_eq!(reply.status, 200, "whatever it runs, it gets its file");
    };
    for agent in ["Acme desk 1.9", "Acme desk 3.0", "Acme desk 2.0", "Acme desk", "Acme desk 2.1"] {
        says(agent);
    }
    let asked = ["identify", "--path", &format!("/{SERIAL}/{FILE}"), "--user-agent", "Acme desk 2.0"];
    let explained = String::from_utf8(server.command(&asked).stdout).unwrap();
    assert!(explained.contains("\nfirmware  `new`, by its version; "), "{explained}");
    // Lines of one kind are a second apart.
    std::thread::park_timeout(std::time::Duration::from_millis(1100));
    says("Acme desk 1.9");
    says("Acme desk 2.0");
    let log = server.stop();
    let told = "a phone runs another firmware than its record says; set `firmware` device=\"Desk\" record=\"old\" told=\"new\"";
    assert_eq!(log.matches(told).count(), 2, "{log}");
}
