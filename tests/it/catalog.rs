//! The catalog's cases: what each phone asks for at boot, and the bytes that it gets.
//!
//! `bellhop catalog check` judges those of whoever adds phones in the same way. `BLESS=1` rewrites what they expect, and
//! `CASES=<vendor>` takes those of one vendor.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use bellhop::catalog::{Catalog, File, Model};
use bellhop::cli::catalog::cases::{Case, folders};
use bellhop::document::Document;

use crate::support::{Site, shipped_catalog};

#[test]
fn every_case_gets_the_bytes_that_it_expects() {
    let bless = std::env::var_os("BLESS").is_some();
    let (mut wrong, mut any) = (Vec::new(), false);
    for (name, case) in cases() {
        any = true;
        let differs = case.judge(bless).expect("it can be written");
        wrong.extend(differs.into_iter().map(|what| format!("{name}: {what}")));
    }
    assert!(any, "there are no cases");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_template_is_got_in_some_case_of_its_vendor() {
    let catalog = catalog();
    let of =
        |model: &Model, file: &File| (catalog.vendor(model.vendor).id.to_string(), file.template.clone());
    let models = catalog.models().filter(|model| is_asked(&catalog.vendor(model.vendor).id));
    let mut lacking: BTreeSet<_> = models
        .flat_map(|model| model.firmwares.iter().map(move |firmware| (model, firmware)))
        .flat_map(|(model, firmware)| firmware.files.iter().map(move |file| of(model, file)))
        .collect();
    for (_, origin) in origins() {
        lacking.remove(&origin);
    }
    let lacking: Vec<_> = lacking.iter().map(|(vendor, template)| format!("{vendor}: {template}")).collect();
    assert!(lacking.is_empty(), "templates that no case gets a file of:\n{}", lacking.join("\n"));
}

#[test]
fn every_family_has_a_phone_among_the_cases() {
    // Which family a model is of counts only until the catalog is resolved, so the files themselves are asked.
    let mut families: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for vendor in catalog().vendors().iter().filter(|vendor| is_asked(&vendor.id)) {
        let entries = fs::read_dir(shipped_catalog().join(&*vendor.id)).expect("it can be listed");
        let paths = entries.map(|entry| entry.expect("it can be listed").path());
        for path in paths.filter(|path| path.extension().is_some_and(|end| end == "toml")) {
            let text = fs::read_to_string(&path).expect("it can be read");
            let document = Document::parse(&path, &text).unwrap_or_else(|faults| panic!("{}", faults[0]));
            let models = document.root().into_iter().filter(|entry| entry.key() == "model");
            for model in models.filter_map(|models| models.table()).flatten() {
                let facts = model.table().into_iter().flatten();
                for family in facts.filter(|entry| entry.key() == "family").filter_map(|entry| entry.text(64))
                {
                    let of = if family.contains('/') { String::new() } else { format!("{}/", vendor.id) };
                    let models = families.entry(of + family).or_default();
                    models.insert(format!("{}/{}", vendor.id, model.key()));
                }
            }
        }
    }
    let tried: BTreeSet<String> =
        cases().map(|(_, case)| case.phone().expect("a case has a phone").model.id.to_string()).collect();
    families.retain(|_, models| models.is_disjoint(&tried));
    assert!(families.is_empty(), "families without a case: {families:?}");
}

/// Tells for each file that a case gets, as `<vendor>/<case>/<file>`, the vendor and the template that it comes from.
pub(crate) fn origins() -> Vec<(String, (String, String))> {
    let mut origins = Vec::new();
    for (name, case) in cases() {
        let phone = case.phone().expect("a case has a phone");
        let vendor = catalog().vendor(phone.model.vendor).id.to_string();
        for ask in case.asks().iter().filter(|ask| ask.answered) {
            let matches = catalog().match_path(ask.path.as_bytes());
            for file in phone.firmware.files.iter().filter(|file| matches.contains(file.path)) {
                let file_name = ask.path.replace('/', "__");
                origins.push((format!("{name}/{file_name}"), (vendor.clone(), file.template.clone())));
            }
        }
    }
    origins
}

/// Whether a vendor's cases are asked for: all are, or those of `CASES`.
fn is_asked(vendor: &str) -> bool {
    std::env::var("CASES").ok().is_none_or(|only| only.is_empty() || only == vendor)
}

/// The shipped catalog, read once.
fn catalog() -> &'static Arc<Catalog> {
    static CATALOG: OnceLock<Arc<Catalog>> = OnceLock::new();
    CATALOG.get_or_init(|| Arc::clone(&Site::new().with_every_vendor().load().world().catalog))
}

/// Reads the cases that are asked for, each with its name, `<vendor>/<case>`.
fn cases() -> impl Iterator<Item = (String, Case)> {
    let vendors = catalog().vendors().iter().filter(|vendor| is_asked(&vendor.id));
    vendors.flat_map(|vendor| {
        let of_vendor = folders(&[shipped_catalog()], &vendor.id);
        of_vendor.into_iter().map(|folder| {
            let name = folder.file_name().and_then(|name| Path::new(name).to_str()).unwrap_or_default();
            let case = Case::read(catalog(), &folder).unwrap_or_else(|faults| panic!("{}", faults[0]));
            (format!("{}/{name}", vendor.id), case)
        })
    })
}
