//! What can be changed.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Values of a record by its keys as the fleet's files have them; null takes a key away.
pub type Fields = Map<String, Value>;

/// One change.
///
/// A device is called by its id, serial or MAC address, or by its name where only one has it; everything else by the
/// value of its key. Fields are those of the record in the fleet's files, in their words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "operation", rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields)]
pub enum Edit {
    /// Adds a provider, organization or user (`kind`).
    AccountAdd {
        /// `provider`, `organization` or `user`.
        kind: String,
        /// The record.
        fields: Fields,
    },
    /// Changes an account.
    AccountEdit {
        /// Its id.
        account: String,
        /// What changes.
        fields: Fields,
    },
    /// Removes an account that nothing hangs on.
    AccountRemove {
        /// Its id.
        account: String,
    },
    /// Sets what an account, or an extension, may do.
    LevelSet {
        /// Its id or number.
        account: String,
        /// `none`, `view` or `modify`; null has an extension inherit its user's.
        level: Option<String>,
    },
    /// Adds an extension.
    ExtensionAdd {
        /// The record.
        fields: Fields,
    },
    /// Changes an extension.
    ExtensionEdit {
        /// Its number.
        extension: String,
        /// What changes.
        fields: Fields,
    },
    /// Removes an extension; a line that it is on is cleared.
    ExtensionRemove {
        /// Its number.
        extension: String,
    },
    /// Adds a device; one that is there already with the same serial and the same fields is no change.
    DeviceAdd {
        /// The record; without a serial one is generated.
        fields: Fields,
    },
    /// Changes a device.
    DeviceEdit {
        /// What it is called.
        device: String,
        /// What changes.
        fields: Fields,
    },
    /// Removes a device.
    DeviceRemove {
        /// What it is called.
        device: String,
    },
    /// Takes a device's extensions off its lines, and its organization.
    DeviceClear {
        /// What it is called.
        device: String,
    },
    /// Has a device get its files.
    DeviceEnable {
        /// What it is called.
        device: String,
    },
    /// Has a device get nothing.
    DeviceDisable {
        /// What it is called.
        device: String,
    },
    /// Gives a device a new serial; the old URL is dead at once.
    DeviceRotate {
        /// What it is called.
        device: String,
    },
    /// Generates the password of a device's administrator.
    DevicePassword {
        /// What it is called.
        device: String,
    },
    /// Adds a template.
    TemplateAdd {
        /// The record, without equipment.
        fields: Fields,
    },
    /// Changes a template's name or visibility.
    TemplateEdit {
        /// Its id.
        template: String,
        /// What changes.
        fields: Fields,
    },
    /// Removes a template that no device uses.
    TemplateRemove {
        /// Its id.
        template: String,
    },
    /// Makes a template one for a model and firmware, too.
    TemplateEquip {
        /// Its id.
        template: String,
        /// The model.
        model: String,
        /// The firmware.
        firmware: String,
    },
    /// Takes a model and firmware out of a template.
    TemplateUnequip {
        /// Its id.
        template: String,
        /// The model.
        model: String,
        /// The firmware.
        firmware: String,
    },
    /// Gives a file a body of its own, or has it use the default one.
    TemplateFile {
        /// The template's id.
        template: String,
        /// The model.
        model: String,
        /// The firmware.
        firmware: String,
        /// The file's name in the catalog.
        file: String,
        /// The body; null uses the default one.
        body: Option<String>,
    },
    /// Puts an exported template's equipment into a template; into `default`, the administrator alone.
    TemplateImport {
        /// Its id.
        template: String,
        /// What an export gave.
        exported: Value,
    },
    /// Sets global preferences.
    PreferencesSet {
        /// What changes.
        fields: Fields,
    },
    /// Adds a login.
    LoginAdd {
        /// The record; `password` in plain text, which is kept hashed.
        fields: Fields,
    },
    /// Changes a login.
    LoginEdit {
        /// Its id.
        login: String,
        /// What changes.
        fields: Fields,
    },
    /// Removes a login with its tokens.
    LoginRemove {
        /// Its id.
        login: String,
    },
    /// Makes a token, whose secret half is shown once.
    TokenAdd {
        /// `login`, `name`, `scope` and `expires`.
        fields: Fields,
    },
    /// Revokes a token.
    TokenRevoke {
        /// Its id.
        token: String,
    },
    /// Adds a group of logins.
    GroupAdd {
        /// The record.
        fields: Fields,
    },
    /// Changes a group.
    GroupEdit {
        /// Its id.
        group: String,
        /// What changes.
        fields: Fields,
    },
    /// Removes a group with its grants; its logins stay.
    GroupRemove {
        /// Its id.
        group: String,
    },
    /// Puts a login into a group.
    GroupJoin {
        /// The group's id.
        group: String,
        /// The login's id.
        login: String,
    },
    /// Takes a login out of a group.
    GroupLeave {
        /// The group's id.
        group: String,
        /// The login's id.
        login: String,
    },
    /// Grants a login or a group something on a platform.
    GrantAdd {
        /// The record; without an id one is made of its holder and platform.
        fields: Fields,
    },
    /// Changes what a grant gives.
    GrantEdit {
        /// Its id.
        grant: String,
        /// What changes.
        fields: Fields,
    },
    /// Takes a grant back.
    GrantRemove {
        /// Its id.
        grant: String,
    },
    /// Puts a job on the list of a grant.
    GrantPermit {
        /// The grant's id.
        grant: String,
        /// The job's id.
        job: String,
    },
    /// Takes a job off the lists of a grant.
    GrantRevoke {
        /// The grant's id.
        grant: String,
        /// The job's id.
        job: String,
    },
    /// Builds a job.
    JobAdd {
        /// The record.
        fields: Fields,
    },
    /// Edits a job, and counts its version up.
    JobEdit {
        /// Its id.
        job: String,
        /// What changes.
        fields: Fields,
    },
    /// Deletes a job, and takes it off the lists of grants.
    JobRemove {
        /// Its id.
        job: String,
    },
}
