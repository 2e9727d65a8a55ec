//! What a job names of the catalog: vendors, models, firmwares, lines.

use crate::catalog::{Catalog, Model, Vendor};
use crate::document::{nearest, one_of};
use crate::model::{Cell, FieldSource, Job};

/// Finds the one model that is called so, of one vendor or of all.
///
/// # Errors
/// There is none, or there are several; says which are near, to stand as a sentence.
pub fn model_called<'c>(
    catalog: &'c Catalog,
    vendor: Option<&Vendor>,
    name: &str,
) -> Result<&'c Model, String> {
    let told = name.escape_debug();
    match catalog.models_called(vendor, name).as_slice() {
        [only] => Ok(only),
        [] => {
            let of_vendor =
                |model: &&Model| vendor.is_none_or(|vendor| catalog.vendor(model.vendor).id == vendor.id);
            let whole = vendor.map_or_else(
                || name.to_lowercase(),
                |vendor| format!("{}/{}", vendor.id, name.to_lowercase()),
            );
            let near = nearest(&whole, catalog.models().filter(of_vendor).map(|model| &*model.id));
            let cure = near.map(|near| format!("did you mean `{near}`?"));
            let cure = cure.unwrap_or_else(|| "`bellhop catalog` lists them".to_owned());
            let of = vendor.map(|vendor| format!(" of `{}`", vendor.id)).unwrap_or_default();
            Err(format!("there is no model `{told}`{of}; {cure}"))
        }
        several => {
            let ids: Vec<&str> = several.iter().map(|model| &*model.id).collect();
            Err(format!("`{told}` is the name of several models; write {}, or give the vendor", one_of(&ids)))
        }
    }
}

/// Finds the vendor that is called so.
///
/// # Errors
/// There is none; says which is near, to stand as a sentence.
pub fn vendor_called<'c>(catalog: &'c Catalog, name: &str) -> Result<&'c Vendor, String> {
    catalog.vendor_called(name).ok_or_else(|| {
        let near = nearest(&name.to_lowercase(), catalog.vendors().iter().map(|vendor| &*vendor.id));
        let cure = near.map(|near| format!("did you mean `{near}`?"));
        let cure = cure.unwrap_or_else(|| "`bellhop catalog` lists them".to_owned());
        format!("there is no vendor `{}`; {cure}", name.escape_debug())
    })
}

/// Lists what a job says of the catalog that is not so: the key that it is about, and a sentence.
pub(super) fn faults(catalog: &Catalog, job: &Job) -> Vec<(&'static str, String)> {
    let mut faults = Vec::new();
    let mut fault = |field: &str, why: String| faults.push(("fields", format!("field `{field}`: {why}")));
    let mut vendor = None;
    for name in given(job, "vendor") {
        match vendor_called(catalog, &name) {
            Ok(known) => vendor = fixed(job, "vendor").is_some().then_some(known).or(vendor),
            Err(why) => fault("vendor", why),
        }
    }
    let vendor_is_known = vendor.is_some() || job.field("vendor").is_none();
    let mut model = None;
    for name in given(job, "model").into_iter().filter(|name| !catalog.is_broken(name)) {
        match model_called(catalog, vendor, &name) {
            Ok(known) => model = fixed(job, "model").is_some().then_some(known).or(model),
            // Whoever runs the job may give the vendor.
            Err(_) if !vendor_is_known && !catalog.models_called(None, &name).is_empty() => (),
            Err(why) => fault("model", why),
        }
    }
    let Some(model) = model else { return faults };
    for id in given(job, "firmware").iter().filter(|id| model.firmware(id).is_none()) {
        let known: Vec<&str> = model.firmwares.iter().map(|firmware| &*firmware.id).collect();
        let (told, known) = (id.escape_debug(), one_of(&known));
        fault("firmware", format!("model `{}` has no firmware `{told}`; write {known}", model.id));
    }
    for field in &job.fields {
        let line = field.name.strip_prefix("line-").and_then(|line| line.parse::<u16>().ok());
        if line.is_some_and(|line| line > model.lines) {
            let (id, lines) = (&model.id, model.lines);
            fault(&field.name, format!("model `{id}` has {lines} lines; leave the field out"));
        }
    }
    faults
}

/// Lists the values that a job gives for a field: fixed, as a default, or as choices.
fn given(job: &Job, name: &str) -> Vec<String> {
    let Some(field) = job.field(name) else { return Vec::new() };
    let own = match &field.from {
        FieldSource::Fixed(text) | FieldSource::Default(text) => Some(text),
        FieldSource::Asked => None,
    };
    let texts = own.into_iter().chain(&field.choices).map(|text| Cell::read(text));
    let values = texts.filter_map(|cell| if let Cell::Value(text) = cell { Some(text) } else { None });
    values.collect()
}

fn fixed<'j>(job: &'j Job, name: &str) -> Option<&'j str> {
    match &job.field(name)?.from {
        FieldSource::Fixed(text) => Some(text),
        FieldSource::Asked | FieldSource::Default(_) => None,
    }
}
