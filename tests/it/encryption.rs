//! Files that only the phone can read: decrypted by the `openssl` command, as the vendors document them.

use std::io::Write;
use std::process::{Command, Stdio};

use bellhop::answer::Outcome;
use bellhop::model::Protocol;

use crate::support::{ACCOUNTS, Running, Site, ask, ask_from, command, outcome};

const SERIAL: &str = "t4h7k2m9x3q8w6e5r1y0u9p2an";

/// Sixteen characters, which every way takes.
const KEY: &str = "CANARY-key-16.ch";

/// A vendor whose phones take every way; `openssl-md5` stands for the model and its way.
const VENDOR: &str = r#"
name = "Acme"
protocols = ["https", "http", "tftp"]
interval = { unit = "minutes", parameter = "poll" }
lines = 1

[files]
"{mac}.cfg" = { template = "phone.cfg", main = true }
"{mac}.book" = { template = "book.cfg", encryption = "none" }
"{mac}.logo" = { template = "logo.cfg", secrets = false }
"common.cfg" = { template = "logo.cfg", scope = "common" }

[model]
md5 = { encryption = "openssl-aes-256-cbc" }
sha256 = { encryption = "openssl-aes-256-cbc-sha256" }
rfc8188 = { encryption = "rfc8188" }
yealink = { encryption = "yealink" }
plain = {}
"#;

const TEMPLATE: &str = "name = {{ device.name }}\nkey = {{ device.encryption_key }}\nencrypted = {{ device.encrypted|yesno }}\n\
                        password = {{ lines[0].password }}\n";

fn site(model: &str, protocol: &str, more: &str) -> Site {
    let device = format!(
        "[[device]]\nserial = {SERIAL:?}\nname = \"Désk\"\nmodel = \"acme/{model}\"\nmac = \"00:15:65:4A:A9:37\"\n\
         protocol = {protocol:?}\norganization = \"org\"\nlines = [\"0087*001\"]\n{more}"
    );
    Site::new()
        .config("catalog = [\"own\"]\n")
        .write("own/acme/vendor.toml", VENDOR)
        .write("own/acme/templates/phone.cfg", TEMPLATE)
        .write("own/acme/templates/book.cfg", "book of {{ device.name }}\n")
        .write("own/acme/templates/logo.cfg", "logo\n")
        .write("fleet/accounts.toml", ACCOUNTS)
        .write("fleet/device.toml", &device)
}

fn with_key(model: &str, protocol: &str) -> Site {
    site(model, protocol, &format!("encryption-key = {KEY:?}\n"))
}

/// Gives what the phone gets, and the tag of it.
fn served(site: &Site, protocol: Protocol, file: &str) -> Result<(Vec<u8>, String), &'static str> {
    let snapshot = site.load();
    let answer = ask(&snapshot, protocol, &format!("/{SERIAL}/{file}"), None);
    match &answer.outcome {
        Outcome::Served { file, .. } => {
            Ok((file.body.to_vec(), String::from_utf8_lossy(&file.etag).into_owned()))
        }
        Outcome::Failed(_) | Outcome::Refused(_) => Err(outcome(&answer).0),
    }
}

fn openssl(arguments: &[&str], input: &[u8]) -> String {
    let mut openssl = Command::new("openssl")
        .args(["enc", "-d"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("openssl is there");
    openssl.stdin.take().expect("it has one").write_all(input).expect("it reads");
    let output = openssl.wait_with_output().expect("it ends");
    assert!(output.status.success(), "openssl cannot decrypt it");
    String::from_utf8(output.stdout).expect("it is text")
}

fn text(encrypted: &str) -> String {
    format!("name = Désk\nkey = {KEY}\nencrypted = {encrypted}\npassword = CANARY-sip-1\n")
}

#[test]
fn openssl_reads_what_the_phone_gets() {
    let passphrase = format!("pass:{KEY}");
    for (model, digest) in [("md5", "md5"), ("sha256", "sha256")] {
        let (body, _) = served(&with_key(model, "http"), Protocol::Http, "0015654aa937.cfg").unwrap();
        let plain = openssl(&["-aes-256-cbc", "-md", digest, "-pass", &passphrase], &body);
        assert_eq!(plain, text("Yes"), "{model}");
    }
    let (body, _) = served(&with_key("yealink", "http"), Protocol::Http, "0015654aa937.cfg").unwrap();
    let key: String = KEY.bytes().map(|byte| format!("{byte:02x}")).collect();
    let plain = openssl(&["-aes-128-ecb", "-nopad", "-K", &key], &body);
    assert_eq!(plain.trim_end(), text("Yes").trim_end());
    assert!(plain.strip_prefix(&text("Yes")).is_some_and(|rest| rest.bytes().all(|byte| byte == b'\n')));
}

#[test]
fn shipped_phones_read_their_files_and_are_told_their_keys() {
    let passphrase = format!("pass:{KEY}");
    let key: String = KEY.bytes().map(|byte| format!("{byte:02x}")).collect();
    let openssl_md5 = ["-aes-256-cbc", "-md", "md5", "-pass", &passphrase];
    let ecb = ["-aes-128-ecb", "-nopad", "-K", &key];
    let gpp = "<GPP_SA>CANARY-key-16.ch</GPP_SA>";
    for (model, file, arguments, told) in [
        ("cisco/8841", "0015654aa937.xml", &openssl_md5[..], gpp),
        ("cisco/spa504g", "0015654aa937.xml", &openssl_md5, gpp),
        ("linksys/spa941", "0015654aa937.xml", &openssl_md5, gpp),
        ("grandstream/gxp2170", "cfg0015654aa937.xml", &openssl_md5, "<P1359>CANARY-key-16.ch</P1359>"),
        (
            "yealink/t46s",
            "0015654aa937.cfg",
            &ecb,
            "static.auto_provision.aes_key_16.mac = CANARY-key-16.ch\n",
        ),
    ] {
        let of = |protocol: &str| {
            let site =
                with_key("md5", protocol).with_vendors(&["cisco", "linksys", "grandstream"]).config("");
            let device = std::fs::read_to_string(site.path("fleet/device.toml")).unwrap();
            site.put("fleet/device.toml", &device.replace("acme/md5", model));
            site
        };
        let encrypted = served(&of("http"), Protocol::Http, file).unwrap().0;
        let plain = openssl(arguments, &encrypted);
        assert!(plain.contains(told) && plain.contains("CANARY-sip-1"), "{model}:\n{plain}");
        // Over HTTPS it is the same file but for where to ask, and for the rule that all is encrypted.
        let clear = String::from_utf8(served(&of("https"), Protocol::Https, file).unwrap().0).unwrap();
        assert!(clear.contains("CANARY-sip-1") && !clear.contains("[--key"), "{model}:\n{clear}");
        assert!(clear.contains(told), "{model}:\n{clear}");
    }
}

#[test]
fn a_file_is_the_same_file_until_it_changes() {
    for model in ["md5", "sha256", "rfc8188", "yealink"] {
        let get = |site: &Site| served(site, Protocol::Http, "0015654aa937.cfg").unwrap();
        let site = with_key(model, "http");
        let first = get(&site);
        assert_eq!(first, get(&site), "{model}: a server that starts again makes the same bytes");
        site.put("fleet/more.toml", "");
        assert_eq!(first, get(&site), "{model}");
        let device = std::fs::read_to_string(site.path("fleet/device.toml")).unwrap();
        site.put("fleet/device.toml", &device.replace("Désk", "Dask"));
        let changed = get(&site);
        assert!(first.0 != changed.0 && first.1 != changed.1, "{model}");
        site.put("fleet/device.toml", &device.replace("CANARY-key-16.ch", "another-key-16ch"));
        assert_ne!(first.0, get(&site).0, "{model}");
    }
}

#[test]
fn secrets_leave_in_clear_only_where_the_transport_or_the_lack_of_a_key_has_it_so() {
    let get = |site: Site, protocol, file: &str| {
        served(&site, protocol, file).map(|(body, _)| String::from_utf8_lossy(&body).into_owned())
    };
    let main = "0015654aa937.cfg";
    assert_eq!(get(with_key("md5", "https"), Protocol::Https, main), Ok(text("No")));
    let without = text("No").replace(KEY, "");
    assert_eq!(get(site("md5", "http", ""), Protocol::Http, main), Ok(without));
    for protocol in [Protocol::Http, Protocol::Tftp] {
        let of = |model| with_key(model, protocol.word());
        for model in ["md5", "sha256", "yealink"] {
            let body = get(of(model), protocol, main).unwrap();
            assert!(!body.contains("CANARY") && !body.contains("name"), "{model}");
            // What holds secrets and has no encrypted form is withheld; what holds none is for everybody.
            assert_eq!(get(of(model), protocol, "0015654aa937.book"), Err("not-encrypted"));
            assert_eq!(get(of(model), protocol, "0015654aa937.logo"), Ok("logo\n".to_owned()));
        }
    }
    assert_eq!(get(with_key("rfc8188", "tftp"), Protocol::Tftp, main), Err("not-encrypted"));
    let book = get(with_key("md5", "https"), Protocol::Https, "0015654aa937.book");
    assert_eq!(book, Ok("book of Désk\n".to_owned()));
    // A key opens no door: whoever may not have the file in clear may not have it at all.
    let snapshot = with_key("md5", "http").load();
    let answer = ask_from(&snapshot, Protocol::Http, "203.0.113.7", &format!("/{SERIAL}/{main}"), None);
    assert_eq!(outcome(&answer).0, "plain-network");
}

#[test]
fn a_content_coding_is_told_in_the_response() {
    let server = Running::start(with_key("rfc8188", "http"));
    let reply = server.get(&format!("/{SERIAL}/0015654aa937.cfg"));
    assert_eq!((reply.status, reply.header("Content-Encoding")), (200, Some("aes128gcm")));
    assert_eq!(reply.body[16..21], [0, 0, 16, 0, 0], "records of 4,096 bytes, no name of a key");
    assert_eq!(reply.body.len(), 21 + text("Yes").len() + 17);
    let plain = server.get(&format!("/{SERIAL}/0015654aa937.logo"));
    assert_eq!((plain.status, plain.header("Content-Encoding")), (200, None));
}

#[test]
fn a_key_that_is_of_no_use_is_a_fault() {
    let faults = |model: &str, key: &str| {
        let site = site(model, "http", &format!("encryption-key = {key:?}\n"));
        let faults = site.try_load().map(|_| ()).unwrap_err();
        let lines = site.lines(&faults);
        assert!(!lines.join("\n").contains("CANARY"), "{lines:?}");
        lines.join("\n")
    };
    let of_no_use = "device.toml:9: is of no use, the phone takes no encrypted files; leave it out";
    assert!(faults("plain", KEY).contains(of_no_use));
    assert!(faults("yealink", "CANARY-key").contains("is no key for files in `yealink`; use 16 letters"));
    assert!(faults("md5", "CANARY-$A-CANARY").contains("is no key for files in `openssl-aes-256-cbc`"));
    assert!(faults("rfc8188", "CANARY-key").contains("use 16 to 64 characters"));
    assert!(faults("md5", "CANARY").contains("`encryption-key` has 6 characters; use 8 to 64"));
}

#[test]
fn a_key_is_told_to_the_phone_and_to_nobody_else() {
    let server = Running::start_with(with_key("md5", "http"), &[("BELLHOP_LOG", "trace")]);
    assert_eq!(server.get(&format!("/{SERIAL}/0015654aa937.cfg")).status, 200);
    assert_eq!(server.get(&format!("/{SERIAL}/0015654aa937.book")).status, 404);
    let mut told = Vec::new();
    for arguments in [
        &["device", "list", "--json"][..],
        &["device", "show", "Désk"],
        &["device", "show", "Désk", "--json"],
        &["device", "export"],
        &["render", "Désk"],
        &["reload"],
        &["status", "--json"],
        &["audit", "--json"],
    ] {
        let output = server.command(arguments);
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        told.push((arguments.join(" "), text));
    }
    told.push(("metrics".to_owned(), String::from_utf8(server.admin("/metrics").body).unwrap()));
    let masked = told.iter().find(|(what, _)| what == "render Désk").unwrap();
    assert!(masked.1.contains("key = ********\nencrypted = Yes\npassword = ********\n"), "{}", masked.1);
    told.push(("log".to_owned(), server.stop()));
    for (what, text) in told {
        assert!(!text.contains("CANARY"), "{what}:\n{text}");
    }
}

#[test]
fn an_operator_reads_text_or_bytes() {
    let site = with_key("md5", "http");
    let print = |arguments: &[&str]| command(&site, arguments, "").stdout;
    assert_eq!(print(&["render", "Désk", "--reveal"]), text("Yes").into_bytes());
    let (body, _) = served(&site, Protocol::Http, "0015654aa937.cfg").unwrap();
    assert_eq!(print(&["render", "Désk", "--reveal", "--whole"]), body);
}

#[test]
fn a_key_is_edited_and_made_like_other_secrets() {
    let site = site("yealink", "http", "");
    let edited = command(&site, &["device", "edit", "Désk", "--encryption-key"], "0123456789abcdef\n");
    assert_eq!(edited.status.code(), Some(0), "{}", String::from_utf8_lossy(&edited.stderr));
    let told = String::from_utf8([edited.stdout, edited.stderr].concat()).unwrap();
    assert!(!told.contains("0123456789abcdef"), "{told}");
    let record = || std::fs::read_to_string(site.path("fleet/device.toml")).unwrap();
    assert!(record().contains("encryption-key = \"0123456789abcdef\"\n"), "{}", record());
    let wrong = command(&site, &["device", "edit", "Désk", "--encryption-key"], "0123456789\n");
    assert_ne!(wrong.status.code(), Some(0));
    let device = record().replace("0123456789abcdef", "generate");
    site.put("fleet/device.toml", &device);
    assert_eq!(command(&site, &["generate"], "").status.code(), Some(0));
    assert!(!record().contains("\"generate\""), "{}", record());
    site.load();
    let unset = command(&site, &["device", "edit", "Désk", "--unset", "encryption-key"], "");
    assert_eq!(unset.status.code(), Some(0), "{}", String::from_utf8_lossy(&unset.stderr));
    assert!(!record().contains("encryption-key"), "{}", record());
}
