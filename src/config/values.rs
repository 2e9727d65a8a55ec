//! Readers of the kinds of values that `bellhop.toml` has.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use bytesize::ByteSize;

use crate::config::{CertificateFiles, DeviceAuthority, SubjectPart};
use crate::document::Entry;
use crate::model::InvalidText;

pub(super) fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

pub(super) fn count(entry: &Entry<'_>, most: u32) -> Option<usize> {
    usize::try_from(entry.integer(0, most)?).ok()
}

pub(super) fn path(entry: &Entry<'_>) -> Option<PathBuf> {
    entry.text(4096).map(PathBuf::from)
}

pub(super) fn addresses(entry: &Entry<'_>) -> Vec<SocketAddr> {
    entry.list().filter_map(|item| item.parse::<Address>().map(|address| address.0)).collect()
}

pub(super) fn networks(entry: &Entry<'_>) -> Vec<ipnet::IpNet> {
    entry.list().filter_map(|item| item.parse::<Network>().map(|network| network.0)).collect()
}

/// Reads "40000-40999"; nothing written leaves the choice to the system.
pub(super) fn ports(entry: &Entry<'_>) -> Option<Option<(u16, u16)>> {
    let text = entry.text_or_empty(16)?;
    if text.is_empty() {
        return Some(None);
    }
    let port = |text: &str| text.parse::<u16>().ok().filter(|port| *port != 0);
    let range = text.split_once('-').and_then(|(low, high)| Some((port(low)?, port(high)?)));
    let range = range.filter(|(low, high)| low <= high);
    if range.is_none() {
        entry.error("is no range of ports; write \"40000-40999\", or \"\" to let the system choose");
    }
    range.map(Some)
}

pub(super) fn short(entry: &Entry<'_>, low: u32, high: u32) -> Option<u16> {
    entry.integer(low, high).and_then(|number| number.try_into().ok())
}

pub(super) fn certificate(entry: &Entry<'_>) -> Option<CertificateFiles> {
    let table = entry.table()?;
    let mut files = (None, None);
    for entry in table.clone() {
        match entry.key() {
            "certificate" => files.0 = path(&entry),
            "key" => files.1 = path(&entry),
            _ => entry.unknown(&["certificate", "key"]),
        }
    }
    if let (Some(certificate), Some(key)) = files {
        return Some(CertificateFiles { certificate, key });
    }
    table.error("needs both files; write { certificate = \"server.pem\", key = \"server.key\" }");
    None
}

pub(super) fn authority(entry: &Entry<'_>) -> Option<DeviceAuthority> {
    let table = entry.table()?;
    let mut certificates = None;
    let (mut mac, mut after, mut expired) = (SubjectPart::CommonName, String::new(), false);
    for entry in table.clone() {
        match entry.key() {
            "after" => set(&mut after, entry.text_or_empty(64).map(str::to_owned)),
            "certificates" => certificates = path(&entry),
            "expired" => set(&mut expired, entry.boolean()),
            "mac" => set(&mut mac, entry.one_of(SubjectPart::ALL)),
            _ => entry.unknown(&["after", "certificates", "expired", "mac"]),
        }
    }
    if certificates.is_none() {
        table.error("needs the authorities' certificates; write { certificates = \"maker.pem\" }");
    }
    Some(DeviceAuthority { certificates: certificates?, mac, after, expired })
}

pub(super) fn port_or_listener(port: u32) -> Option<u16> {
    u16::try_from(port).ok().filter(|port| *port != 0)
}

pub(super) fn seconds(entry: &Entry<'_>, low: u64, high: u64) -> Option<Duration> {
    duration(entry, Duration::from_secs(low), Duration::from_secs(high))
}

pub(super) fn duration(entry: &Entry<'_>, low: Duration, high: Duration) -> Option<Duration> {
    let range = || format!("{} to {}", humantime::format_duration(low), humantime::format_duration(high));
    let found = humantime::parse_duration(entry.text(32)?).ok();
    let fits = found.filter(|found| (low..=high).contains(found));
    if fits.is_none() {
        entry.error(format!("is no time in its range; write a number with a unit, from {}", range()));
    }
    fits
}

pub(super) fn bytes(entry: &Entry<'_>, low: usize, high: usize) -> Option<usize> {
    let size = |bytes: usize| ByteSize(bytes as u64).display().iec().to_string();
    let found = entry.text(32)?.parse::<ByteSize>().ok().and_then(|size| usize::try_from(size.as_u64()).ok());
    let fits = found.filter(|found| (low..=high).contains(found));
    if fits.is_none() {
        let (low, high) = (size(low), size(high));
        entry.error(format!("is no size in its range; write a number with a unit, from {low} to {high}"));
    }
    fits
}

pub(super) fn check_prefix(text: &str) -> Result<(), InvalidText> {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    if text.len() > 255 || !text.bytes().all(unreserved) || text.split('/').any(|part| part == "..") {
        return Err(InvalidText("is not a path; use letters, digits, `-`, `.`, `_`, `~` and `/`"));
    }
    Ok(())
}

struct Address(SocketAddr);

impl std::str::FromStr for Address {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid =
            InvalidText("holds something else than an address with a port; write 0.0.0.0:8080 or [::]:8080");
        text.parse().map(Self).map_err(|_| invalid)
    }
}

struct Network(ipnet::IpNet);

impl std::str::FromStr for Network {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid =
            InvalidText("holds something else than a network; write 192.0.2.0/24, or an address alone");
        let network = text.parse::<ipnet::IpNet>().ok();
        let network = network.or_else(|| text.parse::<std::net::IpAddr>().ok().map(Into::into));
        network.map(|network| Self(network.trunc())).ok_or(invalid)
    }
}
