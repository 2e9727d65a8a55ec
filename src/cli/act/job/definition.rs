//! The flags of `bellhop job add` and `edit`, which are the keys of the record.

use std::path::PathBuf;

use serde::Serialize;
use serde_json::Value;

use crate::cli::Failure;
use crate::cli::act::fields::{put_below, typed};
use crate::cli::act::job::{Kind, field, file};
use crate::cli::act::password;
use crate::document::{nearest, one_of};
use crate::operation::Fields;

/// What a job is to be.
#[derive(Debug, clap::Args)]
pub(super) struct Definition {
    /// Read the job from a file: TOML as in the fleet, or JSON as `show --json` prints it; flags count for more
    #[arg(long, value_name = "FILE")]
    pub(super) from: Option<PathBuf>,
    #[command(flatten)]
    flags: Flags,
    #[command(flatten)]
    rest: Rest,
}

#[derive(Debug, clap::Args, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Flags {
    /// Name for people
    #[arg(long)]
    name: Option<String>,
    /// What it is for, for whoever runs it
    #[arg(long)]
    notes: Option<String>,
    /// The provider or organization that it reaches
    #[arg(long, value_name = "ACCOUNT")]
    platform: Option<String>,
    /// Whether it is run once with values, or over rows
    #[arg(long)]
    kind: Option<Kind>,
    /// What it does, like `device.create`, `device.edit` or `line.set-secret`
    #[arg(long)]
    operation: Option<String>,
    /// Whether a second person has to approve each run
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true", hide_possible_values = true)]
    approval: Option<bool>,
    /// When its runs begin that say nothing else: local time, like 2026-12-01T22:00
    #[arg(long, visible_alias = "at", value_name = "TIME")]
    start_at: Option<String>,
    /// The zone of that time, by its name in the time-zone database; UTC, unless said otherwise
    #[arg(long, visible_alias = "zone", value_name = "ZONE")]
    time_zone: Option<String>,
    /// Bulk: the shipped mapping that its columns are read by; `bellhop job mappings` lists them
    #[arg(long, help_heading = "Bulk")]
    mapping: Option<String>,
    /// Bulk: how many rows are one change; all of them, unless said otherwise
    #[arg(long, value_name = "ROWS", help_heading = "Bulk")]
    batch: Option<u32>,
    /// Bulk: whether the first row that cannot be done ends a run; it does, unless said otherwise
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true", hide_possible_values = true, help_heading = "Bulk")]
    stop_on_error: Option<bool>,
}

#[derive(Debug, clap::Args)]
struct Rest {
    /// Say of a field whether it is asked for, fixed, or has a default
    ///
    /// `mac=ask,required`, `model=fixed:aastra/51i`, `name=default:Phone,label:What it is called`. After the name stand,
    /// with commas between: `ask`, `required`, `optional`, and with a value behind a colon `fixed`, `default`, `label`,
    /// `help`, `choices` (with `|` between), `minimum`, `maximum`, `pattern`. May be given several times. A field that is
    /// not named is not taken. Secrets are read with --field-file.
    #[arg(long, value_name = "NAME=WORDS")]
    field: Vec<String>,
    /// Fix a field to the first line of a file, or of standard input for `-`; this is how secrets get in
    #[arg(long, value_name = "NAME=FILE")]
    field_file: Vec<String>,
    /// Bulk: say which field a column is for, as HEADER=FIELD; HEADER= leaves the column out
    #[arg(long, value_name = "HEADER=FIELD", help_heading = "Bulk")]
    column: Vec<String>,
    /// Bulk: keep these rows with the job, for runs that bring none; `-` is standard input
    #[arg(long, value_name = "FILE", help_heading = "Bulk")]
    rows_file: Option<PathBuf>,
}

impl Definition {
    /// Gives what was said of the record.
    pub(super) fn fields(&self, is_edit: bool) -> Result<Fields, Failure> {
        let mut fields = self.from.as_deref().map(file::read).transpose()?.unwrap_or_default();
        fields.extend(typed(&self.flags)?);
        if let Some(Value::String(at)) = fields.get_mut("start-at") {
            *at = at.trim().replacen(' ', "T", 1);
        }
        for text in &self.rest.field {
            let (name, table) = field::read(text, is_edit)?;
            put_below(&mut fields, "fields", &name, table);
        }
        for pair in &self.rest.field_file {
            let missing =
                || Failure::Usage("write --field-file NAME=FILE, with an equals sign between".to_owned());
            let (name, path) = pair.split_once('=').ok_or_else(missing)?;
            let value = password::from_file(&PathBuf::from(path))?;
            put_below(&mut fields, "fields", name, field::fixed(&value, is_edit));
        }
        for pair in &self.rest.column {
            // Headers may have equals signs of their own; fields have none.
            let (header, field) = pair.rsplit_once('=').ok_or_else(|| {
                Failure::Usage(format!(
                    "`--column {}` says no field; write HEADER=FIELD",
                    pair.escape_debug()
                ))
            })?;
            put_below(&mut fields, "columns", header, Value::from(field));
        }
        if let Some(path) = &self.rest.rows_file {
            fields.insert("rows".to_owned(), Value::from(password::whole(path)?));
        }
        Ok(fields)
    }
}

/// The keys that --unset takes away.
const OWN: &[&str] = &[
    "approval",
    "batch",
    "columns",
    "fields",
    "mapping",
    "name",
    "notes",
    "rows",
    "start-at",
    "stop-on-error",
    "time-zone",
];

/// Takes keys away, those within `fields` and `columns` by their names behind a point.
pub(super) fn unset(fields: &mut Fields, keys: &[String]) -> Result<(), Failure> {
    for key in keys {
        match key.split_once('.').filter(|(table, _)| matches!(*table, "columns" | "fields")) {
            Some((table, name)) => put_below(fields, table, name, Value::Null),
            None if OWN.contains(&key.as_str()) => drop(fields.insert(key.clone(), Value::Null)),
            None => {
                let meant = nearest(key, OWN.iter().copied()).map(|meant| format!("did you mean `{meant}`?"));
                let meant = meant.unwrap_or_else(|| format!("take away {}", one_of(OWN)));
                return Err(Failure::Usage(format!("a job has no key `{}`; {meant}", key.escape_debug())));
            }
        }
    }
    Ok(())
}
