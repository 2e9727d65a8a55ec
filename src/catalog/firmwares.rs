//! The firmwares of a model: its own, over those of its family.

use std::collections::BTreeMap;

use crate::catalog::read::{FirmwareFile, ModelFile};
use crate::catalog::resolve::Resolver;
use crate::catalog::{Firmware, Model};

/// The firmwares of a model as files list them.
pub(super) struct Listed {
    pub(super) firmwares: BTreeMap<String, FirmwareFile>,
    /// The id of the one that a device without one has, where the files name it.
    pub(super) default: Option<String>,
}

impl Resolver<'_> {
    /// Lists the firmwares of a model; where none is named anywhere, it has one, `any`.
    pub(super) fn listed(&self, vendor: &str, model: &ModelFile) -> Listed {
        let mut default = model.default_firmware.clone();
        let mut firmwares = model.firmwares.clone();
        let mut next = model.family.clone().map(|family| (vendor.to_owned(), family));
        // A family that extends itself is told of elsewhere.
        for _ in 0..16 {
            let Some((vendor, name)) = next.take() else {
                break;
            };
            let (owner, id) = name.split_once('/').unwrap_or((&vendor, &name));
            let Some(family) = self.files.vendors.get(owner).and_then(|file| file.families.get(id)) else {
                break;
            };
            for (id, below) in &family.firmwares {
                let own = firmwares.remove(id).unwrap_or_default();
                firmwares.insert(id.clone(), own.over(below));
            }
            default = default.or_else(|| family.default_firmware.clone());
            next = family.extends.clone().map(|extends| (owner.to_owned(), extends));
        }
        if firmwares.is_empty() {
            firmwares.insert("any".to_owned(), FirmwareFile::default());
        }
        Listed { firmwares, default }
    }
}

impl Model {
    /// Finds the firmware that a version is of, as far as versions tell them apart; `usual` where they do not.
    ///
    /// Of several that it could be of, the one counts that says most of it.
    pub fn firmware_of<'m>(&'m self, version: &[u8], usual: &'m Firmware) -> Option<&'m Firmware> {
        let said = |firmware: &Firmware| {
            let begins = firmware.versions.iter().filter(|begin| version.starts_with(begin.as_bytes()));
            begins.map(String::len).max()
        };
        let others = self.firmwares.iter().filter(|other| other.id != usual.id);
        let found = std::iter::once(usual).chain(others).filter_map(|one| Some((said(one)?, one)));
        // The first of equals: the usual one, where it is among them.
        found.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, firmware)| firmware)
    }
}

#[cfg(test)]
mod tests {
    use crate::catalog::{Catalog, CatalogFiles};
    use crate::template::Limits;

    #[test]
    fn a_version_is_of_the_firmware_that_says_most_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let vendor = folder.path().join("acme");
        std::fs::create_dir_all(vendor.join("templates")).unwrap();
        std::fs::write(vendor.join("templates/x.cfg"), "x").unwrap();
        let text = r#"
            name = "Acme"
            protocols = ["http"]
            interval = { unit = "minutes", parameter = "x" }
            lines = 1
            files = { "{mac}.cfg" = { template = "x.cfg", main = true } }
            [model.x]
            default-firmware = "old"
            firmware = { old = { versions = ["66.7", "66.80"] }, new = { versions = ["66.81", "66.8"] }, any = {} }
        "#;
        std::fs::write(vendor.join("vendor.toml"), text).unwrap();
        let (files, faults) = CatalogFiles::read(&[folder.path().to_owned()]);
        assert!(faults.is_empty());
        let (catalog, faults) = Catalog::resolve(files, Limits::default());
        assert!(faults.is_empty(), "{}", faults[0]);
        let model = catalog.model("acme/x").unwrap();
        let of = |version: &str, usual: &str| {
            let usual = model.firmware(usual).unwrap();
            model.firmware_of(version.as_bytes(), usual).map(|firmware| firmware.id.to_string())
        };
        for usual in ["old", "new", "any"] {
            assert_eq!(of("66.73.0.40", usual).as_deref(), Some("old"));
            assert_eq!(of("66.80.0.1", usual).as_deref(), Some("old"));
            assert_eq!(of("66.81.0.1", usual).as_deref(), Some("new"));
            assert_eq!(of("66.86.0.15", usual).as_deref(), Some("new"));
            assert_eq!(of("67.1", usual), None);
        }
    }
}
