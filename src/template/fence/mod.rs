//! The fence around texts of those who are not trusted.
//!
//! The engine counts instructions; but one instruction can double a text, and forty of them fill the memory. A list can
//! be put into itself until whoever walks it runs out of stack. So such a text runs with its own instructions replaced
//! by ones that are metered. Promises: what it makes is bounded, what it puts together is flat, and it is stopped in
//! time; the catalog's templates that it includes run as they are.

mod check;
mod instructions;
mod values;

use std::cell::Cell;
use std::time::Instant;

use minijinja::value::{Rest, Value, ValueOrKwargs};
use minijinja::{Environment, Error, ErrorKind, State, filters};

pub(super) use self::check::check;
pub(super) use self::instructions::fenced;

use self::instructions::{ADD, CONCAT, MULTIPLY, PLAIN, SLICE, TICK, WEIGH};
use self::values::{VALUES_MAX, add, concat, multiply, namespace, plain, slice, weighed};
use crate::template::Limits;

/// Longest text that may be put together, in bytes; what is written may be longer.
const TEXT_MAX: usize = 64 << 10;

/// How many times the size of a file may be made in texts on the way to it.
const TEXTS: usize = 8;

/// Highest width of a formatted number.
const WIDTH_MAX: usize = 64;

/// What a rendering may still use up.
#[derive(Clone, Copy)]
struct Left {
    bytes: usize,
    until: Instant,
}

thread_local! {
    /// The meter of the rendering on this thread, where it is fenced; a rendering never waits and never moves.
    static LEFT: Cell<Option<Left>> = const { Cell::new(None) };
}

/// Meters what runs on this thread until it is dropped.
pub(super) struct Meter(());

impl Meter {
    pub(super) fn start(limits: &Limits) -> Self {
        let bytes = limits.output_bytes.saturating_mul(TEXTS);
        LEFT.set(Some(Left { bytes, until: Instant::now() + limits.time }));
        Self(())
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        LEFT.set(None);
    }
}

/// Counts bytes that are written or about to be made; outside a fence everything is free.
pub(super) fn spend(bytes: usize) -> Result<(), Error> {
    let Some(left) = LEFT.get() else {
        return Ok(());
    };
    let Some(rest) = left.bytes.checked_sub(bytes) else {
        return Err(stopped("makes too much text on the way to a file that `rendering.output` allows"));
    };
    LEFT.set(Some(Left { bytes: rest, ..left }));
    if Instant::now() > left.until {
        return Err(stopped("takes longer than `rendering.time` allows"));
    }
    Ok(())
}

/// Counts a text that is about to be made.
pub(super) fn spend_text(bytes: usize) -> Result<(), Error> {
    if LEFT.get().is_some() && bytes > TEXT_MAX {
        return Err(stopped("makes a text that is too long; write it in pieces"));
    }
    spend(bytes)
}

fn stopped(message: &'static str) -> Error {
    Error::new(ErrorKind::InvalidOperation, message)
}

/// Makes an environment one for fenced texts: with functions in place of operators, and without what has no bounds.
pub(super) fn fence(environment: &mut Environment<'static>) {
    environment.set_recursion_limit(200);
    environment.remove_global("dict");
    environment.add_function("namespace", namespace);
    environment.add_function(PLAIN, |value: Value| plain(&value).map(|()| value));
    environment.add_function(CONCAT, concat);
    environment.add_function(ADD, add);
    environment.add_function(MULTIPLY, multiply);
    environment.add_function(SLICE, slice);
    environment.add_function(WEIGH, |value: Value| weighed(value));
    environment.add_function(TICK, || spend(0));
    let without_bounds = [
        "attr",
        "batch",
        "chain",
        "dictsort",
        "groupby",
        "indent",
        "pprint",
        "safe",
        "slice",
        "sum",
        "tojson",
        "urlencode",
        "zip",
    ];
    for name in without_bounds {
        environment.remove_filter(name);
    }
    for (name, filter) in metered() {
        environment.add_filter(name, move |state: &mut State<'_, '_>, args: Rest<ValueOrKwargs>| {
            let args = args.into_values();
            for text in args.iter().filter_map(Value::as_str) {
                spend_text(text.len())?;
            }
            bounded(name, &args)?;
            weighed(filter.call(state, &args)?)
        });
    }
}

/// Lists the filters that make no more than they are given, those aside that [`bounded`] looks at.
fn metered() -> Vec<(&'static str, Value)> {
    vec![
        ("abs", Value::from_function(filters::abs)),
        ("bool", Value::from_function(filters::bool)),
        ("capitalize", Value::from_function(filters::capitalize)),
        ("count", Value::from_function(filters::length)),
        ("d", Value::from_function(filters::default)),
        ("default", Value::from_function(filters::default)),
        ("first", Value::from_function(filters::first)),
        ("float", Value::from_function(filters::float)),
        ("format", Value::from_function(filters::format)),
        ("int", Value::from_function(filters::int)),
        ("items", Value::from_function(filters::items)),
        ("join", Value::from_function(filters::join)),
        ("last", Value::from_function(filters::last)),
        ("length", Value::from_function(filters::length)),
        ("lines", Value::from_function(filters::lines)),
        ("list", Value::from_function(filters::list)),
        ("lower", Value::from_function(filters::lower)),
        ("map", Value::from_function(filters::map)),
        ("max", Value::from_function(filters::max)),
        ("min", Value::from_function(filters::min)),
        ("reject", Value::from_function(filters::reject)),
        ("rejectattr", Value::from_function(filters::rejectattr)),
        ("replace", Value::from_function(filters::replace)),
        ("reverse", Value::from_function(filters::reverse)),
        ("round", Value::from_function(filters::round)),
        ("select", Value::from_function(filters::select)),
        ("selectattr", Value::from_function(filters::selectattr)),
        ("sort", Value::from_function(filters::sort)),
        ("split", Value::from_function(filters::split)),
        ("string", Value::from_function(filters::string)),
        ("title", Value::from_function(filters::title)),
        ("trim", Value::from_function(filters::trim)),
        ("unique", Value::from_function(filters::unique)),
        ("upper", Value::from_function(filters::upper)),
    ]
}

/// Refuses what would make more than it is given, before it does.
fn bounded(filter: &str, args: &[Value]) -> Result<(), Error> {
    match (filter, args) {
        ("replace", [text, from, to, ..]) => {
            let (text, from, to) = (text.to_string(), from.to_string(), to.to_string());
            spend_text(text.len().saturating_add(text.matches(&from).count().saturating_mul(to.len())))
        }
        ("join", [list, rest @ ..]) => {
            let between = rest.first().and_then(Value::as_str).map_or(0, str::len);
            let items = list.try_iter()?.take(VALUES_MAX + 1);
            let sum = items.map(|item| item.as_str().map_or(16, str::len) + between).sum();
            spend_text(sum)
        }
        ("format", [pattern, ..]) => {
            let wide = pattern.as_str().unwrap_or_default().split('%').skip(1).any(|rest| {
                let digits = rest.trim_start_matches(['-', '+', ' ', '#', '0', '.']);
                let number: String = digits.chars().take_while(char::is_ascii_digit).collect();
                let precise = digits[number.len()..].trim_start_matches('.');
                let precision: String = precise.chars().take_while(char::is_ascii_digit).collect();
                let is_wide = |number: &str| {
                    !number.is_empty() && number.parse().map_or(true, |number: usize| number > WIDTH_MAX)
                };
                is_wide(&number)
                    || is_wide(&precision)
                    || rest.split(char::is_alphabetic).next().is_some_and(|flags| flags.contains('*'))
            });
            if wide { Err(stopped("formats too wide; give a width of at most 64")) } else { Ok(()) }
        }
        _ => Ok(()),
    }
}
