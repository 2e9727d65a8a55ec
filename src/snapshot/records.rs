//! The records of one file.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::model::{
    Device, Extension, Grant, Group, Job, Login, Organization, Preferences, Protocol, Provider, Template,
    Token, User,
};

/// Everything that one fleet file holds, in the order of the file.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Records {
    /// `[[device]]`
    pub devices: Listed<Device>,
    /// `[[extension]]`
    pub extensions: Listed<Extension>,
    /// `[[grant]]`
    pub grants: Listed<Grant>,
    /// `[[group]]`
    pub groups: Listed<Group>,
    /// `[[job]]`
    pub jobs: Listed<Job>,
    /// `[[login]]`
    pub logins: Listed<Login>,
    /// `[[organization]]`
    pub organizations: Listed<Organization>,
    /// `[preferences]`, at most one
    pub preferences: Listed<Preferences>,
    /// `[[provider]]`
    pub providers: Listed<Provider>,
    /// `[[template]]`
    pub templates: Listed<Template>,
    /// `[[token]]`
    pub tokens: Listed<Token>,
    /// `[[user]]`
    pub users: Listed<User>,
    /// What kinds of phones there are that ask without a serial in the path.
    pub open: BTreeSet<OpenPhones>,
}

impl Records {
    /// Puts the records of the next part of a file behind those that are there.
    pub(super) fn extend(&mut self, next: Self) {
        let Self {
            devices,
            extensions,
            grants,
            groups,
            jobs,
            logins,
            organizations,
            preferences,
            providers,
            templates,
            tokens,
            users,
            open,
        } = next;
        self.devices.extend(devices);
        self.extensions.extend(extensions);
        self.grants.extend(grants);
        self.groups.extend(groups);
        self.jobs.extend(jobs);
        self.logins.extend(logins);
        self.organizations.extend(organizations);
        self.preferences.extend(preferences);
        self.providers.extend(providers);
        self.templates.extend(templates);
        self.tokens.extend(tokens);
        self.users.extend(users);
        self.open.extend(open);
    }

    /// Tells whether there are providers, organizations or users among them.
    pub(super) fn has_accounts(&self) -> bool {
        !(self.providers.is_empty() && self.organizations.is_empty() && self.users.is_empty())
    }
}

/// Phones of one kind whose path names them by their MAC address, or not at all.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OpenPhones {
    /// Their model.
    pub model: Arc<str>,
    /// Their firmware, as their records name it.
    pub firmware: Arc<str>,
    /// Their protocol, as their records name it.
    pub protocol: Option<Protocol>,
    /// Whether their records ask for MAC-based provisioning.
    pub mac_based: bool,
    /// Whether their records have credentials.
    pub credentials: bool,
}

/// Records of one kind, each with the line that it begins on.
#[derive(Debug, PartialEq, Eq)]
pub struct Listed<T> {
    records: Vec<T>,
    lines: Vec<u32>,
}

impl<T> Default for Listed<T> {
    fn default() -> Self {
        Self { records: Vec::new(), lines: Vec::new() }
    }
}

impl<T> Listed<T> {
    pub(super) fn push(&mut self, record: T, line: u32) {
        self.records.push(record);
        self.lines.push(line);
    }

    fn extend(&mut self, next: Self) {
        self.records.extend(next.records);
        self.lines.extend(next.lines);
    }

    pub(super) fn shrink(&mut self) {
        self.records.shrink_to_fit();
        self.lines.shrink_to_fit();
    }

    /// Gives the record of a place.
    pub fn get(&self, at: u32) -> &T {
        &self.records[at as usize]
    }

    /// Gives the line that the record of a place begins on.
    pub fn line(&self, at: u32) -> u32 {
        self.lines[at as usize]
    }

    /// Tells how many there are.
    pub fn len(&self) -> u32 {
        u32::try_from(self.records.len()).unwrap_or(u32::MAX)
    }

    /// Tells whether there are none.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Goes through the records with their places.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        (0..).zip(&self.records)
    }
}
