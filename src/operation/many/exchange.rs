//! Rows that are done in two steps: those that exchange what one record alone can have, MAC addresses and extensions
//! on lines, and those whose later edits are about what the earlier ones make.
//!
//! Of rows that exchange something none can be first. So each lets go first of what it gives away, as an edit that its
//! caller must be allowed to make, and takes what it asked for once all have.

use serde_json::{Value, json};

use crate::edit::Noted;
use crate::model::Mac;
use crate::operation::apply::apply;
use crate::operation::look::acting;
use crate::operation::many::text;
use crate::operation::many::work::{Decision, Judged, State, Work, decide};
use crate::operation::{Edit, Fields, Problem, device};
use crate::reload::Desk;
use crate::rights::Actor;

/// How often rows are judged again after one of them has turned out not to let go.
const ROUNDS: usize = 4;

/// A row that may be done in two steps.
struct Trade {
    at: usize,
    /// The first step: what it gives away, or what its first edits make.
    release: Vec<Noted>,
    /// What was decided of its first edits; nothing where it gives something away.
    first: Vec<Judged>,
    /// What it does then.
    edits: Vec<Edit>,
}

impl Work<'_> {
    /// Has rows stand that wait for each other.
    pub(super) fn exchange(&mut self, desk: &mut Desk<'_>) -> Result<(), Problem> {
        let before = desk.share();
        let actor = acting(&before, self.caller)?;
        let mut trades: Vec<Trade> = Vec::new();
        for at in self.waiting() {
            trades.extend(self.sequel(&actor, at).or_else(|| self.trade(&actor, at)));
        }
        // One alone has nobody to exchange with.
        let is_vain =
            |trades: &[Trade]| trades.len() < 2 && trades.iter().all(|trade| trade.first.is_empty());
        if is_vain(&trades) {
            return Ok(());
        }
        for _ in 0..ROUNDS {
            if is_vain(&trades) {
                break;
            }
            let mut draft = self.drafted(desk)?;
            let release: Vec<&Noted> = trades.iter().flat_map(|trade| &trade.release).collect();
            if draft.replay(&release).is_err() || desk.try_out(&draft).is_err() {
                return self.redraft(desk);
            }
            let between = desk.share();
            let actor = acting(&between, self.caller)?;
            let decide = |trade: &Trade| -> Decision {
                let edits: Vec<&Edit> = trade.edits.iter().collect();
                decide(&self.draft, &actor, self.caller, &edits)
            };
            let decided: Vec<Decision> = trades.iter().map(decide).collect();
            if decided.iter().any(Result::is_err) {
                let mut good = decided.iter().map(Result::is_ok);
                trades.retain(|_| good.next().unwrap_or_default());
                continue;
            }
            let rows: Vec<usize> = trades.iter().map(|trade| trade.at).collect();
            let mut released = Vec::new();
            let whole = |(trade, decided): (Trade, Decision)| {
                released.push((trade.at, trade.first.is_empty().then_some(trade.release)));
                decided.map(|rest| trade.first.into_iter().chain(rest).collect())
            };
            let decided = trades.into_iter().zip(decided).map(whole).collect();
            let accepted = self.accept(&between, &rows, decided);
            for (at, release) in released {
                if matches!(self.units[at].state, State::Decided(_)) {
                    self.units[at].noted.splice(0..0, release.into_iter().flatten());
                }
            }
            self.redraft(desk)?;
            return self.stand(desk, &before, &accepted);
        }
        self.redraft(desk)
    }

    /// Has the first edits of a row be its first step, where a later one was refused on what was there before.
    fn sequel(&self, actor: &Actor<'_>, at: usize) -> Option<Trade> {
        let unit = &self.units[at];
        let State::Waiting(Problem { edit: Some(later), .. }) = &unit.state else { return None };
        let (first, rest) = unit.edits.split_at_checked(*later).filter(|(first, _)| !first.is_empty())?;
        let first = decide(&self.draft, actor, self.caller, first).ok()?;
        let release = first.iter().flat_map(|judged| judged.noted.iter().cloned()).collect();
        Some(Trade { at, release, first, edits: rest.iter().map(|edit| (*edit).clone()).collect() })
    }

    /// Says what a row would give away, and do then; nothing where it gives nothing away, or may not.
    fn trade(&self, actor: &Actor<'_>, at: usize) -> Option<Trade> {
        let (mut release, mut edits, mut gives) = (Vec::new(), Vec::new(), false);
        for edit in &self.units[at].edits {
            let Edit::DeviceEdit { device: called, fields } = edit else {
                edits.push((*edit).clone());
                continue;
            };
            let phone = device::find(actor, called).ok()?;
            let mut fields = fields.clone();
            let mut gone = Fields::new();
            let mac = text(&fields, "mac").and_then(|mac| mac.parse::<Mac>().ok());
            if mac.is_some() && phone.device.mac.is_some() && mac != phone.device.mac {
                gone.insert("mac".to_owned(), Value::Null);
                if phone.device.mac_based {
                    // Without an address it cannot be known by it.
                    gone.insert("mac-based".to_owned(), Value::Bool(false));
                    fields.entry("mac-based").or_insert(Value::Bool(true));
                }
            }
            if let Some(lines) = fields.get("lines").and_then(Value::as_array) {
                let stays = |number: &str| lines.iter().any(|line| line == number);
                let old = phone.device.lines.iter().map(|line| line.as_deref().unwrap_or_default());
                let left: Vec<&str> = old.clone().map(|line| if stays(line) { line } else { "" }).collect();
                if left.iter().zip(old).any(|(left, old)| *left != old) {
                    gone.insert("lines".to_owned(), json!(left));
                }
            }
            if !gone.is_empty() {
                gives = true;
                let edit = Edit::DeviceEdit { device: called.clone(), fields: gone };
                let mut aside = self.draft.aside();
                apply(&mut aside, actor, self.caller, &edit).ok()?;
                release.extend(aside.into_noted());
            }
            edits.push(Edit::DeviceEdit { device: phone.device.serial.expose().to_owned(), fields });
        }
        gives.then_some(Trade { at, release, first: Vec::new(), edits })
    }
}
