//! Which text a file is made of: the template's own, else the imported default, else the catalog's.

use super::{FIRMWARE, MODEL, OTHER, OTHER_FILE, device, get, other, site, template, text};
use crate::support::{ACCOUNTS, FILE, SERIAL};

#[test]
fn a_file_is_made_of_its_own_body_else_the_imported_else_the_catalogs() {
    let own = || template("own", Some("sp"), "organization", Some("OWN {{ device.name }}\n"));
    let without_body = || template("own", Some("sp"), "organization", None);
    let without_entry =
        "[[template]]\nid = \"own\"\nname = \"own\"\nowner = \"sp\"\nvisibility = \"provider\"\n";
    let imported = template("default", None, "organization", Some("IMPORTED {{ device.name }}\n"));
    let default_entry = template("default", None, "organization", None);
    let table = [
        ("default", String::new(), "#!version:1.0.0.1"),
        ("default", imported.clone(), "IMPORTED Desk"),
        ("default", default_entry.clone(), "#!version:1.0.0.1"),
        ("default", own() + &imported, "IMPORTED Desk"),
        ("own", own(), "OWN Desk"),
        ("own", own() + &imported, "OWN Desk"),
        ("own", own() + &default_entry, "OWN Desk"),
        ("own", without_body(), "#!version:1.0.0.1"),
        ("own", without_body() + &imported, "IMPORTED Desk"),
        ("own", without_entry.to_owned(), "#!version:1.0.0.1"),
        ("own", without_entry.to_owned() + &imported, "IMPORTED Desk"),
    ];
    for (chosen, templates, first_line) in table {
        let snapshot = site(&templates, &device(chosen)).load();
        assert_eq!(text(&snapshot).lines().next(), Some(first_line), "{chosen} of:\n{templates}");
    }
}

#[test]
fn a_default_that_is_referred_to_is_the_one_that_was_imported_last() {
    let own = template("own", Some("sp"), "organization", None);
    let site = site(&own, &device("own"));
    let mut loading = super::Loading::new(&site);
    assert!(text(&loading.last).starts_with("#!version"));
    for body in ["FIRST", "SECOND"] {
        site.put("fleet/default.toml", &template("default", None, "organization", Some(body)));
        loading.again();
        assert_eq!(text(&loading.last), body);
    }
    site.put("fleet/default.toml", "");
    loading.again();
    assert!(
        text(&loading.last).starts_with("#!version"),
        "what was imported is gone, and nothing was copied"
    );
}

#[test]
fn a_body_uses_what_the_catalogs_own_templates_of_its_vendor_use() {
    let cisco = "[[template]]\nid = \"own\"\nname = \"own\"\nowner = \"sp\"\nvisibility = \"organization\"\n\
        [[template.equipment]]\nmodel = \"aastra/51i\"\nfirmware = \"2.3.x\"\n\
        files = { \"{MAC}.cfg\" = \"{% include 'aastra/text/clock.cfg' %}\\n\" }\n";
    let phone = device("own").replace("yealink/t46s", "aastra/51i").replace("00:15:65", "00:08:5D");
    let snapshot = site(cisco, &phone).load();
    let got = get(&snapshot, SERIAL, "00085D4AA937.cfg").body;
    assert!(got.contains("time zone") || got.contains("time server"), "{got}");
    let foreign = template("own", Some("sp"), "organization", Some("{% include 'aastra/text/clock.cfg' %}"));
    let snapshot = site(&foreign, &device("own")).load();
    let answer =
        crate::support::ask(&snapshot, bellhop::model::Protocol::Http, &format!("/{SERIAL}/{FILE}"), None);
    let bellhop::answer::Outcome::Failed(error) = answer.outcome else {
        panic!("another vendor's text was used")
    };
    assert!(
        error.source.to_string().contains("`own` for yealink/t46s 66.86, file {mac}.cfg, line 1"),
        "{error}"
    );
}

#[test]
fn a_template_whose_owner_is_not_above_a_device_has_no_effect_on_it() {
    let another = ACCOUNTS
        .replace("\"sp\"", "\"sp2\"")
        .replace("\"org\"", "\"org2\"")
        .replace("\"user\"", "\"user2\"")
        .replace("0087*", "0099*");
    let theirs = template("theirs", Some("sp2"), "organization", Some("{{ lines[0].password }}\n"));
    let site = site(&theirs, &device("theirs")).write("fleet/another.toml", &another);
    let (snapshot, warnings) = site.try_load().unwrap();
    assert!(text(&snapshot).starts_with("#!version"), "a stranger's text got this device's secrets");
    let warnings = site.lines(&warnings).join("\n");
    assert!(warnings.contains("`theirs` has no effect, the default one is used"), "{warnings}");
}

#[test]
fn templates_of_all_owners_above_a_device_have_effect() {
    for (owner, visibility) in [
        (None, "administrator"),
        (None, "organization"),
        (Some("sp"), "provider"),
        (Some("org"), "organization"),
    ] {
        let own = template("own", owner, visibility, Some("OWN\n"));
        let (snapshot, warnings) = site(&own, &device("own")).try_load().unwrap();
        assert_eq!((text(&snapshot).as_str(), warnings.len()), ("OWN\n", 0), "{owner:?} {visibility}");
    }
}

#[test]
fn an_own_text_keeps_syntax_name_and_type_of_the_catalog() {
    let body = "{{ param('account.1.label', 'a\nb') }}|{{ param('x', none) }}|{{ 'a\nb' }}\n";
    let snapshot = site(&template("own", Some("sp"), "organization", Some(body)), &device("own")).load();
    assert_eq!(text(&snapshot), "account.1.label = a b|x = %NULL%|a b\n");
}

#[test]
fn a_template_that_has_nothing_for_a_device_is_told_of() {
    let for_another = template("own", Some("sp"), "organization", None)
        .replace(MODEL, "aastra/51i")
        .replace(FIRMWARE, "2.3.x");
    let site = site(&for_another, &device("own"));
    let (snapshot, warnings) = site.try_load().unwrap();
    assert!(text(&snapshot).starts_with("#!version"));
    let warnings = site.lines(&warnings).join("\n");
    let wanted = "`own` has nothing for model `yealink/t46s` with firmware `66.86`, the default one is used";
    assert!(warnings.contains(wanted), "{warnings}");
}

#[test]
fn two_templates_with_the_same_file_do_not_meet() {
    let templates =
        template("one", Some("sp"), "organization", Some("{% macro m() %}ONE{% endmacro %}{{ m() }}"))
            + &template("two", Some("sp"), "organization", Some("{% macro m() %}TWO{% endmacro %}{{ m() }}"));
    let snapshot = site(&templates, &(device("one") + &other("two"))).load();
    let texts = [get(&snapshot, SERIAL, FILE).body, get(&snapshot, OTHER, OTHER_FILE).body];
    assert_eq!(texts, ["ONE", "TWO"]);
}
