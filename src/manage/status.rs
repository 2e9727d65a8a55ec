//! How the server is, for a person: the same facts that the metrics hold, and what they mean.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::document::Fault;
use crate::guard::Ban;
use crate::listen::CertificateState;
use crate::manage::{Admin, scrape};
use crate::model::Protocol;
use crate::reload::{Reading, Report};
use crate::telemetry::{Sample, names};

/// Most reasons of refusals, and most bans, that are told.
const BUSIEST: usize = 10;

/// Part of a cap from which on somebody should look.
const NEARLY: f64 = 0.8;

/// How the server is.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Status {
    /// The program's version.
    pub version: String,
    /// When it started (RFC 3339, UTC).
    pub started: String,
    /// Seconds since then.
    pub uptime_seconds: u64,
    /// Whether it stops, and only finishes what is under way.
    pub stopping: bool,
    /// What somebody should look at, each with its remedy; empty when all is well.
    pub attention: Vec<String>,
    /// Where phones connect.
    pub listeners: Vec<Listener>,
    /// What phones are served from.
    pub snapshot: Served,
    /// The last reading of the files; none since the start where `None`.
    pub reload: Option<LastReload>,
    /// The server's certificates, in the order of the settings.
    pub certificates: Vec<Certificate>,
    /// Networks that are banned, those that tried most first; the rest is left out.
    pub bans: Vec<Banned>,
    /// How many networks are banned.
    pub banned: usize,
    /// Connections of phones.
    pub connections: Connections,
    /// Transfers over TFTP.
    pub tftp: Transfers,
    /// Requests since the start by transport and outcome.
    pub requests: BTreeMap<String, BTreeMap<String, u64>>,
    /// What most requests that got nothing got nothing for, the busiest first.
    pub refusals: Vec<Refused>,
    /// Rendered files that are kept.
    pub cache: Cached,
}

/// A place where phones connect.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Listener {
    /// The protocol's word.
    pub transport: String,
    /// The address as it is bound.
    pub address: String,
}

/// What phones are served from.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Served {
    /// The snapshot's number.
    pub serial: u64,
    /// How many devices it has.
    pub devices: usize,
    /// When it was published (RFC 3339, UTC).
    pub published: String,
    /// Seconds since then.
    pub age_seconds: u64,
    /// Whether the files are faulty, so that phones get what the files said before.
    pub stale: bool,
    /// Since when (RFC 3339, UTC).
    pub stale_since: Option<String>,
}

/// One of the server's certificates.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Certificate {
    /// The file of its chain.
    pub file: String,
    /// Host names, wildcards and addresses in it.
    pub names: Vec<String>,
    /// What its key is: `ECDSA`, `Ed25519` or `RSA`.
    pub kind: String,
    /// When it ends (RFC 3339, UTC).
    pub ends: String,
    /// Whole days until then; negative when it is over.
    pub days_left: i64,
    /// Whether it signs itself.
    pub self_signed: bool,
}

/// A network that is banned.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Banned {
    /// The network.
    pub network: String,
    /// When the ban ends (RFC 3339, UTC).
    pub until: String,
    /// Different identifiers that it was refused before.
    pub identifiers: u32,
    /// Requests that were refused to it since.
    pub requests: u64,
}

/// The last reading of the files.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct LastReload {
    /// What it brought: `published`, `refused` or `unchanged`.
    pub result: String,
    /// When it ended (RFC 3339, UTC).
    pub at: String,
    /// Seconds since then.
    pub age_seconds: u64,
    /// How long it took.
    pub took_seconds: f64,
    /// All that was wrong, a line each.
    pub faults: Vec<String>,
    /// What somebody should look at, a line each.
    pub warnings: Vec<String>,
}

/// Connections of phones.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Connections {
    /// Those open now, by transport.
    pub open: BTreeMap<String, u64>,
    /// Most of them at once.
    pub limit: u64,
    /// TLS handshakes that failed since the start.
    pub handshake_failures: u64,
}

/// Transfers over TFTP.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Transfers {
    /// Those under way.
    pub under_way: u64,
    /// Those since the start that ended, by how; what never happened is left out.
    pub ended: BTreeMap<String, u64>,
}

/// A reason for which requests got nothing.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Refused {
    /// How they came.
    pub transport: String,
    /// The reason's word.
    pub reason: String,
    /// How many since the start.
    pub count: u64,
}

/// Rendered files that are kept.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Cached {
    /// How many.
    pub files: u64,
    /// How many bytes.
    pub bytes: u64,
    /// Most bytes.
    pub limit_bytes: u64,
    /// How many made room for others since the start.
    pub evictions: u64,
}

impl Status {
    /// Collects how the server is.
    pub(super) fn of(admin: &Admin) -> Self {
        scrape::measure(&admin.store, &admin.metrics, &admin.guard, &admin.clerk.runs);
        let figures = Figures(admin.metrics.samples());
        let snapshot = admin.store.current();
        let reading = admin.last.get();
        let stale_since = admin.last.stale_since();
        let (now, certificates) = (SystemTime::now(), admin.identities.certificates());
        let (bans, banned) = bans(admin);
        let published = snapshot.published().time();
        let mut status = Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started: time(admin.started),
            uptime_seconds: age(admin.started),
            stopping: admin.stopping.is_cancelled(),
            attention: Vec::new(),
            listeners: admin.listeners.iter().map(listener).collect(),
            snapshot: Served {
                serial: snapshot.serial(),
                devices: snapshot.devices(),
                published: time(published),
                age_seconds: age(published),
                stale: stale_since.is_some(),
                stale_since: stale_since.map(time),
            },
            reload: reading.map(LastReload::from),
            certificates: certificates.iter().map(|state| certificate(state, now)).collect(),
            bans,
            banned,
            connections: Connections {
                open: figures.by(names::CONNECTIONS, "transport"),
                limit: figures.total(names::CONNECTIONS_LIMIT),
                handshake_failures: figures.total(names::HANDSHAKE_FAILURES),
            },
            tftp: Transfers {
                under_way: figures.total(names::TFTP_IN_FLIGHT),
                ended: figures.by(names::TFTP_TRANSFERS, "outcome"),
            },
            requests: figures.requests(),
            refusals: figures.busiest(),
            cache: Cached {
                files: figures.total(names::CACHE_FILES),
                bytes: figures.total(names::CACHE_BYTES),
                limit_bytes: figures.total(names::CACHE_LIMIT_BYTES),
                evictions: figures.total(names::CACHE_EVICTIONS),
            },
        };
        status.tftp.ended.retain(|_, count| *count > 0);
        status.connections.open.remove(Protocol::Tftp.word());
        status.attention = status.worries(&figures);
        status.attention.extend(certificates.iter().filter_map(|state| Some(state.fault(now)?.to_string())));
        status
    }

    fn worries(&self, figures: &Figures) -> Vec<String> {
        let mut worries = Vec::new();
        if self.snapshot.stale {
            let (serial, faults) =
                (self.snapshot.serial, self.reload.as_ref().map_or(0, |last| last.faults.len()));
            worries.push(format!(
                "the files have {faults} faults, and phones are served snapshot {serial}, the last good one; mend them"
            ));
        }
        let open = self.connections.open.values().sum();
        if is_nearly(open, self.connections.limit) {
            let limit = self.connections.limit;
            worries.push(format!("{open} of {limit} connections are taken; raise limits.connections"));
        }
        let (files, most) = (figures.total("process_open_fds"), figures.total("process_max_fds"));
        if is_nearly(files, most) {
            worries.push(format!("{files} of {most} files are open; raise the limit of open files"));
        }
        worries
    }
}

impl From<Reading> for LastReload {
    fn from(reading: Reading) -> Self {
        let lines = |faults: &[Fault]| faults.iter().map(ToString::to_string).collect();
        let (result, faults, warnings) = match &reading.report {
            Report::Published { warnings, .. } => ("published", Vec::new(), lines(warnings)),
            Report::Refused { faults, .. } => ("refused", lines(faults), Vec::new()),
            Report::Unchanged { .. } => ("unchanged", Vec::new(), Vec::new()),
        };
        Self {
            result: result.to_owned(),
            at: time(reading.at),
            age_seconds: age(reading.at),
            took_seconds: reading.took.as_secs_f64(),
            faults,
            warnings,
        }
    }
}

/// All figures at a moment.
struct Figures(Vec<Sample>);

impl Figures {
    fn of(&self, name: &str) -> impl Iterator<Item = &Sample> {
        self.0.iter().filter(move |sample| sample.name == name)
    }

    fn total(&self, name: &str) -> u64 {
        self.of(name).map(Sample::count).sum()
    }

    fn by(&self, name: &str, label: &str) -> BTreeMap<String, u64> {
        self.of(name).map(|sample| (sample.label(label).to_owned(), sample.count())).collect()
    }

    fn requests(&self) -> BTreeMap<String, BTreeMap<String, u64>> {
        let mut requests: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
        for sample in self.of(names::REQUESTS) {
            let outcomes = requests.entry(sample.label("transport").to_owned()).or_default();
            outcomes.insert(sample.label("outcome").to_owned(), sample.count());
        }
        requests
    }

    fn busiest(&self) -> Vec<Refused> {
        let text = |sample: &Sample, label: &str| sample.label(label).to_owned();
        let refusals = self.of(names::REFUSALS).map(|sample| Refused {
            transport: text(sample, "transport"),
            reason: text(sample, "reason"),
            count: sample.count(),
        });
        let datagrams = self.of(names::TFTP_REFUSALS).map(|sample| Refused {
            transport: Protocol::Tftp.word().to_owned(),
            reason: text(sample, "reason"),
            count: sample.count(),
        });
        let handshakes = self.of(names::HANDSHAKE_FAILURES).map(|sample| Refused {
            transport: text(sample, "transport"),
            reason: format!("handshake: {}", sample.label("reason")),
            count: sample.count(),
        });
        let all = refusals.chain(datagrams).chain(handshakes);
        let mut all: Vec<_> = all.filter(|refused| refused.count > 0).collect();
        all.sort_by_key(|refused| Reverse(refused.count));
        all.truncate(BUSIEST);
        all
    }
}

/// Lists the bans of those that tried most, and counts all.
fn bans(admin: &Admin) -> (Vec<Banned>, usize) {
    let now = SystemTime::now();
    let mut bans = admin.guard.bans(Instant::now());
    bans.sort_by_key(|ban| Reverse(ban.requests));
    let describe = |ban: &Ban| Banned {
        network: ban.network.to_string(),
        until: time(now + ban.left),
        identifiers: ban.identifiers,
        requests: ban.requests,
    };
    (bans.iter().take(BUSIEST).map(describe).collect(), bans.len())
}

fn certificate(state: &CertificateState, now: SystemTime) -> Certificate {
    let days = |from: SystemTime, to: SystemTime| {
        let seconds = to.duration_since(from).ok()?.as_secs();
        i64::try_from(seconds / 86_400).ok()
    };
    let left = days(now, state.not_after);
    Certificate {
        file: state.file.display().to_string(),
        names: state.names.clone(),
        kind: state.kind.to_owned(),
        ends: time(state.not_after),
        days_left: left.unwrap_or_else(|| -1 - days(state.not_after, now).unwrap_or_default()),
        self_signed: state.self_signed,
    }
}

fn listener((protocol, address): &(Protocol, std::net::SocketAddr)) -> Listener {
    Listener { transport: protocol.word().to_owned(), address: address.to_string() }
}

#[expect(clippy::cast_precision_loss, reason = "caps stay far below 2^52")]
fn is_nearly(taken: u64, cap: u64) -> bool {
    cap > 0 && taken as f64 >= cap as f64 * NEARLY
}

fn time(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time).to_string()
}

fn age(time: SystemTime) -> u64 {
    SystemTime::now().duration_since(time).unwrap_or(Duration::ZERO).as_secs()
}
