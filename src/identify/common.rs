//! Which common file is asked for where the request names no device.
//!
//! Several kinds of phones may ask for one name and get different files. A User-Agent tells which is meant; over TFTP
//! there is none, and the fleet tells.

use std::sync::Arc;

use crate::catalog::{CommonPlace, FileScope};
use crate::identify::{CommonFile, Told};
use crate::model::Protocol;
use crate::snapshot::Snapshot;

impl Told<'_> {
    /// Finds it: for the model and version that the User-Agent tells; else for a kind of phones in the fleet that asks
    /// so, of the vendor that is told if there is one; else for any, which is not handed out.
    pub(super) fn common<'s>(&self, snapshot: &'s Snapshot, transport: Protocol) -> Option<CommonFile<'s>> {
        let catalog = &*snapshot.world().catalog;
        let any = self.whole.iter().find_map(|path| catalog.owner(path).common.first())?;
        let agent = self.agent.as_ref();
        let named = agent.and_then(|agent| Some((agent.vendor, agent.model?)));
        let mut ids = named.into_iter().flat_map(|(vendor, name)| catalog.ids_called(vendor, name));
        let vendor = |id: &str| catalog.model(id).map(|model| model.vendor);
        let is_of_vendor =
            |(id, ..): &&CommonPlace| agent.is_some_and(|agent| vendor(id) == Some(agent.vendor));
        let of_fleet = || {
            let mut open = self.open(snapshot, transport);
            open.clone().find(is_of_vendor).or_else(|| open.next())
        };
        let of_model = |id: &Arc<str>| self.of_model(snapshot, transport, id);
        let (id, firmware, at) = ids.find_map(of_model).or_else(of_fleet).unwrap_or(any);
        let model = catalog.model(id)?;
        let firmware = &model.firmwares[*firmware];
        let file = &firmware.files[usize::from(*at)];
        debug_assert_eq!(file.scope, FileScope::Common, "only common files are listed");
        Some(CommonFile { model, firmware, file, at: *at })
    }

    /// Finds the file of a model: for the version that is told; else for the firmware that such phones have in the
    /// fleet; else for the usual one.
    fn of_model<'s>(&self, snapshot: &'s Snapshot, transport: Protocol, id: &str) -> Option<&'s CommonPlace> {
        let catalog = &*snapshot.world().catalog;
        let model = catalog.model(id)?;
        // Lists are in the order of the ids, and may be long.
        let own = self.whole.iter().flat_map(|path| {
            let all = &catalog.owner(path).common;
            let first = all.partition_point(|(of, ..)| **of < *id);
            all[first..].iter().take_while(|(of, ..)| **of == *id)
        });
        let usual = &model.firmwares[model.default_firmware];
        let version = self.agent.as_ref().and_then(|agent| agent.version);
        let told = version.and_then(|version| model.firmware_of(version, usual));
        let is_told = |(_, at, _): &&CommonPlace| told.is_some_and(|told| model.firmwares[*at].id == told.id);
        let is_usual = |(_, at, _): &&CommonPlace| *at == model.default_firmware;
        let open = || self.open(snapshot, transport).find(|(of, ..)| **of == *id);
        let told = own.clone().find(is_told);
        told.or_else(open).or_else(|| own.clone().find(is_usual)).or_else(|| own.clone().next())
    }

    /// Goes through the common files of such a name of those kinds in the fleet that ask so.
    fn open<'s>(
        &self,
        snapshot: &'s Snapshot,
        transport: Protocol,
    ) -> impl Iterator<Item = &'s CommonPlace> + Clone {
        self.whole.iter().flat_map(move |path| snapshot.open_files(path, transport))
    }
}
