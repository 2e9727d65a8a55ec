//! Fleets for questions of permission, from the text of a file to a snapshot.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use bellhop::config::Config;
use bellhop::rights::{Account, Actor};
use bellhop::snapshot::{Cache, Fleet, Phone, Snapshot, Stamp, World};

use crate::support::Site;

/// The model of every device here, which has sixteen lines.
pub(super) const MODEL: &str = "yealink/t46s";

/// Its firmware.
pub(super) const FIRMWARE: &str = "66.86";

/// What the operator may choose about permissions.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Switches {
    pub(super) strict_none: bool,
    pub(super) view_may_add_unassigned: bool,
}

impl Switches {
    fn config(self) -> Config {
        let text = format!(
            "[permissions]\nstrict-none = {}\nview-may-add-unassigned = {}\n",
            self.strict_none, self.view_may_add_unassigned
        );
        Config::parse(Path::new("bellhop.toml"), &text).unwrap()
    }
}

/// The text of a fleet in the making; each call adds a record.
#[derive(Debug, Clone, Default)]
pub(super) struct Text(pub(super) String);

impl Text {
    /// Adds a provider, or with a parent an organization or user, with more keys if any.
    pub(super) fn account(
        &mut self,
        kind: &str,
        id: &str,
        parent: &str,
        level: &str,
        more: &str,
    ) -> &mut Self {
        let above = match kind {
            "organization" => format!("provider = \"{parent}\"\n"),
            "user" => format!("organization = \"{parent}\"\n"),
            _ => String::new(),
        };
        self.add(&format!("[[{kind}]]\nid = \"{id}\"\n{above}provisioning = \"{level}\"\n{more}\n"))
    }

    /// Adds an extension; an empty level leaves it to its user's.
    pub(super) fn extension(&mut self, number: &str, user: &str, level: &str) -> &mut Self {
        let level = if level.is_empty() { String::new() } else { format!("provisioning = \"{level}\"\n") };
        self.add(&format!("[[extension]]\nnumber = \"{number}\"\nuser = \"{user}\"\n{level}"))
    }

    /// Adds a device by its name, which becomes its serial too; nothing in a key leaves it out.
    pub(super) fn device(
        &mut self,
        name: &str,
        owner: &str,
        organization: &str,
        lines: &[&str],
    ) -> &mut Self {
        let mut text =
            format!("[[device]]\nserial = \"{}\"\nname = \"{name}\"\nmodel = \"{MODEL}\"\n", serial(name));
        for (key, value) in [("owner", owner), ("organization", organization)] {
            if !value.is_empty() {
                writeln!(text, "{key} = \"{value}\"").unwrap();
            }
        }
        if !lines.is_empty() {
            writeln!(text, "lines = {lines:?}").unwrap();
        }
        self.add(&text)
    }

    /// Adds a template for the model of all devices.
    pub(super) fn template(&mut self, id: &str, owner: &str, visibility: &str) -> &mut Self {
        self.template_for(id, owner, visibility, MODEL, FIRMWARE)
    }

    /// Adds a template for a model and firmware.
    pub(super) fn template_for(
        &mut self,
        id: &str,
        owner: &str,
        visibility: &str,
        model: &str,
        firmware: &str,
    ) -> &mut Self {
        self.add(&format!(
            "[[template]]\nid = \"{id}\"\nname = \"{id}\"\nowner = \"{owner}\"\nvisibility = \"{visibility}\"\n\
             [[template.equipment]]\nmodel = \"{model}\"\nfirmware = \"{firmware}\"\n"
        ))
    }

    /// Adds a record.
    pub(super) fn add(&mut self, text: &str) -> &mut Self {
        self.0 += text;
        self
    }

    /// Makes the snapshot.
    pub(super) fn load(&self, switches: Switches) -> Snapshot {
        let cache = Arc::new(Cache::new(0));
        let nothing = Snapshot::empty(world(), Arc::new(switches.config()), cache);
        let fleet = Fleet::new(Path::new("fleet")).with([(Path::new("fleet/fleet.toml"), self.0.as_str())]);
        match nothing.next(world(), Arc::new(switches.config()), &fleet, Stamp(1)) {
            Ok(Some(built)) => built.snapshot,
            Ok(None) => nothing,
            Err(faults) => panic!("{faults:?}\n{}", self.0),
        }
    }
}

/// The catalog, read once.
fn world() -> Arc<World> {
    static WORLD: OnceLock<Arc<World>> = OnceLock::new();
    Arc::clone(
        WORLD.get_or_init(|| Site::with_phone().with_vendors(&["linksys", "cisco"]).load().share_world()),
    )
}

/// Gives the serial of a device by its name.
pub(super) fn serial(name: &str) -> String {
    format!("serial-of-{name}-0123456789abcdef")
}

/// Has an account act, by its id or number.
pub(super) fn actor<'s>(snapshot: &'s Snapshot, id: &str) -> Actor<'s> {
    Actor::new(snapshot, account(snapshot, id))
}

/// Finds an account by its id or number.
pub(super) fn account<'s>(snapshot: &'s Snapshot, id: &str) -> Account<'s> {
    Account::find(snapshot, id).unwrap_or_else(|| panic!("no account {id}"))
}

/// Finds a device by its name.
pub(super) fn phone<'s>(snapshot: &'s Snapshot, name: &str) -> Phone<'s> {
    snapshot.phone_by_serial(&serial(name)).unwrap_or_else(|| panic!("no device {name}"))
}
