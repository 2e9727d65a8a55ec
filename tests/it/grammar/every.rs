//! What phones of every model and firmware get, by the grammars of their templates.
//!
//! A template is known by its golden files: whatever it writes for another model must be sound by the grammar of one of
//! them. So a model needs no case of its own for its files to be parsed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::net::Ipv4Addr;

use bellhop::answer::{Outcome, answer};
use bellhop::identify::Inquiry;
use bellhop::snapshot::{Phone, Snapshot};
use http::HeaderValue;

use super::{Grammar, Sample, grammars};
use crate::support::{ACCOUNTS, Site, outcome};

/// What sets most settings away from their defaults.
const SETTINGS: &str = r#"time-zone = "Europe/Bucharest", language = "de", tones = "gb", syslog-server = "log.example.net",
    ldap-server = "ldap.example.net", ldap-user = "cn=phone", ldap-base = "dc=example", phonebook-name = "All; # & <1>",
    phonebook-url = "http://files.example.net/book.xml", firmware-url = "http://files.example.net/firmware.bin","#;

const KEYS: &str = r#"{ key = 1, type = "line" }, { key = 2, type = "blf", value = "1*0", label = "Ann; <#1>" },
    { key = 3, type = "speed-dial", value = "0800123456", label = "Support" }"#;

#[test]
fn the_files_of_every_model_are_sound_by_the_grammar_of_their_template() {
    let mut known: BTreeMap<(String, String), Vec<&Grammar>> = BTreeMap::new();
    for (path, template) in crate::catalog::origins() {
        let claiming = grammars().filter(|grammar| grammar.claims(&path));
        known.entry(template).or_default().extend(claiming);
    }
    let mut wrong = BTreeSet::new();
    let mut count = 0;
    let snapshot = fleet();
    for phone in snapshot.phones() {
        let vendor = &snapshot.world().catalog.vendor(phone.model.vendor).id;
        let files = files(&snapshot, &phone);
        let case = files.iter().map(|(name, _, bytes)| (name.clone(), bytes.clone())).collect();
        for (name, template, bytes) in &files {
            count += 1;
            let sample = Sample { name, bytes, case: &case };
            let grammars = known.get(&(vendor.to_string(), template.clone()));
            let grammars = grammars.map(Vec::as_slice).unwrap_or_default();
            let faults: Vec<String> =
                grammars.iter().filter_map(|grammar| (grammar.check)(&sample).err()).collect();
            if faults.len() == grammars.len() {
                let fault = faults.first().map_or("no case gets its template", String::as_str);
                wrong.insert(format!("{} {} {name}: {fault}", phone.model.id, phone.firmware.id));
            }
        }
    }
    assert!(count > 1500, "there are only {count} files");
    let shown: String = wrong.iter().take(100).map(|line| format!("{line}\n")).collect();
    assert!(wrong.is_empty(), "{} files are not sound:\n{shown}", wrong.len());
}

/// A phone of each model and firmware, with keys, and two lines where it has them.
fn fleet() -> Snapshot {
    let empty = Site::new().with_every_vendor().load();
    let mut records = ACCOUNTS.to_owned();
    let models = empty.world().catalog.models();
    let firmwares = models.flat_map(|model| model.firmwares.iter().map(move |firmware| (model, firmware)));
    let mut firmwares: Vec<_> = firmwares.collect();
    firmwares.sort_by_key(|(model, firmware)| (&model.id, &firmware.id));
    for (n, (model, firmware)) in firmwares.into_iter().enumerate() {
        let second = if model.lines > 1 { format!(", \"2*{n}\"") } else { String::new() };
        let version =
            if firmware.application_version { "application-version = \"P0S3-08-11-00\"\n" } else { "" };
        write!(
            records,
            "[[extension]]\nnumber = \"1*{n}\"\nuser = \"user\"\ndisplay-name = \"Tom & 'Jerry' <{n}>\"\n\
             sip = {{ password = \"a#b&<c>\" }}\n\
             [[extension]]\nnumber = \"2*{n}\"\nuser = \"user\"\nsip = {{ password = \"second\" }}\n\
             [[device]]\nserial = \"q4h7k2m9x3q8w6e5r1y0u9{n:04}\"\nname = \"Phone {n}\"\nmodel = \"{}\"\n\
             firmware = \"{}\"\n{version}mac = \"00:15:65:00:{:02X}:{:02X}\"\norganization = \"org\"\n\
             owner = \"sp\"\nlines = [\"1*{n}\"{second}]\nsettings = {{ {SETTINGS} line-keys = [{KEYS}] }}\n\n",
            model.id,
            firmware.id,
            n / 256,
            n % 256,
        )
        .unwrap();
    }
    Site::new().with_every_vendor().write("fleet/all.toml", &records).load()
}

/// All files of a phone, each with the template that it comes from.
fn files(snapshot: &Snapshot, phone: &Phone<'_>) -> Vec<(String, String, Vec<u8>)> {
    let mut files = Vec::new();
    for file in &phone.firmware.files {
        let name = phone.file_name(file);
        let path = format!("/{}/{name}", phone.device.serial.expose());
        let sent = file.header.iter().map(|name| (name.clone(), HeaderValue::from_static("1"))).collect();
        let local = Ipv4Addr::LOCALHOST.into();
        let inquiry =
            Inquiry { headers: Some(&sent), ..Inquiry::new(phone.protocol(), local, path.as_bytes()) };
        let answer = answer(snapshot, &inquiry);
        if let Outcome::Failed(error) = &answer.outcome {
            panic!("{} {name}: {}", phone.model.id, error.source);
        }
        let (word, body) = outcome(&answer);
        let body = body.unwrap_or_else(|| panic!("{} {name}: {word}", phone.model.id));
        files.push((name.replace('/', "__"), file.template.clone(), body.to_vec()));
    }
    files
}
