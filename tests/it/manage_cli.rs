//! The commands of those who manage: their words, what they ask, how they end, and that no secret leaks.

use std::fs;

use bellhop::operation::{Edit, Query};
use serde_json::Value;

use crate::support::{ACCOUNTS, DEVICE, FILE, Running, SERIAL, Site, command};

/// Exit code, standard output and standard error of a command.
fn run(site: &Site, arguments: &[&str], input: &str) -> (Option<i32>, String, String) {
    let output = command(site, arguments, input);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// Runs a command that must do well; gives what it printed.
fn done(site: &Site, arguments: &[&str], input: &str) -> String {
    let (code, out, err) = run(site, arguments, input);
    assert_eq!(code, Some(0), "{arguments:?}: {out}{err}");
    out
}

fn json(site: &Site, arguments: &[&str]) -> Value {
    serde_json::from_str(&done(site, &[arguments, &["--json"]].concat(), "")).unwrap()
}

/// All that lies in the fleet, by file.
fn fleet(site: &Site) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = walk(&site.path("fleet"));
    files.sort();
    files
}

fn walk(folder: &std::path::Path) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(walk(&path));
        } else if path.extension().is_some_and(|ending| ending == "toml") {
            files.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
        }
    }
    files
}

/// The words that an enumeration reads, as its error tells them.
fn words<T: serde::de::DeserializeOwned>(tag: &str) -> Vec<String> {
    let error = serde_json::from_str::<T>(&format!("{{\"{tag}\": \"x\"}}")).err().unwrap().to_string();
    error.split('`').skip(1).step_by(2).filter(|word| *word != "x").map(str::to_owned).collect()
}

#[test]
fn every_operation_is_a_command_of_the_same_words() {
    let site = Site::new();
    let exists = |words: &[&str]| {
        let (code, out, err) = run(&site, &[words, &["--help"]].concat(), "");
        assert_eq!(code, Some(0), "{words:?}: {err}");
        assert!(out.contains(&format!("Usage: bellhop {}", words.join(" "))), "{out}");
    };
    let edits = words::<Edit>("operation");
    assert!(edits.len() >= 40, "{edits:?}");
    for edit in &edits {
        match edit.as_str() {
            "level-set" => {
                exists(&["account", "level"]);
                exists(&["extension", "level"]);
            }
            edit => {
                let (noun, verb) = edit.split_once('-').unwrap();
                exists(&[noun, verb]);
                assert_eq!(
                    run(&site, &["as", "sp", noun, verb, "--help"], "").0,
                    Some(0),
                    "as an account, too"
                );
            }
        }
    }
    let queries = words::<Query>("query");
    assert!(queries.len() >= 24, "{queries:?}");
    for query in &queries {
        let plural = query.strip_suffix('s');
        match query.as_str() {
            "self" | "self-" => exists(&["self"]),
            "preferences" => exists(&["preferences", "show"]),
            query if query.contains('-') => {
                let (noun, verb) = query.split_once('-').unwrap();
                exists(&[noun, verb]);
            }
            query => exists(&[plural.unwrap_or(query), if plural.is_some() { "list" } else { "show" }]),
        }
    }
}

#[test]
fn an_empty_machine_is_filled_by_commands_without_a_server() {
    let site = Site::new();
    done(&site, &["account", "add", "provider", "sp", "--name", "First", "--provisioning", "view"], "");
    done(
        &site,
        &[
            "account",
            "add",
            "organization",
            "org",
            "--provider",
            "sp",
            "--name",
            "Second",
            "--set",
            "registrar=pbx.example.net",
            "--set",
            "codecs=pcma,g722",
        ],
        "",
    );
    done(&site, &["account", "add", "user", "user", "--organization", "org", "--name", "Third"], "");
    done(
        &site,
        &[
            "extension",
            "add",
            "0087*001",
            "--user",
            "user",
            "--display-name",
            "Desk",
            "--sip-port",
            "5070",
            "--sip-password",
        ],
        "CANARY-sip\n",
    );
    let added = done(
        &site,
        &[
            "device",
            "add",
            "--name",
            "Front desk",
            "--model",
            "yealink/t46s",
            "--mac",
            "0015654aa937",
            "--protocol",
            "http",
            "--organization",
            "org",
            "--line",
            "1=0087*001",
            "--notes",
            "by hand",
        ],
        "",
    );
    assert!(added.contains("serial") && added.contains("Front desk"), "{added}");
    assert!(done(&site, &["check"], "").contains("1 devices"));
    let rendered = done(&site, &["render", "Front desk", "--reveal"], "");
    assert!(rendered.contains("CANARY-sip") && rendered.contains("pbx.example.net"), "{rendered}");
    done(
        &site,
        &["device", "edit", "Front desk", "--line", "1=", "--unset", "notes", "--name", "Back desk"],
        "",
    );
    let shown = json(&site, &["device", "show", "Back desk"]);
    assert_eq!((&shown["lines"], &shown["notes"]), (&Value::Array(Vec::new()), &Value::from("")));
    done(&site, &["device", "remove", "Back desk", "--yes"], "");
    done(&site, &["extension", "remove", "0087*001", "--yes"], "");
    done(&site, &["account", "remove", "user", "--yes"], "");
    assert_eq!(json(&site, &["device", "list"]), Value::Array(Vec::new()));
    let (code, out, _) = run(&site, &["audit", "verify"], "");
    assert_eq!(code, Some(0), "{out}");
    let told = json(&site, &["audit", "search", "--operation", "device"]);
    let operations: Vec<&str> =
        told.as_array().unwrap().iter().filter_map(|line| line["operation"].as_str()).collect();
    assert_eq!(operations, ["device-add", "device-edit", "device-remove"]);
    let log = fs::read_to_string(site.path("state/audit.log")).unwrap();
    assert!(!log.contains("CANARY"), "{log}");
}

#[test]
fn the_server_that_runs_makes_the_change_and_phones_see_it_at_once() {
    let server = Running::start(Site::with_phone());
    let site = &server.site;
    let text = |server: &Running| String::from_utf8(server.get(&format!("/{SERIAL}/{FILE}")).body).unwrap();
    assert!(!text(&server).contains("Changed"));
    let (code, _, err) = run(site, &["extension", "edit", "0087*001", "--display-name", "Changed"], "");
    assert_eq!(code, Some(0), "{err}");
    assert!(err.contains("done; served since snapshot "), "{err}");
    assert!(text(&server).contains("Changed"));
    let shown = json(site, &["device", "show", "Desk"]);
    assert!(shown["last-fetched"].as_str().unwrap().ends_with('Z'), "{shown}");
    // A server that was killed leaves its key; what it did is done here.
    server.signal(rustix::process::Signal::KILL);
    let site = server.into_site();
    let (code, _, err) = run(&site, &["extension", "edit", "0087*001", "--display-name", "Again"], "");
    assert_eq!((code, err.trim()), (Some(0), "done"));
}

#[test]
fn commands_end_as_the_help_says() {
    let site = Site::with_phone();
    // 1: what was asked for cannot be done, 2: it makes no sense, 4: it is not allowed, 78: the files are faulty.
    for (code, arguments) in [
        (1, &["device", "show", "nobody"][..]),
        (1, &["account", "add", "user", "user", "--organization", "org", "--name", "Twice"]),
        (1, &["audit", "verify", "--noted", "0000"]),
        (2, &["device", "shwo"]),
        (2, &["account", "level", "sp", "all"]),
        (2, &["device", "edit", "Desk", "--set", "time-zome=UTC"]),
        (2, &["device", "edit", "Desk", "--line", "one=0087*001"]),
        (2, &["preferences", "set", "--unset", "mac-base"]),
        (4, &["as", "user", "account", "add", "provider", "sp2", "--name", "Third"]),
        (4, &["as", "sp", "preferences", "set", "--mac-based", "true"]),
        (4, &["as", "sp", "audit", "search"]),
    ] {
        let (ended, out, err) = run(&site, arguments, "");
        assert_eq!(ended, Some(code), "{arguments:?}: {out}{err}");
        assert!(out.is_empty() || arguments[0] == "audit", "only data goes to standard output: {out}");
        assert!(!err.is_empty(), "{arguments:?}");
    }
    let site = site.write("fleet/faulty.toml", "nonsense");
    assert_eq!(run(&site, &["device", "edit", "Desk", "--notes", "x"], "").0, Some(78));
}

#[test]
fn what_takes_something_away_is_asked_about() {
    let site = Site::with_phone();
    let before = fleet(&site);
    for arguments in [
        &["device", "remove", "Desk"][..],
        &["device", "clear", "Desk"],
        &["device", "rotate", "Desk"],
        &["extension", "remove", "0087*002"],
        &["account", "remove", "user"],
        &["as", "administrator", "device", "remove", "Desk"],
    ] {
        let (code, out, err) = run(&site, arguments, "y\n");
        assert_eq!((code, out.as_str()), (Some(2), ""), "{arguments:?}: {err}");
        assert!(err.contains("give --yes; there is no terminal to ask at"), "{err}");
    }
    let edits = r#"{"edits": [{"operation": "device-disable", "device": "Desk"}, {"operation": "device-remove", "device": "Desk"}]}"#;
    assert_eq!(run(&site, &["edits", "-"], edits).0, Some(2));
    assert_eq!(fleet(&site), before);
    done(&site, &["device", "remove", "Desk", "--yes"], "");
    assert_ne!(fleet(&site), before);
}

#[test]
fn many_edits_are_one_change_or_none() {
    let site = Site::with_phone();
    let before = fleet(&site);
    let edits = |second: &str| {
        format!(
            r#"{{"edits": [{{"operation": "device-disable", "device": "Desk"}},
                {{"operation": "extension-edit", "extension": "{second}", "fields": {{"label": "x"}}}}]}}"#
        )
    };
    let (code, _, err) = run(&site, &["edits", "-"], &edits("0087*009"));
    assert_eq!(code, Some(1), "{err}");
    assert_eq!(fleet(&site), before, "the first one was not made either");
    done(&site, &["edits", "-"], &edits("0087*002"));
    let told = json(&site, &["device", "show", "Desk"]);
    assert_eq!(told["status"], "disabled");
}

#[test]
fn a_dry_run_tells_both_differences_and_changes_nothing() {
    let site = Site::with_phone();
    let before = fleet(&site);
    let arguments =
        ["extension", "edit", "0087*001", "--display-name", "Changed", "--sip-password", "--dry-run"];
    let (code, out, err) = run(&site, &arguments, "CANARY-new\n");
    assert_eq!(code, Some(0), "{err}");
    for part in
        ["-display-name = \"First\"\n", "+display-name = \"Changed\"\n", "+account.1.label = Changed\n"]
    {
        assert!(out.contains(part), "{out}");
    }
    assert!(out.contains(&format!("Desk, {FILE}:")), "{out}");
    assert!(!out.contains("CANARY") && !err.contains("CANARY"), "{out}{err}");
    assert!(!out.contains('\u{1b}'), "no colour where nobody looks: {out}");
    assert_eq!(fleet(&site), before);
    let removal = done(&site, &["device", "remove", "Desk", "--dry-run"], "");
    assert!(removal.contains("-name = \"Desk\""), "nobody is asked: {removal}");
    assert_eq!(fleet(&site), before);
}

#[test]
fn mistakes_are_answered_with_the_nearest_word() {
    let site = Site::with_phone();
    for (arguments, meant) in [
        (&["device", "show", "Dsek"][..], "did you mean `Desk`?"),
        (&["device", "disable", "Dask"], "did you mean `Desk`?"),
        (&["account", "show", "usr"], "did you mean `user`?"),
        (&["extension", "edit", "0087*01", "--label", "x"], "did you mean `0087*001`?"),
        (&["device", "edit", "Desk", "--set", "time-zome=UTC"], "did you mean `time-zone`?"),
        (&["device", "edit", "Desk", "--unset", "time-zome"], "did you mean `time-zone`?"),
        (&["device", "edit", "Desk", "--model", "yealnk/t46s"], "yealink/t46s"),
        (&["device", "edit", "Desk", "--set", "dtmf=rfc283"], "did you mean `rfc2833`?"),
        (&["device", "edit", "Desk", "--nmae", "x"], "'--name'"),
        (&["preferences", "set", "--unset", "mac-base"], "did you mean `mac-based`?"),
        (&["account", "level", "sp", "modfy"], "'modify'"),
    ] {
        let (code, _, err) = run(&site, arguments, "");
        assert!(matches!(code, Some(1 | 2)), "{arguments:?} {code:?}: {err}");
        assert!(err.contains(meant), "{arguments:?}: {err}");
    }
    // Whoever does not see a thing is not told that it was near.
    let (_, _, err) = run(&site, &["as", "0087*002", "device", "show", "Dsek"], "");
    assert!(!err.contains("Desk"), "{err}");
}

#[test]
fn passwords_come_by_standard_input_or_a_file_and_never_by_a_word() {
    let site = Site::with_phone().write("secret", "CANARY-file\nsecond line\n");
    let file = site.path("secret");
    let file = file.to_str().unwrap();
    let revealed = |site: &Site| done(site, &["render", "Desk", "--reveal"], "");
    done(&site, &["extension", "edit", "0087*001", "--sip-password-file", file], "");
    assert!(revealed(&site).contains("CANARY-file"));
    done(&site, &["extension", "edit", "0087*001", "--sip-password-file", "-"], "CANARY-stdin\n");
    assert!(revealed(&site).contains("CANARY-stdin"));
    done(&site, &["device", "edit", "Desk", "--admin-password"], "CANARY-web\n");
    assert!(revealed(&site).contains("CANARY-web"));
    done(&site, &["device", "edit", "Desk", "--set-file", "user-password=-"], "CANARY-user\n");
    let (code, _, err) = run(&site, &["device", "edit", "Desk", "--set", "user-password=CANARY-word"], "");
    assert_eq!((code, err.contains("--set-file user-password=FILE")), (Some(2), true), "{err}");
    assert!(!err.contains("CANARY"), "{err}");
    let (code, _, err) = run(&site, &["extension", "edit", "0087*001", "--sip-password"], "\n");
    assert_eq!((code, err.contains("is empty")), (Some(1), true), "{err}");
    done(
        &site,
        &["login", "add", "ops", "--account", "administrator", "--name", "Ops", "--password"],
        "CANARY-login-1\n",
    );
    done(&site, &["login", "password", "ops"], "CANARY-login-2\n");
    let token = done(&site, &["token", "add", "ops", "--name", "script", "--scope", "write"], "");
    for arguments in [
        &["device", "show", "Desk"][..],
        &["device", "list"],
        &["extension", "show", "0087*001"],
        &["extension", "list"],
        &["login", "show", "ops"],
        &["login", "list"],
        &["token", "list"],
        &["account", "show", "org"],
        &["audit", "search"],
        &["device", "edit", "Desk", "--notes", "x", "--dry-run"],
    ] {
        for arguments in [arguments.to_vec(), [arguments, &["--json"]].concat()] {
            let out = done(&site, &arguments, "");
            assert!(!out.contains("CANARY"), "{arguments:?}: {out}");
            assert!(!out.contains("$argon2id$"), "{arguments:?}: {out}");
        }
    }
    let secret = token.split_whitespace().max_by_key(|word| word.len()).unwrap();
    assert!(secret.len() >= 32, "it is shown once: {token}");
    assert!(!fleet(&site).iter().any(|(_, text)| text.contains(secret)), "and kept hashed");
    assert!(!fs::read_to_string(site.path("state/audit.log")).unwrap().contains("CANARY"));
}

#[test]
fn whoever_acts_as_an_account_has_its_permissions_and_no_others() {
    let site = Site::new()
        .write(
            "fleet/accounts.toml",
            &ACCOUNTS.replace("name = \"User\"", "name = \"User\"\nprovisioning = \"modify\""),
        )
        .write("fleet/device.toml", DEVICE);
    let own = json(&site, &["as", "org", "self"]);
    assert_eq!((&own["account"], &own["kind"]), (&Value::from("org"), &Value::from("organization")));
    assert_eq!(json(&site, &["as", "org", "device", "list"])[0]["removable"], false);
    let (code, _, err) = run(&site, &["as", "org", "device", "remove", "Desk", "--yes"], "");
    assert_eq!(code, Some(4), "{err}");
    assert!(err.contains("(R6)"), "the rule is named: {err}");
    done(&site, &["as", "org", "device", "edit", "Desk", "--notes", "by the organization"], "");
    let refused = json(&site, &["audit", "search", "--who", "org", "--outcome", "refused"]);
    assert_eq!(
        (&refused[0]["operation"], &refused[0]["rule"]),
        (&Value::from("device-remove"), &Value::from("R6"))
    );
    let (code, _, err) = run(&site, &["as", "nobody", "self"], "");
    assert_eq!(code, Some(4), "{err}");
}

#[test]
fn lists_are_tables_in_full_where_nobody_looks_and_arrays_as_json() {
    let long = "x".repeat(200);
    let site = Site::with_phone();
    done(&site, &["device", "edit", "Desk", "--name", "Desk of the long corridor"], "");
    done(&site, &["account", "edit", "org", "--name", &long], "");
    let table = done(&site, &["device", "list"], "");
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 2, "{table}");
    assert!(lines[0].starts_with("NAME                       ID "), "{table}");
    assert!(lines[1].starts_with("Desk of the long corridor  "), "{table}");
    assert!(!table.contains(SERIAL), "the serial opens its files: {table}");
    assert!(done(&site, &["account", "list"], "").contains(&long));
    assert_eq!(json(&site, &["extension", "list", "--assignable"]).as_array().unwrap().len(), 1);
    let (_, out, err) = run(&site, &["extension", "list", "--limit", "1"], "");
    assert_eq!((out.lines().count(), err.trim()), (2, "1 of 2; --offset 1 goes on"));
}

#[test]
fn a_template_goes_from_nothing_to_a_phone_and_back() {
    let site = Site::with_phone().write("body", "own = {{ device.mac }}\n");
    let body = site.path("body");
    let (model, firmware) = ("yealink/t46s", json(&site, &["device", "show", "Desk"])["firmware"].clone());
    let firmware = firmware.as_str().unwrap();
    done(&site, &["template", "add", "own", "--name", "Own bodies", "--visibility", "organization"], "");
    done(&site, &["template", "equip", "own", model, firmware], "");
    let file = ["template", "file", "own", model, firmware, "{mac}.cfg", "--body", body.to_str().unwrap()];
    done(&site, &file, "");
    done(&site, &["device", "edit", "Desk", "--template", "own"], "");
    let rendered = done(&site, &["render", "Desk"], "");
    assert!(rendered.contains("own = "), "{rendered}");
    assert_eq!(done(&site, &["template", "preview", "own", "Desk"], ""), rendered);
    assert_eq!(json(&site, &["template", "check", "own"])["faults"], Value::Array(Vec::new()));
    let (code, _, err) = run(&site, &["template", "remove", "own", "--yes"], "");
    assert_eq!(code, Some(1), "a device uses it: {err}");
    let exported = done(&site, &["template", "export", "own"], "");
    done(&site, &["template", "add", "copy", "--name", "A copy", "--visibility", "administrator"], "");
    done(&site, &["template", "import", "copy", "-"], &exported);
    assert_eq!(done(&site, &["template", "export", "copy"], "").replace("A copy", "Own bodies"), exported);
    done(&site, &["device", "edit", "Desk", "--unset", "template"], "");
    done(&site, &["template", "remove", "own", "--yes"], "");
}

#[test]
fn manual_pages_and_completions_are_written_for_every_command() {
    let site = Site::new();
    done(&site, &["pages", site.path("pages").to_str().unwrap()], "");
    for page in ["bellhop", "bellhop-device-add", "bellhop-as", "bellhop-audit-verify", "bellhop-status"] {
        let text = fs::read_to_string(site.path(&format!("pages/man/{page}.1"))).unwrap();
        assert!(text.contains(".SH NAME") && text.contains(&page.replace('-', "\\-")), "{text}");
    }
    for (file, word) in [
        ("bellhop.bash", "bellhop__subcmd__device"),
        ("_bellhop", "#compdef bellhop"),
        ("bellhop.fish", "complete -c bellhop"),
    ] {
        let text = fs::read_to_string(site.path(&format!("pages/completions/{file}"))).unwrap();
        assert!(text.contains(word) && text.contains("update-interval"), "{file}: {word}");
    }
}
