//! The command line: what it prints, and how it ends.

use std::process::Stdio;

use serde_json::Value;

use crate::support::{ACCOUNTS, DEVICE, FILE, Running, SERIAL, Site, command, shipped_catalog};

fn run(site: &Site, arguments: &[&str], input: &str) -> (Option<i32>, String, String) {
    let output = command(site, arguments, input);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn json(site: &Site, arguments: &[&str]) -> Value {
    let (code, out, err) = run(site, arguments, "");
    assert_eq!(code, Some(0), "{err}");
    serde_json::from_str(&out).unwrap()
}

/// All keys of a value, at any depth.
fn keys(value: &Value) -> Vec<&str> {
    match value {
        Value::Object(table) => {
            table.iter().flat_map(|(key, value)| [key.as_str()].into_iter().chain(keys(value))).collect()
        }
        Value::Array(items) => items.iter().flat_map(keys).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn help_is_printed_for_every_command() {
    let site = Site::new();
    for command in ["", "catalog", "check", "generate", "identify", "reload", "render", "serve", "status"] {
        let arguments: Vec<&str> = [command, "--help"].into_iter().filter(|word| !word.is_empty()).collect();
        let (code, out, err) = run(&site, &arguments, "");
        assert_eq!((code, err.as_str()), (Some(0), ""), "{command}");
        assert!(out.contains("Usage: bellhop"), "{out}");
    }
    let (code, _, err) = run(&site, &["chek"], "");
    assert_eq!(code, Some(2));
    assert!(err.contains("similar subcommand exists: 'check'"), "{err}");
}

#[test]
fn requests_are_explained_line_by_line() {
    let lines = [
        r#"{"protocol":"http","path":"/t4h7k2m9x3q8w6e5r1y0u9p2an/0015654aa937.cfg","headers":{"User-Agent":"Yealink SIP-T46S 66.86.0.15 00:15:65:4a:a9:37"}}"#,
        r#"{"protocol":"http","path":"/0015654aa937.cfg","headers":{"user-agent":"Yealink SIP-T48S 66.86.0.15 00:15:65:4a:a9:37"}}"#,
        r#"{"protocol":"tftp","path":"SEP00070E369DC2.cnf.xml","headers":{}}"#,
        r#"{"path":"/spa941.cfg","headers":{"User-Agent":"Linksys/SPA-941-5.1.8 (88019FA42805)"}}"#,
        r#"{"protocol":"https","path":"/x\u0000y\u00ff","headers":{"User-Agent":"\u00ff\u0080\u0000"},"peer":"192.0.2.1"}"#,
        r#"{"path":"/a/../b","headers":{"User-Agent":"Yealink SIP-T46S 66.86.0.15 00:15:65:4a:a9:37"}}"#,
        "not json",
        r#"{"protocol":"gopher","path":"/"}"#,
        "",
    ];
    let (code, out, err) =
        run(&Site::with_phone().with_vendors(&["linksys", "cisco"]), &["identify", "-"], &lines.join("\n"));
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let answers: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), 8, "one line each, empty ones aside: {out}");
    let text = |at: usize, key: &str| answers[at][key].as_str().map(str::to_owned);
    let first = ["vendor", "model", "version", "mac", "serial", "device", "file", "decision", "rule"]
        .map(|key| text(0, key).unwrap());
    assert_eq!(
        first,
        ["Yealink", "T46S", "66.86.0.15", "00:15:65:4A:A9:37", SERIAL, SERIAL, FILE, "serve", "serial"]
    );
    assert_eq!(
        (text(1, "decision").unwrap().as_str(), text(1, "rule").unwrap().as_str()),
        ("refuse", "contradicted")
    );
    assert_eq!(text(1, "model").unwrap(), "T48S", "what the phone tells, known or not");
    assert_eq!(
        (text(2, "vendor").unwrap().as_str(), text(2, "mac").unwrap().as_str()),
        ("Cisco", "00:07:0E:36:9D:C2")
    );
    assert_eq!(
        (text(3, "vendor").unwrap().as_str(), text(3, "model").unwrap().as_str()),
        ("Linksys", "SPA941")
    );
    assert_eq!(
        (text(3, "version").unwrap().as_str(), text(3, "serial").unwrap().as_str()),
        ("5.1.8", "88019FA42805")
    );
    assert_eq!((text(4, "vendor"), text(4, "decision").unwrap().as_str()), (None, "refuse"));
    assert_eq!(
        (text(5, "rule").unwrap().as_str(), text(5, "model").unwrap().as_str()),
        ("bad-name", "T46S"),
        "who asks for no name at all still tells what it is"
    );
    let reason = |at| text(at, "reason").unwrap();
    assert_eq!(reason(0), "the path holds the phone's serial");
    assert_eq!(reason(1), "the model in the User-Agent is not that of the device's record");
    assert!(text(6, "error").unwrap().starts_with("line 7: "));
    assert!(text(7, "error").unwrap().contains("`gopher` is no protocol; write http, https or tftp"));
}

#[test]
fn whoever_reads_no_further_ends_a_command_without_a_word() {
    let site = Site::new();
    for arguments in [&["catalog", "--json"][..], &["catalog", "list"]] {
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_bellhop"))
            .arg("--config")
            .arg(site.path("bellhop.toml"))
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments:?}");
    }
}

#[test]
fn what_is_everybodys_is_told_as_such() {
    let site = Site::new().write("assets/ring.wav", "ring").write("assets/.hidden", "x");
    for (protocol, path, decision) in [
        ("http", "/assets/ring.wav?x", "serve"),
        ("https", "/assets/rin%67.wav", "serve"),
        ("http", "/ring.wav", "refuse"),
        ("http", "/assets/.hidden", "refuse"),
        ("http", "/assets/../bellhop.toml", "refuse"),
        ("tftp", "ring.wav", "serve"),
        ("tftp", "assets/ring.wav", "serve"),
        ("tftp", "nothing", "refuse"),
    ] {
        let (_, out, _) = run(&site, &["identify", "--json", "--protocol", protocol, "--path", path], "");
        let answer: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(answer["decision"], decision, "{protocol} {path}: {out}");
        assert_eq!(answer["rule"] == "asset", decision == "serve", "{protocol} {path}: {out}");
    }
}

#[test]
fn a_header_that_a_phone_has_to_send_is_told_of() {
    let device = DEVICE.replace("yealink/t46s", "linphone/android");
    let site = Site::new().with_vendors(&["linphone"]).write("fleet/accounts.toml", ACCOUNTS);
    let site = site.write("fleet/a.toml", &device.replace("admin-password", "# admin-password"));
    let path = format!("/{SERIAL}/linphone.xml");
    let asking = ["identify", "--path", &path];
    let (_, out, _) = run(&site, &asking, "");
    assert!(out.contains("refuse (missing-header)"), "{out}");
    let with = |header| run(&site, &[&asking[..], &["--header", header]].concat(), "");
    let (_, out, _) = with("x-linphone-provisioning: 1");
    assert!(out.contains("serve (serial)"), "{out}");
    let (_, _, errors) = with("x-linphone-provisioning");
    assert!(errors.contains("there is no colon"), "{errors}");
    let (_, _, errors) = with("a b: c");
    assert!(errors.contains("`a b` is no header's name"), "{errors}");
    let (_, out, _) = run(&site, &["catalog", "show", "linphone/android"], "");
    assert!(out.contains("with a header `x-linphone-provisioning`"), "{out}");
}

#[test]
fn one_request_is_explained_for_people() {
    let path = format!("/{SERIAL}/{FILE}");
    let (_, out, _) = run(&Site::with_phone(), &["identify", "--path", &path, "--peer", "192.0.2.1"], "");
    for part in [
        "device    Desk\n",
        "proof     serial\n",
        "file      0015654aa937.cfg\n",
        "template  yealink/v81/phone.cfg\n",
    ] {
        assert!(out.contains(part), "{out}");
    }
    assert!(
        out.contains("decision  refuse (plain-network)\nreason    the file holds secrets, and the peer"),
        "{out}"
    );
}

#[test]
fn what_is_loaded_is_listed() {
    let devices = json(&Site::with_phone(), &["device", "list", "--json"]);
    let device = &devices[0];
    assert_eq!(device["model"], "yealink/t46s");
    assert_eq!((&device["owner"], &device["organization"]), (&Value::from("sp"), &Value::from("org")));
    assert_eq!(device["lines"][0], "0087*001");
    assert_eq!(device["serial"], Value::Null, "what opens its files is no part of a list");
    let device = json(&Site::with_phone(), &["device", "show", "Desk", "--json"]);
    assert_eq!(device["serial"], SERIAL);
    assert_eq!(
        (&device["update-interval"], &device["update-interval-unit"]),
        (&Value::from(10), &Value::from("minutes"))
    );
    let catalog = json(&Site::new(), &["catalog", "--json"]);
    let vendors = catalog["vendors"].as_array().unwrap();
    let models: usize = vendors.iter().map(|vendor| vendor["models"].as_array().unwrap().len()).sum();
    let (_, listed, _) = run(&Site::new(), &["catalog"], "");
    assert_eq!(listed.lines().count(), models + 1, "a head, and a line each");
    assert!(keys(&catalog).iter().all(|key| !key.contains('_')), "words are joined as everywhere");
    assert!(catalog["vendors"][0]["models"][0]["default-firmware"].is_string(), "{catalog}");
    let (_, table, _) = run(&Site::with_phone(), &["device", "list"], "");
    assert!(table.lines().nth(1).unwrap().starts_with("Desk "), "{table}");
    let (_, settings, _) = run(&Site::new(), &["catalog", "--settings"], "");
    assert!(settings.contains("time-zone"), "{settings}");
}

#[test]
fn vendors_and_models_are_shown() {
    let site = Site::new();
    let (code, shown, _) = run(&site, &["catalog", "show", "SIP-T46S"], "");
    assert_eq!(code, Some(0), "{shown}");
    for part in [
        "Yealink T46S (yealink/t46s)\n",
        "  lines  ",
        "{mac}.cfg, its main file, from yealink/v81/phone.cfg\n",
        "  in doubt  ",
    ] {
        assert!(shown.contains(part), "{shown}");
    }
    let vendors = json(&site, &["catalog", "--vendor", "Aastra", "--json"])["vendors"].clone();
    assert_eq!((vendors.as_array().unwrap().len(), &vendors[0]["id"]), (1, &Value::from("aastra")));
    let (code, _, error) = run(&site, &["catalog", "--vendor", "aastra", "show", "yealink"], "");
    assert_eq!((code, error.contains("flags of `list` stand behind it")), (Some(2), true), "{error}");
    let part = site.path("shipped/yealink/templates").display().to_string();
    let (code, _, error) = run(&site, &["catalog", "check", &part], "");
    assert_eq!((code, error.contains("is a part of a vendor's folder; name")), (Some(1), true), "{error}");
    let (_, vendor, _) = run(&site, &["catalog", "show", "yealink"], "");
    assert!(vendor.starts_with("Yealink (yealink)\n") && vendor.contains("00:15:65"), "{vendor}");
    let (code, _, error) = run(&site, &["catalog", "show", "xyzzy"], "");
    assert_eq!((code, error.contains("no vendor and no model `xyzzy`")), (Some(1), true), "{error}");
    let (_, listed, _) = run(&site, &["catalog", "list", "--vendor", "Yealink"], "");
    assert!(listed.lines().skip(1).all(|line| line.starts_with("yealink/")), "{listed}");
}

#[test]
fn the_readme_of_the_catalog_has_the_table_of_vendors() {
    let (_, table, _) = run(&Site::new().with_every_vendor(), &["catalog", "--vendors"], "");
    let path = shipped_catalog().join("README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = readme.split_once("<!-- bellhop catalog --vendors -->\n").unwrap();
    let (known, after) = rest.split_once("<!-- end -->\n").unwrap();
    if std::env::var_os("BLESS").is_some() {
        let text = format!("{before}<!-- bellhop catalog --vendors -->\n{table}<!-- end -->\n{after}");
        std::fs::write(&path, text).unwrap();
    } else {
        assert_eq!(known, table, "write it anew with BLESS=1");
    }
}

/// A vendor whose phone heeds its tones in English only, and does not do what it says that it does.
const OWN_VENDOR: &str = r#"
name = "Acme"
protocols = ["http"]
interval = { unit = "minutes", parameter = "poll" }
syntax = { parameter = "{name}={value}" }
values.dtmf = { inband = 1, rfc2833 = 2 }
without = { lldp = "it has no LLDP", vlan = "it has no VLAN" }
lines = 1
[files]
"{mac}.acme" = { template = "phone.txt", main = true }
[model.one]
"#;

#[test]
fn what_a_contributor_forgot_is_told() {
    let template = "{{ param('dtmf', values.dtmf[settings.dtmf]) }}\n{{ param('vlan', settings.vlan) }}\n\
                    {{ param('srtp', {'off': 0, 'optional': 0, 'required': 1}[settings.srtp]) }}\n{{ rest() }}";
    let site =
        Site::new().write("own/acme/vendor.toml", OWN_VENDOR).write("own/acme/templates/phone.txt", template);
    let folder = site.path("own/acme").display().to_string();
    let (code, told, _) = run(&site, &["catalog", "check", &folder], "");
    assert_eq!(code, Some(1), "{told}");
    for part in [
        "acme: no `user-agents`;",
        "acme: no `cases/identify.toml`;",
        "acme: no cases;",
        // The word that the table lacks makes the phone lose its whole file.
        "acme/one: `{mac}.acme`: template acme/phone.txt, line 1: undefined value: what is given for `dtmf`",
        "does not exist: {{ param('dtmf', values.dtmf[settings.dtmf]) }}\n",
        "acme/one: `vlan` stands in `without`, and changes a file;",
        "acme/one: `srtp = optional` changes nothing;",
        "`ntp-server`, `ntp-server-2`,",
        "`time-zone`, `tones`,",
        "acme/one: `codecs` has no table;",
        "`nat-keepalive`, `network`,",
        "\n[without]\nadmin-password = \"\"\n",
    ] {
        assert!(told.contains(part), "{part}\n{told}");
    }
    for part in ["`lldp`", "`dtmf` changes", "`line-keys`", "yealink", "`raw` changes", "is no XML"] {
        assert!(!told.contains(part), "{part}\n{told}");
    }

    site.put("own/acme/vendor.toml", &OWN_VENDOR.replace("phone.txt", "phone.xml"));
    site.put("own/acme/templates/phone.xml", "<config><vlan>{{ settings.vlan }}</vlan>\n");
    let (_, told, _) = run(&site, &["catalog", "check", &folder], "");
    for part in
        ["`{mac}.acme`: what acme/phone.xml writes is no XML: ", "`raw` changes nothing; end the template"]
    {
        assert!(told.contains(part), "{part}\n{told}");
    }
}

#[test]
fn the_cases_of_a_contributor_are_judged() {
    let vendor = r#"
name = "Acme"
user-agents = ['^Acme (?P<model>\w+) (?P<version>[\d.]+)$']
protocols = ["http"]
interval = { unit = "minutes", parameter = "poll" }
syntax = { parameter = "{name}={value}" }
lines = 1
[files]
"{mac}.acme" = { template = "phone.txt", main = true }
[model.one]
default-firmware = "1"
[model.one.firmware.1]
versions = ["1."]
[model.one.firmware.2]
versions = ["1.20"]
"#;
    let told = |version: &str, firmware: &str| {
        format!(
            "[[request]]\nuser-agent = \"Acme one {version}\"\nmodel = \"one\"\nversion = \"{version}\"\nfirmware = \"{firmware}\"\n"
        )
    };
    let phone = format!("{DEVICE}{ACCOUNTS}").replace("yealink/t46s", "acme/one");
    let site = Site::new()
        .write("own/acme/vendor.toml", vendor)
        .write("own/acme/templates/phone.txt", "{{ param('password', lines[0].password) }}\n")
        .write("own/acme/cases/one/phone.toml", &phone)
        .write(
            "own/acme/cases/one/request.toml",
            "protocol = \"http\"\nboot = [[\"0015654aa937.acme\", \"file\"]]\n",
        )
        .write("own/acme/cases/identify.toml", &(told("1.1", "1") + &told("1.20.3", "2")));
    let folder = site.path("own/acme").display().to_string();
    let check = |more: &[&str]| {
        let (code, out, err) = run(&site, &[&["catalog", "check", folder.as_str()], more].concat(), "");
        assert_eq!(code, Some(1), "{out}{err}");
        out
    };
    let out = check(&[]);
    assert!(out.contains("cases/one: 0015654aa937.acme has nothing in `expected` yet; `--bless`"), "{out}");
    let out = check(&["--bless"]);
    assert!(!out.contains("cases/") && out.contains("cases: 1; requests: 2 tell what they should"), "{out}");
    let expected = site.path("own/acme/cases/one/expected/0015654aa937.acme");
    assert_eq!(std::fs::read_to_string(&expected).unwrap(), "password=CANARY-sip-1\n");
    assert!(!check(&[]).contains("cases/"));

    std::fs::write(&expected, "password=\n").unwrap();
    site.put("own/acme/cases/one/expected/left.acme", "");
    site.put(
        "own/acme/cases/one/request.toml",
        "protocol = \"http\"\nuser-agent = \"Acme one 1.20\"\nboot = [[\"0015654aa937.acme\", \"file\"]]\n",
    );
    site.put("own/acme/cases/other/phone.toml", "");
    site.put("own/acme/cases/identify.toml", &told("1.20.3", "1"));
    let out = check(&[]);
    for part in [
        "cases/one: 0015654aa937.acme is not as in `expected` from line 1 on;",
        "cases/one: its request tells firmware `2`, and its record has `1`",
        "cases/one: nobody asks for ",
        "cases/other/phone.toml: has no device; begin it with the phone of the case",
        "cases/identify.toml:1: tells firmware `2`, and the case wants `1`",
    ] {
        assert!(out.contains(part), "{part}\n{out}");
    }
}

#[test]
fn what_the_readme_of_the_catalog_adds_is_fine() {
    let readme = std::fs::read_to_string(shipped_catalog().join("README.md")).unwrap();
    let site = Site::new();
    let mut written = 0;
    for block in readme.split("```").skip(1).step_by(2) {
        let (first, text) = block.split_once('\n').unwrap().1.split_once('\n').unwrap();
        let path = first.trim_start_matches(['{', '#', ' ']).trim_end_matches(['}', '#', ' ']);
        if first.starts_with(['{', '#']) {
            site.put(&format!("own/{path}"), text);
            written += 1;
        }
    }
    assert_eq!(written, 9, "files of two vendors");
    let folder = site.path("own").display().to_string();
    let (code, out, err) = run(&site, &["catalog", "check", &folder, "--bless"], "");
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert!(out.contains("cases: 1; requests: 2 tell what they should") && !out.contains("note: "), "{out}");
    let got =
        std::fs::read_to_string(site.path("own/acmefon/cases/a10/expected/acme-02ac3e010203.ini")).unwrap();
    assert!(got.contains("[sip1]\n") && got.contains("password = line-1-secret\n"), "{got}");
}

#[test]
fn a_variable_that_all_likes_of_a_new_model_have_is_noted() {
    let site = Site::new().with_vendors(&["grandstream"]).write(
        "own/grandstream/vendor.toml",
        "[model]\ngxp2198 = { name = \"GXP2198\", family = \"gxp21xx\", lines = 6, line-keys = 8 }\n",
    );
    let folder = site.path("own").display().to_string();
    let (code, out, err) = run(&site, &["catalog", "check", &folder], "");
    let note =
        "note: grandstream/gxp2198 has no `vars.code`, which every other model of family `gxp21xx` has";
    assert!(code == Some(0) && out.contains(note), "{out}{err}");
}

#[test]
fn devices_are_listed_with_the_time_of_their_last_request() {
    let dates = "created = 2026-11-21T09:30:00Z\nupdated = 2026-11-21T10:00:00+02:00\n";
    let site = Site::new()
        .write("fleet/accounts.toml", ACCOUNTS)
        .write("fleet/device.toml", &format!("{DEVICE}{dates}"));
    let before = &json(&site, &["device", "show", "Desk", "--json"]);
    assert_eq!((&before["last-fetched"], &before["known-by"]), (&Value::Null, &Value::from("serial")));
    assert_eq!(before["created"], "2026-11-21T09:30:00Z");
    assert_eq!(before["updated"], "2026-11-21T10:00:00+02:00");
    let server = Running::start(site);
    let listed = || json(&server.site, &["device", "list", "--json"])[0]["last-fetched"].clone();
    assert_eq!(server.get("/nobody/0015654aa937.cfg").status, 404);
    assert_eq!(listed(), Value::Null, "nobody was served");
    assert_eq!(server.get(&format!("/{SERIAL}/{FILE}")).status, 200);
    let fetched = listed();
    assert!(fetched.as_str().unwrap().ends_with('Z'), "{fetched}");
    // An edited record in another file is still that device's.
    std::fs::remove_file(server.site.path("fleet/device.toml")).unwrap();
    std::fs::write(server.site.path("fleet/moved.toml"), DEVICE.replace("Desk", "Moved")).unwrap();
    assert!(server.command(&["reload"]).status.success());
    assert_eq!(listed(), fetched);
    assert_eq!(server.admin("/api/v1/fetched").status, 401, "serials are not for everybody");
}

#[test]
fn a_file_is_rendered_by_serial_address_or_name() {
    let site = Site::with_phone();
    let by_serial = run(&site, &["render", SERIAL], "");
    assert_eq!(by_serial.0, Some(0));
    for other in [
        &["render", "Desk", FILE][..],
        &["render", "0015654aa937", "0015654AA937.cfg"],
        &["render", "00:15:65:4A:A9:37"],
    ] {
        assert_eq!(run(&site, other, ""), by_serial, "{other:?}");
    }
    assert_eq!(
        run(&site, &["render", "Desk", "--list"], "").1,
        "y000000000066.cfg\n0015654aa937.cfg\n".to_owned()
    );
    let (code, _, err) = run(&site, &["render", "nobody"], "");
    assert_eq!((code, err.contains("`bellhop device list` lists them")), (Some(1), true), "{err}");
    let (code, _, err) = run(&site, &["render", "Desk", "x.cfg"], "");
    assert_eq!((code, err.contains("it has y000000000066.cfg, 0015654aa937.cfg")), (Some(1), true), "{err}");
}

#[test]
fn what_records_leave_to_be_generated_is_filled_in_once() {
    let text = DEVICE.replace(SERIAL, "generate").replace("CANARY-admin", "generate") + "# kept\n";
    let site = Site::new().write("fleet/accounts.toml", ACCOUNTS).write("fleet/device.toml", &text);
    let (code, _, err) = run(&site, &["check"], "");
    assert_eq!((code, err.matches("run `bellhop generate`").count()), (Some(78), 2), "{err}");
    let (code, out, err) = run(&site, &["generate"], "");
    assert_eq!((code, out.lines().last(), err.as_str()), (Some(0), Some("2 values made"), ""));
    let made = std::fs::read_to_string(site.path("fleet/device.toml")).unwrap();
    assert!(made.ends_with("# kept\n") && !made.contains("\"generate\""), "{made}");
    assert_eq!(run(&site, &["check"], "").0, Some(0));
    assert_eq!(run(&site, &["generate"], "").1, "0 values made\n");
    assert_eq!(std::fs::read_to_string(site.path("fleet/device.toml")).unwrap(), made);
}

#[test]
fn what_is_checked_generated_listed_and_read_again_is_told_as_json_too() {
    let json = |output: std::process::Output| {
        let told: Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code(), told)
    };
    let site = Site::with_phone();
    let (code, told) = json(command(&site, &["check", "--json"], ""));
    assert_eq!((code, &told["fine"], &told["devices"]), (Some(0), &true.into(), &1.into()), "{told}");
    site.put("fleet/device.toml", &DEVICE.replace("model = \"", "model = \"x"));
    let (code, told) = json(command(&site, &["check", "--json"], ""));
    let fault = &told["faults"][0];
    assert_eq!((code, &told["fine"], &fault["line"]), (Some(78), &false.into(), &5.into()), "{told}");
    assert_eq!((&fault["key"], &fault["severity"]), (&"model".into(), &"error".into()), "{told}");
    site.put("fleet/device.toml", &DEVICE.replace("CANARY-admin", "generate"));
    let (code, told) = json(command(&site, &["generate", "--json"], ""));
    assert_eq!((code, &told["made"], &told["files"][0]["made"]), (Some(0), &1.into(), &1.into()), "{told}");
    let (code, told) = json(command(&site, &["render", "Desk", "--list", "--json"], ""));
    assert!(code == Some(0) && told.as_array().unwrap().contains(&FILE.into()), "{told}");
    let server = Running::start(site);
    server.site.put("fleet/device.toml", &DEVICE.replace("Desk", "Lobby"));
    let (code, told) = json(server.command(&["reload", "--json"]));
    assert!(code == Some(0) && told["serial"].is_number() && told["result"].is_string(), "{told}");
}
