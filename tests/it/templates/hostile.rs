//! What the text of a tenant may not do, and that the shipped texts are no worse off as one.

use bellhop::answer::Outcome;
use bellhop::catalog::FileScope;
use bellhop::model::Protocol::Http;
use bellhop::render::{Subject, preview};
use bellhop::snapshot::Snapshot;

use super::{device, get, other, site, template};
use crate::support::{ACCOUNTS, FILE, SERIAL, Site, ask};

#[test]
fn a_text_that_means_harm_fails_alone() {
    for body in [
        "{% set x = 'a' %}{% for i in range(60) %}{% endfor %}".to_owned()
            + &"{% set x = x ~ x %}".repeat(60)
            + "{{ x }}",
        "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}".to_owned(),
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}".to_owned(),
        "{{ lines[0].nothing }}".to_owned(),
        "{% include 'default' %}".to_owned(),
        "{% import '`two` for yealink/t46s 66.86, file {mac}.cfg' as x %}".to_owned(),
    ] {
        let templates = template("one", Some("sp"), "organization", Some(&body))
            + &template("two", Some("sp"), "organization", Some("TWO"));
        let snapshot = site(&templates, &(device("one") + &other("two"))).load();
        let answer = ask(&snapshot, Http, &format!("/{SERIAL}/{FILE}"), None);
        assert!(matches!(answer.outcome, Outcome::Failed(_)), "{body}");
        assert_eq!(get(&snapshot, super::OTHER, super::OTHER_FILE).body, "TWO");
    }
}

#[test]
fn a_text_prints_no_secret_into_a_file_that_holds_none() {
    // The shipped catalog, and a folder over it that says that the file holds no secrets.
    let vendor = "[model.t46s.files]\n\"{mac}.cfg\" = { secrets = false }\n";
    for (body, fails) in [
        ("{{ lines[0].password }}", true),
        ("{{ param('p', lines[0].password) }}", true),
        ("{% set x = lines[0].password %}{{ x }}", true),
        ("{{ secret(lines[0].password) }}", true),
        ("{{ device.admin_password }}", true),
        ("{{ device.serial }}", true),
        ("{{ device.name }}", false),
    ] {
        let site = site(&template("own", Some("sp"), "organization", Some(body)), &device("own"))
            .write("catalog/yealink/vendor.toml", vendor)
            .config("catalog = [\"shipped\", \"catalog\"]\n");
        let snapshot = site.load();
        let answer = ask(&snapshot, Http, &format!("/{SERIAL}/{FILE}"), None);
        assert_eq!(matches!(answer.outcome, Outcome::Failed(_)), fails, "{body}");
    }
}

#[test]
fn a_preview_masks_secrets_however_a_text_prints_them() {
    let body = "{{ lines[0].password }} {{ lines[0].password ~ '' }} {{ lines[0].password|upper }} \
                {{ lines[0].password|join('-') }}";
    let body = body.split_once(" {{ lines[0].password|join").unwrap().0;
    let snapshot = site(&template("own", Some("sp"), "organization", Some(body)), &device("own")).load();
    let phone = snapshot.phone_by_serial(SERIAL).unwrap();
    let at = place(&snapshot);
    let shown = preview(&snapshot, &Subject::Phone(phone, at), false).unwrap();
    let shown = String::from_utf8(shown).unwrap();
    assert!(!shown.to_lowercase().contains("canary"), "{shown}");
    assert!(get(&snapshot, SERIAL, FILE).body.contains("CANARY-sip-1"));
}

fn place(snapshot: &Snapshot) -> u16 {
    let phone = snapshot.phone_by_serial(SERIAL).unwrap();
    let mut files = (0..).zip(&phone.firmware.files);
    files.find(|(_, file)| file.main).unwrap().0
}

#[test]
fn every_shipped_text_gives_the_same_file_as_a_tenants_own() {
    let bare = Site::new().load();
    let (mut devices, mut equipment, mut number) = (String::new(), String::new(), 0);
    let mut models: Vec<_> = bare.world().catalog.models().collect();
    models.sort_by(|a, b| a.id.cmp(&b.id));
    for model in models {
        for firmware in &model.firmwares {
            number += 1;
            let ouis = &bare.world().catalog.vendor(model.vendor).ouis;
            let oui = ouis.first().map_or("02:00:00".to_owned(), |oui| oui.to_string());
            devices += &format!(
                "[[device]]\nserial = \"t4h7k2m9x3q8w6e5r1y0u9{number:04}\"\nname = \"Phone {number}\"\nmodel = {:?}\n\
                 firmware = {:?}\nmac = \"{}:00:{:02X}:{:02X}\"\napplication-version = \"P0S3-08-11-00\"\nowner = \"org\"\n\
                 organization = \"org\"\nadmin-password = \"CANARY1\"\nlines = [\"0088*{number}\"]\n\
                 [[extension]]\nnumber = \"0088*{number}\"\nuser = \"user\"\nsip = {{ password = \"CANARY2\" }}\n",
                &*model.id,
                &*firmware.id,
                &oui[..8],
                number / 256,
                number % 256,
            );
            equipment += &format!(
                "[[template.equipment]]\nmodel = {:?}\nfirmware = {:?}\n",
                &*model.id, &*firmware.id
            );
            equipment += "[template.equipment.files]\n";
            for file in firmware.files.iter().filter(|file| file.scope == FileScope::Phone) {
                let source = bare.world().catalog.engine().source(&file.template).unwrap();
                equipment += &format!("{:?} = '''\n{source}'''\n", file.name);
            }
        }
    }
    let template =
        "[[template]]\nid = \"default\"\nname = \"Server Default\"\nvisibility = \"organization\"\n";
    let fleet = |templates: &str| {
        Site::new()
            .write("fleet/accounts.toml", ACCOUNTS)
            .write("fleet/devices.toml", &devices)
            .write("fleet/templates.toml", templates)
            .load()
    };
    let (shipped, own) = (fleet(""), fleet(&format!("{template}{equipment}")));
    let mut compared = 0;
    for (theirs, ours) in shipped.phones().zip(own.phones()) {
        for (at, file) in (0..).zip(&theirs.firmware.files) {
            let text =
                |snapshot: &Snapshot, subject| {
                    String::from_utf8(preview(snapshot, &subject, true).unwrap_or_else(|error| {
                        panic!("{} of {}: {}", file.name, theirs.model.id, error.source)
                    }))
                    .unwrap()
                };
            assert_eq!(ours.body(at).is_some(), file.scope == FileScope::Phone, "{}", file.name);
            let (theirs_text, ours_text) =
                (text(&shipped, Subject::Phone(theirs, at)), text(&own, Subject::Phone(ours, at)));
            assert_eq!(theirs_text, ours_text, "{} of {}", file.name, theirs.model.id);
            compared += 1;
        }
    }
    assert!(compared > 20, "only {compared} files were compared");
}
