//! From what a run is given to edits: typed, checked, and inside the job's platform.
//!
//! Promises: what a job does not name or fixes cannot be said by a row; every problem names the field that it is about;
//! a device, extension or account outside the platform is told of like one that does not exist; what is there already
//! as it is asked for is no edit. Read next: `device` and `line`, which know the operations.

mod device;
mod find;
mod line;

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

use crate::document::nearest;
use crate::jobs::Row;
use crate::jobs::plan::find::Names;
use crate::model::{Cell, FieldRole, FieldSource, FieldValue, Job, JobOperation, OperationField};
use crate::operation::{Code, Edit, Problem};
use crate::rights::{Account, Actor};
use crate::snapshot::{FieldLimits, Snapshot};

/// What one row comes to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// What to do; all of it or nothing. Nothing, where everything is as the row says.
    pub edits: Vec<Edit>,
    /// What the runner should know, where nothing is to be done.
    pub note: Option<String>,
    /// Whether something new is made each time that this is done: a serial or a password.
    pub generates: bool,
}

/// Turns the rows of a job's run into edits.
pub struct Planner<'s> {
    job: &'s Job,
    /// The platform, as runs of its jobs act.
    actor: Actor<'s>,
    fields: BTreeMap<String, Taken>,
    names: Names<'s>,
    /// The models that rows name, by vendor and name: a file has many rows and few models.
    models: RefCell<HashMap<(String, String), Result<String, Problem>>>,
}

/// A field that a job takes, or fixes.
struct Taken {
    limits: FieldLimits,
    source: Source,
    required: bool,
}

/// Where a value comes from, read.
enum Source {
    Asked,
    Default(Cell),
    Fixed(Cell),
}

/// What is said of a field, checked.
#[derive(Clone)]
enum Said {
    Clear,
    Value(FieldValue),
}

/// What a row says of the fields of its job, with what the job says itself.
struct Given<'p> {
    said: BTreeMap<&'p str, Said>,
}

/// Turns what one run is given into edits; [`Planner`] does so for many rows.
///
/// # Errors
/// What is wrong with the first field that cannot be what the row says.
pub fn plan(snapshot: &Snapshot, job: &Job, row: &Row) -> Result<Plan, Problem> {
    Planner::new(snapshot, job)?.plan(row)
}

impl<'s> Planner<'s> {
    /// Prepares a job for its rows.
    ///
    /// # Errors
    /// The job's platform is not there, or its definition is faulty.
    pub fn new(snapshot: &'s Snapshot, job: &'s Job) -> Result<Self, Problem> {
        let faulty = |why: String| Problem::new(Code::Invalid, format!("job `{}`: {why}", job.id));
        let platform = Account::find(snapshot, &job.platform);
        let platform = platform.ok_or_else(|| faulty(format!("its platform `{}` is gone", job.platform)))?;
        let actor = Actor::granted(snapshot, platform).map_err(|denial| faulty(denial.why))?;
        let mut fields = BTreeMap::new();
        for told in &job.fields {
            let unknown = || faulty(format!("{} has no field `{}`", job.operation.word(), told.name));
            let field = job.operation.field(&told.name).ok_or_else(unknown)?;
            let limits = FieldLimits::of_job(field, told).map_err(|faults| faulty(faults.join("; ")))?;
            let source = match &told.from {
                FieldSource::Asked => Source::Asked,
                FieldSource::Default(text) => Source::Default(Cell::read(text)),
                FieldSource::Fixed(text) => Source::Fixed(Cell::read(text)),
            };
            fields.insert(told.name.to_string(), Taken { limits, source, required: told.required });
        }
        for field in job.operation.fields(0) {
            if !fields.contains_key(&*field.name) && job.takes(&field) {
                let name = field.name.to_string();
                let taken = Taken { limits: FieldLimits::new(field), source: Source::Asked, required: false };
                fields.insert(name, taken);
            }
        }
        Ok(Self { job, actor, fields, names: Names::default(), models: RefCell::default() })
    }

    /// Turns what a row says into edits.
    ///
    /// # Errors
    /// What is wrong with the first field that cannot be what the row says.
    pub fn plan(&self, row: &Row) -> Result<Plan, Problem> {
        let given = self.read(row)?;
        match self.job.operation {
            JobOperation::DeviceCreate => self.create(&given),
            JobOperation::DeviceAssign
            | JobOperation::DeviceEdit
            | JobOperation::DeviceSetAdminPassword
            | JobOperation::DeviceSetStatus
            | JobOperation::TemplateApply => self.change(&given),
            JobOperation::DeviceClear => self.with_device(&given, |device| Edit::DeviceClear { device }),
            JobOperation::DeviceDelete => self.delete(&given),
            JobOperation::DeviceRotateUrl => {
                let plan = self.with_device(&given, |device| Edit::DeviceRotate { device })?;
                Ok(Plan { generates: true, ..plan })
            }
            JobOperation::LevelSet => self.set_level(&given),
            JobOperation::LineSetSecret => self.set_secret(&given),
        }
    }

    /// Puts together what the row and the job say, and checks it.
    fn read(&self, row: &Row) -> Result<Given<'_>, Problem> {
        for (name, cell) in &row.cells {
            self.takes(name, cell)?;
        }
        let mut said = BTreeMap::new();
        for (name, taken) in &self.fields {
            let of_row = row.cells.get(name).unwrap_or(&Cell::Leave);
            let cell = match (&taken.source, of_row) {
                (Source::Fixed(cell), _) | (Source::Default(cell), Cell::Leave) => cell,
                (_, cell) => cell,
            };
            let read = match cell {
                Cell::Leave => {
                    let needed = taken.limits.field.role == FieldRole::Needed;
                    if taken.required || needed {
                        return Err(wrong(name, "is missing; the job needs it"));
                    }
                    continue;
                }
                Cell::Clear if taken.required => return Err(wrong(name, "is needed; give a value")),
                Cell::Clear => taken.limits.clear().map(|()| Said::Clear),
                Cell::Value(text) => taken.limits.read(text).map(Said::Value),
            };
            said.insert(name.as_str(), read.map_err(|why| wrong(name, &why))?);
        }
        Ok(Given { said })
    }

    /// Checks that a row may say something of a field.
    fn takes(&self, name: &str, cell: &Cell) -> Result<(), Problem> {
        let Some(taken) = self.fields.get(name) else {
            if *cell == Cell::Leave {
                return Ok(());
            }
            let asked = self.fields.iter().filter(|(_, taken)| !matches!(taken.source, Source::Fixed(_)));
            let near = nearest(name, asked.map(|(name, _)| name.as_str()));
            let cure = near.map(|near| format!("did you mean `{near}`?"));
            let cure = cure.unwrap_or_else(|| "leave it out".to_owned());
            let message = format!("the job takes no field `{}`; {cure}", name.escape_debug());
            return Err(Problem::new(Code::Invalid, message).of_field(name));
        };
        let Source::Fixed(fixed) = &taken.source else { return Ok(()) };
        let read = |cell: &Cell| match cell {
            Cell::Value(text) => taken.limits.field.read(text).ok(),
            Cell::Clear | Cell::Leave => None,
        };
        let is_same = cell == fixed || read(cell).is_some_and(|value| read(fixed) == Some(value));
        if *cell == Cell::Leave || is_same {
            return Ok(());
        }
        Err(wrong(name, "is fixed by the job; leave it out"))
    }

    /// Gives what is said of the operation's fields that change something.
    fn changed<'g>(&'g self, given: &'g Given<'_>) -> impl Iterator<Item = (&'g OperationField, &'g Said)> {
        given.said.iter().filter_map(|(name, said)| {
            let field = &self.fields.get(*name)?.limits.field;
            (!self.is_key(name)).then_some((field, said))
        })
    }
}

impl Given<'_> {
    /// Gives the text that a field is to be.
    fn text(&self, name: &str) -> Option<&str> {
        match self.said.get(name)? {
            Said::Value(FieldValue::Text(text)) => Some(text),
            Said::Clear | Said::Value(_) => None,
        }
    }

    fn generates(&self) -> bool {
        self.said.values().any(|said| matches!(said, Said::Value(FieldValue::Generate)))
    }
}

impl Plan {
    fn of(edit: Edit) -> Self {
        Self { edits: vec![edit], note: None, generates: false }
    }

    fn nothing(note: impl Into<String>) -> Self {
        Self { note: Some(note.into()), ..Self::default() }
    }
}

/// Says what is wrong with a field.
fn wrong(name: &str, why: &str) -> Problem {
    Problem::new(Code::Invalid, format!("`{}` {why}", name.escape_debug())).of_field(name)
}

/// Says that there is nothing of that name, as far as the platform reaches.
fn missing(name: &str, kind: &str, called: &str) -> Problem {
    let message = format!("there is no {kind} {called}, as far as you may see");
    Problem::new(Code::NotFound, message).of_field(name)
}
