//! Whom a file is for, and what follows from that.

use std::borrow::Cow;

use compact_str::CompactString;

use crate::catalog::{File, FileScope};
use crate::finish::Unfit;
use crate::model::Mac;
use crate::render::{RenderError, Secrets, Subject};
use crate::snapshot::{Form, Snapshot, Stamp};
use crate::template::{Body, TemplateError};

impl<'s> Subject<'s> {
    /// Gives the file.
    ///
    /// # Panics
    /// When the place of the file is not one of the phone's firmware; `identify` gives no other.
    pub fn file(&self) -> &'s File {
        match self {
            Self::Common(common, _) => common.file,
            Self::Phone(phone, at) => &phone.firmware.files[usize::from(*at)],
        }
    }

    /// Gives the body that stands in for the catalog's template.
    pub(super) fn body(&self) -> Option<&'s Body> {
        match self {
            Self::Common(..) => None,
            Self::Phone(phone, at) => phone.body(*at),
        }
    }

    pub(super) fn name(&self) -> CompactString {
        match self {
            Self::Common(common, _) => CompactString::from(&*common.model.id),
            Self::Phone(phone, _) => phone.device.name.clone(),
        }
    }

    pub(super) fn mac(&self) -> Option<Mac> {
        match self {
            Self::Common(..) => None,
            Self::Phone(phone, _) => phone.device.mac,
        }
    }

    pub(super) fn form(&self) -> Form<'s> {
        match self {
            Self::Common(..) => Form::Clear,
            Self::Phone(phone, _) => phone.form(self.file()),
        }
    }

    pub(super) fn content_coding(&self) -> Option<&'static str> {
        match self.form() {
            Form::Encrypted(encryption, _) => encryption.content_coding(),
            Form::Clear | Form::Withheld => None,
        }
    }

    pub(super) fn error(&self, source: TemplateError) -> RenderError {
        RenderError { file: self.file().name.clone(), subject: self.name(), source }
    }

    pub(super) fn unfit(&self, unfit: &Unfit) -> RenderError {
        let template = self.file().template.clone();
        self.error(TemplateError { template, line: 0, message: unfit.to_string() })
    }

    /// Common files and those that the catalog says hold none get no secrets to print.
    pub(super) fn secrets(&self, wanted: Secrets) -> Secrets {
        let file = self.file();
        if file.secrets && file.scope == FileScope::Phone { wanted } else { Secrets::Forbid }
    }

    pub(super) fn since(&self, snapshot: &Snapshot) -> Stamp {
        let world = snapshot.world();
        match self {
            Self::Common(common, _) => world.rules_since.max(world.vendors_since[common.model.vendor]),
            Self::Phone(phone, at) => phone.file_since(*at),
        }
    }

    /// Names whose file it is, and the file's place.
    pub(super) fn key(&self) -> (Cow<'s, str>, u16) {
        match self {
            // No serial has a star in it.
            Self::Common(common, protocol) => {
                (format!("*{}*{}*{protocol}", common.model.id, common.firmware.id).into(), common.at)
            }
            Self::Phone(phone, at) => (phone.device.serial.expose().into(), *at),
        }
    }
}
