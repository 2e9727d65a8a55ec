//! The template engine with its limits.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use minijinja::machinery::{eval, get_compiled_template, make_string_output};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior};

use crate::template::Escape;
use crate::template::escape::{join_secret, text_of};
use crate::template::fence::{self, Meter, fenced};

/// What one rendering may use up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// Instructions of the engine.
    pub fuel: u32,
    /// Bytes of output.
    pub output_bytes: usize,
    /// Time.
    pub time: Duration,
}

/// Compiled templates by name.
#[derive(Debug, Default)]
pub struct Engine {
    environment: Environment<'static>,
    limits: Limits,
    /// Templates that are there and do not compile.
    broken: BTreeSet<String>,
}

/// Why a template did not compile or render.
///
/// Says where, and what in the template's own words; never a value that it was given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("template {template}{}: {message}", At(*.line))]
pub struct TemplateError {
    /// Name of the template.
    pub template: String,
    /// Line in it, from 1; 0 where it is about all of them.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

/// Says a line where there is one.
struct At(usize);

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 { Ok(()) } else { write!(f, ", line {}", self.0) }
    }
}

impl Engine {
    /// Compiles templates by name; those that do not compile are told and left out.
    pub fn compile(templates: BTreeMap<String, String>, limits: Limits) -> (Self, Vec<TemplateError>) {
        let mut environment = Environment::new();
        environment.set_fuel(Some(u64::from(limits.fuel)));
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment
            .set_auto_escape_callback(|name| AutoEscape::Custom(Escape::of_template(name).name().into()));
        environment.set_formatter(format);
        environment.set_syntax(syntax());
        // The engine's own debugging would put values into errors.
        environment.set_debug(false);
        environment.remove_global("debug");
        // Nothing that a record says may leave its place in a file, whatever a template means to do with it.
        environment.remove_filter("safe");
        environment.add_function("secret", join_secret);
        environment.add_filter("onoff", |flag: bool| if flag { "on" } else { "off" });
        environment.add_filter("yesno", |flag: bool| if flag { "Yes" } else { "No" });
        let mut errors = Vec::new();
        for (name, source) in templates {
            if let Err(error) = environment.add_template_owned(name.clone(), source) {
                errors.push(TemplateError::of(&name, &error));
            }
        }
        let broken = errors.iter().map(|error| error.template.clone()).collect();
        (Self { environment, limits, broken }, errors)
    }

    /// Makes an engine for texts of those who are not trusted: it has those of these templates that `may` names.
    pub fn fenced(&self, may: impl Fn(&str) -> bool) -> Self {
        let mut environment = self.environment.clone();
        let names = self.environment.templates().map(|(name, _)| name);
        names.filter(|name| !may(name)).for_each(|name| environment.remove_template(name));
        fence::fence(&mut environment);
        Self { environment, limits: self.limits, broken: BTreeSet::new() }
    }

    /// Compiles the text of somebody who is not trusted: it may use the templates of this engine, which is fenced, and
    /// nobody sees it.
    ///
    /// # Errors
    /// Where and why it does not compile, under its `name`.
    pub fn compile_beside(
        self: &Arc<Self>,
        name: &str,
        source: &str,
        escape: Escape,
    ) -> Result<Body, TemplateError> {
        let failed = |line, message: &str| {
            let (template, message) = (name.to_owned(), message.to_owned());
            TemplateError { template, line, message }
        };
        fence::check(source, syntax()).map_err(|(line, message)| failed(line, message))?;
        // Alone, so that it cannot include itself without the fence.
        let mut own = Environment::empty();
        own.set_syntax(syntax());
        own.set_auto_escape_callback(move |_| AutoEscape::Custom(escape.name().into()));
        own.add_template_owned(name.to_owned(), source.to_owned())
            .map_err(|error| TemplateError::of(name, &error))?;
        Ok(Body { engine: Arc::clone(self), own, name: name.to_owned() })
    }

    /// Gives the text of a template.
    pub fn source(&self, name: &str) -> Option<String> {
        self.environment.get_template(name).ok().map(|template| template.source().to_owned())
    }

    /// Tells whether there is a template of this name, one that did not compile included.
    pub fn has(&self, name: &str) -> bool {
        self.environment.get_template(name).is_ok() || self.broken.contains(name)
    }

    /// Runs a template; `root` is what it sees.
    ///
    /// # Errors
    /// Where and why the template failed, a limit reached among the reasons.
    pub fn render(&self, name: &str, root: Value) -> Result<String, TemplateError> {
        let mut sink = Sink {
            text: Vec::with_capacity(8 * 1024),
            writes: 0,
            limits: self.limits,
            started: Instant::now(),
            exceeded: None,
        };
        let template =
            self.environment.get_template(name).map_err(|error| TemplateError::of(name, &error))?;
        match template.render_captured_to(root, &mut sink) {
            Ok(_) => String::from_utf8(sink.text).map_err(|_| TemplateError {
                template: name.to_owned(),
                line: 0,
                message: "wrote bytes that are not text".to_owned(),
            }),
            Err(error) => {
                let mut error = TemplateError::of(name, &error);
                if let Some(exceeded) = sink.exceeded {
                    error.message = exceeded.to_owned();
                }
                Err(error)
            }
        }
    }
}

/// A text of somebody who is not trusted, compiled beside the templates that it may use.
#[derive(Debug)]
pub struct Body {
    engine: Arc<Engine>,
    own: Environment<'static>,
    name: String,
}

impl Body {
    /// Runs it within its fence; `root` is what it sees.
    ///
    /// # Errors
    /// Where and why it failed, a limit reached among the reasons.
    pub fn render(&self, root: Value) -> Result<String, TemplateError> {
        let limits = &self.engine.limits;
        let _meter = Meter::start(limits);
        let failed = |error: &Error| TemplateError::of(&self.name, error);
        let template = self.own.get_template(&self.name).map_err(|error| failed(&error))?;
        let compiled = get_compiled_template(&template);
        // What is fenced borrows from what is not, so that it cannot be kept beside it; making it takes a fraction of
        // what running it takes.
        let instructions = fenced(&compiled.instructions);
        let blocks = compiled.blocks.iter().map(|(name, block)| (*name, fenced(block))).collect();
        let mut text = String::with_capacity(8 * 1024);
        let mut output = make_string_output(&mut text);
        let escape = compiled.initial_auto_escape.clone();
        let environment = &self.engine.environment;
        eval(environment, &instructions, root, &blocks, &mut output, escape)
            .map_err(|error| failed(&error))?;
        if text.len() > limits.output_bytes {
            let message = "writes more than `rendering.output` allows".to_owned();
            return Err(TemplateError { template: self.name.clone(), line: 0, message });
        }
        Ok(text)
    }
}

/// Gives how tags are set off from text.
fn syntax() -> SyntaxConfig {
    let syntax =
        SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build();
    syntax.unwrap_or_default()
}

impl TemplateError {
    fn of(name: &str, error: &Error) -> Self {
        // The innermost error is where it happened, in an included template perhaps.
        let mut inner = error;
        while let Some(next) = std::error::Error::source(inner).and_then(|source| source.downcast_ref()) {
            inner = next;
        }
        let message = match inner.kind() {
            ErrorKind::OutOfFuel => "uses more instructions than `rendering.fuel` allows".to_owned(),
            // Details of these kinds name what the template says; those of other kinds may quote values.
            ErrorKind::SyntaxError
            | ErrorKind::TemplateNotFound
            | ErrorKind::UndefinedError
            | ErrorKind::UnknownFilter
            | ErrorKind::UnknownFunction
            | ErrorKind::UnknownMethod
            | ErrorKind::UnknownTest => join(inner.kind(), inner.detail()),
            ErrorKind::InvalidOperation if inner.detail().is_some_and(is_ours) => {
                inner.detail().unwrap_or_default().to_owned()
            }
            kind => kind.to_string(),
        };
        let template = inner.name().or(error.name()).unwrap_or(name).to_owned();
        Self { template, line: inner.line().or(error.line()).unwrap_or_default(), message }
    }
}

/// Tells our own messages, which quote parameter names only, from the engine's.
fn is_ours(detail: &str) -> bool {
    let ours = [
        "is given a list",
        "this file cannot hold",
        "parameter",
        "cannot be printed",
        "cannot be switched off",
        "makes too much text",
        "makes a text that is too long",
        "takes longer than `rendering.time`",
        "formats too wide",
        "puts too many values",
        "puts lists into lists",
        "joins a list to a text",
        "keeps a table in a namespace",
        "calculates with what is no number",
        "takes a part of a list in steps",
    ];
    ours.iter().any(|part| detail.contains(part))
}

fn join(kind: ErrorKind, detail: Option<&str>) -> String {
    detail.map_or_else(|| kind.to_string(), |detail| format!("{kind}: {detail}"))
}

fn format(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    let Some(text) = text_of(value) else {
        return Err(Error::new(ErrorKind::InvalidOperation, "a list cannot be printed; join its items"));
    };
    fence::spend(text.len())?;
    if value.is_safe() {
        return out.write_str(&text).map_err(Error::from);
    }
    let escape = match state.auto_escape() {
        AutoEscape::Custom(name) if name == Escape::Xml.name() => Escape::Xml,
        AutoEscape::Custom(name) if name == Escape::Line.name() => Escape::Line,
        _ => {
            return Err(Error::new(
                ErrorKind::InvalidOperation,
                "escaping of a printed text cannot be switched off",
            ));
        }
    };
    escape.write(out, &text).map_err(Error::from)
}

/// Takes the output and stops it at the limits.
struct Sink {
    text: Vec<u8>,
    writes: u32,
    limits: Limits,
    started: Instant,
    exceeded: Option<&'static str>,
}

impl std::io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.writes = self.writes.wrapping_add(1);
        if self.text.len() + bytes.len() > self.limits.output_bytes {
            self.exceeded = Some("writes more than `rendering.output` allows");
        } else if self.writes.is_multiple_of(64) && self.started.elapsed() > self.limits.time {
            self.exceeded = Some("takes longer than `rendering.time` allows");
        }
        if self.exceeded.is_some() {
            return Err(std::io::ErrorKind::QuotaExceeded.into());
        }
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sink({} bytes)", self.text.len())
    }
}
