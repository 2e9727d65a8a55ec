//! A phone's file: out of the cache, or out of its template.
//!
//! Promises: no file without a [`Permit`]; a file that fails to render leaves the last good one standing; what
//! is kept is used only while everything that it came from is as it was. Read next: `Subject::context` for
//! what a template sees.

mod context;
mod effective;
mod line;
mod objects;
mod subject;

use std::sync::Arc;

use compact_str::CompactString;

use crate::identify::CommonFile;
use crate::model::Protocol;
use crate::permit::Permit;
use crate::snapshot::{CacheKey, Form, Phone, Rendered, Snapshot};
use crate::template::{Body, TemplateError};

/// What a file is rendered for.
#[derive(Clone, Copy)]
pub enum Subject<'s> {
    /// Every phone of a kind, over this protocol.
    Common(CommonFile<'s>, Protocol),
    /// One phone, and the place of the file in its firmware.
    Phone(Phone<'s>, u16),
}

/// What becomes of secrets in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrets {
    /// A template that prints one fails.
    Forbid,
    /// They are shown as asterisks.
    Mask,
    /// They are written as they are.
    Write,
}

/// Why a file could not be rendered.
#[derive(Debug, Clone, thiserror::Error)]
#[error("cannot render {file} of {subject}")]
pub struct RenderError {
    /// The file's name in the catalog.
    pub file: String,
    /// The device's name, or the model's where the file is common.
    pub subject: CompactString,
    /// Where the template failed.
    pub source: TemplateError,
}

/// A file to hand out, and how it came about.
pub enum Outcome {
    /// It was kept and is as fresh as the snapshot.
    Kept(Arc<Rendered>),
    /// It was rendered now.
    Made(Arc<Rendered>),
    /// Rendering failed; the last good one stands in.
    Stale(Arc<Rendered>, RenderError),
}

/// Does work that takes long: rendering, which everything else takes a hundredth of.
pub type Aside = fn(&mut dyn FnMut());

/// Gives a file, rendering it `aside` if it is not kept.
///
/// # Errors
/// The template failed, and no earlier file is kept.
pub fn render(
    snapshot: &Snapshot,
    _: &Permit,
    subject: &Subject<'_>,
    aside: Aside,
) -> Result<Outcome, RenderError> {
    let (whose, file) = subject.key();
    let key = CacheKey { whose: &whose, file };
    let kept = snapshot.cache().get(&key);
    if let Some(kept) = kept.as_ref().filter(|kept| kept.is_current(snapshot, || subject.since(snapshot))) {
        return Ok(Outcome::Kept(Arc::clone(kept)));
    }
    let mut written = Ok(Vec::new());
    aside(&mut || written = whole(snapshot, subject));
    match written {
        Ok(body) => {
            let content_type = subject.file().content_type.clone();
            let (coding, since) = (subject.content_coding(), subject.since(snapshot));
            let rendered = Arc::new(Rendered::new(snapshot, body, content_type, coding, since));
            snapshot.cache().put(&key, Arc::clone(&rendered));
            Ok(Outcome::Made(rendered))
        }
        Err(error) => match kept {
            Some(kept) => Ok(Outcome::Stale(kept, error)),
            None => Err(error),
        },
    }
}

/// Renders a file to the last byte, as its phone gets it, and keeps nothing of it.
///
/// # Errors
/// The template failed, or the phone would not take what it wrote.
pub fn whole(snapshot: &Snapshot, subject: &Subject<'_>) -> Result<Vec<u8>, RenderError> {
    let text = write(snapshot, subject, subject.secrets(Secrets::Write), subject.body())?;
    let finished = match subject.form() {
        Form::Encrypted(_, key) => subject.file().finish.file(text, subject.mac(), Some(key)),
        Form::Clear | Form::Withheld => subject.file().finish.file(text, subject.mac(), None),
    };
    finished.map_err(|unfit| subject.unfit(&unfit))
}

/// Renders the text of a file for an operator's eyes; `reveal` shows the secrets in it.
///
/// # Errors
/// The template failed.
pub fn preview(snapshot: &Snapshot, subject: &Subject<'_>, reveal: bool) -> Result<Vec<u8>, RenderError> {
    let secrets = subject.secrets(if reveal { Secrets::Write } else { Secrets::Mask });
    write(snapshot, subject, secrets, subject.body())
}

/// Renders a file from a body that is not its own, or from the catalog's template, secrets masked.
///
/// # Errors
/// The template failed.
pub fn preview_of(
    snapshot: &Snapshot,
    subject: &Subject<'_>,
    body: Option<&Body>,
) -> Result<Vec<u8>, RenderError> {
    write(snapshot, subject, subject.secrets(Secrets::Mask), body)
}

fn write(
    snapshot: &Snapshot,
    subject: &Subject<'_>,
    secrets: Secrets,
    body: Option<&Body>,
) -> Result<Vec<u8>, RenderError> {
    let (file, context) = (subject.file(), subject.context(snapshot, secrets));
    let text = match body {
        Some(body) => body.render(context),
        None => snapshot.world().catalog.engine().render(&file.template, context),
    };
    let text = text.map_err(|source| subject.error(source))?;
    let text = file.syntax.charset.encode(text, file.syntax.escape, file.syntax.newline);
    file.finish.text(text, &file.syntax).map_err(|unfit| subject.unfit(&unfit))
}
