//! Cases: what a phone asks for at boot, and the bytes that it gets.
//!
//! A case is a folder `<vendor>/cases/<name>` with `phone.toml` (records, the phone first), `request.toml` (what it asks
//! for, in its order) and `expected/` (what it gets, a file for each path, whose slashes are written `__`).

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::answer::{Answer, Outcome, answer};
use crate::catalog::Catalog;
use crate::config::Config;
use crate::document::{Document, Entry, Fault};
use crate::identify::Inquiry;
use crate::model::Protocol;
use crate::snapshot::{Cache, Fleet, Phone, Rules, Snapshot, Stamp, World};

/// One case, with its records loaded.
pub struct Case {
    folder: PathBuf,
    snapshot: Snapshot,
    boot: Boot,
}

/// What `request.toml` says.
#[derive(Debug, Default)]
struct Boot {
    protocol: Option<Protocol>,
    user_agent: Option<String>,
    headers: HeaderMap,
    /// Nothing stands before a path; else the serial does.
    at_top: bool,
    asks: Vec<Ask>,
}

/// One name that a phone asks for.
#[derive(Debug)]
pub struct Ask {
    /// The name, without what stands before it in the URL.
    pub path: String,
    /// Whether there is a file; else it is a probe.
    pub answered: bool,
}

/// Lists the cases of a vendor below the catalog's folders, in the order of their names.
pub fn folders(folders: &[PathBuf], vendor: &str) -> Vec<PathBuf> {
    let cases = folders.iter().map(|folder| folder.join(vendor).join("cases"));
    let entries = cases.flat_map(|cases| fs::read_dir(cases).into_iter().flatten().flatten());
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    found.sort();
    found
}

impl Case {
    /// Reads a case for a catalog; its server is `provisioning.example.net`, at the usual ports.
    ///
    /// # Errors
    /// What is wrong with its files.
    pub fn read(catalog: &Arc<Catalog>, folder: &Path) -> Result<Self, Vec<Fault>> {
        let text = |name: &str| {
            let path = folder.join(name);
            fs::read_to_string(&path).map(|text| (path.clone(), text)).map_err(|error| {
                vec![Fault::error(&path, 0, format!("cannot be read: {error}; a case has one"))]
            })
        };
        let server =
            "[provisioning]\nhost = \"provisioning.example.net\"\nhttp-port = 80\nhttps-port = 443\n";
        let config = Arc::new(Config::parse(Path::new("server"), server)?);
        let rules = Rules::new(&config, "provisioning.example.net");
        let world = World::new(Arc::clone(catalog), rules, None, Stamp::default());
        // Cases have phones with the same serials, which must not get the files of one another.
        let nothing = Snapshot::empty(Arc::default(), Arc::clone(&config), Arc::new(Cache::new(1 << 24)));
        let (path, phone) = text("phone.toml")?;
        let fleet = Fleet::default().with([(path.as_path(), phone)]);
        let built = nothing.next(Arc::new(world), config, &fleet, Stamp::default())?;
        let built = built.map(|built| built.snapshot).filter(|snapshot| snapshot.phones().next().is_some());
        let Some(snapshot) = built else {
            return Err(vec![Fault::error(&path, 0, "has no device; begin it with the phone of the case")]);
        };
        let (path, request) = text("request.toml")?;
        Ok(Self { folder: folder.to_owned(), snapshot, boot: Boot::read(&path, &request)? })
    }

    /// Gives the phone: the first one of its records.
    pub fn phone(&self) -> Option<Phone<'_>> {
        self.snapshot.phones().next()
    }

    /// Gives what it asks for, in its order.
    pub fn asks(&self) -> &[Ask] {
        &self.boot.asks
    }

    /// Has the phone ask, and says what differs from what is expected; with `bless` that is written anew instead.
    ///
    /// # Errors
    /// What is expected cannot be written.
    pub fn judge(&self, bless: bool) -> io::Result<Vec<String>> {
        let expected = self.folder.join("expected");
        let (mut wrong, mut known) = (Vec::from_iter(self.other_firmware()), BTreeSet::new());
        if bless {
            fs::create_dir_all(&expected)?;
        }
        for ask in &self.boot.asks {
            let file = expected.join(ask.path.replace('/', "__"));
            match (self.ask(&ask.path).outcome, ask.answered) {
                (Outcome::Served { file: got, .. }, true) => {
                    if bless {
                        fs::write(&file, &got.body)?;
                    } else if let Some(differs) = differs(fs::read(&file).ok().as_deref(), &got.body) {
                        wrong.push(format!("{} {differs}", ask.path));
                    }
                }
                (Outcome::Refused(refusal), false) if refusal.word() == "probe" => (),
                (Outcome::Failed(error), _) => {
                    wrong.push(format!("{} is not rendered: {}", ask.path, error.source));
                }
                (Outcome::Refused(refusal), _) => {
                    let wants = if ask.answered { "a file" } else { "a probe" };
                    wrong.push(format!(
                        "{} is refused (`{}`), and the case wants {wants}",
                        ask.path,
                        refusal.word()
                    ));
                }
                (Outcome::Served { .. }, false) => {
                    wrong.push(format!("{} is served, and the case wants a probe", ask.path));
                }
            }
            if ask.answered {
                known.insert(file);
            }
        }
        for path in fs::read_dir(&expected).into_iter().flatten().flatten().map(|entry| entry.path()) {
            if known.contains(&path) {
            } else if bless {
                fs::remove_file(path)?;
            } else {
                wrong.push(format!("nobody asks for {}", path.display()));
            }
        }
        Ok(wrong)
    }

    /// Says so where the phone tells a version of another firmware than its record has.
    fn other_firmware(&self) -> Option<String> {
        let (phone, ask) = (self.phone()?, self.boot.asks.first()?);
        let told = self.ask(&ask.path).told_firmware.filter(|told| told.id != phone.firmware.id)?;
        Some(format!("its request tells firmware `{}`, and its record has `{}`", told.id, phone.firmware.id))
    }

    fn ask(&self, path: &str) -> Answer<'_> {
        let serial = self.phone().filter(|_| !self.boot.at_top).map(|phone| phone.device.serial.expose());
        let before = serial.map(|serial| format!("{serial}/")).unwrap_or_default();
        let transport = self.boot.protocol.unwrap_or(Protocol::Https);
        let path = format!("/{before}{path}");
        let inquiry = Inquiry {
            user_agent: self.boot.user_agent.as_deref().map(str::as_bytes),
            headers: Some(&self.boot.headers),
            ..Inquiry::new(transport, std::net::Ipv4Addr::LOCALHOST.into(), path.as_bytes())
        };
        answer(&self.snapshot, &inquiry)
    }
}

/// Says how a file differs from what is expected: by its first line that does, whose text may hold a password.
fn differs(expected: Option<&[u8]>, got: &[u8]) -> Option<String> {
    let Some(expected) = expected else {
        return Some("has nothing in `expected` yet; `--bless` writes it".to_owned());
    };
    let same = expected.iter().zip(got).take_while(|(one, other)| one == other).count();
    (expected != got).then(|| {
        let line = 1 + got.iter().take(same).filter(|byte| **byte == b'\n').count();
        format!("is not as in `expected` from line {line} on; read what `--bless` writes as a diff")
    })
}

impl Boot {
    fn read(path: &Path, text: &str) -> Result<Self, Vec<Fault>> {
        let document = Document::parse(path, text)?;
        let mut boot = Self::default();
        for entry in document.root() {
            match entry.key() {
                "below" => boot.at_top = entry.choice(&["serial", "top"]) == Some("top"),
                "boot" => boot.asks = entry.list().filter_map(|item| Ask::read(&item)).collect(),
                "protocol" => boot.protocol = entry.one_of(Protocol::ALL),
                "headers" => entry.table().into_iter().flatten().for_each(|header| boot.send(&header)),
                "user-agent" => boot.user_agent = entry.text(512).map(str::to_owned),
                _ => entry.unknown(&["below", "boot", "headers", "protocol", "user-agent"]),
            }
        }
        let faults = document.into_faults();
        if faults.iter().any(Fault::is_error) { Err(faults) } else { Ok(boot) }
    }

    /// Has it send a header that is called as an entry.
    fn send(&mut self, entry: &Entry<'_>) {
        let Some(value) = entry.text(512) else { return };
        match (entry.key().parse::<HeaderName>(), HeaderValue::from_str(value)) {
            (Ok(name), Ok(value)) => {
                self.headers.insert(name, value);
            }
            (Err(_), _) => entry.error("is no header's name; write letters, digits and `-`"),
            (_, Err(_)) => entry.error("is no header's value; write one line of ASCII"),
        }
    }
}

impl Ask {
    /// Reads `["path", "file"]` or `["path", "probe"]`.
    fn read(item: &Entry<'_>) -> Option<Self> {
        let mut pair = item.list();
        let path = pair.next()?.text(255)?.to_owned();
        let answered = pair.next()?.choice(&["file", "probe"])? == "file";
        Some(Self { path, answered })
    }
}
