//! What bad files get: one fixture per fault, with its line, what is wrong and the cure.

use crate::support::{ACCOUNTS, DEVICE, Site, command};

/// Replaces a line of the device, or adds one.
fn device(line: &str) -> String {
    let key = line.split([' ', '=']).next().unwrap();
    let old = DEVICE.lines().find(|known| known.split([' ', '=']).next() == Some(key));
    match old {
        Some(old) => DEVICE.replace(old, line),
        None => format!("{DEVICE}{line}\n"),
    }
}

/// Makes a second device that differs from the first in all that must be unique, but for one line.
fn second(line: &str) -> String {
    let other = DEVICE
        .replace("t4h7k2m9x3q8w6e5r1y0u9p2an", "a1b2c3d4e5f6g7h8j9k1m2n3p4")
        .replace("A9:37", "A9:38")
        .replace("0087*001", "0087*002");
    let key = line.split([' ', '=']).next().unwrap();
    let old = other.lines().find(|known| known.split([' ', '=']).next() == Some(key)).unwrap();
    format!("{DEVICE}{}", other.replace(old, line))
}

/// Every fault of records: what stands in the second file (the accounts stand in the first), and what is said of it.
fn faults() -> Vec<(String, &'static str)> {
    let serial = "serial = \"t4h7k2m9x3q8w6e5r1y0u9p2an\"";
    let ok = |line: &str| device(line);
    vec![
        // One device against another.
        (
            second(serial),
            "device.toml:14: this serial already belongs to device `Desk` (fleet/device.toml:2); give one of them another",
        ),
        (
            second("mac = \"00-15-65-4a-a9-37\""),
            "device.toml:17: MAC address 00:15:65:4A:A9:37 already belongs to device `Desk` (fleet/device.toml:2); give one of them another",
        ),
        (
            second("lines = [\"0087*001\"]"),
            "device.toml:22: extension `0087*001` is already on line 1 of device `Desk` (fleet/device.toml:2); take it off one of them",
        ),
        // A device against the catalog.
        (
            ok("model = \"yealink/t46\""),
            "device.toml:5: there is no model `yealink/t46`; did you mean `yealink/t46g`?",
        ),
        (ok("model = \"xyzzy\""), "device.toml:5: there is no model `xyzzy`; `bellhop catalog` lists them"),
        (ok("firmware = \"99\""), "device.toml:12: model `yealink/t46s` has no firmware `99`; write `66.86`"),
        (
            ok("model = \"cisco/7960\"\napplication-version = \"P0S3-08-11-00\""),
            "device.toml:9: firmware `8.x` does not offer http; write `tftp`",
        ),
        (
            ok("model = \"aastra/51i\"")
                .replace("CANARY-admin", "12345")
                .replace("[\"0087*001\"]", "[\"0087*001\", \"0087*002\"]"),
            "device.toml:11: model `aastra/51i` has 1 line, not 2; take an extension off, or choose another model",
        ),
        (
            ok("model = \"cisco/7960\"").replace("\"http\"", "\"tftp\""),
            "device.toml:5: model `cisco/7960` needs an application version; give it as `application-version`, like `P0S3-08-11-00`",
        ),
        // A device against the accounts.
        (
            ok("lines = [\"0087*009\"]"),
            "device.toml:11: there is no extension `0087*009` for line 1; add it or mend the number",
        ),
        (
            ok("lines = [\"0087*001\", \"0087*001\"]"),
            "device.toml:11: `lines` names the same extension twice; put it on one line",
        ),
        (
            ok("lines = [\"queue\"]") + QUEUE,
            "device.toml:11: extension `queue` on line 1 is no phone terminal; put a phone terminal on the line",
        ),
        (
            ok("lines = [\"0087*001\", \"0099*1\"]") + OTHER,
            "device.toml:11: extension `0099*1` on line 2 is of organization `other`, not `org`; all lines of a device lie in one organization",
        ),
        (
            ok("organization = \"other\"") + OTHER,
            "device.toml:11: extension `0087*001` on line 1 is of organization `org`, not `other`; all lines of a device lie in one organization",
        ),
        (
            ok("organization = \"nobody\""),
            "device.toml:10: there is no organization `nobody`; add its record or mend the name",
        ),
        (
            ok("owner = \"nobody\""),
            "device.toml:9: there is no account `nobody`; add its record or mend the name",
        ),
        (
            ok("template = \"mine\""),
            "device.toml:12: there is no template `mine`; add its record, or write `default`",
        ),
        (
            ok("mac-based = true").replace("mac = \"00:15:65:4A:A9:37\"\n", ""),
            "device.toml:11: MAC-based provisioning needs the MAC address; give it as `mac`",
        ),
        (
            ok("mac-based = true").replace("\"http\"", "\"tftp\""),
            "device.toml:12: MAC-based provisioning is for HTTP and HTTPS; leave it out; over TFTP the phone is known by its MAC address anyway",
        ),
        (
            ok("update-password = \"CANARY-update\"").replace("mac = \"00:15:65:4A:A9:37\"\n", ""),
            "device.toml:11: needs the MAC address, which the URL is built from; give it as `mac`",
        ),
        (
            ok("update-password = \"CANARY-update\"\nmac-based = true"),
            "device.toml:12: asks for credentials where `mac-based` asks for none; leave one of them out",
        ),
        (
            ok("update-password = \"CANARY-update\"").replace("\"http\"", "\"tftp\""),
            "device.toml:12: is asked for over HTTP and HTTPS only; leave it out, or choose another protocol",
        ),
        (
            ok("update-user = \"desk\""),
            "device.toml:2: `update-password` is missing; credentials need a password; `bellhop generate` makes it",
        ),
        (
            ok("update-user = \"a:b\""),
            "device.toml:12: `update-user` is no user name; use 1 to 64 ASCII letters, digits and signs other than `\"`, `\\`, `:`",
        ),
        (
            ok("created = \"2026-11-21\""),
            "device.toml:12: `created` is a text; write a date, a time and an offset without quotes, like 2026-11-21T09:30:00Z",
        ),
        (
            ok("updated = 2026-11-21"),
            "device.toml:12: `updated` is a date; write a date, a time and an offset without quotes, like 2026-11-21T09:30:00Z",
        ),
        // A device by itself.
        (
            ok("serial = \"a/b\""),
            "device.toml:3: `serial` is not usable in a URL; use 1 to 255 letters, digits, `-`, `.`, `_` or `~`",
        ),
        (
            ok("serial = \"generate\""),
            "device.toml:3: `serial` is still to be made; run `bellhop generate` to fill it in",
        ),
        (
            ok("serial = \"assets\""),
            "device.toml:3: `serial` is where files lie that are the same for everybody; let `bellhop generate` make another one",
        ),
        (ok("name = \"ab\""), "device.toml:4: `name` has the wrong length; use 3 to 32 characters"),
        (
            ok("name = \"<script>\""),
            "device.toml:4: `name` has characters that a name may not have; use letters, digits, blanks, `_`, `-` and `.`",
        ),
        (
            ok("mac = \"00:15:65:4A:A9\""),
            "device.toml:6: `mac` is not a MAC address; write six pairs of hexadecimal digits, like 00:08:5D:1A:E9:8C",
        ),
        (
            ok("mac = \"00:00:00:00:00:00\""),
            "device.toml:6: `mac` is no phone's address; write the one on its box",
        ),
        (
            ok("mac = \"ff:ff:ff:ff:ff:ff\""),
            "device.toml:6: `mac` is no phone's address; write the one on its box",
        ),
        (
            ok("update-interval = 0"),
            "device.toml:12: `update-interval` is 0; give a whole number from 1 to 99999",
        ),
        (
            ok("update-interval = 100000"),
            "device.toml:12: `update-interval` is 100000; give a whole number from 1 to 99999",
        ),
        (ok("update-interval = \"10\""), "device.toml:12: `update-interval` is a text; give a whole number"),
        (ok("status = \"on\""), "device.toml:12: `status` does not know `on`; write `disabled` or `enabled`"),
        (ok("protocol = \"htps\""), "device.toml:8: `protocol` does not know `htps`; did you mean `https`?"),
        (ok("admin-password = \"abc\""), "device.toml:7: `admin-password` has 3 characters; use 4 to 64"),
        (
            ok("admin-password = \"generate\""),
            "device.toml:7: `admin-password` is still to be made; run `bellhop generate` to fill it in",
        ),
        (
            ok("admin-password = \"blank \""),
            "device.toml:7: `admin-password` has control characters, or blanks at an end, which phones drop; leave them out",
        ),
        (
            ok(&format!("notes = \"{}\"", "x".repeat(256))),
            "device.toml:12: `notes` has 256 characters; at most 255 are possible",
        ),
        (ok("modle = \"x\""), "device.toml:12: unknown key `modle`; did you mean `model`?"),
        (
            ok("host = \"http://x\""),
            "device.toml:12: `host` is not a host; write a DNS name or an IP address, without scheme and port",
        ),
        (
            ok("network = { address = \"192.0.2.7\", netmask = \"255.255.255.0\" }"),
            "device.toml:12: `gateway` is missing; a static address needs all three; without `network` the phone uses DHCP",
        ),
        (
            ok("network = { address = \"x\", netmask = \"255.255.255.0\", gateway = \"192.0.2.1\" }"),
            "device.toml:12: `address` is not an IPv4 address; write it like 192.0.2.10",
        ),
        (ok("lines = \"0087*001\""), "device.toml:11: `lines` is a text; write a list in square brackets"),
        (
            ok("raw = { yelink = { a = \"1\" } }"),
            "device.toml:12: there is no vendor `yelink`; did you mean `yealink`?",
        ),
        (
            ok("raw = { a = [1] }"),
            "device.toml:12: `a` is a list; give a text in quotes, a number, true or false",
        ),
        (
            DEVICE.replace("serial = \"t4h7k2m9x3q8w6e5r1y0u9p2an\"\n", ""),
            "device.toml:2: `serial` is missing; give the device a unique one; `bellhop generate` fills in `serial = \"generate\"`",
        ),
        (
            DEVICE.replace("name = \"Desk\"\n", ""),
            "device.toml:2: `name` is missing; give it 3 to 32 characters for people",
        ),
        (
            DEVICE.replace("model = \"yealink/t46s\"\n", ""),
            "device.toml:2: `model` is missing; name its model, like `aastra/51i`; `bellhop catalog` lists them",
        ),
        (
            DEVICE.replace("[[device]]", "[device]"),
            "device.toml:2: `device` is not a list of records; write `[[device]]` with two brackets",
        ),
        // Settings.
        (
            ok("settings = { time-zon = \"UTC\" }"),
            "device.toml:12: `time-zon` is not a setting; did you mean `time-zone`?",
        ),
        (
            ok("settings = { time-zone = \"Europe/Bukarest\" }"),
            "device.toml:12: `time-zone` is not a zone of the time-zone database; write one like `Europe/Bucharest`",
        ),
        (
            ok("settings = { vlan = 4095 }"),
            "device.toml:12: `vlan` is 4095; give a whole number from 1 to 4094",
        ),
        (
            ok("settings = { codecs = [\"pcma\", \"pcma\"] }"),
            "device.toml:12: `codecs` holds `pcma` twice; keep the preferred place",
        ),
        (
            ok("settings = { codecs = [\"g711\"] }"),
            "device.toml:12: `codecs` does not know `g711`; write `g722`, `g723`, `g726-32`, `g729`, `ilbc`, `opus`, `pcma` or `pcmu`",
        ),
        (
            ok("settings = { logo-url = \"logo.jpg\" }"),
            "device.toml:12: `logo-url` is not a URL; write it whole, like https://files.example.net/ring.wav",
        ),
        (
            ok("settings = { line-keys = [{ type = \"blf\" }] }"),
            "device.toml:12: `value` is missing; give the number or URL that the key acts on",
        ),
        (
            ok("settings = { line-keys = [{ value = \"1\" }] }"),
            "device.toml:12: `type` is missing; say what the key does, like `type = \"blf\"`",
        ),
        (
            ok("settings = { line-keys = [{ type = \"line\", key = 2 }, { type = \"dnd\", key = 2 }] }"),
            "device.toml:12: key 2 is taken by another one; give each its own place",
        ),
        (
            EXTENSION_VLAN.to_owned(),
            "device.toml:5: `vlan` belongs to the phone as a whole; set it on the device or an account",
        ),
        // Accounts and extensions.
        (
            "[[provider]]\nid = \"sp\"\n".to_owned(),
            "device.toml:2: `sp` is already the id of a provider (fleet/accounts.toml:2); ids are unique among all accounts",
        ),
        (
            "[[user]]\nid = \"sp\"\norganization = \"org\"\n".to_owned(),
            "device.toml:2: `sp` is already the id of a provider (fleet/accounts.toml:2); ids are unique among all accounts",
        ),
        (
            "[[provider]]\nid = \"administrator\"\n".to_owned(),
            "device.toml:2: `id` is the administrator's own; choose another one",
        ),
        (
            "[[provider]]\nid = \"a b\"\n".to_owned(),
            "device.toml:2: `id` is not an identifier; use 1 to 64 ASCII letters, digits, `_`, `-`, `.` or `@`",
        ),
        (
            "[[provider]]\nname = \"x\"\n".to_owned(),
            "device.toml:1: `id` is missing; give the provider a unique one",
        ),
        (
            "[[provider]]\nid = \"x\"\nprovisioning = \"edit\"\n".to_owned(),
            "device.toml:3: `provisioning` does not know `edit`; write `modify`, `none` or `view`",
        ),
        (
            "[[organization]]\nid = \"x\"\n".to_owned(),
            "device.toml:1: `provider` is missing; say which provider the organization belongs to",
        ),
        (
            "[[organization]]\nid = \"x\"\nprovider = \"y\"\n".to_owned(),
            "device.toml:3: there is no provider `y`; add its record or mend the name",
        ),
        (
            "[[organization]]\nid = \"x\"\nprovider = \"org\"\n".to_owned(),
            "device.toml:3: there is no provider `org`; add its record or mend the name",
        ),
        (
            "[[user]]\nid = \"x\"\norganization = \"y\"\n".to_owned(),
            "device.toml:3: there is no organization `y`; add its record or mend the name",
        ),
        (
            "[[extension]]\nnumber = \"1\"\nuser = \"y\"\n".to_owned(),
            "device.toml:3: there is no user `y`; add its record or mend the name",
        ),
        (
            "[[extension]]\nnumber = \"0087*001\"\nuser = \"user\"\n".to_owned(),
            "device.toml:2: this number already belongs to extension `0087*001` (fleet/accounts.toml:17); give one of them another",
        ),
        (
            "[[extension]]\nnumber = \"user\"\nuser = \"user\"\n".to_owned(),
            "device.toml:2: `user` is already the id of an account (fleet/accounts.toml:12); choose another number",
        ),
        (
            "[[provider]]\nid = \"0087\"\n[[extension]]\nnumber = \"0087\"\nuser = \"user\"\n".to_owned(),
            "device.toml:4: `0087` is already the id of an account (fleet/device.toml:1); choose another number",
        ),
        (
            "[[extension]]\nnumber = \"administrator\"\nuser = \"user\"\n".to_owned(),
            "device.toml:2: `number` is the administrator's own; choose another one",
        ),
        (
            "[[provider]]\nid = \"x\"\nroles-management = \"no\"\n".to_owned(),
            "device.toml:3: `roles-management` is a text; write true or false",
        ),
        (
            "[[organization]]\nid = \"x\"\nprovider = \"sp\"\nsip-management = true\n".to_owned(),
            "device.toml:4: unknown key `sip-management`; known are `id`, `name`, `provider`, `provisioning`, `raw`, `roles-management` or `settings`",
        ),
        (
            "[[extension]]\nnumber = \"a b\"\nuser = \"user\"\n".to_owned(),
            "device.toml:2: `number` is not an extension's number; use digits, letters, `*`, `#`, `+`, `_`, `-` or `.`",
        ),
        (
            "[[extension]]\nnumber = \"1\"\nuser = \"user\"\nsip = { port = 0 }\n".to_owned(),
            "device.toml:4: `port` is 0; give a whole number from 1 to 65535",
        ),
        (
            "[[extension]]\nnumber = \"1\"\nuser = \"user\"\nsip = { pasword = \"x\" }\n".to_owned(),
            "device.toml:4: unknown key `pasword`; did you mean `password`?",
        ),
        (
            "[[extension]]\nnumber = \"1\"\nuser = \"user\"\nkind = \"fax\"\n".to_owned(),
            "device.toml:4: `kind` does not know `fax`; write `callback`, `calling-card`, `conference`, `intercom`, `ivr`, `phone-terminal`, `queue`, `queue-login` or `voicemail`",
        ),
        // Files.
        ("[[devices]]\n".to_owned(), "device.toml:1: unknown key `devices`; did you mean `device`?"),
        (
            "[[device]\n".to_owned(),
            "device.toml:1: not TOML: unclosed array table, expected `]`; mend the syntax",
        ),
        ("x = 1\nx = 2\n".to_owned(), "device.toml:2: not TOML: duplicate key; mend the syntax"),
    ]
}

const QUEUE: &str = "\n[[extension]]\nnumber = \"queue\"\nuser = \"user\"\nkind = \"queue\"\n";

const OTHER: &str = "
[[organization]]
id = \"other\"
provider = \"sp\"
[[user]]
id = \"other-user\"
organization = \"other\"
[[extension]]
number = \"0099*1\"
user = \"other-user\"
";

const EXTENSION_VLAN: &str = "
[[extension]]
number = \"1\"
user = \"user\"
settings = { vlan = 5 }
";

fn site(text: &str) -> Site {
    Site::new()
        .with_vendors(&["cisco"])
        .write("fleet/accounts.toml", ACCOUNTS)
        .write("fleet/device.toml", text)
}

#[test]
fn every_fault_is_told_with_its_line_and_its_cure() {
    let mut wrong = Vec::new();
    for (text, expected) in faults() {
        let site = site(&text);
        let got = match site.try_load() {
            Ok(_) => vec!["nothing".to_owned()],
            Err(faults) => site.lines(&faults),
        };
        let wanted = format!("fleet/{expected}");
        if !got.contains(&wanted) {
            wrong.push(format!("wanted {wanted}\n   got {}", got.join("\n       ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_fixture_has_its_one_fault_and_no_other() {
    for (text, expected) in faults() {
        let site = site(&text);
        let got = site.try_load().err().map(|faults| site.lines(&faults)).unwrap_or_default();
        assert_eq!(got.len(), 1, "{expected}\n{}", got.join("\n"));
    }
}

#[test]
fn all_faults_are_told_in_one_run_and_the_exit_code_is_78() {
    let site = Site::new()
        .write(
            "fleet/a.toml",
            "[[device]]\nserial = \"x\"\nname = \"ab\"\nmodel = \"nix\"\nupdate-interval = 0\n",
        )
        .write("fleet/deep/b.toml", "[[user]]\nid = \"u\"\norganization = \"none\"\n")
        .write("fleet/deep/c.toml", "[[broken\n")
        .write("fleet/.hidden.toml", "[[broken\n")
        .write("fleet/notes.txt", "[[broken\n");
    let output = command(&site, &["check"], "");
    assert_eq!(output.status.code(), Some(78));
    let text = String::from_utf8(output.stderr).unwrap();
    for part in [
        "a.toml:3: `name`",
        "a.toml:4: there is no model",
        "a.toml:5: `update-interval`",
        "b.toml:3:",
        "c.toml:1:",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    assert_eq!(text.lines().filter(|line| !line.contains(": warning: ")).count(), 5, "{text}");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "");
}

#[test]
fn what_can_be_lived_with_is_a_warning() {
    let warned = |text: &str| {
        let site = site(text).with_vendors(&["snom", "vtech", "dinstar", "flyingvoice"]);
        let (_, warnings) =
            site.try_load().unwrap_or_else(|faults| panic!("{}", site.lines(&faults).join("\n")));
        site.lines(&warnings).join("\n")
    };
    assert_eq!(warned(DEVICE), "");
    let weak = warned(&device("serial = \"0015654aa937\""));
    assert!(
        weak.contains(
            "device.toml:3: warning: `serial` is short enough to be guessed; let `bellhop generate`"
        ),
        "{weak}"
    );
    let switched_off = warned(&device("mac-based = true"));
    assert!(switched_off.contains("device.toml:12: warning: has no effect"), "{switched_off}");
    let not_asked = warned(&device("update-password = \"CANARY-update\""));
    assert!(not_asked.contains("device.toml:12: warning: has no effect"), "{not_asked}");
    let interval = warned(&device("update-interval = 50000"));
    assert!(
        interval.contains(
            "device.toml:12: warning: the phone takes 1 to 43200 minutes, not 50000; it is told 43200"
        ),
        "{interval}"
    );
    let keys = warned(&device("settings = { line-keys = [{ type = \"dnd\", key = 28 }] }"));
    assert!(keys.contains("device.toml:12: warning: 1 keys lie beyond the 27 keys"), "{keys}");
    let network =
        "network = { address = \"192.0.2.10\", netmask = \"255.255.255.0\", gateway = \"192.0.2.1\" }\n";
    let placed = warned(&format!("{DEVICE}{network}"));
    assert_eq!(placed, "", "it is told its address");
    let of_cisco = DEVICE.replace("yealink/t46s", "cisco/8841").replace("CANARY-admin", "1234");
    let of_cisco = of_cisco.replace("model =", "firmware = \"enterprise\"\nmodel =");
    let placed = warned(&format!("{of_cisco}{network}"));
    assert!(
        placed.contains("device.toml:13: warning: model `cisco/8841` cannot do `network`: its files tell no"),
        "{placed}"
    );
    let of_dinstar = DEVICE.replace("yealink/t46s", "dinstar/c62");
    let guess = warned(&of_dinstar);
    assert!(
        guess.contains("device.toml:5: warning: model `dinstar/c62` is not proven: the format of"),
        "{guess}"
    );
    let template = "[[template]]\nid = \"own\"\nname = \"Own\"\nowner = \"sp\"\nvisibility = \"organization\"\n\
                    [[template.equipment]]\nmodel = \"dinstar/c62\"\nfirmware = \"any\"\nfiles = { \"{mac}.cfg\" = \"x = 1\" }\n";
    let proven = warned(&format!("{of_dinstar}template = \"own\"\n{template}"));
    assert!(!proven.contains("not proven"), "whoever writes the file knows what the phone reads: {proven}");
    let digits = warned(&device("model = \"aastra/51i\""));
    assert!(
        digits.contains("device.toml:7: warning: model `aastra/51i` takes only digits in `admin-password`"),
        "{digits}"
    );
    let raw = warned(&device("model = \"snom/d785\"\nraw = { \"a b\" = \"1\" }"));
    assert!(raw.contains("warning: `a b` cannot be a parameter's name"), "{raw}");
}

#[test]
fn a_fleet_that_is_fine_is_said_to_be() {
    let output = command(&site(DEVICE), &["check"], "");
    let text = String::from_utf8(output.stdout).unwrap();
    let models = site(DEVICE).load().world().catalog.models().count();
    let fine = format!("all fine: 1 devices, {models} models\n");
    assert_eq!((output.status.code(), text), (Some(0), fine));
}

#[test]
fn a_missing_folder_or_setting_is_told() {
    let site = Site::new();
    std::fs::remove_dir_all(site.path("fleet")).unwrap();
    let faults = site.lines(&site.try_load().err().unwrap()).join("\n");
    assert!(
        faults.contains("fleet: cannot be listed: ") && faults.contains("; check `fleet` and its rights"),
        "{faults}"
    );
    let site = Site::new().config("flet = \"x\"\n");
    let faults = site.lines(&site.try_load().err().unwrap()).join("\n");
    assert!(faults.contains("bellhop.toml:3: unknown key `flet`; did you mean `fleet`?"), "{faults}");
    std::fs::remove_file(site.path("bellhop.toml")).unwrap();
    let faults = site.lines(&site.try_load().err().unwrap()).join("\n");
    assert!(faults.contains("; name another file with --config"), "{faults}");
}

/// A vendor whose phone has no picture, two languages, and keys that know of numbers only.
const PLAIN_PHONES: &str = r#"
name = "Plain"
protocols = ["http"]
interval = { unit = "minutes", parameter = "poll" }
syntax = { parameter = "{name}={value}" }
lines = 1
line-keys = 4
values.language = { de = "deutsch", en = "english" }
values.line-keys = { empty = 0, speed-dial = 1 }
values.transport = { udp = 0 }
without = { logo-url = "it has no display for pictures", lldp = "it has no parameter for LLDP" }
[files]
"{mac}.plain" = { template = "phone.txt", main = true }
[model.one]
[model.two]
without.lldp = false
"#;

#[test]
fn what_a_phone_cannot_do_is_told_to_whoever_asks_for_it() {
    let told = |organization: &str, extension: &str, device: &str| {
        let (model, accounts) = ("model = \"yealink/t46s\"", ACCOUNTS);
        assert!(DEVICE.contains(model), "{DEVICE}");
        let phone = DEVICE.replace("firmware = \"66.86\"\n", "").replace(model, "model = \"plain/one\"");
        let accounts = accounts.replace(
            "registrar = \"pbx.example.net\"",
            &format!("registrar = \"pbx.example.net\"{organization}"),
        );
        let accounts =
            accounts.replacen("number = \"0087*001\"", &format!("number = \"0087*001\"\n{extension}"), 1);
        let site = Site::new()
            .write("own/plain/vendor.toml", PLAIN_PHONES)
            .write("own/plain/templates/phone.txt", "{{ rest() }}")
            .write("fleet/accounts.toml", &accounts)
            .write("fleet/device.toml", &format!("{phone}{device}\n"))
            .config("catalog = [\"own\"]\n");
        let output = command(&site, &["check"], "");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        text.lines()
            .filter(|line| line.contains("plain/one"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
            .join("\n")
    };
    assert_eq!(told("", "", ""), "");
    for (device, part) in [
        (
            "logo-url = \"http://x.example/a.png\"",
            "model `plain/one` cannot do `logo-url`: it has no display for pictures; leave",
        ),
        ("lldp = false", "cannot do `lldp`: it has no parameter for LLDP;"),
        (
            "language = \"fr\"",
            "model `plain/one` has no `fr` for `language`; leave it out, or choose another model",
        ),
        ("line-keys = [{ type = \"park\", value = \"70\" }]", "has no keys of type `park` for `line-keys`;"),
    ] {
        let text = told("", "", &format!("settings = {{ {device} }}"));
        assert!(text.contains("/device.toml:") && text.contains(part) && text.lines().count() == 1, "{text}");
    }
    for device in
        ["language = \"de\"", "lldp = true", "line-keys = [{ type = \"speed-dial\", value = \"70\" }]"]
    {
        assert_eq!(told("", "", &format!("settings = {{ {device} }}")), "", "{device}");
    }
    let of_line = told("", "settings = { transport = \"tls\" }", "");
    let part = "model `plain/one`, asked by extension `0087*001`, has no `tls` for `transport`;";
    assert!(of_line.contains(part) && of_line.contains("/device.toml:"), "{of_line}");
    let above = told(", language = \"fr\", lldp = false", "", "");
    for part in [
        "warning: model `plain/one`, in use below it, has no `fr` for `language`; do without",
        "warning: model `plain/one`, in use below it, cannot do `lldp`: it has no parameter for LLDP;",
    ] {
        assert!(above.contains(part) && above.contains("/accounts.toml:"), "{above}");
    }
}
