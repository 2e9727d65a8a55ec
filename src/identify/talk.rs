//! Paths by which phones talk with the server.

use crate::catalog::{Catalog, PathMatches};
use crate::dialogue::Dialogue;
use crate::identify::Inquiry;
use crate::identify::inquiry::Name;
use crate::model::Mac;
use crate::snapshot::Snapshot;

/// Where a phone talks with the server, whichever phone it is.
pub struct Talk<'s> {
    /// How phones may do that there.
    pub dialogues: Vec<&'s Dialogue>,
    /// Whether the path begins with what names a device.
    pub names_device: bool,
    before: String,
    place: String,
}

impl<'s> Talk<'s> {
    /// Reads the path of a request; none where nobody talks.
    ///
    /// A phone that always asks for the same path cannot put the server's prefix before it, and need not.
    pub fn read(snapshot: &'s Snapshot, inquiry: &Inquiry<'_>) -> Option<Self> {
        let world = snapshot.world();
        let catalog = &*world.catalog;
        let prefix = world.rules.provisioning.path_prefix.as_str();
        let bare = || Name::read(inquiry, "").ok().filter(|_| !prefix.is_empty());
        let name = Name::read(inquiry, prefix).ok().or_else(bare)?;
        let matches = catalog.match_path(name.whole());
        let (dialogues, names_device, place) = match dialogues(catalog, &matches) {
            none if none.is_empty() => {
                (dialogues(catalog, &catalog.match_path(name.rest())), true, name.rest())
            }
            some => (some, matches.mac.is_some(), name.whole()),
        };
        let place = std::str::from_utf8(place).ok()?.to_owned();
        let before = if prefix.is_empty() { String::new() } else { format!("/{prefix}") };
        (!dialogues.is_empty()).then_some(Self { dialogues, names_device, before, place })
    }

    /// Gives the path that a phone would have asked for if it had named itself in it.
    pub fn path_of(&self, mac: Mac) -> String {
        let Self { before, place, .. } = self;
        format!("{before}/{}/{place}", mac.plain())
    }
}

fn dialogues<'c>(catalog: &'c Catalog, matches: &PathMatches) -> Vec<&'c Dialogue> {
    matches.iter().flat_map(|path| &catalog.owner(path).dialogues).collect()
}
