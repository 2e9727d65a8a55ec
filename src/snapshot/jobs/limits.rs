//! What a job lets a field be, beyond what the field takes at all.

use crate::model::{Cell, FieldKind, FieldRole, FieldSource, FieldValue, JobField, OperationField};
use crate::snapshot::jobs::Pattern;

/// A field of a job with what it may be: choices, bounds, a pattern.
#[derive(Debug, Clone)]
pub struct FieldLimits {
    /// The field of the operation.
    pub field: OperationField,
    /// The values that can be given, as the job writes them; any where there are none.
    pub choices: Vec<Choice>,
    /// The least value of a number, or the fewest characters of a text.
    pub minimum: Option<u32>,
    /// The greatest value of a number, or the most characters of a text.
    pub maximum: Option<u32>,
    /// What the whole of a text must match.
    pub pattern: Option<Pattern>,
}

/// A value that can be given.
#[derive(Debug, Clone)]
pub enum Choice {
    /// The field is taken away.
    Clear,
    /// The field is this, as it is written and as it is read.
    Value(String, FieldValue),
}

impl FieldLimits {
    /// Takes a field as the operation has it.
    pub fn new(field: OperationField) -> Self {
        Self { field, choices: Vec::new(), minimum: None, maximum: None, pattern: None }
    }

    /// Reads what a job says of a field.
    ///
    /// # Errors
    /// All that is wrong with it, as sentences.
    pub fn of_job(field: OperationField, told: &JobField) -> Result<Self, Vec<String>> {
        let mut faults = Vec::new();
        let mut limits = Self { minimum: told.minimum, maximum: told.maximum, ..Self::new(field) };
        faults.extend(limits.bounds());
        if let Some(pattern) = told.pattern.as_deref() {
            match Pattern::new(pattern) {
                _ if limits.field.kind.length().is_none() => {
                    faults.push(limits.says("`pattern` is for texts; leave it out"));
                }
                Ok(pattern) => limits.pattern = Some(pattern),
                Err(why) => faults.push(limits.says(&format!("`pattern` {why}"))),
            }
        }
        if let FieldSource::Fixed(_) = told.from {
            let asks = [
                ("required", told.required),
                ("choices", !told.choices.is_empty()),
                ("minimum", told.minimum.is_some()),
                ("maximum", told.maximum.is_some()),
                ("pattern", told.pattern.is_some()),
            ];
            for (key, _) in asks.into_iter().filter(|(_, is_set)| *is_set) {
                let what = format!("is fixed, so that nobody is asked for it; leave `{key}` out");
                faults.push(limits.says(&what));
            }
        }
        if limits.field.kind.is_secret() && !told.choices.is_empty() {
            faults.push(limits.says("is a secret, which no list tells; leave `choices` out"));
        } else {
            limits.choose(told, &mut faults);
        }
        if faults.is_empty()
            && let FieldSource::Default(text) | FieldSource::Fixed(text) = &told.from
        {
            let what = if matches!(told.from, FieldSource::Fixed(_)) { "fixed value" } else { "default" };
            faults.extend(limits.given(what, text));
        }
        if faults.is_empty() { Ok(limits) } else { Err(faults) }
    }

    /// Reads a value that a run is given.
    ///
    /// # Errors
    /// Says what is wrong and how to mend it, to follow the name of the field; a secret is not in it.
    pub fn read(&self, text: &str) -> Result<FieldValue, String> {
        let value = self.field.read(text)?;
        if !self.choices.is_empty() {
            let is_it = |choice: &Choice| matches!(choice, Choice::Value(_, known) if *known == value);
            if !self.choices.iter().any(is_it) {
                return Err(self.not_chosen());
            }
            return Ok(value);
        }
        match &value {
            FieldValue::Generate if self.is_bound() => {
                return Err("cannot be made within the bounds that the job sets; give a value".to_owned());
            }
            FieldValue::Number(number) => self.within(*number, "")?,
            FieldValue::Text(text) if self.field.kind.length().is_some() => {
                let length = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
                self.within(length, " characters")?;
                if self.pattern.as_ref().is_some_and(|pattern| !pattern.fits(text)) {
                    return Err("has not the form that the job asks for".to_owned());
                }
            }
            _ => (),
        }
        Ok(value)
    }

    /// Decides whether the field can be taken away.
    ///
    /// # Errors
    /// Says why not, to follow the name of the field.
    pub fn clear(&self) -> Result<(), String> {
        if !self.field.clears {
            return Err("cannot be taken away; give a value".to_owned());
        }
        let listed = self.choices.iter().any(|choice| matches!(choice, Choice::Clear));
        if self.choices.is_empty() || listed { Ok(()) } else { Err(self.not_chosen()) }
    }

    /// Tells whether the job sets bounds or a pattern.
    pub fn is_bound(&self) -> bool {
        self.minimum.is_some() || self.maximum.is_some() || self.pattern.is_some()
    }

    fn within(&self, number: u32, unit: &str) -> Result<(), String> {
        let (least, most) = (self.minimum.unwrap_or(0), self.maximum.unwrap_or(u32::MAX));
        if (least..=most).contains(&number) {
            return Ok(());
        }
        Err(match (self.minimum, self.maximum) {
            (Some(least), Some(most)) => format!("has to be {least} to {most}{unit}"),
            (Some(least), None) => format!("has to be {least}{unit} or more"),
            _ => format!("has to be {most}{unit} or less"),
        })
    }

    fn not_chosen(&self) -> String {
        let words = self.choices.iter().take(20).map(|choice| match choice {
            Choice::Clear => "`clear`".to_owned(),
            Choice::Value(text, _) => format!("`{}`", text.escape_debug()),
        });
        format!("is none of the job's choices; write one of {}", words.collect::<Vec<_>>().join(", "))
    }

    /// Checks the bounds against each other, and against what the field takes at all.
    fn bounds(&self) -> Vec<String> {
        if self.minimum.is_none() && self.maximum.is_none() {
            return Vec::new();
        }
        let (low, high, unit) = match (self.field.kind, self.field.kind.length()) {
            (FieldKind::Integer(low, high), _) => (low, high, ""),
            (_, Some((low, high))) => (low, high, " characters"),
            (_, None) => {
                return vec![self.says("`minimum` and `maximum` are for numbers and texts; leave them out")];
            }
        };
        let mut faults = Vec::new();
        for (key, bound) in [("minimum", self.minimum), ("maximum", self.maximum)] {
            if let Some(bound) = bound.filter(|bound| !(low..=high).contains(bound)) {
                let what = format!("`{key}` is {bound}, but the field takes {low} to {high}{unit}");
                faults.push(self.says(&what));
            }
        }
        if let (Some(least), Some(most)) = (self.minimum, self.maximum)
            && least > most
        {
            faults.push(
                self.says(&format!("`minimum` is {least}, which is above `maximum`, {most}; swap them")),
            );
        }
        faults
    }

    /// Reads the choices, each of which the field and the job's other bounds must let be.
    fn choose(&mut self, told: &JobField, faults: &mut Vec<String>) {
        let mut choices: Vec<Choice> = Vec::new();
        for (number, text) in (1..).zip(&told.choices) {
            if let Some(fault) = self.given(&format!("choice {number}"), text) {
                faults.push(fault);
                continue;
            }
            let choice = match Cell::read(text) {
                Cell::Value(text) => match self.field.read(&text) {
                    Ok(value) => Choice::Value(text, value),
                    Err(_) => continue,
                },
                Cell::Clear | Cell::Leave => Choice::Clear,
            };
            let same = |known: &Choice| match (known, &choice) {
                (Choice::Clear, Choice::Clear) => true,
                (Choice::Value(_, known), Choice::Value(_, new)) => known == new,
                _ => false,
            };
            if choices.iter().any(same) {
                faults.push(self.says(&format!("choice {number} is there already; leave it out")));
            } else {
                choices.push(choice);
            }
        }
        self.choices = choices;
    }

    /// Says what is wrong with a value that the job gives, if anything is.
    fn given(&self, what: &str, text: &str) -> Option<String> {
        let is_key = matches!(self.field.role, FieldRole::Key | FieldRole::OtherKey);
        let why = match Cell::read(text) {
            Cell::Leave => Some("says nothing; write a value, or `clear` to take it away".to_owned()),
            Cell::Clear if is_key => Some("does not name anything; write what it is called".to_owned()),
            Cell::Clear => self.clear().err(),
            Cell::Value(text) => self.read(&text).err(),
        };
        why.map(|why| self.says(&format!("its {what} {why}")))
    }

    fn says(&self, what: &str) -> String {
        format!("field `{}`: {what}", self.field.name)
    }
}
