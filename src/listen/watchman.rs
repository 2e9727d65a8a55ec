//! What the guard hears of answers, and what operators hear of the guard.
//!
//! Promises: a request that is served costs a comparison with where its device was served last; one that is refused
//! costs the same whether the device exists or not; a log line names devices and networks, never a serial.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use tracing::warn;

use crate::answer::Answer;
use crate::catalog::Firmware;
use crate::config;
use crate::guard::{Alarm, Ban, Guard, Quiet, Refused};
use crate::identify::Proof;
use crate::model::Subnet;
use crate::permit::Refusal;
use crate::snapshot::{Phone, Snapshot};
use crate::telemetry::Guarding;

/// The guard with its voice.
pub(super) struct Watchman {
    pub(super) guard: Arc<Guard>,
    metrics: Guarding,
    start: Instant,
    bans: Quiet,
    moves: [Quiet; 2],
    certificates: Quiet,
    firmwares: Quiet,
}

impl Watchman {
    pub(super) fn new(guard: Arc<Guard>, metrics: Guarding) -> Self {
        Self {
            guard,
            metrics,
            start: Instant::now(),
            bans: Quiet::default(),
            moves: Default::default(),
            certificates: Quiet::default(),
            firmwares: Quiet::default(),
        }
    }

    /// Gives the network of a peer if it is banned.
    pub(super) fn banned(&self, snapshot: &Snapshot, peer: IpAddr) -> Option<Subnet> {
        self.guard.banned(peer, &snapshot.config().guard, Instant::now)
    }

    /// Hears that a request was refused; `may_go_on` where it is the first half of showing credentials.
    pub(super) fn refused(
        &self,
        snapshot: &Snapshot,
        peer: IpAddr,
        answer: &Answer<'_>,
        reason: Refusal,
        may_go_on: bool,
    ) {
        // Whoever may have a device's files learns nothing by asking it for others.
        let is_of_file = matches!(reason, Refusal::MissingHeader | Refusal::NoSuchFile | Refusal::Probe);
        let Some(identifier) = answer.identifier.filter(|_| !is_of_file) else { return };
        let refused = Refused { peer, identifier, is_known: answer.phone.is_some(), counts: !may_go_on };
        let verdict = self.guard.refused(&refused, &snapshot.config().guard, Instant::now());
        if let Some(ban) = verdict.banned {
            self.tell_of_ban(&ban);
        }
        if let Some(identifiers) = verdict.scan {
            self.metrics.alarm(Alarm::Scan);
            warn!(alarm = Alarm::Scan.word(), identifiers, %peer, "many unknown identifiers are asked for");
        }
    }

    /// Hears which firmware a device that gets a file tells the version of.
    pub(super) fn told(&self, phone: &Phone<'_>, firmware: &Firmware) {
        if !phone.note_other_firmware(firmware.id != phone.firmware.id) {
            return;
        }
        if let Some(left_out) = self.may_tell(&self.firmwares) {
            let (device, record, told) = (phone.device.name.as_str(), &*phone.firmware.id, &*firmware.id);
            warn!(
                device,
                record, told, left_out, "a phone runs another firmware than its record says; set `firmware`"
            );
        }
    }

    /// Hears that a device gets a file, proven by the certificate of this mark if any.
    pub(super) fn served(
        &self,
        rules: &config::Guard,
        peer: IpAddr,
        phone: &Phone<'_>,
        certificate: Option<NonZeroU32>,
    ) {
        let network = Guard::network(peer, rules);
        let changed = phone.note_fetch(SystemTime::now(), network, certificate);
        if changed.certificate {
            self.metrics.alarm(Alarm::NewCertificate);
            if let Some(left_out) = self.may_tell(&self.certificates) {
                let (alarm, device) = (Alarm::NewCertificate.word(), phone.device.name.as_str());
                warn!(alarm, device, %network, left_out, "a device proves itself by another certificate");
            }
        }
        let Some(moved) = changed.moved else { return };
        let alarm = if moved.after < rules.two_networks { Alarm::TwoNetworks } else { Alarm::NewNetwork };
        self.metrics.alarm(alarm);
        let quiet = &self.moves[usize::from(alarm == Alarm::TwoNetworks)];
        if let Some(left_out) = self.may_tell(quiet) {
            let (alarm, device, from) = (alarm.word(), phone.device.name.as_str(), moved.from);
            warn!(alarm, device, %network, %from, after = ?moved.after, left_out, "a device fetches from another network");
        }
    }

    /// Hears that a device proved what it had been refused the moment before.
    pub(super) fn proved(&self, snapshot: &Snapshot, peer: IpAddr, answer: &Answer<'_>) {
        let is_counted = snapshot.world().rules.provisioning.mac_based && answer.proof == Proof::Digest;
        if let Some(identifier) = answer.identifier.filter(|_| is_counted) {
            self.guard.proved(peer, identifier, &snapshot.config().guard);
        }
    }

    fn tell_of_ban(&self, ban: &Ban) {
        self.metrics.bans_total.increment(1);
        if let Some(left_out) = self.may_tell(&self.bans) {
            let Ban { network, identifiers, times, left, .. } = ban;
            warn!(%network, identifiers, times, ?left, left_out, "network banned; `bellhop bans` lists and lifts");
        }
    }

    fn may_tell(&self, quiet: &Quiet) -> Option<u32> {
        quiet.may_tell(u32::try_from(self.start.elapsed().as_secs()).unwrap_or(u32::MAX))
    }
}
