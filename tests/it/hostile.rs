//! Texts that look like syntax break no file of any model; parsers that are not ours say so.

use std::collections::BTreeSet;
use std::fmt::Write;

use bellhop::answer::Outcome;
use bellhop::catalog::{Firmware, Model};
use bellhop::model::{Kind, SETTINGS, Scope};
use bellhop::snapshot::{Phone, Snapshot};
use bellhop::template::{Charset, Escape};

use crate::support::{ACCOUNTS, Site, ask, outcome};

const PLAIN: &str = "Plain";

/// What people call their phones, and what somebody would who wants to break one.
const HOSTILE: [&str; 5] = [
    r#"R&D <"O'Neil"> 100% #1; x=y"#,
    "]]></Display_Name_1_><!-- \\ ${x} $(y) %5B",
    "{{ 7*7 }}{% raw %} 'quoted' \"",
    "M\u{fc}ller, \u{141}\u{f3}d\u{17a} \u{6771}\u{4eac} \u{202e}x\u{2028}y\u{85}z",
    "one\nuser_password: two\r\nthree\u{0}four\u{1b}",
];

/// A phone of each model and firmware, whose every free text is this one.
fn fleet(text: &str) -> Snapshot {
    let quoted = |text: &str| toml_edit::Value::from(text).to_string();
    let free = |wanted| {
        let mut table = String::new();
        for setting in SETTINGS.iter().filter(|setting| setting.scope == wanted) {
            if let Kind::Text(most) = setting.kind {
                let short: String = text.chars().take(most).collect();
                write!(table, "{} = {}, ", setting.name, quoted(&short)).unwrap();
            }
        }
        table
    };
    let text = quoted(text);
    let empty = Site::new().load();
    let models = empty.world().catalog.models();
    let firmwares = models.flat_map(|model| model.firmwares.iter().map(move |firmware| (model, firmware)));
    let mut firmwares: Vec<_> = firmwares.collect();
    firmwares.sort_by_key(|(model, firmware)| (&model.id, &firmware.id));
    // What is said of one phone is true of all whose files come from the same templates.
    let templates = |firmware: &Firmware| {
        let files = firmware.files.iter().map(|file| (file.template.clone(), format!("{:?}", file.syntax)));
        files.collect::<Vec<_>>()
    };
    let mut seen = BTreeSet::new();
    firmwares.retain(|(model, firmware)| seen.insert((model.vendor, templates(firmware))));
    let mut records = ACCOUNTS.to_owned();
    for (n, (model, firmware)) in firmwares.into_iter().enumerate() {
        records += &phone(n, model, firmware, &text, &free(Scope::Line), &free(Scope::Phone));
    }
    Site::new().write("fleet/all.toml", &records).load()
}

fn phone(n: usize, model: &Model, firmware: &Firmware, text: &str, line: &str, phone: &str) -> String {
    let version = if firmware.application_version { "application-version = \"P0S3-08-11-00\"\n" } else { "" };
    format!(
        "[[extension]]\nnumber = \"1*{n}\"\nuser = \"user\"\ndisplay-name = {text}\n\
         sip = {{ user = {text}, password = \"p\" }}\nsettings = {{ {line} }}\n\
         [[device]]\nserial = \"q4h7k2m9x3q8w6e5r1y0u9p{n:03}\"\nname = \"Phone {n}\"\nmodel = \"{}\"\n\
         firmware = \"{}\"\n{version}mac = \"00:15:65:00:{:02X}:{:02X}\"\norganization = \"org\"\n\
         owner = \"sp\"\nlines = [\"1*{n}\"]\nsettings = {{ {phone} line-keys = [\
         {{ key = 1, type = \"line\", label = {text} }}, {{ key = 2, type = \"blf\", value = \"1*0\", label = {text} }}] }}\n\n",
        model.id,
        firmware.id,
        n / 256,
        n % 256,
    )
}

/// Renders all of a phone's files as text.
fn files(snapshot: &Snapshot, phone: &Phone<'_>) -> Vec<(String, Escape, String)> {
    let mut files = Vec::new();
    for file in &phone.firmware.files {
        let name = phone.file_name(file);
        let path = format!("/{}/{name}", phone.device.serial.expose());
        let answer = ask(snapshot, phone.protocol(), &path, None);
        if let Outcome::Failed(error) = &answer.outcome {
            panic!("{} {name}: {}", phone.model.id, error.source);
        }
        let (word, body) = outcome(&answer);
        let body = body.unwrap_or_else(|| panic!("{} {name}: {word}", phone.model.id));
        let text = match file.syntax.charset {
            _ if body.get(12..16) == Some(b"\r\n\r\n") => form(&body[16..]),
            Charset::Ascii | Charset::Utf8 => String::from_utf8(body.to_vec()).unwrap(),
            Charset::Latin1 => body.iter().map(|byte| char::from(*byte)).collect(),
        };
        // What is told in a conversation is put into its messages.
        let is_part = text.trim_start().starts_with("<Item ");
        let text = if is_part { format!("<Items>{text}</Items>") } else { text };
        files.push((format!("{} {} {name}", phone.model.id, phone.firmware.id), file.syntax.escape, text));
    }
    files
}

/// Reads what stands below the head of a binary file: `name=value` joined by `&`, encoded as forms are.
fn form(body: &[u8]) -> String {
    let lines = body.split(|byte| *byte == b'&').map(|line| {
        let blanks: Vec<u8> = line.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
        percent_encoding::percent_decode(&blanks).decode_utf8().unwrap().into_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn document<'t>(what: &str, text: &'t str) -> roxmltree::Document<'t> {
    roxmltree::Document::parse(text).unwrap_or_else(|error| panic!("{what}: {error}\n{text}"))
}

/// Gives the elements and attributes of a document, in their order, without their texts.
fn skeleton(what: &str, text: &str) -> Vec<String> {
    let document = document(what, text);
    let elements = document.descendants().filter(roxmltree::Node::is_element);
    let names = elements.map(|element| {
        let attributes: Vec<&str> = element.attributes().map(|attribute| attribute.name()).collect();
        format!("{} {}", element.tag_name().name(), attributes.join(" "))
    });
    names.collect()
}

/// Gives what stands before each line's first separator; in files like those without any, names end at a blank.
fn keys(text: &str, like: &str) -> Vec<String> {
    let key = |line: &str| line.split([':', '=', '!', '&', '"']).next().unwrap().trim().to_owned();
    let word = |line: &str| line.split_whitespace().next().unwrap_or_default().to_owned();
    let separated = like.lines().filter(|line| line.contains([':', '='])).count();
    let is_separated = separated * 2 > like.lines().count();
    text.split(['\n', '\r']).map(|line| if is_separated { key(line) } else { word(line) }).collect()
}

#[test]
fn texts_that_look_like_syntax_break_no_file() {
    let plain = fleet(PLAIN);
    let (mut seen, mut wrong) = (0, Vec::new());
    for hostile in HOSTILE {
        let broken = fleet(hostile);
        for (plain_phone, phone) in plain.phones().zip(broken.phones()) {
            let before = files(&plain, &plain_phone);
            for ((what, escape, text), (_, _, before)) in files(&broken, &phone).iter().zip(&before) {
                let (is, was) = match escape {
                    Escape::Xml => (skeleton(what, text), skeleton(what, before)),
                    Escape::Line => (keys(text, before), keys(before, before)),
                };
                let differ = is.iter().zip(&was).find(|(is, was)| is != was);
                wrong.extend(differ.map(|(is, was)| format!("{what}: {is:?}, not {was:?}")));
                if is.len() != was.len() {
                    wrong.push(format!("{what}: {} lines or elements, not {}", is.len(), was.len()));
                }
                seen += usize::from(before.contains(PLAIN));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen >= HOSTILE.len() * plain.devices(), "texts are in {seen} files");
}

#[test]
fn a_name_reaches_the_phone_whole() {
    let name = "R&D <O'Neil> 100% #1; x=y";
    let snapshot = fleet(name);
    let mut wrong = Vec::new();
    for phone in snapshot.phones() {
        let files = files(&snapshot, &phone);
        let found = files.iter().any(|(what, escape, text)| match escape {
            Escape::Line => text.contains(name),
            Escape::Xml => document(what, text).descendants().any(|node| {
                let is = |text: &str| text.trim_matches(['\'', '"']) == name;
                node.text().is_some_and(is) || node.attributes().any(|attribute| is(attribute.value()))
            }),
        });
        if !found {
            wrong.push(format!("{} {}", phone.model.id, phone.firmware.id));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
