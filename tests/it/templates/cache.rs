//! What is rendered anew when a template changes: the files that it makes, and no others.

use super::{FIRMWARE, Loading, MODEL, OTHER, OTHER_FILE, device, get, other, site, template};
use crate::support::{ACCOUNTS, FILE, SERIAL};

const SHIPPED: &str = "q9w8e7r6t5y4u3i2o1p0a9s8d7";
const SHIPPED_FILE: &str = "0015654aa939.cfg";

fn templates(one: &str, two: &str) -> String {
    template("one", Some("sp"), "organization", Some(one))
        + &template("two", Some("sp"), "organization", Some(two))
}

fn devices() -> String {
    let shipped = device("default")
        .replace(SERIAL, SHIPPED)
        .replace("A9:37", "A9:39")
        .replace("lines = [\"0087*001\"]", "")
        .replace("Desk", "Shipped");
    device("one") + &other("two") + &shipped
}

/// Tells of each phone whether its file was kept; all of them are kept afterwards.
fn kept(loading: &Loading) -> [bool; 3] {
    [(SERIAL, FILE), (OTHER, OTHER_FILE), (SHIPPED, SHIPPED_FILE)]
        .map(|(serial, file)| get(&loading.last, serial, file).kept)
}

#[test]
fn a_changed_body_changes_its_own_devices_files_alone() {
    let site = site(&templates("ONE", "TWO"), &devices());
    let mut loading = Loading::new(&site);
    assert_eq!(kept(&loading), [false; 3]);
    assert_eq!(kept(&loading), [true; 3]);
    let before = get(&loading.last, SERIAL, FILE);
    let others = get(&loading.last, OTHER, OTHER_FILE);

    site.put("fleet/templates.toml", &templates("ONE AGAIN", "TWO"));
    loading.again();
    assert_eq!(kept(&loading), [false, true, true]);
    let after = get(&loading.last, SERIAL, FILE);
    assert_eq!((before.body.as_str(), after.body.as_str()), ("ONE", "ONE AGAIN"));
    assert_ne!(before.etag, after.etag);
    assert_eq!(get(&loading.last, OTHER, OTHER_FILE), others, "entity tag and date stay");

    site.put("fleet/templates.toml", &templates("ONE AGAIN", "TWO").replace("one tpl", "Another name"));
    loading.again();
    assert_eq!(kept(&loading), [true; 3], "a name is in no file");

    site.put("fleet/default.toml", &template("default", None, "organization", Some("IMPORTED")));
    loading.again();
    assert_eq!(kept(&loading), [true, true, false], "who has a body of its own does not use the default one");

    site.put("fleet/templates.toml", &(templates("ONE AGAIN", "TWO") + "\n# nothing\n"));
    site.put("fleet/accounts.toml", &(ACCOUNTS.to_owned() + "\n[[provider]]\nid = \"sp3\"\n"));
    loading.again();
    assert_eq!(kept(&loading), [true; 3]);
}

#[test]
fn what_goes_back_to_the_default_is_rendered_anew_whenever_its_record_was_changed() {
    // The device's record is younger than the template, whose own time thus says nothing of its going.
    let site = site(&templates("ONE", "TWO"), "");
    let mut loading = Loading::new(&site);
    site.put("fleet/devices.toml", &devices());
    loading.again();
    assert_eq!(kept(&loading), [false; 3]);
    assert_eq!(get(&loading.last, SERIAL, FILE).body, "ONE");
    let bare = template("one", Some("sp"), "organization", None)
        + &template("two", Some("sp"), "organization", Some("TWO"));
    site.put("fleet/templates.toml", &bare);
    loading.again();
    assert_eq!(kept(&loading), [false, true, true]);
    assert!(get(&loading.last, SERIAL, FILE).body.starts_with("#!version"));

    let none = "[[template]]\nid = \"one\"\nname = \"one\"\nowner = \"sp\"\nvisibility = \"provider\"\n"
        .to_owned()
        + &template("two", Some("sp"), "organization", Some("TWO"));
    site.put("fleet/templates.toml", &none);
    loading.again();
    assert_eq!(kept(&loading), [true; 3], "the default was used before, too");

    site.put("fleet/default.toml", &template("default", None, "organization", Some("IMPORTED")));
    loading.again();
    assert_eq!(kept(&loading), [false, true, false]);
    site.put("fleet/default.toml", "");
    loading.again();
    assert_eq!(kept(&loading), [false, true, false]);
    assert!(get(&loading.last, SHIPPED, SHIPPED_FILE).body.starts_with("#!version"));
}

#[test]
fn a_template_that_gets_another_owner_is_another_one() {
    let site = site(&templates("ONE", "TWO"), &devices());
    let mut loading = Loading::new(&site);
    kept(&loading);
    let sold = templates("ONE", "TWO").replacen("owner = \"sp\"", "owner = \"sp2\"", 1);
    site.put("fleet/templates.toml", &(sold + "[[provider]]\nid = \"sp2\"\n"));
    loading.again();
    assert_eq!(kept(&loading), [false, true, true]);
    assert!(get(&loading.last, SERIAL, FILE).body.starts_with("#!version"), "another provider's text");
}

#[test]
#[expect(clippy::print_stdout, reason = "a measurement is for whoever asks for it")]
fn a_thousand_tenants_templates_are_compiled_once() {
    let tenant = |number: usize, body: &str| {
        format!(
            "[[template]]\nid = \"t{number}\"\nname = \"t{number}\"\nowner = \"sp\"\nvisibility = \"organization\"\n\
             [[template.equipment]]\nmodel = {MODEL:?}\nfirmware = {FIRMWARE:?}\n\
             files = {{ \"{{mac}}.cfg\" = '''\n{body}''' }}\n"
        )
    };
    let shipped =
        std::fs::read_to_string(crate::support::shipped_catalog().join("yealink/templates/v81/phone.cfg"))
            .unwrap();
    let all: String = (0..1000).map(|number| tenant(number, &shipped)).collect();
    let site = site(&all, &device("t7"));
    let started = std::time::Instant::now();
    let mut loading = Loading::new(&site);
    let first = started.elapsed();
    assert!(!get(&loading.last, SERIAL, FILE).kept);
    site.put("fleet/more.toml", &tenant(1000, "ONE"));
    let started = std::time::Instant::now();
    loading.again();
    let again = started.elapsed();
    assert!(get(&loading.last, SERIAL, FILE).kept);
    println!("1,000 templates of {} bytes: {first:?} to build, {again:?} with one more", shipped.len());
}
