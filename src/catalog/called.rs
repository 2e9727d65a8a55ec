//! Models by what people, phones and other systems' files call them: letters and digits count, case does not.
//!
//! Promise: a look-up costs the same whatever the number of models.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::sync::Arc;

use crate::catalog::{Catalog, Model, Vendor};

/// Longest spelling; no phone has a longer name.
pub(super) const LONGEST: usize = 64;

/// Models by their spellings.
#[derive(Debug, Default)]
pub(super) struct Called {
    /// Each with the place of its vendor, in the order of the ids.
    models: HashMap<Box<str>, Vec<(usize, Arc<str>)>>,
}

impl Called {
    pub(super) fn of<'m>(models: impl Iterator<Item = &'m Model>) -> Self {
        let mut called: HashMap<Box<str>, Vec<(usize, Arc<str>)>> = HashMap::new();
        for model in models {
            for spelling in &model.spellings {
                let same = called.entry(spelling.as_str().into()).or_default();
                same.push((model.vendor, Arc::clone(&model.id)));
            }
        }
        for same in called.values_mut() {
            same.sort_unstable_by(|a, b| a.1.cmp(&b.1));
        }
        Self { models: called }
    }

    /// Gives the ids of those that are spelled so.
    fn spelled(&self, spelling: &str) -> &[(usize, Arc<str>)] {
        self.models.get(spelling).map(Borrow::borrow).unwrap_or_default()
    }

    /// Gives the ids of a vendor's models that a phone may mean.
    pub(super) fn by_phone<'s>(&'s self, vendor: usize, name: &[u8]) -> impl Iterator<Item = &'s Arc<str>> {
        let (mut letters, mut length) = ([0; LONGEST], 0);
        let mut fits = true;
        for byte in name.iter().filter(|byte| byte.is_ascii_alphanumeric()) {
            match letters.get_mut(length) {
                Some(place) => *place = byte.to_ascii_lowercase(),
                None => fits = false,
            }
            length += 1;
        }
        let spelling = letters.get(..length).filter(|_| fits).and_then(|text| std::str::from_utf8(text).ok());
        let same = spelling.map(|spelling| self.spelled(spelling)).unwrap_or_default();
        same.iter().filter(move |(of, _)| *of == vendor).map(|(_, id)| id)
    }
}

impl Catalog {
    /// Finds a vendor by its id or name: letters and digits count, case does not.
    pub fn vendor_called(&self, name: &str) -> Option<&Vendor> {
        let name = letters(name);
        let is_it = |vendor: &&Vendor| vendor.spellings.contains(&name);
        self.vendors().iter().find(is_it).filter(|_| !name.is_empty())
    }

    /// Finds a vendor's model by what a phone calls itself; of several with that name, the first by its id.
    pub fn model_called(&self, vendor: usize, name: &[u8]) -> Option<&Model> {
        self.called.by_phone(vendor, name).next().and_then(|id| self.model(id))
    }

    /// Tells the ids of a vendor's models that a phone may mean by what it calls itself.
    pub fn ids_called<'s>(&'s self, vendor: usize, name: &[u8]) -> impl Iterator<Item = &'s Arc<str>> {
        self.called.by_phone(vendor, name)
    }

    /// Finds the models that are called so, of one vendor or of all, in the order of their ids: letters and digits count,
    /// case does not, and the vendor's name may stand before that of the model.
    ///
    /// A model's id names it alone.
    pub fn models_called(&self, vendor: Option<&Vendor>, name: &str) -> Vec<&Model> {
        let of_vendor = |model: &Model| vendor.is_none_or(|vendor| self.vendor(model.vendor).id == vendor.id);
        if let Some(model) = self.model(name).filter(|model| of_vendor(model)) {
            return vec![model];
        }
        let called = letters(name);
        let mut ids: Vec<&Arc<str>> = self.called.spelled(&called).iter().map(|(_, id)| id).collect();
        for (at, vendor) in self.vendors().iter().enumerate() {
            let bare = vendor.spellings.iter().filter_map(|spelling| called.strip_prefix(spelling.as_str()));
            let same = bare.flat_map(|name| self.called.spelled(name));
            ids.extend(same.filter(|(of, _)| *of == at).map(|(_, id)| id));
        }
        ids.sort_unstable();
        ids.dedup();
        ids.into_iter().filter_map(|id| self.model(id)).filter(|model| of_vendor(model)).collect()
    }
}

/// Gives the letters and digits of a name, in lower case.
pub(super) fn letters(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(id: &str, vendor: usize, spellings: &[&str]) -> Model {
        Model {
            id: id.into(),
            vendor,
            name: String::new(),
            spellings: spellings.iter().map(|spelling| (*spelling).to_owned()).collect(),
            lines: 1,
            line_keys: 0,
            expansion_modules: 0,
            expansion_keys: 0,
            web_interface: true,
            firmwares: Vec::new(),
            default_firmware: 0,
        }
    }

    #[test]
    fn a_phone_is_found_by_what_it_calls_itself() {
        let models = [
            model("b/x", 1, &["sipx1", "x1"]),
            model("a/x", 0, &["x1"]),
            model("a/w", 0, &["x1"]),
            model("a/y", 0, &["y"]),
        ];
        let called = Called::of(models.iter());
        let found = |vendor, name: &[u8]| {
            called.by_phone(vendor, name).map(|id| id.to_string()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(found(1, b"SIP-X1"), "b/x");
        assert_eq!(found(0, b" x.1\xff"), "a/w a/x");
        for nobody in [&b""[..], b"x", b"x11", &[b'x'; 65], &[b'x'; 100_000]] {
            assert_eq!(found(0, nobody), "");
        }
    }
}
