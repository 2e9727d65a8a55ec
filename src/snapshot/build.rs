//! Makes the next snapshot out of the last one and what the files hold now.
//!
//! Only what changed is indexed and checked again; a change that could leave something dangling elsewhere has
//! everything checked. Nothing is published here.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use crate::catalog::{CommonPlace, FileScope, PathId};
use crate::config::Config;
use crate::document::Fault;
use crate::model::Protocol;
use crate::snapshot::check::{Checker, Trouble};
use crate::snapshot::fetched::Fetched;
use crate::snapshot::index::{Changes, Index};
use crate::snapshot::locate::locate;
use crate::snapshot::records::Listed;
use crate::snapshot::{
    AccountKind, AccountPlace, Fleet, LinePlace, Losses, Place, Records, Since, Slot, Snapshot, Source,
    Stamp, World,
};

/// A snapshot that may be published.
#[derive(Debug)]
pub struct Built {
    /// The snapshot.
    pub snapshot: Snapshot,
    /// What somebody should look at.
    pub warnings: Vec<Fault>,
    /// What it takes away.
    pub losses: Losses,
}

/// A file that is not as it was: its slot, and its records before and now.
pub(super) struct Changed {
    pub(super) file: u32,
    pub(super) old: Option<Slot>,
    pub(super) new: Option<Arc<Records>>,
}

impl Snapshot {
    /// Builds the snapshot that follows this one; `None` when it would not differ.
    ///
    /// # Errors
    /// Everything that is wrong with the files and between them; this snapshot stays good.
    pub fn next(
        &self,
        world: Arc<World>,
        config: Arc<Config>,
        fleet: &Fleet,
        now: Stamp,
    ) -> Result<Option<Built>, Vec<Fault>> {
        let mut next = self.following(world, config, now);
        let changed = next.place_files(fleet);
        let faults = fleet.faults();
        let same = Arc::ptr_eq(&self.world, &next.world) && self.config == next.config;
        if same && changed.is_empty() && !faults.iter().any(Fault::is_error) {
            return Ok(None);
        }
        let mut troubles = next.index(&changed);
        next.stamp(self, &changed, fleet);
        next.prefer(self);
        troubles.extend(next.compile(self, &changed));
        next.open = next.opened();
        let all = !Arc::ptr_eq(&self.world, &next.world) || next.lost_something(&changed);
        troubles.extend(Checker::new(&next).check(all, &changed.iter().map(|c| c.file).collect::<Vec<_>>()));
        let mut faults = faults;
        faults.extend(locate(&next, fleet, troubles));
        faults.sort();
        faults.dedup();
        if faults.iter().any(Fault::is_error) {
            return Err(faults);
        }
        let few = next.config.reload.loss_devices;
        let losses = Losses::between(self, &next, &changed, few);
        Ok(Some(Built { snapshot: next, warnings: faults, losses }))
    }

    fn following(&self, world: Arc<World>, config: Arc<Config>, now: Stamp) -> Self {
        Self {
            serial: self.serial + 1,
            published: now.max(Stamp(self.published.0 + 1)),
            world,
            config,
            cache: Arc::clone(&self.cache),
            files: self.files.clone(),
            places: self.places.clone(),
            serials: self.serials.clone(),
            ids: self.ids.clone(),
            macs: self.macs.clone(),
            numbers: self.numbers.clone(),
            accounts: self.accounts.clone(),
            assigned: self.assigned.clone(),
            named: self.named.clone(),
            bodies: Arc::clone(&self.bodies),
            open: HashMap::new(),
        }
    }

    /// Puts the files into slots, one that stays into its own; gives those that are not as they were.
    fn place_files(&mut self, fleet: &Fleet) -> Vec<Changed> {
        let mut changed = Vec::new();
        // Mostly no file comes or goes, and a thousand paths need not be sorted again.
        let is_same =
            |(known, (path, _)): (&PathBuf, (&Path, &Source))| known.as_os_str() == path.as_os_str();
        if self.places.len() == fleet.files().count() && self.places.keys().zip(fleet.files()).all(is_same) {
            for ((path, file), (_, source)) in self.places.iter().zip(fleet.files()) {
                changed.extend(Slot::renew(&mut self.files[*file as usize], *file, path, source));
            }
            return changed;
        }
        let mut gone = std::mem::take(&mut self.places);
        let mut places = BTreeMap::new();
        let mut added: Vec<(PathBuf, &Source)> = Vec::new();
        for (path, source) in fleet.files() {
            let Some(file) = gone.remove(path) else {
                added.push((path.to_owned(), source));
                continue;
            };
            places.insert(path.to_owned(), file);
            changed.extend(Slot::renew(&mut self.files[file as usize], file, path, source));
        }
        for file in gone.into_values() {
            let old = self.files[file as usize].take();
            changed.push(Changed { file, old, new: None });
        }
        let mut free = (0..).zip(self.files.clone()).filter(|(_, slot)| slot.is_none()).map(|(file, _)| file);
        let free: Vec<u32> = free.by_ref().take(added.len()).collect();
        let fresh = u32::try_from(self.files.len()).unwrap_or(u32::MAX)..;
        for ((path, source), file) in added.into_iter().zip(free.into_iter().chain(fresh)) {
            let slot = Slot::new(path.clone(), source);
            match self.files.get_mut(file as usize) {
                Some(place) => *place = Some(slot),
                None => self.files.push(Some(slot)),
            }
            places.insert(path, file);
            // A slot given up and taken again in one step is one change.
            match changed.iter_mut().find(|change| change.file == file) {
                Some(change) => change.new = Some(Arc::clone(&source.records)),
                None => changed.push(Changed { file, old: None, new: Some(Arc::clone(&source.records)) }),
            }
        }
        self.places = places;
        changed
    }

    /// Finds devices by what everybody calls them; serials that are the same have the same id, and are told of.
    fn index_ids(&self, changed: &[Changed]) -> Index<Place> {
        let id_of = |place| self.device(place).serial.id();
        let mut ids = self.ids.clone();
        ids.apply(
            differences(changed, &ids, |records| &records.devices, |device| Some(device.serial.id())),
            |place| self.ids.hash(id_of(place)),
            |a, b| id_of(a) == id_of(b),
        );
        ids
    }

    /// Brings the indexes up to date; gives what is there twice.
    fn index(&mut self, changed: &[Changed]) -> Vec<Trouble> {
        let mut serials = self.serials.clone();
        let mut macs = self.macs.clone();
        let mut numbers = self.numbers.clone();
        let mut accounts = self.accounts.clone();
        let mut assigned = self.assigned.clone();
        let this = &*self;
        let serial_of = |place| this.device(place).serial.expose().as_bytes();
        let twins = serials.apply(
            differences(
                changed,
                &serials,
                |records| &records.devices,
                |device| Some(device.serial.expose().as_bytes()),
            ),
            |place| this.serials.hash(serial_of(place)),
            |a, b| serial_of(a) == serial_of(b),
        );
        let mut troubles = this.serial_twins(twins);
        let mac_of = |place| this.device(place).mac;
        let twins = macs.apply(
            differences(changed, &macs, |records| &records.devices, |device| device.mac.as_ref()),
            |place| mac_of(place).map_or(0, |mac| this.macs.hash(&mac)),
            |a, b| mac_of(a) == mac_of(b),
        );
        troubles.extend(this.mac_twins(twins));
        let number_of = |place| this.extension_at(place).number.as_str();
        let twins = numbers.apply(
            differences(
                changed,
                &numbers,
                |records| &records.extensions,
                |extension| Some(extension.number.as_str()),
            ),
            |place| this.numbers.hash(number_of(place)),
            |a, b| number_of(a) == number_of(b),
        );
        troubles.extend(this.number_twins(twins));
        let account_id = |place| this.account_id(place);
        let twins = accounts.apply(
            account_changes(changed, &accounts),
            |place| this.accounts.hash(account_id(place)),
            |a, b| account_id(a) == account_id(b),
        );
        troubles.extend(this.account_twins(twins));
        let line_of = |place: LinePlace| this.device(place.device).lines[place.line as usize].as_deref();
        let twins = assigned.apply(
            line_changes(changed, &assigned),
            |place| line_of(place).map_or(0, |number| this.assigned.hash(number)),
            |a, b| line_of(a) == line_of(b),
        );
        troubles.extend(this.line_twins(twins));
        (self.serials, self.ids, self.macs, self.numbers) = (serials, self.index_ids(changed), macs, numbers);
        (self.accounts, self.assigned) = (accounts, assigned);
        troubles.extend(self.index_named(changed));
        troubles
    }

    /// Notes since when each record of the changed files is as it is.
    fn stamp(&mut self, previous: &Self, changed: &[Changed], fleet: &Fleet) {
        let first = previous.serial == 0;
        let files = fleet.files().filter(|_| first);
        let modified: BTreeMap<_, _> = files.map(|(path, source)| (path, source.modified)).collect();
        let now = self.published;
        for change in changed {
            let Some(slot) = self.files[change.file as usize].clone() else {
                continue;
            };
            let since = if first {
                Since::All(modified.get(slot.path.as_path()).copied().unwrap_or(now).min(now))
            } else {
                previous.since(&slot.records, now)
            };
            let fetched = Arc::new(previous.fetched(&slot.records));
            self.files[change.file as usize] = Some(Slot { since: Arc::new(since), fetched, ..slot });
        }
    }

    /// Gives when devices last fetched something, wherever their records were before.
    fn fetched(&self, records: &Records) -> Fetched {
        Fetched::new(records.devices.iter().map(|(_, device)| {
            let before = self.by_serial(device.serial.expose().as_bytes()).found;
            before.map(|place| self.slot(place.file).fetched.last(place.at)).unwrap_or_default()
        }))
    }

    /// Gives since when records are as they are: what this snapshot has the same keeps its time.
    fn since(&self, records: &Records, now: Stamp) -> Since {
        let devices = records.devices.iter().map(|(_, device)| {
            let same = self.by_serial(device.serial.expose().as_bytes()).found;
            let same = same.filter(|place| self.device(*place) == device);
            same.map_or(now, |place| self.slot(place.file).since.device(place.at))
        });
        let extensions = records.extensions.iter().map(|(_, extension)| {
            let same = self
                .extension_place(&extension.number)
                .filter(|place| self.extension_at(*place) == extension);
            same.map_or(now, |place| self.slot(place.file).since.extension(place.at))
        });
        let account = |kind, id: &str, same: &dyn Fn(Place) -> bool| {
            let same = self.account_of(kind, id).filter(|place| same(*place));
            same.map_or(now, |place| self.slot(place.file).since.account(kind, place.at))
        };
        let organizations = records.organizations.iter().map(|(_, organization)| {
            account(AccountKind::Organization, &organization.id, &|place| {
                self.organization_at(place) == organization
            })
        });
        let providers = records.providers.iter().map(|(_, provider)| {
            account(AccountKind::Provider, &provider.id, &|place| self.provider_at(place) == provider)
        });
        let users = records
            .users
            .iter()
            .map(|(_, user)| account(AccountKind::User, &user.id, &|place| self.user_at(place) == user));
        Since::Each {
            devices: devices.collect(),
            extensions: extensions.collect(),
            accounts: [organizations.collect(), providers.collect(), users.collect()],
        }
    }

    /// Tells whether something that other files may refer to is gone or belongs elsewhere.
    fn lost_something(&self, changed: &[Changed]) -> bool {
        let old = |change: &Changed| change.old.as_ref().map(|slot| Arc::clone(&slot.records));
        changed.par_iter().filter_map(old).any(|records| {
            let extension = |(_, old): (_, &crate::model::Extension)| {
                self.extension(&old.number).is_some_and(|new| new.user == old.user && new.kind == old.kind)
            };
            let organization = |(_, old): (_, &crate::model::Organization)| {
                let place = self.account_of(AccountKind::Organization, &old.id);
                place.is_some_and(|place| self.organization_at(place).provider == old.provider)
            };
            let user = |(_, old): (_, &crate::model::User)| {
                let place = self.account_of(AccountKind::User, &old.id);
                place.is_some_and(|place| self.user_at(place).organization == old.organization)
            };
            let provider = |(_, old): (_, &crate::model::Provider)| {
                self.account_of(AccountKind::Provider, &old.id).is_some()
            };
            !(records.extensions.iter().all(extension)
                && records.organizations.iter().all(organization)
                && records.users.iter().all(user)
                && records.providers.iter().all(provider)
                && self.names_stay(&records))
        })
    }

    /// Lists the names, common files and probes, that some phone may ask for without naming itself.
    fn opened(&self) -> HashMap<(PathId, Protocol), Vec<CommonPlace>> {
        let rules = &self.world.rules.provisioning;
        // In the order of the models, so that the same kinds always get the same.
        let kinds: BTreeSet<_> = self.files.iter().flatten().flat_map(|slot| &slot.records.open).collect();
        let mut open: HashMap<_, Vec<CommonPlace>> = HashMap::new();
        for kind in kinds {
            let model = self.world.catalog.model(&kind.model);
            let Some((place, firmware)) = model.and_then(|model| model.firmware_at(&kind.firmware)) else {
                continue;
            };
            let Some(protocol) = kind.protocol.or_else(|| self.world.rules.protocol_of(firmware)) else {
                continue;
            };
            let by_mac = kind.mac_based && rules.mac_based || kind.credentials && !rules.digest.is_empty();
            if protocol == Protocol::Tftp || by_mac {
                for probe in &firmware.probes {
                    open.entry((probe.path, protocol)).or_default();
                }
                for (at, file) in
                    (0..).zip(&firmware.files).filter(|(_, file)| file.scope == FileScope::Common)
                {
                    let files = open.entry((file.path, protocol)).or_default();
                    files.push((Arc::clone(&kind.model), place, at));
                }
            }
        }
        open
    }
}

/// Compares the keys of records, place by place: what has the same key in the same place stays in its index.
fn differences<'c, T: 'c, K: std::hash::Hash + PartialEq + ?Sized + 'c>(
    changed: &'c [Changed],
    index: &Index<Place>,
    list: impl Fn(&'c Records) -> &'c Listed<T> + Sync,
    key: impl Fn(&'c T) -> Option<&'c K> + Sync,
) -> Changes<Place> {
    let mut changes = Changes::default();
    for change in changed {
        let old = change.old.as_ref().map(|slot| list(&slot.records));
        let new = change.new.as_deref().map(&list);
        let old_key = |at| old.filter(|old| at < old.len()).and_then(|old| key(old.get(at)));
        let new_key = |at| new.filter(|new| at < new.len()).and_then(|new| key(new.get(at)));
        let longest = old.map_or(0, Listed::len).max(new.map_or(0, Listed::len));
        for at in 0..longest {
            let (before, after) = (old_key(at), new_key(at));
            if before != after {
                let place = Place { file: change.file, at };
                changes.removed.extend(before.map(|key| (index.hash(key), place)));
                changes.added.extend(after.map(|key| (index.hash(key), place)));
            }
        }
    }
    changes
}

fn account_changes(changed: &[Changed], index: &Index<AccountPlace>) -> Changes<AccountPlace> {
    let mut changes = Changes::default();
    let mut note = |records: &Records, file: u32, removed: bool| {
        let organizations =
            records.organizations.iter().map(|(at, o)| (AccountKind::Organization, at, o.id.as_str()));
        let providers = records.providers.iter().map(|(at, p)| (AccountKind::Provider, at, p.id.as_str()));
        let users = records.users.iter().map(|(at, u)| (AccountKind::User, at, u.id.as_str()));
        let into = if removed { &mut changes.removed } else { &mut changes.added };
        into.extend(
            organizations
                .chain(providers)
                .chain(users)
                .map(|(kind, at, id)| (index.hash(id), AccountPlace { kind, place: Place { file, at } })),
        );
    };
    for change in changed {
        if let Some(old) = &change.old {
            note(&old.records, change.file, true);
        }
        if let Some(new) = &change.new {
            note(new, change.file, false);
        }
    }
    changes
}

fn line_changes(changed: &[Changed], index: &Index<LinePlace>) -> Changes<LinePlace> {
    let mut changes = Changes::default();
    for change in changed {
        let old = change.old.as_ref().map(|slot| &slot.records.devices);
        let new = change.new.as_deref().map(|records| &records.devices);
        let lines = |list: Option<&Listed<crate::model::Device>>, at: u32| {
            list.filter(|list| at < list.len()).map(|list| list.get(at).lines.to_vec()).unwrap_or_default()
        };
        for at in 0..old.map_or(0, Listed::len).max(new.map_or(0, Listed::len)) {
            let (before, after) = (lines(old, at), lines(new, at));
            if before == after {
                continue;
            }
            let device = Place { file: change.file, at };
            let place = |(line, number): (u32, Option<compact_str::CompactString>)| {
                Some((index.hash(number?.as_str()), LinePlace { device, line }))
            };
            changes.removed.extend((0..).zip(before).filter_map(place));
            changes.added.extend((0..).zip(after).filter_map(place));
        }
    }
    changes
}
