//! Faults of the files that an edit would make, told to whoever made it.
//!
//! Promises: no path of the machine is told, and nothing of what the actor may not see.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use crate::document::Fault;
use crate::edit::Draft;
use crate::model::RecordRef;
use crate::operation::engine::Changed;
use crate::operation::{Code, Problem};
use crate::rights::{Account, Actor};

/// Makes a problem of the faults that an edit would bring.
pub(super) fn problem(actor: &Actor<'_>, faults: &[Fault]) -> Problem {
    let first = faults.iter().find(|fault| fault.is_error());
    let message = first.map(|fault| without_places(&fault.message)).unwrap_or_default();
    if quoted(&message).any(|word| is_hidden(actor, word)) || message.is_empty() {
        let message = "the change would not agree with another record, which is not yours to see";
        return Problem::new(Code::Conflict, message);
    }
    let is_taken = message.contains(" already ");
    let mut problem = Problem::new(if is_taken { Code::Conflict } else { Code::Invalid }, message);
    problem.field = first.and_then(|fault| fault.key.as_deref()).map(str::to_owned);
    problem
}

/// Gives what to look at in the records that were changed, as far as the actor may know of it.
pub(super) fn warnings(
    actor: &Actor<'_>,
    faults: &[Fault],
    draft: &Draft,
    changes: &[Changed],
) -> Vec<String> {
    let mut by_path: BTreeMap<&Path, Vec<&Fault>> = BTreeMap::new();
    for fault in faults.iter().filter(|fault| !fault.is_error()) {
        by_path.entry(&fault.path).or_default().push(fault);
    }
    if by_path.is_empty() {
        return Vec::new();
    }
    let changed: HashSet<&RecordRef> = changes.iter().filter_map(|change| change.after.as_ref()).collect();
    let mut told = Vec::new();
    for (path, faults) in by_path {
        let lines: Vec<u32> = faults.iter().map(|fault| fault.line).collect();
        let of = faults.into_iter().zip(draft.records_at(path, &lines));
        let new = of.filter(|(_, record)| record.as_ref().is_some_and(|record| changed.contains(record)));
        told.extend(new.map(|(fault, _)| without_places(&fault.message)));
    }
    told.retain(|message| !quoted(message).any(|word| is_hidden(actor, word)));
    told
}

/// Takes files and lines in parentheses out of a message.
fn without_places(message: &str) -> String {
    let mut told = String::new();
    let mut rest = message;
    while let Some(at) = rest.find(" (") {
        let end = rest[at..].find(')').map_or(rest.len(), |end| at + end + 1);
        let is_place = rest[at..end].contains(".toml:");
        told.push_str(&rest[..if is_place { at } else { end }]);
        rest = &rest[end..];
    }
    told + rest
}

/// Goes through the words in back quotes.
fn quoted(message: &str) -> impl Iterator<Item = &str> {
    message.split('`').skip(1).step_by(2)
}

/// Tells whether a word names something that the actor does not see.
fn is_hidden(actor: &Actor<'_>, word: &str) -> bool {
    let snapshot = actor.snapshot();
    let account = Account::find(snapshot, word).is_some_and(|account| actor.see_account(account).is_err());
    let mut named = snapshot.phones().filter(|phone| phone.device.name == word).peekable();
    let device = named.peek().is_some() && !named.any(|phone| actor.see_device(&phone).is_ok());
    let template = snapshot.template(word).is_some_and(|template| actor.see_template(template).is_err());
    let login = snapshot.login(word).is_some_and(|login| actor.see_login(login).is_err());
    let is_granted = snapshot.group(word).is_some() || snapshot.grant(word).is_some();
    account || device || template || login || is_granted && actor.see_grants().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_taken_out_and_the_rest_stays() {
        let message = "`x` is already the id of a user (/fleet/a b.toml:3); ids (all) are unique";
        assert_eq!(without_places(message), "`x` is already the id of a user; ids (all) are unique");
        assert_eq!(without_places("nothing (to take"), "nothing (to take");
        assert_eq!(quoted("a `b` c `d`").collect::<Vec<_>>(), ["b", "d"]);
    }
}
