//! Texts that do not compile, fail for a device, or are for nothing.

use bellhop::answer::Outcome;
use bellhop::model::Protocol::Http;
use bellhop::reload::unrendered;

use super::{OTHER, OTHER_FILE, device, get, other, site, template};
use crate::support::{FILE, SERIAL, ask};

#[test]
fn a_body_that_does_not_compile_is_a_fault_with_template_model_file_and_line() {
    let site = site(&template("own", Some("sp"), "organization", Some("one\n{% if x %}\n")), &device("own"));
    let faults = site.lines(&site.try_load().unwrap_err());
    let [fault] = faults.as_slice() else { panic!("{faults:?}") };
    assert!(fault.starts_with("fleet/templates.toml:6: "), "{fault}");
    for part in ["`own`", "yealink/t46s", "66.86", "{mac}.cfg", "line ", "syntax error"] {
        assert!(fault.contains(part), "{part} is missing from {fault}");
    }
}

#[test]
fn bodies_that_can_never_be_used_are_faults() {
    let own = |file: &str| template("own", Some("sp"), "organization", Some("x")).replace("{mac}.cfg", file);
    for (file, words) in [
        ("y000000000066.cfg", "is common to all phones of its kind"),
        ("nothing.cfg", "has no file `nothing.cfg`"),
    ] {
        let site = site(&own(file), &device("own"));
        let faults = site.lines(&site.try_load().unwrap_err()).join("\n");
        assert!(faults.contains(words), "{faults}");
    }
}

#[test]
fn a_body_that_fails_for_one_device_takes_no_other_with_it() {
    let body = "{% if device.name == 'Other' %}{{ nothing }}{% endif %}FINE\n";
    let site =
        site(&template("own", Some("sp"), "organization", Some(body)), &(device("own") + &other("own")));
    let snapshot = site.load();
    assert_eq!(get(&snapshot, SERIAL, FILE).body, "FINE\n");
    let answer = ask(&snapshot, Http, &format!("/{OTHER}/{OTHER_FILE}"), None);
    let Outcome::Failed(error) = answer.outcome else { panic!("an undefined name was printed") };
    assert!(
        error.source.to_string().contains("`own` for yealink/t46s 66.86, file {mac}.cfg, line 1"),
        "{error}"
    );
    let told: Vec<String> = snapshot
        .phones()
        .flat_map(|phone| unrendered(&snapshot, &phone))
        .map(|fault| fault.to_string())
        .collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("cannot render {mac}.cfg of Other"), "{told:?}");
}
