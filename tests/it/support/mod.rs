//! A site: a server's files in a temporary folder, and the server that runs on them.
#![expect(clippy::unwrap_used, reason = "a fixture that cannot be made fails its test")]

mod anybody;
mod running;
mod tls;

pub(crate) use self::running::{Reply, Running, command, exchange, request, until};
pub(crate) use self::tls::{TlsPhone, certificate, certificate_with, failures, https};

use std::fs;
use std::net::IpAddr;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use bellhop::answer::{Answer, Outcome, answer};
use bellhop::document::Fault;
use bellhop::identify::Inquiry;
use bellhop::model::Protocol;
use bellhop::reload::Loader;
use bellhop::snapshot::Snapshot;
use tempfile::TempDir;

/// The records above a device: a provider, an organization, a user and two extensions.
pub(crate) const ACCOUNTS: &str = r#"
[[provider]]
id = "sp"
name = "Provider"

[[organization]]
id = "org"
provider = "sp"
name = "Organization"
settings = { registrar = "pbx.example.net" }

[[user]]
id = "user"
organization = "org"
name = "User"

[[extension]]
number = "0087*001"
user = "user"
display-name = "First"
sip = { password = "CANARY-sip-1" }

[[extension]]
number = "0087*002"
user = "user"
display-name = "Second"
sip = { password = "CANARY-sip-2" }
"#;

/// The serial of [`DEVICE`].
pub(crate) const SERIAL: &str = "t4h7k2m9x3q8w6e5r1y0u9p2an";

/// A phone of the accounts above.
pub(crate) const DEVICE: &str = r#"
[[device]]
serial = "t4h7k2m9x3q8w6e5r1y0u9p2an"
name = "Desk"
model = "yealink/t46s"
mac = "00:15:65:4A:A9:37"
admin-password = "CANARY-admin"
protocol = "http"
owner = "sp"
organization = "org"
lines = ["0087*001"]
"#;

/// The main file of [`DEVICE`].
pub(crate) const FILE: &str = "0015654aa937.cfg";

/// The repository's own catalog.
pub(crate) fn shipped_catalog() -> PathBuf {
    // What cargo says when it runs the tests: they judge the tree that they are run in.
    let root = std::env::var_os("CARGO_MANIFEST_DIR");
    root.map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from).join("catalog")
}

/// A server's files in a folder that goes away with it.
pub(crate) struct Site {
    folder: TempDir,
}

impl Site {
    /// Makes a site that knows the phones of Yealink and Aastra, as shipped, and has no records.
    pub(crate) fn new() -> Self {
        let site = Self { folder: TempDir::new().unwrap() };
        site.write("fleet/.keep", "").config("").with_vendors(&["yealink", "aastra"])
    }

    /// Makes a site with one phone.
    pub(crate) fn with_phone() -> Self {
        Self::new().write("fleet/accounts.toml", ACCOUNTS).write("fleet/device.toml", DEVICE)
    }

    /// Writes a file below the site's folder.
    pub(crate) fn write(self, path: &str, text: &str) -> Self {
        self.put(path, text);
        self
    }

    /// Has the site know the phones of more vendors, as shipped: reading all of them takes a while in each test.
    pub(crate) fn with_vendors(self, vendors: &[&str]) -> Self {
        fs::create_dir_all(self.path("shipped")).unwrap();
        for vendor in vendors {
            symlink(shipped_catalog().join(vendor), self.path("shipped").join(vendor)).unwrap();
        }
        self
    }

    /// Has the site know all phones that are shipped.
    pub(crate) fn with_every_vendor(self) -> Self {
        fs::remove_dir_all(self.path("shipped")).unwrap();
        symlink(shipped_catalog(), self.path("shipped")).unwrap();
        self
    }

    /// Writes a file below the site's folder.
    pub(crate) fn put(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Makes the settings: top-level keys and tables as given, with what every test needs where they say nothing.
    pub(crate) fn config(self, text: &str) -> Self {
        let mut head = String::from("state = \"state\"\n");
        if !text.contains("catalog = ") {
            head += "catalog = [\"shipped\"]\n";
        }
        let (keys, tables) = text.find("\n[").map_or((text, ""), |at| text.split_at(at));
        let mut all = format!("{head}{keys}{tables}\n");
        for (table, usual) in [
            ("[http]", "listen = [\"127.0.0.1:0\"]"),
            ("[https]", "listen = [\"127.0.0.1:0\"]"),
            ("[tftp]", "listen = [\"127.0.0.1:0\"]"),
            ("[admin]", "listen = [\"127.0.0.1:0\"]"),
            ("[provisioning]", "host = \"provisioning.example.net\"\nhttp-port = 80\nhttps-port = 443"),
        ] {
            if !text.contains(table) {
                all += &format!("{table}\n{usual}\n");
            }
        }
        self.write("bellhop.toml", &all)
    }

    /// Gives a path below the site's folder.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Reads the site's files.
    pub(crate) fn try_load(&self) -> Result<(Snapshot, Vec<Fault>), Vec<Fault>> {
        let mut loader = Loader::new(&self.path("bellhop.toml"))?;
        let nothing = loader.nothing();
        let loaded = loader.load(&nothing)?.unwrap();
        Ok((loaded.snapshot, loaded.warnings))
    }

    /// Reads the site's files, which must be without a fault.
    pub(crate) fn load(&self) -> Snapshot {
        match self.try_load() {
            Ok((snapshot, _)) => snapshot,
            Err(faults) => panic!("faults:\n{}", self.lines(&faults).join("\n")),
        }
    }

    /// Prints faults with paths below the site's folder.
    pub(crate) fn lines(&self, faults: &[Fault]) -> Vec<String> {
        let folder = format!("{}/", self.folder.path().display());
        faults.iter().map(|fault| fault.to_string().replace(&folder, "")).collect()
    }
}

/// Asks a snapshot for a path, from loopback.
pub(crate) fn ask<'s>(
    snapshot: &'s Snapshot,
    transport: Protocol,
    path: &str,
    user_agent: Option<&str>,
) -> Answer<'s> {
    ask_from(snapshot, transport, "127.0.0.1", path, user_agent)
}

/// Asks a snapshot for a path.
pub(crate) fn ask_from<'s>(
    snapshot: &'s Snapshot,
    transport: Protocol,
    peer: &str,
    path: &str,
    user_agent: Option<&str>,
) -> Answer<'s> {
    let peer: IpAddr = peer.parse().unwrap();
    let user_agent = user_agent.map(str::as_bytes);
    answer(snapshot, &Inquiry { user_agent, ..Inquiry::new(transport, peer, path.as_bytes()) })
}

/// Says in one word how a request went, and gives the body where there is one.
pub(crate) fn outcome<'a>(answer: &'a Answer<'_>) -> (&'static str, Option<&'a [u8]>) {
    match &answer.outcome {
        Outcome::Failed(_) => ("failed", None),
        Outcome::Refused(refusal) => (refusal.word(), None),
        Outcome::Served { file, .. } => ("served", Some(&file.body)),
    }
}
