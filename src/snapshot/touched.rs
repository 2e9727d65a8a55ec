//! Which devices' files a change may have changed.

use std::sync::Arc;

use crate::snapshot::{Phone, Place, Since, Slot, Snapshot, Stamp};

impl Snapshot {
    /// Gives it the number that follows another one's, which it takes the place after.
    #[must_use]
    pub fn following_at(mut self, serial: u64) -> Self {
        self.serial = serial + 1;
        self
    }

    /// Gives the devices whose files may not be as they were in a snapshot before this one.
    ///
    /// Where only devices and extensions have changed, no more than the changed documents are looked at.
    pub fn touched_since(&self, before: &Self) -> Vec<Phone<'_>> {
        let since = before.published;
        let changed = (0..).zip(&self.files).filter_map(|(file, slot)| {
            let slot = slot.as_ref()?;
            let old = before.files.get(file as usize).and_then(Option::as_ref);
            let same = old.is_some_and(|old| Arc::ptr_eq(&old.records, &slot.records));
            (!same).then_some((file, slot, old))
        });
        let changed: Vec<(u32, &Slot, Option<&Slot>)> = changed.collect();
        let far = |(_, slot, old): &(u32, &Slot, Option<&Slot>)| reaches_far(slot, *old, since);
        if !Arc::ptr_eq(&self.world, &before.world) || changed.iter().any(far) {
            return self.phones().filter(|phone| phone.changed_since(since)).collect();
        }
        let mut places = Vec::new();
        for (file, slot, _) in changed {
            let devices = slot.records.devices.iter().map(|(at, _)| at);
            let devices = devices.filter(|at| slot.since.device(*at) > since);
            places.extend(devices.map(|at| Place { file, at }));
            let extensions = slot.records.extensions.iter();
            let extensions = extensions.filter(|(at, _)| slot.since.extension(*at) > since);
            places.extend(extensions.filter_map(|(_, extension)| self.device_with(&extension.number)));
        }
        places.sort_by_key(|place| (place.file, place.at));
        places.dedup();
        places.into_iter().filter_map(|place| self.phone(place)).collect()
    }

    fn device_with(&self, number: &str) -> Option<Place> {
        let line_of =
            |place: super::LinePlace| self.device(place.device).lines[place.line as usize].as_deref();
        let place = self.assigned.find(self.assigned.hash(number), |place| line_of(place) == Some(number));
        place.map(|place| place.device)
    }
}

/// Tells whether something changed in a document that devices of other documents may depend on, extensions aside.
fn reaches_far(slot: &Slot, old: Option<&Slot>, since: Stamp) -> bool {
    let accounts = match &*slot.since {
        Since::All(stamp) => *stamp > since && slot.records.has_accounts(),
        Since::Each { accounts, .. } => accounts.iter().flatten().any(|stamp| *stamp > since),
    };
    let shared = match old {
        Some(old) => {
            old.records.templates != slot.records.templates
                || old.records.preferences != slot.records.preferences
        }
        None => !(slot.records.templates.is_empty() && slot.records.preferences.is_empty()),
    };
    accounts || shared
}
