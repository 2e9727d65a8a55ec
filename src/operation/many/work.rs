//! Rows on their way from being judged to standing in a draft.

use std::collections::HashMap;

use rayon::prelude::*;

use crate::edit::{Draft, Noted};
use crate::model::RecordRef;
use crate::operation::apply::apply;
use crate::operation::engine::{Applied, Changed};
use crate::operation::look::acting;
use crate::operation::many::rival::{Rivals, target};
use crate::operation::many::tell::{Told, tell};
use crate::operation::many::words::{same_record, same_value, unjudged, waits};
use crate::operation::many::{ManyOutcome, RowOutcome, Status, trace};
use crate::operation::{Caller, Edit, Fields, Problem, faults};
use crate::reload::Desk;
use crate::rights::{Actor, Rule};
use crate::snapshot::Snapshot;

/// How often rows that are refused are judged.
const PASSES: usize = 4;

/// How many rows are judged before it is looked whether somebody wants to stop.
const BREATH: usize = 1024;

/// Most warnings that are told.
const WARNINGS: usize = 100;

/// Most trials in which those of many rows are looked for that spoil the whole.
const TRIALS: usize = 64;

/// A row: its edits, and what became of them.
pub(super) struct Unit<'e> {
    pub(super) row: u64,
    pub(super) edits: Vec<&'e Edit>,
    pub(super) state: State,
    /// What is drafted of it.
    pub(super) noted: Vec<Noted>,
}

/// What became of a row so far.
pub(super) enum State {
    /// It is not judged yet, or may be judged again.
    Waiting(Problem),
    /// It is refused, and nothing helps.
    Refused(Problem),
    /// It was decided, and is to be tried out.
    Decided(Vec<Judged>),
    /// It stands, and was told of.
    Stands(Box<Told>),
}

/// An edit that is decided, and what would be written.
pub(super) struct Judged {
    pub(super) rule: Rule,
    pub(super) changes: Vec<Changed>,
    pub(super) made: Fields,
    pub(super) warnings: Vec<String>,
    pub(super) noted: Vec<Noted>,
}

/// What was decided of a row: what each of its edits brings, or why it is refused.
pub(super) type Decision = Result<Vec<Judged>, Problem>;

/// Rows that are done as one change.
pub(super) struct Work<'e> {
    pub(super) caller: &'e Caller,
    pub(super) units: Vec<Unit<'e>>,
    /// The rows that stand in the draft, in the order in which they were drafted.
    standing: Vec<usize>,
    pub(super) draft: Draft,
    trials: usize,
}

impl<'e> Work<'e> {
    pub(super) fn new(desk: &Desk<'_>, caller: &'e Caller, edits: &'e [(u64, Edit)]) -> Self {
        let mut places: HashMap<u64, usize> = HashMap::with_capacity(edits.len());
        let mut units: Vec<Unit<'e>> = Vec::with_capacity(edits.len());
        for (row, edit) in edits {
            let at = *places.entry(*row).or_insert(units.len());
            match units.get_mut(at) {
                Some(unit) => unit.edits.push(edit),
                None => {
                    let state = State::Waiting(unjudged());
                    units.push(Unit { row: *row, edits: vec![edit], state, noted: Vec::new() });
                }
            }
        }
        Self { caller, units, standing: Vec::new(), draft: desk.draft(), trials: 0 }
    }

    pub(super) fn draft(&self) -> &Draft {
        &self.draft
    }

    fn told(&self) -> impl Iterator<Item = &Told> {
        self.units.iter().filter_map(|unit| match &unit.state {
            State::Stands(told) => Some(&**told),
            _ => None,
        })
    }

    /// Lists what the rows that stand change.
    pub(super) fn changes(&self) -> Vec<Changed> {
        self.told().flat_map(|told| told.changes.iter().cloned()).collect()
    }

    /// Gives the lines for the audit log.
    pub(super) fn lines(&self) -> String {
        let mut all = String::new();
        for line in self.told().flat_map(|told| &told.lines) {
            all.push_str(line);
            all.push('\n');
        }
        all
    }

    /// Tells what became of each row.
    pub(super) fn outcome(&mut self, desk: &Desk<'_>) -> Result<ManyOutcome, Problem> {
        let mut outcome = ManyOutcome::default();
        let actor = acting(desk.snapshot(), self.caller)?;
        for unit in &mut self.units {
            let row = unit.row;
            outcome.rows.push(match &mut unit.state {
                State::Stands(told) => {
                    outcome.changed |= told.outcome.status == Status::Done;
                    outcome.warnings.append(&mut told.warnings);
                    std::mem::replace(&mut told.outcome, RowOutcome::refused(row, unjudged()))
                }
                State::Waiting(problem) | State::Refused(problem) => {
                    RowOutcome::refused(row, problem.clone())
                }
                State::Decided(_) => RowOutcome::refused(row, unjudged()),
            });
        }
        if !desk.warnings().is_empty() {
            outcome.warnings.extend(faults::warnings(&actor, desk.warnings(), &self.draft, &self.changes()));
        }
        if let Some(more) = outcome.warnings.len().checked_sub(WARNINGS).filter(|more| *more > 0) {
            outcome.warnings.truncate(WARNINGS);
            outcome.warnings.push(format!("{more} more warnings"));
        }
        Ok(outcome)
    }

    /// Judges all rows, and has those that can be done stand in the desk's candidate; false when it was stopped.
    pub(super) fn judge(
        &mut self,
        desk: &mut Desk<'_>,
        cancelled: &dyn Fn() -> bool,
        progress: &dyn Fn(usize),
    ) -> Result<bool, Problem> {
        let mut most = 0;
        self.refuse_twins(desk.base())?;
        for _ in 0..PASSES {
            let waiting = self.waiting();
            if waiting.is_empty() {
                break;
            }
            let before = desk.share();
            let Some(judged) = self.decide(&before, &waiting, cancelled, |judged| {
                most = most.max(judged);
                progress(most);
            })?
            else {
                return Ok(false);
            };
            let decided = self.accept(&before, &waiting, judged);
            let known = self.standing.len();
            self.stand(desk, &before, &decided)?;
            if self.standing.len() == known {
                self.exchange(desk)?;
                break;
            }
        }
        progress(self.units.len());
        Ok(!cancelled())
    }

    /// Lists the rows that may be judged again.
    pub(super) fn waiting(&self) -> Vec<usize> {
        let waits = |(_, unit): &(usize, &Unit<'_>)| matches!(unit.state, State::Waiting(_));
        self.units.iter().enumerate().filter(waits).map(|(at, _)| at).collect()
    }

    /// Refuses rows about a record that another row is about, too.
    fn refuse_twins(&mut self, base: &Snapshot) -> Result<(), Problem> {
        let actor = acting(base, self.caller)?;
        let targets: Vec<Vec<RecordRef>> = self
            .units
            .par_iter()
            .map(|unit| unit.edits.iter().filter_map(|edit| target(&actor, edit)).collect())
            .collect();
        let mut rows: HashMap<&RecordRef, Vec<usize>> = HashMap::new();
        for (at, targets) in targets.iter().enumerate() {
            for target in targets {
                let known = rows.entry(target).or_default();
                if known.last() != Some(&at) {
                    known.push(at);
                }
            }
        }
        for twins in rows.into_values().filter(|twins| twins.len() > 1) {
            for at in &twins {
                let others = twins.iter().filter(|other| *other != at).map(|other| self.units[*other].row);
                let problem = same_record(&others.collect::<Vec<_>>());
                self.units[*at].state = State::Refused(problem);
            }
        }
        Ok(())
    }

    /// Decides rows on a snapshot, each by itself; nothing when it was stopped.
    fn decide(
        &self,
        snapshot: &Snapshot,
        rows: &[usize],
        cancelled: &dyn Fn() -> bool,
        mut progress: impl FnMut(usize),
    ) -> Result<Option<Vec<Decision>>, Problem> {
        let actor = acting(snapshot, self.caller)?;
        let mut judged = Vec::with_capacity(rows.len());
        for part in rows.chunks(BREATH) {
            if cancelled() {
                return Ok(None);
            }
            let one = |at: &usize| decide(&self.draft, &actor, self.caller, &self.units[*at].edits);
            judged.par_extend(part.par_iter().map(one));
            progress(judged.len());
        }
        Ok(Some(judged))
    }

    /// Takes in what was decided; gives the rows that may stand together.
    pub(super) fn accept(
        &mut self,
        snapshot: &Snapshot,
        rows: &[usize],
        judged: Vec<Decision>,
    ) -> Vec<usize> {
        let mut rivals = Rivals::default();
        let mut decided = Vec::new();
        for (at, judged) in rows.iter().zip(judged) {
            self.units[*at].state = match judged {
                Err(problem) => State::Waiting(problem),
                Ok(mut judged) => match rivals.claim(*at, snapshot, &judged) {
                    Some(other) => State::Waiting(waits(self.units[other].row)),
                    None => {
                        decided.push(*at);
                        let noted = judged.iter_mut().flat_map(|judged| std::mem::take(&mut judged.noted));
                        self.units[*at].noted = noted.collect();
                        State::Decided(judged)
                    }
                },
            };
        }
        for (at, others, what) in rivals.clashes() {
            let rows: Vec<u64> = others.iter().map(|other| self.units[*other].row).collect();
            self.units[at].state = State::Refused(same_value(&what, &rows));
        }
        decided.retain(|at| matches!(self.units[*at].state, State::Decided(_)));
        decided
    }

    /// Has rows stand that were decided, and tells of those that do.
    pub(super) fn stand(
        &mut self,
        desk: &mut Desk<'_>,
        before: &Snapshot,
        rows: &[usize],
    ) -> Result<(), Problem> {
        let known = self.standing.len();
        self.fit(desk, rows)?;
        let new = self.standing[known..].to_vec();
        self.tell_of(before, &desk.share(), &new)
    }

    /// Has rows stand that were decided, as many of them as can stand together with those that do.
    fn fit(&mut self, desk: &mut Desk<'_>, rows: &[usize]) -> Result<(), Problem> {
        let mut rows = rows.to_vec();
        while !rows.is_empty() {
            let Err(trouble) = self.attempt(desk, &rows)? else {
                self.standing.extend(rows);
                return Ok(());
            };
            self.redraft(desk)?;
            let problem = match trouble {
                Trouble::Of(culprits) => {
                    rows.retain(|at| !culprits.contains_key(at));
                    for (at, problem) in culprits {
                        self.units[at].state = State::Waiting(problem);
                    }
                    continue;
                }
                Trouble::OfSome(problem) => problem,
            };
            if rows.len() > 1 && self.trials < TRIALS {
                let (one, other) = rows.split_at(rows.len() / 2);
                self.fit(desk, one)?;
                return self.fit(desk, other);
            }
            for at in rows.drain(..) {
                self.units[at].state = State::Waiting(problem.clone());
            }
        }
        Ok(())
    }

    /// Drafts rows behind those that stand, and tries all of them out.
    fn attempt(&mut self, desk: &mut Desk<'_>, rows: &[usize]) -> Result<Result<(), Trouble>, Problem> {
        let mut owners = Vec::with_capacity(rows.len());
        let mut all = Vec::with_capacity(rows.len());
        for at in rows {
            for noted in &self.units[*at].noted {
                owners.push(*at);
                all.push(noted);
            }
        }
        if let Err((place, error)) = self.draft.replay(&all) {
            let culprits = owners.get(place).map(|at| (*at, Problem::from(error)));
            return Ok(Err(Trouble::Of(culprits.into_iter().collect())));
        }
        self.trials += 1;
        let Err(faults) = desk.try_out(&self.draft) else { return Ok(Ok(())) };
        let actor = acting(desk.base(), self.caller)?;
        let owner = |record: &RecordRef| {
            all.iter().zip(&owners).find(|(noted, _)| noted.record() == record).map(|(_, at)| *at)
        };
        let culprits = trace::culprits(&actor, &self.draft, &faults, owner);
        if culprits.is_empty() {
            return Ok(Err(Trouble::OfSome(faults::problem(&actor, &faults))));
        }
        Ok(Err(Trouble::Of(culprits)))
    }

    /// Drafts the rows that stand.
    pub(super) fn drafted(&self, desk: &Desk<'_>) -> Result<Draft, Problem> {
        let mut draft = desk.draft();
        let all: Vec<&Noted> = self.standing.iter().flat_map(|at| &self.units[*at].noted).collect();
        draft.replay(&all).map_err(|(_, error)| Problem::from(error))?;
        Ok(draft)
    }

    /// Begins the draft anew, with the rows that stand.
    pub(super) fn redraft(&mut self, desk: &mut Desk<'_>) -> Result<(), Problem> {
        self.draft = self.drafted(desk)?;
        desk.try_out(&self.draft).map_err(|faults| {
            let actor = acting(desk.base(), self.caller);
            actor.map_or_else(|problem| problem, |actor| faults::problem(&actor, &faults))
        })
    }

    /// Tells of rows that stand now what they changed.
    fn tell_of(&mut self, before: &Snapshot, after: &Snapshot, rows: &[usize]) -> Result<(), Problem> {
        let old = acting(before, self.caller)?;
        let new = acting(after, self.caller)?;
        let caller = self.caller;
        let told: Vec<(usize, Told)> = rows
            .par_iter()
            .filter_map(|at| {
                let State::Decided(judged) = &self.units[*at].state else { return None };
                Some((*at, tell(caller, &old, &new, &self.units[*at], judged)))
            })
            .collect();
        for (at, told) in told {
            self.units[at].state = State::Stands(Box::new(told));
        }
        Ok(())
    }
}

/// Why rows cannot stand.
enum Trouble {
    /// These cannot.
    Of(HashMap<usize, Problem>),
    /// One of them cannot, or several together.
    OfSome(Problem),
}

/// Decides the edits of a row.
pub(super) fn decide(
    draft: &Draft,
    actor: &Actor<'_>,
    caller: &Caller,
    edits: &[&Edit],
) -> Result<Vec<Judged>, Problem> {
    let one = |(at, edit): (usize, &&Edit)| {
        let mut aside = draft.aside();
        let applied = apply(&mut aside, actor, caller, edit);
        let Applied { rule, changes, made, warnings, answer: _ } =
            applied.map_err(|problem| Problem { edit: Some(at), ..problem })?;
        Ok(Judged { rule, changes, made, warnings, noted: aside.into_noted() })
    };
    edits.iter().enumerate().map(one).collect()
}
