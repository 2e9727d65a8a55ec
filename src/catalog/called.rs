//! Models by what people, and other systems' files, call them.

use crate::catalog::{Catalog, Model, Vendor};

impl Catalog {
    /// Finds a vendor by its id or name: letters and digits count, case does not.
    pub fn vendor_called(&self, name: &str) -> Option<&Vendor> {
        let name = letters(name);
        let is_it = |vendor: &&Vendor| letters(&vendor.id) == name || letters(&vendor.name) == name;
        self.vendors().iter().find(is_it).filter(|_| !name.is_empty())
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
        let is_called = |model: &&Model| {
            let vendor = self.vendor(model.vendor);
            let bare = [&*vendor.id, vendor.name.as_str()].map(letters);
            let bare = bare.iter().filter_map(|vendor| called.strip_prefix(vendor.as_str()));
            let is = |name: &str| model.spellings.iter().any(|spelling| spelling == name);
            of_vendor(model) && (is(&called) || bare.into_iter().any(is))
        };
        let mut found: Vec<&Model> = self.models().filter(is_called).collect();
        found.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        found
    }
}

fn letters(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}
