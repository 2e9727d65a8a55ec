//! What is wrong with the catalog of somebody who adds phones is told: where, what, and the cure.

use crate::support::Site;

const GOOD: &str = r#"name = "Acme"
ouis = ["02:AC:3E"]
user-agents = ['^Acme (?P<model>A\d+) (?P<version>[\d.]+)$']
protocols = ["http"]
interval = { unit = "minutes", parameter = "update" }
syntax = { parameter = "{name} = {value}" }
[family.desk]
lines = 2
[family.desk.files]
"{mac}.cfg" = { template = "phone.txt", main = true }
"all.cfg" = { template = "all.txt", scope = "common" }
[model.a10]
family = "desk"
"#;

/// Each fault: what is replaced in [`GOOD`], what stands there then, and what is told.
const FAULTS: &[(&str, &str, &[&str])] = &[
    (
        "name = \"Acme\"\n",
        "",
        &[
            "vendor.toml: vendor `acme` has no name; give the vendor's name for people, `name = \"…\"`, in vendor.toml",
        ],
    ),
    (
        "name = \"Acme\"",
        "name = 1",
        &[
            "vendor.toml:1: `name` is a number; give a text in quotes",
            "vendor.toml:1: vendor `acme` has no name; give the vendor's name for people, `name = \"…\"`, in vendor.toml",
        ],
    ),
    (
        "02:AC:3E",
        "02:AC",
        &["vendor.toml:2: `ouis` holds something else than three to five octets; write them like 00:15:65"],
    ),
    (
        "02:AC:3E",
        "02:AC:3E:11:22:33",
        &["vendor.toml:2: `ouis` holds something else than three to five octets; write them like 00:15:65"],
    ),
    (
        "^Acme",
        "Acme",
        &["vendor.toml:3: `user-agents` has a pattern that does not begin with `^`; anchor it"],
    ),
    (
        "?P<model>",
        "?P<modell>",
        &[
            "vendor.toml:3: `user-agents` has a pattern that names a group `modell`; known are mac, model, serial, version",
        ],
    ),
    (
        "?P<model>",
        "",
        &["vendor.toml:3: `user-agents` has a pattern that has a group without a name; begin it with `(?:`"],
    ),
    (
        "$']",
        "($']",
        &["vendor.toml:3: `user-agents` has a pattern that is not a regular expression; mend its syntax"],
    ),
    (
        "[\"http\"]",
        "[\"ftp\"]",
        &[
            "vendor.toml:4: `protocols` does not know `ftp`; did you mean `tftp`?",
            "vendor.toml:12: model `acme/a10`, firmware `any`: no `protocols`; list how its phones may ask",
        ],
    ),
    (
        "protocols = [\"http\"]\n",
        "",
        &["vendor.toml:11: model `acme/a10`, firmware `any`: no `protocols`; list how its phones may ask"],
    ),
    (
        "unit = \"minutes\"",
        "unit = \"weeks\"",
        &[
            "vendor.toml:5: `unit` does not know `weeks`; write `days`, `hours`, `minutes` or `seconds`",
            "vendor.toml:12: model `acme/a10`, firmware `any`: no `interval`; give its `unit` and `parameter`",
        ],
    ),
    (
        "unit = \"minutes\", ",
        "",
        &["vendor.toml:12: model `acme/a10`, firmware `any`: no `interval`; give its `unit` and `parameter`"],
    ),
    (
        "parameter = \"update\"",
        "parameter = \"update\", min = 0",
        &["vendor.toml:5: `min` is 0; give a whole number from 1 to 4294967295"],
    ),
    (
        "{name} = {value}",
        "{name}",
        &["vendor.toml:12: `syntax` lacks a hole; write it like `{name} = {value}`"],
    ),
    (
        "parameter = \"{name}",
        "parametre = \"{name}",
        &["vendor.toml:6: unknown key `parametre`; did you mean `parameter`?"],
    ),
    (
        "lines = 2",
        "lines = 0",
        &[
            "vendor.toml:8: `lines` is 0; give a whole number from 1 to 999",
            "vendor.toml:12: model `acme/a10` has no lines; say `lines = …`",
        ],
    ),
    ("lines = 2\n", "", &["vendor.toml:11: model `acme/a10` has no lines; say `lines = …`"]),
    (
        "lines = 2",
        "lines = 2\nextends = \"desks\"",
        &["vendor.toml:7: there is no family `desks`; did you mean `desk`?"],
    ),
    (
        "lines = 2",
        "lines = 2\nextends = \"desk\"",
        &["vendor.toml:7: family `desk` extends itself; name another one, or none, in `extends`"],
    ),
    (
        "lines = 2",
        "lines = 2\nexpansion-modules = 10",
        &["vendor.toml:9: `expansion-modules` is 10; give a whole number from 1 to 9"],
    ),
    (
        "lines = 2",
        "lines = 2\nvalues.dtmf = { infoo = 1 }",
        &[
            "vendor.toml:9: `infoo` is no value of the setting `dtmf`; `bellhop catalog --settings` lists its values",
        ],
    ),
    (
        "lines = 2",
        "lines = 2\nvalues.dtmff = { info = 1 }",
        &["vendor.toml:9: `dtmff` is no setting; `bellhop catalog --settings` lists them"],
    ),
    (
        "lines = 2",
        "lines = 2\nwithout.lldpp = \"it has none\"",
        &["vendor.toml:9: `lldpp` is no setting; `bellhop catalog --settings` lists them"],
    ),
    (
        "lines = 2",
        "lines = 2\nwithout.lldp = true",
        &["vendor.toml:9: `lldp` is a truth value; give a text in quotes"],
    ),
    (
        "lines = 2",
        "lines = 2\npassword = { characters = \"letters\" }",
        &["vendor.toml:9: `characters` does not know `letters`; did you mean `letters-and-digits`?"],
    ),
    (
        "lines = 2",
        "lines = 2\nprobes = [\"a*{mac}.cfg\"]",
        &["vendor.toml:13: file name `a*{mac}.cfg` has `*` before {mac}; put the MAC address first"],
    ),
    (
        "lines = 2",
        "lines = 2\nencryption = \"rot13\"",
        &[
            "vendor.toml:9: `encryption` does not know `rot13`; write `openssl-aes-256-cbc`, `openssl-aes-256-cbc-sha256`, `rfc8188`, `yealink` or `none`",
        ],
    ),
    (
        "lines = 2",
        "lines = 2\nline-max = 0",
        &["vendor.toml:9: `line-max` is 0; give a whole number from 1 to 4294967295"],
    ),
    (
        "lines = 2",
        "lines = 2\ndhcp = { options = [{ text = \"{url}\" }] }",
        &["vendor.toml:9: `options` has no `code`; give the option's code, 1 to 254"],
    ),
    (
        "lines = 2",
        "lines = 2\ndhcp = { options = [{ code = 66, sub = 3 }] }",
        &["vendor.toml:9: `options` has a `sub` outside of option 43; write `code = 43` with it"],
    ),
    (
        "lines = 2",
        "lines = 2\ndhcp = { options = [{ code = 66, text = \"{uri}\" }] }",
        &[
            "vendor.toml:9: `options` has a hole other than {url}, {host}, {server}, {path}, {http-port}, {https-port}, or a quote; mend `text`",
        ],
    ),
    (
        "lines = 2",
        "lines = 2\nexpansions = 1",
        &["vendor.toml:9: unknown key `expansions`; did you mean `expansion-keys`?"],
    ),
    (
        "\"{mac}.cfg\"",
        "\"/{mac}.cfg\"",
        &[
            "vendor.toml:12: file name `/{mac}.cfg` is not a relative path; leave out a slash at either end, and empty parts, `.` and `..`",
        ],
    ),
    (
        "\"{mac}.cfg\"",
        "\"../{mac}.cfg\"",
        &[
            "vendor.toml:12: file name `../{mac}.cfg` is not a relative path; leave out a slash at either end, and empty parts, `.` and `..`",
        ],
    ),
    (
        "\"{mac}.cfg\"",
        "\"{code}-{mac}.cfg\"",
        &[
            "vendor.toml:12: file name `{code}-{mac}.cfg` has a hole that is neither {mac} nor in `vars`; give it a value there",
        ],
    ),
    ("template = \"phone.txt\", ", "", &["vendor.toml:12: file `{mac}.cfg` has no `template`; name one"]),
    (
        "\"phone.txt\"",
        "\"fone.txt\"",
        &[
            "vendor.toml:12: there is no template `acme/fone.txt` for file `{mac}.cfg`; put it below the vendor's folder `templates`",
        ],
    ),
    (
        ", main = true",
        "",
        &[
            "vendor.toml:12: model `acme/a10`, firmware `any`: no main file; mark one of `files` with `main = true`",
        ],
    ),
    (
        "main = true",
        "main = \"yes\"",
        &[
            "vendor.toml:10: `main` is a text; write true or false",
            "vendor.toml:12: model `acme/a10`, firmware `any`: no main file; mark one of `files` with `main = true`",
        ],
    ),
    (
        "main = true",
        "main = true, header = \"X Acme\"",
        &["vendor.toml:10: `header` `X Acme` is no header's name; write letters, digits and `-`"],
    ),
    (
        "main = true",
        "main = true, dialogue = \"chat\"",
        &["vendor.toml:10: `dialogue` does not know `chat`; write `dls` or `poll`"],
    ),
    (
        "main = true",
        "main = true, login = { user = \"u\" }",
        &["vendor.toml:10: `login` lacks a field; name both, `{ user = \"…\", password = \"…\" }`"],
    ),
    (
        "main = true",
        "main = true, hedaer = \"X-Acme\"",
        &["vendor.toml:10: unknown key `hedaer`; did you mean `header`?"],
    ),
    (
        "\"common\"",
        "\"everybody\"",
        &["vendor.toml:11: `scope` does not know `everybody`; write `common` or `phone`"],
    ),
    (
        "\"common\"",
        "\"common\", secrets = true",
        &[
            "vendor.toml:12: file `all.cfg` is common and may hold no secrets; leave that out, or make it a phone's own by `scope = \"phone\"`",
        ],
    ),
    (
        "\"common\"",
        "\"common\", header = \"X-Acme\"",
        &[
            "vendor.toml:12: file `all.cfg` is common, and anybody's without a `header`; leave that out, or make it a phone's own by `scope = \"phone\"`",
        ],
    ),
    (
        "\"common\"",
        "\"common\", encoding = \"grandstream-binary\"",
        &["vendor.toml:11: `encoding` does not know `grandstream-binary`; did you mean `grandstream`?"],
    ),
    (
        "family = \"desk\"",
        "family = \"desks\"",
        &["vendor.toml:12: there is no family `desks`; did you mean `desk`?"],
    ),
    (
        "family = \"desk\"",
        "family = \"other/desk\"",
        &["vendor.toml:12: there is no family `other/desk`; define it as [family.…]"],
    ),
    (
        "family = \"desk\"",
        "famly = \"desk\"",
        &[
            "vendor.toml:12: model `acme/a10` has no lines; say `lines = …`",
            "vendor.toml:12: model `acme/a10`, firmware `any`: no main file; mark one of `files` with `main = true`",
            "vendor.toml:13: unknown key `famly`; did you mean `family`?",
        ],
    ),
    (
        "family = \"desk\"",
        "family = \"desk\"\nfirmware.v1 = { label = \"1\" }\nfirmware.v2 = { label = \"2\" }",
        &[
            "vendor.toml:12: model `acme/a10` has no default firmware; name one of its firmwares as `default-firmware`: `v1` or `v2`",
        ],
    ),
    (
        "family = \"desk\"",
        "family = \"desk\"\ndefault-firmware = \"v1\"",
        &[
            "vendor.toml:12: model `acme/a10` has no firmware `v1`; name one of its firmwares as `default-firmware`: `any`",
        ],
    ),
    (
        "[model.a10]",
        "[model.a10",
        &["vendor.toml:12: not TOML: unclosed table, expected `]`; mend the syntax"],
    ),
];

/// Loads a catalog of one vendor, and gives what is wrong with it.
fn told(vendor: &str, template: &str) -> Vec<String> {
    let site = Site::new()
        .write("own/acme/vendor.toml", vendor)
        .write("own/acme/templates/phone.txt", template)
        .write("own/acme/templates/all.txt", "x = 1\n")
        .config("catalog = [\"own\"]\n");
    let lines = site.try_load().err().map(|faults| site.lines(&faults)).unwrap_or_default();
    lines.into_iter().map(|line| line.replace("own/acme/", "")).collect()
}

#[test]
fn every_fault_of_a_folder_is_told_with_its_cure() {
    assert_eq!(told(GOOD, "{{ rest() }}"), [""; 0]);
    for (good, bad, lines) in FAULTS {
        assert_eq!(GOOD.matches(good).count(), 1, "{good}");
        assert_eq!(told(&GOOD.replacen(good, bad, 1), "{{ rest() }}"), *lines, "{bad}");
        for line in *lines {
            assert!(line.starts_with("vendor.toml:"), "it says where: {line}");
            let cure = line.contains("; ") || line.contains("give a") || line.contains("write ");
            assert!(cure, "it says what to do: {line}");
        }
    }
    let template = told(GOOD, "x\n{{ rest( }}\n");
    let what = "templates/phone.txt:2: does not compile: syntax error: unexpected `}`; mend the template";
    assert_eq!(template, [what]);
}
