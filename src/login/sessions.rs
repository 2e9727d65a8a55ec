//! Sessions: who signed in, and until when; kept by the hashes of their secrets, on disk as in memory.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use compact_str::CompactString;
use hashbrown::HashMap;

use crate::config;
use crate::durable;
use crate::login::{By, NewSession, Refused, Signed, mark, random};
use crate::model::{Login, Secret, Subnet, TokenScope};
use crate::snapshot::Snapshot;

/// Sessions of all logins together.
pub(super) const MOST: usize = 4096;

/// Characters of a secret, five bits each: 260 bits.
const SECRET: usize = 52;

/// Digits of its hash that are a session's public id.
const ID: usize = 16;

/// First line of the file.
const HEAD: &str = "bellhop sessions 1";

/// A session of a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// What it is called; opens nothing.
    pub id: CompactString,
    /// Who signed in.
    pub login: CompactString,
    /// When it began.
    pub created: SystemTime,
    /// When it was last used.
    pub used: SystemTime,
    /// When it ends, if it is not used again.
    pub ends: SystemTime,
    /// When it ends in any case.
    pub latest: SystemTime,
    /// The network that it began in; `None` on this machine's own socket.
    pub network: Option<Subnet>,
}

/// All sessions.
pub(super) struct Sessions {
    path: PathBuf,
    table: Mutex<Table>,
    /// Whoever holds it writes the file.
    writer: Mutex<()>,
}

#[derive(Default)]
struct Table {
    /// By the hash of the secret.
    records: HashMap<String, Record, foldhash::quality::RandomState>,
    /// The snapshot that they were last compared with.
    compared: Option<u64>,
    is_changed: bool,
}

/// A session as it is kept; times are seconds since 1970.
struct Record {
    login: CompactString,
    /// What the login was when it began.
    mark: String,
    created: u64,
    used: u64,
    network: Option<Subnet>,
}

impl Sessions {
    pub(super) fn open(state: &Path) -> Self {
        let path = state.join("sessions");
        // What is no file of sessions has none: everybody signs in again.
        let text = fs::read_to_string(&path).unwrap_or_default();
        let records =
            text.strip_prefix(HEAD).map(|rest| rest.lines().filter_map(Record::read).take(MOST).collect());
        let table = Table { records: records.unwrap_or_default(), ..Table::default() };
        Self { path, table: Mutex::new(table), writer: Mutex::default() }
    }

    /// Begins a session; the login's oldest ones end where it has too many.
    pub(super) fn begin(
        &self,
        login: &Login,
        network: Option<Subnet>,
        rules: &config::Logins,
        now: SystemTime,
    ) -> io::Result<NewSession> {
        let secret = random::text(SECRET)?;
        let hash = random::digest_of(&secret);
        let now = since_1970(now);
        let record = Record { login: login.id.clone(), mark: mark(login), created: now, used: now, network };
        let session = record.session(&hash, rules);
        {
            let mut table = self.table();
            let most = usize::try_from(rules.sessions).unwrap_or(MOST);
            table.keep(|_, record| record.lives(rules, now));
            table.end_oldest(most, |record| record.login == login.id);
            table.end_oldest(MOST, |_| true);
            table.records.insert(hash, record);
            table.is_changed = true;
        }
        // A session that the disk does not know ends with the process; that is no reason to refuse it.
        self.write().ok();
        Ok(NewSession { secret: Secret::new(&secret), session })
    }

    pub(super) fn authenticate(
        &self,
        snapshot: &Snapshot,
        secret: &str,
        now: SystemTime,
    ) -> Result<Signed, Refused> {
        let hash = random::digest_of(secret);
        let now = since_1970(now);
        let mut table = self.table();
        table.compare(snapshot, now);
        let rules = &snapshot.config().logins;
        let record = table.records.get_mut(&hash).filter(|record| record.lives(rules, now)).ok_or(Refused)?;
        let login = snapshot.login(&record.login).filter(|login| record.is_of(login)).ok_or(Refused)?;
        // The clock may have been set back.
        let is_later = now > record.used;
        record.used = record.used.max(now);
        let by = By::Session(hash[..ID].into());
        let account = (*login.account).into();
        table.is_changed |= is_later;
        Ok(Signed { login: login.id.clone(), account, scope: TokenScope::Write, by })
    }

    pub(super) fn end_by_secret(&self, secret: &str) -> io::Result<bool> {
        let hash = random::digest_of(secret);
        self.end_those(|known, _| *known == hash).map(|ended| ended > 0)
    }

    pub(super) fn end(&self, login: &str, id: Option<&str>) -> io::Result<usize> {
        let is_it = |hash: &str| id.is_none_or(|id| id.len() == ID && hash.starts_with(id));
        self.end_those(|hash, record| record.login == login && is_it(hash))
    }

    fn end_those(&self, is_it: impl Fn(&String, &Record) -> bool) -> io::Result<usize> {
        let ended = self.table().keep(|hash, record| !is_it(hash, record));
        if ended > 0 {
            self.write()?;
        }
        Ok(ended)
    }

    pub(super) fn list(&self, snapshot: &Snapshot, login: &str, now: SystemTime) -> Vec<Session> {
        let mut table = self.table();
        table.compare(snapshot, since_1970(now));
        let rules = &snapshot.config().logins;
        let of_login = table.records.iter().filter(|(_, record)| record.login == login);
        let living = of_login.filter(|(_, record)| record.lives(rules, since_1970(now)));
        let mut listed: Vec<_> = living.map(|(hash, record)| record.session(hash, rules)).collect();
        listed.sort_by(|a, b| b.created.cmp(&a.created).then_with(|| a.id.cmp(&b.id)));
        listed
    }

    /// Ends what is over, and has the disk know what lives.
    pub(super) fn tidy(&self, snapshot: &Snapshot, now: SystemTime) -> io::Result<()> {
        let is_changed = {
            let mut table = self.table();
            table.compared = None;
            table.compare(snapshot, since_1970(now));
            table.is_changed
        };
        if is_changed { self.write() } else { Ok(()) }
    }

    /// Writes what there is; the table is free meanwhile.
    fn write(&self) -> io::Result<()> {
        let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let text = {
            let mut table = self.table();
            table.is_changed = false;
            let lines = table.records.iter().map(|(hash, record)| record.line(hash));
            lines.fold(format!("{HEAD}\n"), |text, line| text + &line)
        };
        let written = durable::write(&self.path, text.as_bytes(), 0o600);
        if written.is_err() {
            self.table().is_changed = true;
        }
        written
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Ends the sessions whose login is no more what it was, once for each snapshot.
    fn compare(&mut self, snapshot: &Snapshot, now: u64) {
        if self.compared == Some(snapshot.serial()) {
            return;
        }
        self.compared = Some(snapshot.serial());
        let rules = &snapshot.config().logins;
        let is_as_it_was =
            |record: &Record| snapshot.login(&record.login).is_some_and(|login| record.is_of(login));
        self.keep(|_, record| record.lives(rules, now) && is_as_it_was(record));
    }

    /// Ends all others; tells how many those were.
    fn keep(&mut self, stays: impl Fn(&String, &Record) -> bool) -> usize {
        let before = self.records.len();
        self.records.retain(|hash, record| stays(hash, record));
        let ended = before - self.records.len();
        self.is_changed |= ended > 0;
        ended
    }

    /// Ends the oldest of some until one more fits.
    fn end_oldest(&mut self, most: usize, is_one: impl Fn(&Record) -> bool) {
        loop {
            let of_them = self.records.iter().filter(|(_, record)| is_one(record));
            if of_them.clone().count() < most {
                return;
            }
            let oldest = of_them.min_by_key(|(_, record)| record.used).map(|(hash, _)| hash.clone());
            let Some(oldest) = oldest else { return };
            self.records.remove(&oldest);
        }
    }
}

impl Record {
    /// Takes a session from a line of the file; nothing from one that is no session.
    fn read(line: &str) -> Option<(String, Self)> {
        let mut parts = line.split(' ');
        let (hash, login, mark) = (parts.next()?, parts.next()?, parts.next()?);
        let (created, used) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let network = Subnet::unpacked(parts.next()?.parse().ok()?);
        let is_hash =
            |text: &str, digits| text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let record = Self { login: login.into(), mark: mark.to_owned(), created, used, network };
        (is_hash(hash, 64) && is_hash(mark, 32) && parts.next().is_none()).then(|| (hash.to_owned(), record))
    }

    fn line(&self, hash: &str) -> String {
        let network = self.network.map_or(0, Subnet::packed);
        format!("{hash} {} {} {} {} {network}\n", self.login, self.mark, self.created, self.used)
    }

    /// Tells whether it is not over by time; one that began in the future has no business here.
    fn lives(&self, rules: &config::Logins, now: u64) -> bool {
        let future = self.created > now.saturating_add(CLOCK_SKEW);
        !future && now < self.ends(rules)
    }

    fn ends(&self, rules: &config::Logins) -> u64 {
        let idle = self.used.saturating_add(rules.idle.as_secs());
        idle.min(self.latest(rules))
    }

    fn latest(&self, rules: &config::Logins) -> u64 {
        self.created.saturating_add(rules.age.as_secs())
    }

    fn is_of(&self, login: &Login) -> bool {
        login.enabled && self.mark == mark(login)
    }

    fn session(&self, hash: &str, rules: &config::Logins) -> Session {
        Session {
            id: hash[..ID].into(),
            login: self.login.clone(),
            created: time(self.created),
            used: time(self.used),
            ends: time(self.ends(rules)),
            latest: time(self.latest(rules)),
            network: self.network,
        }
    }
}

fn since_1970(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

fn time(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds)).unwrap_or(SystemTime::UNIX_EPOCH)
}

/// Seconds that the clock may have been set back without ending all sessions.
const CLOCK_SKEW: u64 = 300;
