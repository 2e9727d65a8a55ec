//! The tree of accounts: administrator, provider, organization, user, extension.

use crate::model::{Extension, Level, Organization, Provider, RecordKind, RecordRef, User};
use crate::snapshot::Snapshot;

/// An account of a snapshot.
#[derive(Clone, Copy)]
pub enum Account<'s> {
    /// Above all others.
    Administrator,
    /// Below the administrator.
    Provider(&'s Provider),
    /// Below a provider.
    Organization(&'s Organization),
    /// Below an organization.
    User(&'s User),
    /// Below a user.
    Extension(&'s Extension),
}

/// The kinds of accounts, the highest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The administrator.
    Administrator,
    /// A service provider.
    Provider,
    /// An organization.
    Organization,
    /// A user.
    User,
    /// An extension.
    Extension,
}

impl Kind {
    /// Gives the word in files and for people.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Provider => "provider",
            Self::Organization => "organization",
            Self::User => "user",
            Self::Extension => "extension",
        }
    }
}

impl<'s> Account<'s> {
    /// Finds an account by its id, an extension by its number, or `administrator`.
    pub fn find(snapshot: &'s Snapshot, id: &str) -> Option<Self> {
        if id == "administrator" {
            return Some(Self::Administrator);
        }
        let provider = || snapshot.provider(id).map(Self::Provider);
        let organization = || snapshot.organization(id).map(Self::Organization);
        let user = || snapshot.user(id).map(Self::User);
        let extension = || snapshot.extension(id).map(Self::Extension);
        provider().or_else(organization).or_else(user).or_else(extension)
    }

    /// Gives its kind.
    pub const fn kind(self) -> Kind {
        match self {
            Self::Administrator => Kind::Administrator,
            Self::Provider(_) => Kind::Provider,
            Self::Organization(_) => Kind::Organization,
            Self::User(_) => Kind::User,
            Self::Extension(_) => Kind::Extension,
        }
    }

    /// Gives its id, or an extension's number.
    pub fn id(self) -> &'s str {
        match self {
            Self::Administrator => "administrator",
            Self::Provider(provider) => &provider.id,
            Self::Organization(organization) => &organization.id,
            Self::User(user) => &user.id,
            Self::Extension(extension) => &extension.number,
        }
    }

    /// Gives the account that a device belongs to by its record: the administrator where it names none.
    pub(super) fn owner_of(snapshot: &'s Snapshot, owner: Option<&str>) -> Option<Self> {
        owner.map_or(Some(Self::Administrator), |id| Self::find(snapshot, id))
    }

    /// Gives the account right above it; an account that hangs in the air is under the administrator.
    pub fn parent(self, snapshot: &'s Snapshot) -> Option<Self> {
        let above = match self {
            Self::Administrator => return None,
            Self::Provider(_) => None,
            Self::Organization(organization) => snapshot.provider(&organization.provider).map(Self::Provider),
            Self::User(user) => snapshot.organization(&user.organization).map(Self::Organization),
            Self::Extension(extension) => snapshot.user(&extension.user).map(Self::User),
        };
        Some(above.unwrap_or(Self::Administrator))
    }

    /// Goes through the accounts from this one up to the administrator.
    pub fn upwards(self, snapshot: &'s Snapshot) -> impl Iterator<Item = Self> {
        std::iter::successors(Some(self), |account| account.parent(snapshot))
    }

    /// Tells whether both are the same account.
    pub fn is(self, other: Account<'_>) -> bool {
        self.kind() == other.kind() && self.id() == other.id()
    }

    /// Names its record; the administrator has none.
    pub fn record(self) -> Option<RecordRef> {
        let kind = match self {
            Self::Administrator => return None,
            Self::Provider(_) => RecordKind::Provider,
            Self::Organization(_) => RecordKind::Organization,
            Self::User(_) => RecordKind::User,
            Self::Extension(_) => RecordKind::Extension,
        };
        Some(RecordRef::new(kind, self.id()))
    }

    /// Gives what it may do by itself: the administrator all, an extension without a level of its own its user's.
    pub fn level(self, snapshot: &Snapshot) -> Level {
        match self {
            Self::Administrator => Level::Modify,
            Self::Provider(provider) => provider.provisioning,
            Self::Organization(organization) => organization.provisioning,
            Self::User(user) => user.provisioning,
            Self::Extension(extension) => extension.provisioning.unwrap_or_else(|| {
                snapshot.user(&extension.user).map(|user| user.provisioning).unwrap_or_default()
            }),
        }
    }
}
