//! `bellhop device`

use clap::Subcommand;
use serde_json::Value;

use crate::cli::Failure;
use crate::cli::act::change::{Doing, Sure};
use crate::cli::act::device_flags::Flags;
use crate::cli::act::fields::Settable;
use crate::cli::act::session::Session;
use crate::cli::act::show::{self, Listed, Shown};
use crate::operation::{Edit, Filter, Query};

/// Manage devices
///
/// A device is called by its id, serial or MAC address, or by its name where only one has it.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the devices that you see, with what you may do with each
    List {
        #[command(flatten)]
        wanted: Wanted,
        /// Print CSV instead: what the records say, which a bulk job that edits devices reads again
        #[arg(long, conflicts_with_all = ["json", "offset", "limit"])]
        csv: bool,
        #[command(flatten)]
        listed: Listed,
    },
    /// Show a device
    Show {
        /// What it is called
        device: String,
        #[command(flatten)]
        shown: Shown,
    },
    /// Say whether you can add a device, and what can be chosen for it
    Options {
        /// For this model: firmwares, protocols, templates, first MAC bytes
        #[arg(long)]
        model: Option<String>,
        #[command(flatten)]
        shown: Shown,
    },
    /// Add a device; its serial is generated, unless one is given
    Add {
        #[command(flatten)]
        flags: Box<Flags>,
        #[command(flatten)]
        settable: Settable,
        #[command(flatten)]
        doing: Doing,
    },
    /// Change a device
    Edit {
        /// What it is called
        device: String,
        #[command(flatten)]
        flags: Box<Flags>,
        #[command(flatten)]
        settable: Settable,
        #[command(flatten)]
        doing: Doing,
    },
    /// Remove devices; their URLs are dead at once, their extensions free again
    Remove {
        #[command(flatten)]
        several: Several,
        #[command(flatten)]
        sure: Sure,
        #[command(flatten)]
        doing: Doing,
    },
    /// Take the extensions off devices' lines, and their organizations; the devices stay
    Clear {
        #[command(flatten)]
        several: Several,
        #[command(flatten)]
        sure: Sure,
        #[command(flatten)]
        doing: Doing,
    },
    /// Have devices get their files
    Enable {
        #[command(flatten)]
        several: Several,
        #[command(flatten)]
        doing: Doing,
    },
    /// Have devices get nothing
    Disable {
        #[command(flatten)]
        several: Several,
        #[command(flatten)]
        doing: Doing,
    },
    /// Give devices new serials; their old URLs are dead at once
    Rotate {
        #[command(flatten)]
        several: Several,
        #[command(flatten)]
        sure: Sure,
        #[command(flatten)]
        doing: Doing,
    },
    /// Generate the password of a device's administrator, and show it once
    Password {
        #[command(flatten)]
        several: Several,
        #[command(flatten)]
        doing: Doing,
    },
}

/// Devices that are changed as one.
#[derive(Debug, clap::Args)]
struct Several {
    /// What they are called
    #[arg(required = true, value_name = "DEVICE")]
    devices: Vec<String>,
}

#[derive(Debug, clap::Args)]
struct Wanted {
    /// Those that this account sees, which is yours or one below it
    #[arg(long, value_name = "ACCOUNT")]
    context: Option<String>,
    /// Those that this account owns
    #[arg(long, value_name = "ACCOUNT")]
    owner: Option<String>,
    /// Those of this organization
    #[arg(long, value_name = "ACCOUNT")]
    organization: Option<String>,
    /// The one with this extension on a line
    #[arg(long, value_name = "NUMBER")]
    extension: Option<String>,
    /// Those of this model, or of all of a vendor
    #[arg(long)]
    model: Option<String>,
    /// Those that are enabled, or disabled
    #[arg(long, value_name = "enabled|disabled")]
    status: Option<String>,
    /// Those with this text in name, MAC address, notes or lines
    #[arg(long)]
    text: Option<String>,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        match self.command {
            Command::List { wanted, csv: true, listed: _ } => session.export(&wanted.filter()),
            Command::List { wanted, csv: false, listed } => list(session, wanted, &listed),
            Command::Show { device, shown } => shown.show(&session.look(&Query::Device { device })?),
            Command::Options { model, shown } => options(session, model, &shown),
            Command::Add { flags, settable, doing } => {
                let mut fields = flags.fields(session, &settable)?;
                if let Some(lines) = flags.lines(&[])? {
                    fields.insert("lines".to_owned(), lines);
                }
                doing.one(session, Edit::DeviceAdd { fields })
            }
            Command::Edit { device, flags, settable, doing } => {
                let mut fields = flags.fields(session, &settable)?;
                let mut version = None;
                if flags.has_lines() {
                    // The other lines stay as they are, and as nobody has changed them since.
                    let told = session.look(&Query::Device { device: device.clone() })?;
                    let before = told["lines"].as_array().map(Vec::as_slice).unwrap_or_default();
                    fields.extend(flags.lines(before)?.map(|lines| ("lines".to_owned(), lines)));
                    version = told["version"].as_str().map(str::to_owned);
                }
                doing.all(session, vec![Edit::DeviceEdit { device, fields }], version)
            }
            Command::Remove { several, sure, doing } => {
                let (edits, what) = several.edits("remove", |device| Edit::DeviceRemove { device });
                doing.sure(session, &sure, edits, &what)
            }
            Command::Clear { several, sure, doing } => {
                let (edits, what) = several.edits("clear", |device| Edit::DeviceClear { device });
                doing.sure(session, &sure, edits, &what)
            }
            Command::Enable { several, doing } => {
                doing.all(session, several.edits("", |device| Edit::DeviceEnable { device }).0, None)
            }
            Command::Disable { several, doing } => {
                doing.all(session, several.edits("", |device| Edit::DeviceDisable { device }).0, None)
            }
            Command::Rotate { several, sure, doing } => {
                let (edits, what) =
                    several.edits("rotate the serial of", |device| Edit::DeviceRotate { device });
                doing.sure(session, &sure, edits, &what)
            }
            Command::Password { several, doing } => {
                doing.all(session, several.edits("", |device| Edit::DevicePassword { device }).0, None)
            }
        }
    }
}

fn list(session: &Session, wanted: Wanted, listed: &Listed) -> Result<(), Failure> {
    let told = session.look(&Query::Devices { filter: wanted.filter(), page: listed.page() })?;
    let columns = [
        ("NAME", "name"),
        ("ID", "id"),
        ("MODEL", "model"),
        ("MAC", "mac"),
        ("STATUS", "status"),
        ("VIA", "protocol"),
        ("STATE", "state"),
        ("REMOVABLE", "removable"),
        ("ORGANIZATION", "organization"),
        ("LINES", "lines"),
        ("FETCHED", "last-fetched"),
    ];
    listed.list(&told, &columns)
}

/// Tells whether adding is possible, and lists what can be chosen.
fn options(session: &Session, model: Option<String>, shown: &Shown) -> Result<(), Failure> {
    let is_of_one = model.is_some();
    let told = session.look(&Query::DeviceOptions { model })?;
    shown.part(&told, &["possible", "why", "rule", "assignment"], || {
        table(&told["extensions"], &[("EXTENSION", "number"), ("NAME", "display-name"), ("USER", "user")])?;
        table(&told["organizations"], &[("ORGANIZATION", "id"), ("NAME", "name")])?;
        if !is_of_one {
            let columns = [("MODEL", "id"), ("NAME", "name"), ("VENDOR", "vendor"), ("LINES", "lines")];
            return table(&told["models"], &columns);
        }
        let model = &told["models"][0];
        let (name, lines) = (show::cell(&model["name"]), show::cell(&model["lines"]));
        println!(
            "\n{name} has {lines} lines; its MAC address begins with {}",
            show::cell(&model["mac-prefixes"])
        );
        let columns = [
            ("FIRMWARE", "id"),
            ("DEFAULT", "default"),
            ("PROTOCOLS", "protocols"),
            ("INTERVAL", "update-interval"),
            ("UNIT", "update-interval-unit"),
            ("VERSION", "application-version"),
            ("LABEL", "label"),
        ];
        table(&model["firmwares"], &columns)?;
        let templates = model["firmwares"].as_array().into_iter().flatten();
        let templates: Vec<&Value> =
            templates.filter_map(|it| it["templates"].as_array()).flatten().collect();
        let mut known: Vec<Value> = Vec::new();
        for template in templates {
            if !known.contains(template) {
                known.push(template.clone());
            }
        }
        table(&known.into(), &[("TEMPLATE", "id"), ("NAME", "name")])
    })
}

/// Prints a list below what was printed before, unless it is empty.
fn table(rows: &Value, columns: &[(&'static str, &str)]) -> Result<(), Failure> {
    let rows = rows.as_array().map(Vec::as_slice).unwrap_or_default();
    if !rows.is_empty() {
        println!();
        show::rows(rows, columns)?;
    }
    Ok(())
}

impl Wanted {
    fn filter(self) -> Filter {
        let Self { context, owner, organization, extension, model, status, text } = self;
        Filter { context, owner, organization, extension, model, status, text }
    }
}

impl Several {
    /// Gives an edit for each, and the words that ask whether it is meant.
    fn edits(self, verb: &str, edit: impl Fn(String) -> Edit) -> (Vec<Edit>, String) {
        let plural = if self.devices.len() == 1 { "device" } else { "devices" };
        let what = format!("{verb} the {plural} {}", self.devices.join(", "));
        (self.devices.into_iter().map(edit).collect(), what)
    }
}

/// Puts `N=EXTENSION` into lines as they are; a free line is an empty text.
pub(super) fn put_lines(before: &[Value], pairs: &[String]) -> Result<Value, Failure> {
    let mut lines = before.to_vec();
    for pair in pairs {
        let wrong =
            || Failure::Usage(format!("`--line {pair}` is no line; write NUMBER=EXTENSION, like 1=0087*001"));
        let (number, extension) = pair.split_once('=').ok_or_else(wrong)?;
        let number: usize =
            number.parse().ok().filter(|number| (1..=99).contains(number)).ok_or_else(wrong)?;
        if lines.len() < number {
            lines.resize(number, Value::from(""));
        }
        lines[number - 1] = Value::from(extension);
    }
    while lines.last().is_some_and(|line| line == "") {
        lines.pop();
    }
    Ok(lines.into())
}
