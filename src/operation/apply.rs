//! One edit: the area that drafts it.

use crate::edit::Draft;
use crate::operation::engine::Applied;
use crate::operation::template::FileOf;
use crate::operation::{Caller, Edit, Problem};
use crate::operation::{account, device, extension, grant, group, job, login, preferences, template};
use crate::rights::Actor;

/// Drafts an edit as the actor may do it; nothing is tried out or written.
pub(super) fn apply(
    draft: &mut Draft,
    actor: &Actor<'_>,
    caller: &Caller,
    edit: &Edit,
) -> Result<Applied, Problem> {
    match edit {
        Edit::AccountAdd { kind, fields } => account::add(draft, actor, kind, fields),
        Edit::AccountEdit { account, fields } => account::edit(draft, actor, account, fields),
        Edit::AccountRemove { account } => account::remove(draft, actor, account),
        Edit::LevelSet { account, level } => account::set_level(draft, actor, account, level.as_deref()),
        Edit::ExtensionAdd { fields } => extension::add(draft, actor, fields),
        Edit::ExtensionEdit { extension, fields } => extension::edit(draft, actor, extension, fields),
        Edit::ExtensionRemove { extension } => extension::remove(draft, actor, extension),
        Edit::DeviceAdd { fields } => device::add(draft, actor, fields),
        Edit::DeviceEdit { device, fields } => device::edit(draft, actor, device, fields),
        Edit::DeviceRemove { device } => device::remove(draft, actor, device),
        Edit::DeviceClear { device } => device::clear(draft, actor, device),
        Edit::DeviceEnable { device } => device::set_status(draft, actor, device, "enabled"),
        Edit::DeviceDisable { device } => device::set_status(draft, actor, device, "disabled"),
        Edit::DeviceRotate { device } => device::rotate(draft, actor, device),
        Edit::DevicePassword { device } => device::password(draft, actor, device),
        Edit::TemplateAdd { fields } => template::add(draft, actor, fields),
        Edit::TemplateEdit { template, fields } => template::edit(draft, actor, template, fields),
        Edit::TemplateRemove { template } => template::remove(draft, actor, template),
        Edit::TemplateEquip { template, model, firmware } => {
            template::equip(draft, actor, template, model, firmware)
        }
        Edit::TemplateUnequip { template, model, firmware } => {
            template::unequip(draft, actor, template, model, firmware)
        }
        Edit::TemplateFile { template, model, firmware, file, body } => {
            template::set_file(draft, actor, &FileOf { template, model, firmware, file }, body.as_deref())
        }
        Edit::TemplateImport { template, exported } => template::import(draft, actor, template, exported),
        Edit::PreferencesSet { fields } => preferences::set(draft, actor, fields),
        Edit::JobAdd { fields } => job::add(draft, actor, caller, fields),
        Edit::JobEdit { job, fields } => job::edit(draft, actor, caller, job, fields),
        Edit::JobRemove { job } => job::remove(draft, actor, caller, job),
        Edit::LoginAdd { fields } => login::add(draft, actor, fields),
        Edit::LoginEdit { login, fields } => login::edit(draft, actor, login, fields),
        Edit::LoginRemove { login } => login::remove(draft, actor, login),
        Edit::TokenAdd { fields } => login::add_token(draft, actor, fields),
        Edit::TokenRevoke { token } => login::revoke_token(draft, actor, token),
        Edit::GroupAdd { fields } => group::add(draft, actor, fields),
        Edit::GroupEdit { group, fields } => group::edit(draft, actor, group, fields),
        Edit::GroupRemove { group } => group::remove(draft, actor, group),
        Edit::GroupJoin { group, login } => group::join(draft, actor, group, login),
        Edit::GroupLeave { group, login } => group::leave(draft, actor, group, login),
        Edit::GrantAdd { fields } => grant::add(draft, actor, fields),
        Edit::GrantEdit { grant, fields } => grant::edit(draft, actor, grant, fields),
        Edit::GrantRemove { grant } => grant::remove(draft, actor, grant),
        Edit::GrantPermit { grant, job } => grant::permit(draft, actor, grant, job),
        Edit::GrantRevoke { grant, job } => grant::revoke(draft, actor, grant, job),
    }
}
