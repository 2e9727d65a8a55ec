//! Logins in virtual time, on snapshots made of texts.

use std::collections::BTreeSet;
use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, LazyLock};

use tempfile::TempDir;

use super::*;
use crate::config::{self, Config};
use crate::snapshot::{Cache, Fleet, Stamp, World};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// The password of `anna`.
const PASSWORD: &str = "CANARY-password-of-anna";

/// Its hash, made once: argon2id is slow on purpose.
static HASH: LazyLock<Secret> = LazyLock::new(|| hash_password(&Secret::new(PASSWORD)).unwrap());

const HOME: Option<IpAddr> = Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7)));

/// A state folder, a fleet with logins, and the moment.
struct Site {
    folder: TempDir,
    logins: Logins,
    snapshot: Snapshot,
    now: Moment,
}

impl Site {
    fn new() -> Self {
        let (folder, now) = (TempDir::new().unwrap(), Moment::now());
        let logins = Logins::open(folder.path(), now).unwrap();
        let snapshot = fleet(&folder, &anna("enabled", HASH.expose()));
        Self { folder, logins, snapshot, now }
    }

    /// Puts other records in place of those before.
    fn publish(&mut self, records: &str) {
        let fleet = read(&self.folder, records);
        let built = self.snapshot.next(Arc::default(), Arc::default(), &fleet, Stamp::default());
        if let Some(built) = built.unwrap() {
            self.snapshot = built.snapshot;
        }
    }

    fn sign_in(&self, login: &str, password: &str, peer: Option<IpAddr>) -> Result<NewSession, SignInError> {
        self.logins.sign_in(&self.snapshot, login, &Secret::new(password), peer, self.now)
    }

    fn session(&self) -> NewSession {
        self.sign_in("anna", PASSWORD, HOME).unwrap()
    }

    fn shows(&self, session: &NewSession) -> Result<Signed, Refused> {
        self.logins.by_session(&self.snapshot, session.secret.expose(), self.now)
    }

    /// Ends the process and begins another.
    fn restart(&mut self) {
        self.logins = Logins::open(self.folder.path(), self.now).unwrap();
    }

    fn file(&self) -> String {
        fs::read_to_string(self.folder.path().join("sessions")).unwrap()
    }
}

fn read(folder: &TempDir, records: &str) -> Fleet {
    let path = folder.path().join("fleet");
    fs::create_dir_all(&path).unwrap();
    fs::write(path.join("logins.toml"), records).unwrap();
    let mut fleet = Fleet::new(&path);
    fleet.refresh();
    fleet
}

fn fleet(folder: &TempDir, records: &str) -> Snapshot {
    let nothing =
        Snapshot::empty(Arc::new(World::default()), Arc::new(Config::default()), Arc::new(Cache::new(1)));
    let fleet = read(folder, records);
    let built = nothing.next(Arc::default(), Arc::default(), &fleet, Stamp::default());
    built.unwrap().unwrap().snapshot
}

fn anna(status: &str, hash: &str) -> String {
    format!(
        "[[login]]\nid = \"anna\"\naccount = \"administrator\"\nstatus = \"{status}\"\npassword = \"{hash}\"\n\
         [[login]]\nid = \"nobody\"\naccount = \"administrator\"\n"
    )
}

fn is_wrong(result: &Result<NewSession, SignInError>) -> bool {
    matches!(result, Err(SignInError::Wrong))
}

fn wait(result: &Result<NewSession, SignInError>) -> Option<Duration> {
    match result {
        Err(SignInError::Later { retry_after }) => Some(*retry_after),
        _ => None,
    }
}

fn peer(number: u32) -> Option<IpAddr> {
    // One network each.
    Some(Ipv4Addr::from_bits(0x0a00_0007 + (number << 8)).into())
}

#[test]
fn a_password_opens_a_session_that_acts_as_the_logins_account() {
    let site = Site::new();
    let session = site.session();
    let signed = site.shows(&session).unwrap();
    assert_eq!((&*signed.login, &*signed.account), ("anna", "administrator"));
    assert_eq!(signed.scope, TokenScope::Write);
    assert_eq!(signed.by, By::Session(session.session.id.clone()));
    assert!(session.secret.expose().len() * 5 >= 256, "256 bits, of which a character has five");
}

#[test]
fn whoever_may_not_sign_in_costs_the_same_work_and_hears_the_same() {
    let mut site = Site::new();
    let others = HASH.expose().replace("m=19456", "m=4000000");
    site.publish(&(anna("disabled", HASH.expose()) + &format!("[[login]]\nid = \"otto\"\naccount = \"administrator\"\npassword = \"{}\"\n[[login]]\nid = \"huge\"\naccount = \"administrator\"\npassword = \"{others}\"\n", HASH.expose())));
    let long = "x".repeat(100_000);
    let cases = [
        ("otto", "a wrong password"),
        ("unknown", PASSWORD),
        ("anna", PASSWORD),
        ("nobody", PASSWORD),
        ("huge", PASSWORD),
        ("otto", long.as_str()),
        ("otto", ""),
        ("", ""),
    ];
    let mut texts = BTreeSet::new();
    for (number, (login, password)) in (0..).zip(cases) {
        let before = site.logins.passwords.runs();
        let result = site.sign_in(login, password, peer(number));
        assert!(is_wrong(&result), "{login}");
        assert_eq!(site.logins.passwords.runs() - before, 1, "{login}");
        texts.insert(result.unwrap_err().to_string());
    }
    assert_eq!(texts.len(), 1);
    assert!(site.sign_in("otto", PASSWORD, HOME).is_ok());
}

#[test]
fn hashes_are_argon2id_with_what_owasp_advises_and_salts_of_their_own() {
    let (first, second) = (HASH.expose().to_owned(), hash_password(&Secret::new(PASSWORD)).unwrap());
    assert!(first.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{first}");
    assert_ne!(first, second.expose());
}

#[test]
fn passwords_that_could_be_guessed_or_take_long_are_refused_without_being_shown() {
    for password in ["", "CANARY-shor", &"ab".repeat(20), &"CANARY-x".repeat(17)] {
        let refused = hash_password(&Secret::new(password)).unwrap_err();
        assert!(matches!(refused, HashError::Invalid(_)), "{password}");
        assert!(!format!("{refused} {refused:?}").contains("CANARY"), "{refused:?}");
    }
    // Characters count, not bytes.
    assert_eq!(check_password(&Secret::new("schöne Grüße")), Ok(()));
}

#[test]
fn after_five_wrong_passwords_each_wait_is_twice_as_long_up_to_the_longest() {
    let mut site = Site::new();
    for _ in 0..5 {
        assert!(is_wrong(&site.sign_in("anna", "a wrong password", HOME)));
    }
    let mut waits = Vec::new();
    for _ in 0..14 {
        let runs = site.logins.passwords.runs();
        let first = wait(&site.sign_in("anna", PASSWORD, HOME)).unwrap();
        assert_eq!(site.logins.passwords.runs(), runs, "what comes too early is not even looked at");
        waits.push(first.as_secs());
        site.now = site.now.after(first);
        assert!(is_wrong(&site.sign_in("anna", "a wrong password", HOME)));
    }
    assert_eq!(waits[..5], [1, 2, 4, 8, 16]);
    assert_eq!(waits[12..], [900, 900]);
    // Nobody is locked out for good.
    site.now = site.now.after(Duration::from_secs(900));
    assert!(site.sign_in("anna", PASSWORD, HOME).is_ok());
    assert!(is_wrong(&site.sign_in("anna", "a wrong password", HOME)), "the count begins anew");
}

#[test]
fn a_login_that_does_not_exist_waits_like_one_that_does() {
    let site = Site::new();
    for _ in 0..5 {
        assert!(is_wrong(&site.sign_in("anna", "a wrong password", peer(1))));
        assert!(is_wrong(&site.sign_in("unknown", "a wrong password", peer(2))));
    }
    let known = wait(&site.sign_in("anna", "a wrong password", peer(1)));
    assert_eq!(known, wait(&site.sign_in("unknown", "a wrong password", peer(2))));
    assert_eq!(known, Some(Duration::from_secs(1)));
}

#[test]
fn a_network_that_tries_one_login_after_the_other_waits_but_not_those_who_live_there() {
    let site = Site::new();
    site.session();
    let mut tried = 0;
    while wait(&site.sign_in(&format!("login-{tried}"), "a wrong password", HOME)).is_none() {
        tried += 1;
        assert!(tried < 100, "a network may try only so many");
    }
    assert_eq!(tried, 20);
    assert!(site.sign_in("anna", PASSWORD, HOME).is_ok(), "it is the login's own network");
    assert!(site.sign_in("anna", PASSWORD, peer(9)).is_ok(), "another network is not touched");
}

#[test]
fn guesses_from_everywhere_neither_go_on_nor_lock_the_login_out() {
    let mut site = Site::new();
    site.session();
    let mut tried = 0;
    while wait(&site.sign_in("anna", "a wrong password", peer(tried))).is_none() {
        tried += 1;
        assert!(tried < 100, "a login may be tried only so often");
    }
    assert_eq!(tried, 20);
    for more in 0..20 {
        let pause = wait(&site.sign_in("anna", PASSWORD, peer(100 + more))).unwrap();
        assert!(pause <= Duration::from_secs(30), "{pause:?}");
        assert!(site.sign_in("anna", PASSWORD, HOME).is_ok(), "its own network is not touched");
        site.now = site.now.after(pause);
        assert!(is_wrong(&site.sign_in("anna", "a wrong password", peer(200 + more))));
    }
    // An hour of peace, and it is as before.
    site.now = site.now.after(HOUR);
    assert!(site.sign_in("anna", PASSWORD, peer(300)).is_ok());
}

#[test]
fn the_memory_of_failures_is_bounded() {
    let now = Instant::now();
    let (throttle, rules) = (Throttle::new(now), config::Logins::default());
    for number in 0..3 * u32::try_from(throttle::MOST).unwrap() {
        let login = format!("login-{number}");
        let network = peer(number).map(|peer| Subnet::of(peer, 24, 56));
        let attempt = throttle.begin(&login, network, &rules, now).unwrap();
        if number % 2 == 0 {
            throttle.succeed(attempt, now);
        }
    }
    assert!(throttle.entries() <= 4 * throttle::MOST, "{}", throttle.entries());
}

#[test]
fn attempts_that_are_made_at_once_count_each() {
    let now = Instant::now();
    let (throttle, rules) = (Throttle::new(now), config::Logins::default());
    let under_way: Vec<_> = (0..10).map_while(|_| throttle.begin("anna", None, &rules, now).ok()).collect();
    assert_eq!(under_way.len(), 5);
}

#[test]
fn a_session_ends_when_it_is_idle_and_when_it_is_old() {
    let mut site = Site::new();
    let session = site.session();
    site.now = site.now.after(29 * MINUTE);
    assert!(site.shows(&session).is_ok());
    site.now = site.now.after(29 * MINUTE);
    assert!(site.shows(&session).is_ok(), "using it has it live on");
    site.now = site.now.after(31 * MINUTE);
    assert_eq!(site.shows(&session), Err(Refused));

    let session = site.session();
    let began = site.now.time;
    let latest = session.session.latest.duration_since(session.session.created);
    assert_eq!(latest.unwrap(), 12 * HOUR);
    while site.shows(&session).is_ok() {
        site.now = site.now.after(20 * MINUTE);
        assert!(site.now.time < began + 24 * HOUR, "a session that is used must end, too");
    }
    assert_eq!(site.now.time, began + 12 * HOUR);
}

#[test]
fn sessions_outlive_a_restart_and_are_kept_as_hashes_for_their_owner_alone() {
    let mut site = Site::new();
    let session = site.session();
    let before = site.shows(&session).unwrap();
    site.restart();
    assert_eq!(site.shows(&session), Ok(before));
    let text = site.file();
    assert!(!text.contains(session.secret.expose()) && !text.contains("argon2"), "{text}");
    let mode = fs::metadata(site.folder.path().join("sessions")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn how_long_a_session_was_idle_outlives_a_restart() {
    let mut site = Site::new();
    let session = site.session();
    site.now = site.now.after(20 * MINUTE);
    site.shows(&session).unwrap();
    site.logins.tidy(&site.snapshot, site.now).unwrap();
    site.restart();
    site.now = site.now.after(20 * MINUTE);
    assert!(site.shows(&session).is_ok());
    site.logins.tidy(&site.snapshot, site.now).unwrap();
    site.restart();
    site.now = site.now.after(40 * MINUTE);
    assert_eq!(site.shows(&session), Err(Refused));
}

#[test]
fn a_file_of_sessions_that_is_broken_opens_nothing() {
    let mut site = Site::new();
    let session = site.session();
    let whole = site.file();
    for broken in ["", "something else\n", &whole.replace("anna", "anna extra"), &whole[..whole.len() / 2]] {
        fs::write(site.folder.path().join("sessions"), broken).unwrap();
        site.restart();
        assert_eq!(site.shows(&session), Err(Refused), "{broken:?}");
    }
    fs::write(site.folder.path().join("sessions"), whole).unwrap();
    site.restart();
    assert!(site.shows(&session).is_ok());
}

#[test]
fn signing_out_ends_a_session_for_good() {
    let mut site = Site::new();
    let (first, second) = (site.session(), site.session());
    assert!(site.logins.sign_out(first.secret.expose()).unwrap());
    assert!(!site.logins.sign_out(first.secret.expose()).unwrap());
    assert_eq!(site.shows(&first), Err(Refused));
    assert!(site.shows(&second).is_ok());
    site.restart();
    assert_eq!(site.shows(&first), Err(Refused));
    assert!(site.shows(&second).is_ok());
}

#[test]
fn sessions_are_listed_without_what_opens_them_and_ended_by_their_ids() {
    let mut site = Site::new();
    let first = site.session();
    site.now = site.now.after(MINUTE);
    let second = site.session();
    let listed = site.logins.sessions(&site.snapshot, "anna", site.now);
    let ids: Vec<_> = listed.iter().map(|session| &session.id).collect();
    assert_eq!(ids, [&second.session.id, &first.session.id]);
    assert!(!format!("{listed:?} {second:?} {:?}", site.logins).contains(second.secret.expose()));
    assert!(site.logins.sessions(&site.snapshot, "nobody", site.now).is_empty());

    assert_eq!(site.logins.end("nobody", Some(&first.session.id)).unwrap(), 0, "another's id");
    assert_eq!(site.logins.end("anna", Some("")).unwrap(), 0);
    assert_eq!(site.logins.end("anna", Some(&first.session.id)).unwrap(), 1);
    assert_eq!(site.shows(&first), Err(Refused));
    assert_eq!(site.logins.end("anna", None).unwrap(), 1);
    assert_eq!(site.shows(&second), Err(Refused));
}

#[test]
fn a_login_has_so_many_sessions_and_its_oldest_ends_for_a_new_one() {
    let mut site = Site::new();
    let first = site.session();
    for _ in 0..16 {
        site.now = site.now.after(Duration::from_secs(1));
        site.session();
    }
    assert_eq!(site.logins.sessions(&site.snapshot, "anna", site.now).len(), 16);
    assert_eq!(site.shows(&first), Err(Refused));
}

#[test]
fn a_login_that_is_disabled_removed_or_changed_has_no_session_from_then_on() {
    let other =
        HASH.expose().replace("$argon2id$v=19$m=19456,t=2,p=1$", "$argon2id$v=19$m=19456,t=2,p=1$AAAA");
    let changes = [
        anna("disabled", HASH.expose()),
        String::new(),
        anna("enabled", &other),
        anna("enabled", HASH.expose()).replacen("administrator", "sp", 1)
            + "[[provider]]\nid = \"sp\"\nname = \"Provider\"\n",
    ];
    for change in changes {
        let mut site = Site::new();
        let session = site.session();
        site.publish(&change);
        assert_eq!(site.shows(&session), Err(Refused), "{change}");
        // What was taken back does not bring them back.
        site.publish(&anna("enabled", HASH.expose()));
        assert_eq!(site.shows(&session), Err(Refused), "{change}");
    }
    // A name for people is nothing that they hold by.
    let mut site = Site::new();
    let session = site.session();
    site.publish(&anna("enabled", HASH.expose()).replacen("id =", "name = \"Anna\"\nid =", 1));
    assert!(site.shows(&session).is_ok());
}

#[test]
fn a_token_opens_what_its_scope_says_until_it_is_over_revoked_or_its_login_disabled() {
    let mut site = Site::new();
    let made = NewToken::generate().unwrap();
    let record = |rest: &str| {
        format!(
            "[[token]]\nid = \"{}\"\nlogin = \"anna\"\nhash = \"{}\"\n{rest}\n",
            made.id,
            made.hash.expose()
        )
    };
    let shows = |site: &Site, token: &str| site.logins.by_token(&site.snapshot, token, site.now);
    let token = made.token.expose();
    let logins = anna("enabled", HASH.expose());

    site.publish(&(logins.clone() + &record("")));
    let signed = shows(&site, token).unwrap();
    assert_eq!((signed.scope, signed.by), (TokenScope::Read, By::Token(made.id.as_str().into())));
    for wrong in [
        "",
        "bh_",
        "bh__",
        token.strip_prefix("bh_").unwrap(),
        &token[..token.len() - 1],
        &format!("{token}x"),
    ] {
        assert_eq!(shows(&site, wrong), Err(Refused), "{wrong}");
    }
    let other = NewToken::generate().unwrap();
    let mixed = format!("bh_{}_{}", made.id, other.token.expose().rsplit_once('_').unwrap().1);
    assert_eq!(shows(&site, &mixed), Err(Refused));

    site.publish(&(logins.clone() + &record("scope = \"write\"\nexpires = 2100-01-01T00:00:00+02:00")));
    assert_eq!(shows(&site, token).unwrap().scope, TokenScope::Write);
    site.publish(&(logins.clone() + &record("expires = 2020-01-01T00:00:00Z")));
    assert_eq!(shows(&site, token), Err(Refused));
    site.publish(&(anna("disabled", HASH.expose()) + &record("")));
    assert_eq!(shows(&site, token), Err(Refused));
    site.publish(&logins);
    assert_eq!(shows(&site, token), Err(Refused));
}

#[test]
fn tokens_have_200_secret_bits_and_never_print() {
    let made = NewToken::generate().unwrap();
    let (id, secret) = made.token.expose().strip_prefix(TOKEN_PREFIX).unwrap().split_once('_').unwrap();
    assert_eq!((id, secret.len() * 5), (&*made.id, 200));
    assert!(!format!("{made:?}").contains(secret));
}
