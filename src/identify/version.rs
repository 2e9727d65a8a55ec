//! What a phone tells of its firmware.

use crate::catalog::Firmware;
use crate::identify::Identity;

impl<'s> Identity<'s, '_> {
    /// Gives the firmware of the device's model whose version the request tells.
    ///
    /// Where the record names another one, the phone's files may be in a format that it does not read; nothing is
    /// refused for that, since a phone that was updated shall get the file that brings it back, or on.
    pub fn told_firmware(&self) -> Option<&'s Firmware> {
        let phone = self.phone.as_ref()?;
        let version = self.told.agent.as_ref()?.version?;
        phone.model.firmware_of(version, phone.firmware)
    }
}
