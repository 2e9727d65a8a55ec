//! The firmwares of a model: its own, over those of its family.

use std::collections::BTreeMap;

use crate::catalog::read::{FirmwareFile, ModelFile};
use crate::catalog::resolve::Resolver;

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
