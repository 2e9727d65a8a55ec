//! Compiles and runs templates: minijinja, fenced in.
//!
//! Promises: an undefined name is an error, not an empty string; a template ends within its limits of
//! instructions, output and time; what it prints is escaped for the syntax of its file; an error names
//! template and line and never shows a value; a text of somebody who is not trusted runs within a fence, by itself.
//! Knows nothing of phones. Read next: [`Syntax`], for how a parameter is written, then `render` for what a template
//! sees.

mod charset;
mod engine;
mod escape;
mod fence;
#[cfg(test)]
mod hostile;
mod parameter;
mod syntax;
#[cfg(test)]
mod tests;

pub use self::charset::Charset;
pub use self::engine::{Body, Engine, Limits, TemplateError};
pub use self::escape::{Escape, SecretText};
pub use self::parameter::{Override, Overrides, Parameters};
pub use self::syntax::{InvalidPattern, Newline, Quote, Syntax};
