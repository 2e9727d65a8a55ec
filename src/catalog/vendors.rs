//! Vendors as such: who they are, what they lean on, and what their phones call themselves.

use std::collections::BTreeSet;

use crate::catalog::Vendor;
use crate::catalog::agents::AgentCollector;
use crate::catalog::called::letters;
use crate::catalog::read::{FamilyFile, ModelFile};
use crate::catalog::resolve::Resolver;
use crate::template::Engine;

impl Resolver<'_> {
    pub(super) fn vendor(&mut self, id: &str) -> Vendor {
        let file = &self.files.vendors[id];
        if file.name.is_none() {
            let cure = "give the vendor's name for people, `name = \"…\"`, in vendor.toml";
            self.faults.push(file.place.fault(format!("vendor `{id}` has no name; {cure}")));
        }
        Vendor {
            id: id.into(),
            name: file.name.clone().unwrap_or_else(|| id.to_owned()),
            spellings: [Some(id), file.name.as_deref()].into_iter().flatten().map(letters).collect(),
            ouis: file.ouis.clone(),
            shared_ouis: file.shared_ouis.clone(),
            kin: file.kin.iter().map(|kin| kin.as_str().into()).collect(),
            doubts: file.facts.doubts.clone(),
            digest: self.digest(id),
        }
    }

    /// Sums up a vendor's files and those of the vendors that it leans on.
    fn digest(&self, id: &str) -> u64 {
        let digest = |vendor: &str| self.files.digests.get(vendor).copied().unwrap_or_default();
        self.circle(id).into_iter().fold(0, |sum: u64, vendor| sum.rotate_left(1) ^ digest(vendor))
    }

    /// Makes the engine of those who write templates of their own for a vendor's phones: it has no other templates
    /// than those that the vendor's digest sums up.
    pub(super) fn own_engine(&self, id: &str) -> Engine {
        let circle = self.circle(id);
        self.engine.fenced(|name| name.split_once('/').is_some_and(|(vendor, _)| circle.contains(vendor)))
    }

    /// Names a vendor with all that it leans on.
    fn circle<'r>(&'r self, id: &'r str) -> BTreeSet<&'r str> {
        let mut vendors = BTreeSet::new();
        let mut next = vec![id];
        while let Some(id) = next.pop() {
            if vendors.insert(id) {
                next.extend(self.leans_on(id));
            }
        }
        vendors
    }

    /// Names the vendors whose families a vendor's models and families use, and those that its templates name.
    fn leans_on<'r>(&'r self, id: &'r str) -> impl Iterator<Item = &'r str> {
        let vendors = &self.files.vendors;
        let of_model = |model: &'r ModelFile| (&model.firmwares, &model.family);
        let of_family = |family: &'r FamilyFile| (&family.firmwares, &family.extends);
        let levels = vendors.get(id).into_iter().flat_map(move |file| {
            file.models.values().map(of_model).chain(file.families.values().map(of_family))
        });
        let families = levels.flat_map(|(firmwares, family)| {
            firmwares.values().map(|firmware| &firmware.family).chain([family])
        });
        let families = families.flatten().filter_map(|family| family.split_once('/'));
        let quoted = self.files.quoted.iter().filter(move |(vendor, _)| vendor == id);
        let others = families.map(|(vendor, _)| vendor).chain(quoted.map(|(_, name)| name.as_str()));
        others.filter(|vendor| vendors.contains_key(*vendor))
    }

    pub(super) fn agents(&mut self) -> AgentCollector {
        let mut agents = AgentCollector::default();
        for (at, vendor) in self.files.vendors.values().enumerate() {
            for (pattern, place) in &vendor.agents {
                if let Err(error) = agents.add(at, pattern) {
                    self.faults.push(place.fault(format!("`user-agents` has a pattern that {error}")));
                }
            }
        }
        agents
    }
}
