//! Networks in virtual time.

use std::net::Ipv4Addr;

use proptest::prelude::*;

use super::*;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// A guard with its clock.
struct Site {
    guard: Guard,
    rules: config::Guard,
    now: Instant,
}

impl Site {
    fn new() -> Self {
        let now = Instant::now();
        Self { guard: Guard::new(now), rules: config::Guard::default(), now }
    }

    /// Refuses a peer an identifier.
    fn refuse(&self, peer: IpAddr, identifier: u64) -> Verdict {
        self.refuse_as(peer, identifier, false)
    }

    fn refuse_as(&self, peer: IpAddr, identifier: u64, is_known: bool) -> Verdict {
        let refused = Refused { peer, identifier, is_known, counts: true };
        self.guard.refused(&refused, &self.rules, self.now)
    }

    fn is_banned(&self, peer: IpAddr) -> bool {
        self.guard.banned(peer, &self.rules, || self.now).is_some()
    }

    /// Refuses a peer so many identifiers from one on; tells after how many it was banned.
    fn scan(&self, peer: IpAddr, from: u64, count: u64) -> Option<u64> {
        (1..=count).find(|nth| self.refuse(peer, from + nth).banned.is_some())
    }
}

fn peer(number: u32) -> IpAddr {
    // One network each.
    Ipv4Addr::from_bits(number << 8 | 7).into()
}

const SCANNER: u32 = 0x00c6_3364;
const OFFICE: u32 = 0x00cb_0071;

#[test]
fn a_scanner_is_refused_twenty_identifiers_an_hour_however_it_spreads_them() {
    for pause in [1, 30, 100, 179, 181, 700] {
        let mut site = Site::new();
        let mut answered: Vec<Instant> = Vec::new();
        for identifier in 0..12 * 3600 / pause {
            if !site.is_banned(peer(SCANNER)) {
                answered.push(site.now);
                site.refuse(peer(SCANNER), identifier);
            }
            site.now += Duration::from_secs(pause);
        }
        for (at, first) in answered.iter().enumerate() {
            let within = answered[at..].iter().take_while(|time| **time - *first < HOUR).count();
            assert!(within <= 20, "{within} in an hour, one each {pause} s");
        }
        assert!(answered.len() > 20, "bans end");
    }
}

#[test]
fn an_office_with_500_good_phones_and_one_unregistered_one_is_not_banned_within_a_week() {
    let mut site = Site::new();
    for minute in 0..7 * 24 * 60 {
        // Good phones are no matter of the guard; those known by their address alone ask whether there is a ban.
        assert_eq!(site.refuse(peer(OFFICE), 0x0015_65ff_ffff), Verdict::default(), "minute {minute}");
        assert!(!site.is_banned(peer(OFFICE)));
        site.now += MINUTE;
    }
    assert_eq!(site.guard.bans(site.now), []);
}

#[test]
fn every_ban_ends_within_an_hour_and_the_next_is_longer() {
    let mut site = Site::new();
    site.rules.window = Duration::from_secs(60);
    let mut lengths = Vec::new();
    for turn in 0..5 {
        assert_eq!(site.scan(peer(SCANNER), turn * 100, 30), Some(20));
        let ban = site.guard.bans(site.now)[0];
        assert_eq!((ban.network.to_string().as_str(), ban.identifiers), ("198.51.100.0/24", 20));
        lengths.push(ban.left.as_secs() / 60);
        site.now += ban.left - Duration::from_secs(1);
        assert!(site.is_banned(peer(SCANNER)));
        site.now += Duration::from_secs(1);
        assert!(!site.is_banned(peer(SCANNER)));
        site.now += MINUTE;
    }
    assert_eq!(lengths, [15, 30, 60, 60, 60]);
    site.now += 25 * HOUR;
    site.scan(peer(SCANNER), 1000, 20);
    assert_eq!(site.guard.bans(site.now)[0].left, 15 * MINUTE, "what is long ago is forgotten");
}

#[test]
fn a_ban_lasts_until_the_budget_is_the_networks_again() {
    let mut site = Site::new();
    site.scan(peer(SCANNER), 0, 19);
    site.now += 10 * MINUTE;
    site.scan(peer(SCANNER), 100, 1);
    assert_eq!(site.guard.bans(site.now)[0].left, 50 * MINUTE);
}

#[test]
fn a_lifted_ban_is_over_and_the_budget_whole() {
    let site = Site::new();
    for number in [SCANNER, SCANNER + 1, OFFICE] {
        assert_eq!(site.scan(peer(number), 0, 20), Some(20));
    }
    assert_eq!(site.guard.lift(Some("192.0.2.0/24".parse().unwrap()), site.now), 0);
    assert_eq!(site.guard.lift(Some("203.0.113.9/32".parse().unwrap()), site.now), 1, "by an address in it");
    assert!(!site.is_banned(peer(OFFICE)) && site.is_banned(peer(SCANNER)));
    assert_eq!(site.scan(peer(OFFICE), 0, 30), Some(20));
    assert_eq!(
        site.guard
            .bans(site.now)
            .iter()
            .find(|ban| ban.network.to_string() == "203.0.113.0/24")
            .unwrap()
            .times,
        1
    );
    assert_eq!(site.guard.lift(None, site.now), 3);
    assert_eq!(site.guard.bans(site.now), []);
    assert_eq!(site.guard.active.load(Ordering::Relaxed), 0);
}

#[test]
fn a_ban_is_of_neighbours_and_nobody_else() {
    let site = Site::new();
    let at = |text: &str| text.parse::<IpAddr>().unwrap();
    site.scan(at("2001:db8:1:200::1"), 0, 20);
    for (peer, banned) in
        [("2001:db8:1:2ff::9", true), ("2001:db8:1:300::1", false), ("::ffff:203.0.113.1", false)]
    {
        assert_eq!(site.is_banned(at(peer)), banned, "{peer}");
    }
    site.scan(at("::ffff:203.0.113.1"), 0, 20);
    assert!(site.is_banned(at("203.0.113.200")));
}

#[test]
fn networks_that_are_exempt_are_never_banned() {
    let mut site = Site::new();
    site.rules.exempt = vec!["203.0.113.0/24".parse().unwrap()];
    assert_eq!(site.scan(peer(OFFICE), 0, 100), None);
    assert_eq!(site.scan(peer(SCANNER), 0, 100), Some(20));
    site.rules.exempt.push("198.51.0.0/16".parse().unwrap());
    assert!(!site.is_banned(peer(SCANNER)), "from the moment that it is exempt");
}

#[test]
fn who_proves_a_name_gets_it_back() {
    let site = Site::new();
    for phone in 0..500 {
        assert_eq!(site.refuse(peer(OFFICE), phone).banned, None);
        site.guard.proved(peer(OFFICE), phone, &site.rules);
    }
}

#[test]
fn requests_during_a_ban_are_counted_and_make_it_no_longer() {
    let mut site = Site::new();
    site.scan(peer(SCANNER), 0, 20);
    let left = site.guard.bans(site.now)[0].left;
    site.now += MINUTE;
    assert_eq!(site.scan(peer(SCANNER), 500, 500), None);
    let ban = site.guard.bans(site.now)[0];
    assert_eq!((ban.requests, ban.left, ban.since), (500, left - MINUTE, MINUTE));
}

#[test]
fn a_million_sources_take_bounded_memory_and_make_no_ban_forgotten() {
    let mut site = Site::new();
    site.scan(peer(SCANNER), 0, 20);
    for source in 0..1_000_000 {
        assert_eq!(site.refuse(peer(source), source.into()).banned, None);
    }
    site.now += 5 * MINUTE;
    let networks: usize = site.guard.shards.iter().map(|shard| shard.counters().len()).sum();
    assert!(networks <= SHARDS * counters::NETWORKS, "{networks}");
    assert!(networks > SHARDS * counters::NETWORKS / 2, "{networks}: what fits is remembered");
    assert!(site.is_banned(peer(SCANNER)));
}

#[test]
fn a_network_that_goes_on_is_not_forgotten_for_those_that_came_once() {
    let site = Site::new();
    let mut banned = None;
    for source in 0..1_000_000_u32 {
        site.refuse(peer(source), source.into());
        if source % 10_000 == 0 && banned.is_none() {
            let nth = u64::from(source / 10_000);
            banned = site.refuse(peer(0x00f0_0000), 1 << 40 | nth).banned.map(|_| nth);
        }
    }
    assert_eq!(banned, Some(19));
}

#[test]
fn a_scan_from_many_networks_raises_the_alarm_within_a_minute_wherever_it_begins() {
    for begin in 0..60 {
        let mut site = Site::new();
        site.now += Duration::from_secs(begin);
        let alarm = (0..).find(|nth| {
            // A little more than the setting, each from a network of its own, as a thousand machines would.
            site.now += Duration::from_millis(950);
            site.refuse(peer(u32::try_from(*nth).unwrap()), *nth).scan.is_some()
        });
        assert!(alarm.unwrap() < 61, "begun at {begin} s: after {alarm:?}");
        // It goes on, and operators are told once a minute.
        let told = (1000..1260).filter(|nth| {
            site.now += Duration::from_millis(500);
            site.refuse(peer(9), *nth).scan.is_some()
        });
        assert!((2..=3).contains(&told.count()));
    }
}

#[test]
fn phones_that_are_not_registered_yet_are_no_scan() {
    let mut site = Site::new();
    let mut alarms = 0;
    for minute in 0..5 * 60 {
        for phone in 0..40_u32 {
            alarms += u32::from(site.refuse(peer(phone), phone.into()).scan.is_some());
        }
        // Those that are known and not served, like a disabled fleet, are none either.
        for phone in 0..1000 {
            alarms += u32::from(site.refuse_as(peer(9), 5000 + phone, true).scan.is_some());
        }
        assert_eq!(alarms, 0, "minute {minute}");
        site.now += MINUTE;
    }
}

#[test]
fn a_log_is_told_once_a_second_and_how_often_it_was_not() {
    let quiet = Quiet::default();
    assert_eq!([0, 0, 0].map(|second| quiet.may_tell(second)), [Some(0), None, None]);
    assert_eq!([1, 1, 7].map(|second| quiet.may_tell(second)), [Some(2), None, Some(1)]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whether a device has an identifier shows in nothing that a network is told.
    #[test]
    fn known_identifiers_bring_a_ban_as_unknown_ones_do(
        requests in prop::collection::vec((0..40_u64, any::<bool>(), 0..600_u64, 0..3_u32), 1..300),
    ) {
        let (mut one, mut other) = (Site::new(), Site::new());
        for (identifier, is_known, pause, network) in requests {
            let from = peer(SCANNER + network);
            one.refuse_as(from, identifier, is_known);
            other.refuse_as(from, identifier, !is_known);
            one.now += Duration::from_secs(pause);
            other.now += Duration::from_secs(pause);
            for network in 0..3 {
                prop_assert_eq!(one.is_banned(peer(SCANNER + network)), other.is_banned(peer(SCANNER + network)));
            }
            let ends = one.guard.bans(one.now).iter().all(|ban| ban.left <= HOUR);
            prop_assert!(ends, "every ban ends");
        }
    }
}
