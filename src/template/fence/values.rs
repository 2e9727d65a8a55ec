//! Values that a fenced text puts together: operators that know bounds, and what may lie in what.

use minijinja::value::{Value, ValueKind, ValueOrKwargs};
use minijinja::{Error, ErrorKind, functions};

use crate::template::escape::text_of;
use crate::template::fence::{spend, spend_text, stopped};

/// Most values in a list or table, those in its lists and tables included.
pub(super) const VALUES_MAX: usize = 4096;

/// Deepest nesting of lists and tables.
const DEEPEST: usize = 4;

/// Takes a value that was put together: a lazy one is made, a long text, a long list and a deep one are refused.
pub(super) fn weighed(value: Value) -> Result<Value, Error> {
    if let Some(text) = value.as_str() {
        spend_text(text.len())?;
        return Ok(value);
    }
    let value = match value.kind() {
        ValueKind::Iterable => value.try_iter()?.take(VALUES_MAX + 1).collect(),
        ValueKind::Map | ValueKind::Seq => value,
        _ => return Ok(value),
    };
    let mut left = VALUES_MAX;
    weigh(&value, &mut left, 0)?;
    spend((VALUES_MAX - left) * size_of::<Value>())?;
    Ok(value)
}

fn weigh(value: &Value, left: &mut usize, depth: usize) -> Result<(), Error> {
    let long = || stopped("puts too many values into a list; take fewer");
    *left = left.checked_sub(1).ok_or_else(long)?;
    if !matches!(value.kind(), ValueKind::Iterable | ValueKind::Map | ValueKind::Seq) {
        return Ok(());
    }
    // What templates are given is no list that could be walked, or a short one.
    let Ok(items) = value.try_iter() else {
        return Ok(());
    };
    if depth == DEEPEST {
        return Err(stopped("puts lists into lists too deep; write them side by side"));
    }
    for item in items {
        let item = if value.kind() == ValueKind::Map { value.get_item(&item)? } else { item };
        weigh(&item, left, depth + 1)?;
    }
    Ok(())
}

/// Makes a namespace, which like its later values may hold none: what holds itself is walked for ever, and never freed.
pub(super) fn namespace(first: Option<ValueOrKwargs>) -> Result<Value, Error> {
    if let Some(first) = &first {
        for name in first.try_iter()? {
            plain(&first.get_item(&name)?)?;
        }
    }
    functions::namespace(first)
}

/// Refuses what is no text, number or truth value, nor a list of them.
pub(super) fn plain(value: &Value) -> Result<(), Error> {
    let is_single =
        |value: &Value| !matches!(value.kind(), ValueKind::Iterable | ValueKind::Map | ValueKind::Seq);
    if is_single(value) {
        return Ok(());
    }
    let is_list = value.kind() == ValueKind::Seq && value.len().is_some_and(|length| length <= VALUES_MAX);
    if is_list && value.try_iter()?.all(|item| is_single(&item)) {
        return Ok(());
    }
    Err(stopped("keeps a table in a namespace; keep texts, numbers and lists of them"))
}

pub(super) fn concat(left: &Value, right: &Value) -> Result<Value, Error> {
    let text = |value: &Value| {
        if value.is_undefined() {
            return Err(Error::from(ErrorKind::UndefinedError));
        }
        match value.kind() {
            ValueKind::None => Ok(value.to_string()),
            _ => match text_of(value) {
                Some(text) => Ok(text.into_owned()),
                None => Err(stopped("joins a list to a text; join its items")),
            },
        }
    };
    let (left, right) = (text(left)?, text(right)?);
    spend_text(left.len() + right.len())?;
    Ok(Value::from(left + &right))
}

pub(super) fn add(left: &Value, right: &Value) -> Result<Value, Error> {
    if let (Some(left), Some(right)) = (left.as_str(), right.as_str()) {
        spend_text(left.len() + right.len())?;
        return Ok(Value::from(format!("{left}{right}")));
    }
    let is_list = |value: &Value| matches!(value.kind(), ValueKind::Iterable | ValueKind::Seq);
    if is_list(left) && is_list(right) {
        let items = left.try_iter()?.chain(right.try_iter()?);
        return weighed(items.take(VALUES_MAX + 1).collect());
    }
    numbers(left, right, i64::checked_add, |left, right| left + right)
}

pub(super) fn multiply(left: &Value, right: &Value) -> Result<Value, Error> {
    let times = |text: &str, times: &Value| {
        let count = i64::try_from(times.clone())?;
        let count = usize::try_from(count).unwrap_or_default();
        spend_text(text.len().saturating_mul(count))?;
        Ok(Value::from(text.repeat(count)))
    };
    match (left.as_str(), right.as_str()) {
        (Some(text), None) => times(text, right),
        (None, Some(text)) => times(text, left),
        _ => numbers(left, right, i64::checked_mul, |left, right| left * right),
    }
}

fn numbers(
    left: &Value,
    right: &Value,
    whole: fn(i64, i64) -> Option<i64>,
    broken: fn(f64, f64) -> f64,
) -> Result<Value, Error> {
    let both = left.kind() == ValueKind::Number && right.kind() == ValueKind::Number;
    let unfit = || stopped("calculates with what is no number, or leaves the range of numbers");
    if !both {
        return Err(unfit());
    }
    if left.is_integer() && right.is_integer() {
        let (left, right) = (i64::try_from(left.clone())?, i64::try_from(right.clone())?);
        return whole(left, right).map(Value::from).ok_or_else(unfit);
    }
    Ok(Value::from(broken(f64::try_from(left.clone())?, f64::try_from(right.clone())?)))
}

/// Gives a part of a text or list, like `value[start:stop:step]`, where the step is 1.
pub(super) fn slice(value: &Value, start: Value, stop: Value, step: Value) -> Result<Value, Error> {
    if !step.is_none() && i64::try_from(step)? != 1 {
        return Err(stopped("takes a part of a list in steps; only steps of 1 are possible"));
    }
    let bound = |bound: Value, length: usize, usual: usize| -> Result<usize, Error> {
        if bound.is_none() {
            return Ok(usual);
        }
        let bound = i64::try_from(bound)?;
        let from_end = usize::try_from(bound.unsigned_abs()).unwrap_or(usize::MAX);
        Ok(if bound < 0 { length.saturating_sub(from_end) } else { from_end.min(length) })
    };
    if let Some(text) = value.as_str() {
        spend_text(text.len())?;
        let length = text.chars().count();
        let (start, stop) = (bound(start, length, 0)?, bound(stop, length, length)?);
        let part: String = text.chars().skip(start).take(stop.saturating_sub(start)).collect();
        return Ok(Value::from(part));
    }
    let items: Vec<Value> = value.try_iter()?.take(VALUES_MAX + 1).collect();
    let (start, stop) = (bound(start, items.len(), 0)?, bound(stop, items.len(), items.len())?);
    weighed(items.into_iter().skip(start).take(stop.saturating_sub(start)).collect())
}
