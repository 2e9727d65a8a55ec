//! What the operator decided for this server, as the program wants it.
//!
//! Promises: [`Config::default`] is what `config/bellhop.toml` says, which a test proves; every value is in
//! its range; paths are resolved against the folder of the file. Read next: `file` for the shape
//! on disk.

mod admin;
mod defaults;
mod features;
mod file;
mod guard;
mod jobs;
mod log;
mod logins;
mod permissions;
mod proxies;
mod values;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;

pub use self::admin::{Admin, Place};
pub use self::features::Features;
pub use self::guard::Guard;
pub use self::jobs::Jobs;
pub use self::log::{Destination, Format, Level, Log};
pub use self::logins::Logins;
pub use self::permissions::Permissions;
pub use self::proxies::Proxies;

use crate::model::{DigestAlgorithm, Protocol, Raw, Settings};

/// Every setting of the server.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Folder whose `*.toml` files hold the records.
    pub fleet: PathBuf,
    /// Folders of the catalog; a later one adds to those before it and overrides them.
    pub catalog: Vec<PathBuf>,
    /// Folder that the server itself writes to.
    pub state: PathBuf,
    /// Files that are the same for everybody.
    pub assets: Assets,
    /// Where phones connect without encryption.
    pub http: Http,
    /// Where phones connect over TLS.
    pub https: Https,
    /// Where phones ask over TFTP.
    pub tftp: Tftp,
    /// Where operators and Prometheus connect.
    pub admin: Admin,
    /// What phones are told, and which of them get what.
    pub provisioning: Provisioning,
    /// Deadlines, sizes and caps of connections.
    pub limits: Limits,
    /// What is switched on beyond provisioning itself.
    pub features: Features,
    /// What a network may be refused before it is banned, and what is an alarm.
    pub guard: Guard,
    /// How large runs of jobs may be, and how long they can be taken back.
    pub jobs: Jobs,
    /// How long sessions of logins last, and what guessing passwords costs.
    pub logins: Logins,
    /// How far permissions go where their rules leave a choice.
    pub permissions: Permissions,
    /// Whose word counts on whom a request comes from.
    pub proxies: Proxies,
    /// Limits of one rendering, and the memory for rendered files.
    pub rendering: Rendering,
    /// When files are read again.
    pub reload: Reload,
    /// What the server tells of itself.
    pub log: Log,
    /// Settings of every phone.
    pub settings: Settings,
    /// Vendor parameters of every phone.
    pub raw: Raw,
}

/// Files that are the same for everybody: firmware, ringtones, logos, language packs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assets {
    /// Folder that they lie in; it may be missing.
    pub folder: PathBuf,
    /// Downloads at once, over all transports: 1 to 65,536.
    pub downloads: u32,
    /// Downloads at once to one source, an IPv4 address or an IPv6 /64: 1 to 65,536.
    pub source_downloads: u32,
    /// Longest time of a download over HTTP or HTTPS: 1 s to 24 h.
    pub deadline: Duration,
}

/// The listeners without encryption.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Http {
    /// Addresses to listen on; none switches HTTP off.
    pub listen: Vec<SocketAddr>,
}

/// The listeners with TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Https {
    /// Addresses to listen on; none switches HTTPS off.
    pub listen: Vec<SocketAddr>,
    /// Certificates, the default one first; without any, a self-signed one is minted.
    pub certificates: Vec<CertificateFiles>,
    /// Who signs device certificates; phones are asked for theirs if there is anybody.
    pub device_authorities: Vec<DeviceAuthority>,
}

impl Https {
    /// Gives every file that certificates and keys are read from.
    pub fn files(&self) -> impl Iterator<Item = &PathBuf> {
        let own = self.certificates.iter().flat_map(|files| [&files.certificate, &files.key]);
        own.chain(self.device_authorities.iter().map(|maker| &maker.certificates))
    }
}

/// The TFTP listeners, and what they allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tftp {
    /// Addresses to listen on; none switches TFTP off.
    pub listen: Vec<SocketAddr>,
    /// Networks that are answered; all others hear nothing.
    pub networks: Vec<IpNet>,
    /// Transfers at once: 1 to 65,536.
    pub transfers: u32,
    /// Transfers at once to one source, an IPv4 address or an IPv6 /64: 1 to 65,536.
    pub source_transfers: u32,
    /// Transfers at once to one source that acknowledged nothing yet: 1 to 65,536.
    pub source_unverified: u32,
    /// Requests of one source in a second: 1 to 1,000,000.
    pub source_requests: u32,
    /// Longest time of a transfer: 1 s to 24 h.
    pub deadline: Duration,
    /// Longest time without a new acknowledgement: 1 s to 10 min.
    pub silence: Duration,
    /// Largest block, in bytes: 8 to 65,464 (RFC 2348).
    pub blksize: u16,
    /// Most blocks under way to one phone: 1 to 64; 1 ignores the option (RFC 7440).
    pub windowsize: u16,
    /// Whether a request whose options make no sense is refused, instead of served without them (RFC 2347).
    pub strict_options: bool,
    /// Whether files are sent from the port that was asked, instead of one for each transfer.
    pub single_port: bool,
    /// The ports that files are sent from, one for each transfer; the system chooses where `None`.
    pub port_range: Option<(u16, u16)>,
}

impl Tftp {
    /// Tells whether `peer` is answered.
    pub fn allows(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.networks.iter().any(|network| network.contains(&peer))
    }
}

/// A certificate chain and its key, both PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The chain, the server's own certificate first.
    pub certificate: PathBuf,
    /// The private key (PKCS #8, PKCS #1 or SEC 1).
    pub key: PathBuf,
}

/// A maker of phones that signs a certificate for each, and where that names the phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceAuthority {
    /// The authorities' own certificates, PEM.
    pub certificates: PathBuf,
    /// The part of the subject that the MAC address is in.
    pub mac: SubjectPart,
    /// What stands before the MAC address in that part; nothing else may follow or, where empty, go before.
    pub after: String,
    /// Whether certificates count whose time is over, as phones outlive them.
    pub expired: bool,
}

/// A part of a certificate's subject (X.520).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubjectPart {
    /// CN, 2.5.4.3: most makers.
    CommonName,
    /// 2.5.4.5
    SerialNumber,
    /// ST, which Cisco prints as S, 2.5.4.8.
    StateOrProvince,
    /// SN, 2.5.4.4
    Surname,
}

impl SubjectPart {
    /// Every part with its word in files.
    pub const ALL: &[(&'static str, Self)] = &[
        ("common-name", Self::CommonName),
        ("serial-number", Self::SerialNumber),
        ("state", Self::StateOrProvince),
        ("surname", Self::Surname),
    ];

    /// Gives the object identifier in dotted numbers.
    pub const fn oid(self) -> &'static str {
        match self {
            Self::CommonName => "2.5.4.3",
            Self::SerialNumber => "2.5.4.5",
            Self::StateOrProvince => "2.5.4.8",
            Self::Surname => "2.5.4.4",
        }
    }
}

/// What phones are told, and which of them get what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provisioning {
    /// Host in update URLs; the machine's name where empty.
    pub host: String,
    /// Port in `http:` URLs; that of the first listener where `None`.
    pub http_port: Option<u16>,
    /// Port in `https:` URLs; that of the first listener where `None`.
    pub https_port: Option<u16>,
    /// Port in `tftp:` URLs; that of the first listener where `None`.
    pub tftp_port: Option<u16>,
    /// Path before `/<serial>/`, without slashes at its ends.
    pub path_prefix: String,
    /// Whether a device that asks for it may be known by its MAC address alone over HTTP and HTTPS.
    pub mac_based: bool,
    /// What digest credentials may be hashed by, the preferred one first; nobody is asked for them when empty.
    pub digest: Vec<DigestAlgorithm>,
    /// Networks that files with secrets may be sent to without encryption.
    pub plain_networks: Vec<IpNet>,
}

impl Provisioning {
    /// Gives the algorithms that a peer is asked for credentials by; MD5 is not enough where strangers listen.
    pub fn digest_for(&self, transport: Protocol, peer: IpAddr) -> &[DigestAlgorithm] {
        let md5_only = self.digest.iter().all(|algorithm| *algorithm == DigestAlgorithm::Md5);
        if md5_only && transport.is_plain() && !self.allows_plain(peer) { &[] } else { &self.digest }
    }

    /// Tells whether files with secrets may be sent to `peer` without encryption.
    pub fn allows_plain(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.plain_networks.iter().any(|network| network.contains(&peer))
    }
}

/// Deadlines, sizes and caps of connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once, over all phone listeners: 1 to 1,000,000.
    pub connections: u32,
    /// Connections at once of one source, an IPv4 address or an IPv6 /64: 1 to 1,000,000.
    pub source_connections: u32,
    /// TLS handshakes at once: 1 to 65,536; the others wait.
    pub handshakes: u32,
    /// Longest time for a TLS handshake: 1 s to 60 s.
    pub handshake_timeout: Duration,
    /// Longest time for a request's head, from connecting or from the response before: 1 s to 60 s.
    pub header_timeout: Duration,
    /// Longest time that a response may stand still because the phone does not read: 1 s to 600 s.
    pub response_timeout: Duration,
    /// Age at which a connection is closed after the response under way: 1 s to 24 h.
    pub connection_age: Duration,
    /// Longest request head: 8 KiB to 64 KiB.
    pub header_bytes: usize,
    /// Most header fields of a request: 8 to 128.
    pub header_fields: usize,
    /// Longest path and query of a request: 64 bytes to 8 KiB.
    pub path_bytes: usize,
    /// Longest wait for responses under way when the server stops: 0 s to 600 s.
    pub stop_timeout: Duration,
}

/// Limits of one rendering, and the memory for rendered files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendering {
    /// Memory for rendered files, in bytes: 1 MiB to 1 TiB.
    pub cache_bytes: u64,
    /// Most instructions of one rendering: 1,000 to 100,000,000.
    pub fuel: u32,
    /// Largest rendered file: 1 KiB to 64 MiB.
    pub output_bytes: usize,
    /// Longest time of one rendering: 1 ms to 10 s.
    pub time: Duration,
}

/// When files are read again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reload {
    /// Whether events of the file system are listened to.
    pub events: bool,
    /// Time without further events after which files are read: 10 ms to 10 s.
    pub quiet: Duration,
    /// Time after which files are compared even without events: 1 s to 24 h.
    pub interval: Duration,
    /// Devices that a reading may always take away: 0 to 1,000,000.
    pub loss_devices: usize,
    /// Part of the devices that a reading may take away, in hundredths: 0 to 100.
    pub loss_percent: usize,
}

impl Config {
    /// Names the settings that differ from those of a server that runs and that it cannot change.
    pub fn unapplied(&self, running: &Self) -> Vec<&'static str> {
        let differ = [
            ("state", self.state != running.state),
            ("http.listen", self.http.listen != running.http.listen),
            ("https.listen", self.https.listen != running.https.listen),
            ("tftp.listen", self.tftp.listen != running.tftp.listen),
            ("tftp.single-port", self.tftp.single_port != running.tftp.single_port),
            ("admin.listen", self.admin.listen != running.admin.listen),
            ("admin.tls", self.admin.tls != running.admin.tls),
            ("log.format", self.log.format != running.log.format),
            ("log.to", self.log.to != running.log.to),
        ];
        differ.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
    }

    /// Gives the port that phones are told for a protocol.
    pub fn public_port(&self, protocol: Protocol) -> u16 {
        let first = |listen: &[SocketAddr]| listen.first().map(SocketAddr::port);
        let (told, usual, listen) = match protocol {
            Protocol::Http => (self.provisioning.http_port, 80, first(&self.http.listen)),
            Protocol::Https => (self.provisioning.https_port, 443, first(&self.https.listen)),
            Protocol::Tftp => (self.provisioning.tftp_port, 69, first(&self.tftp.listen)),
        };
        told.or(listen).unwrap_or(usual)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::DigestAlgorithm::{Md5, Sha256};

    #[test]
    fn md5_alone_is_not_asked_for_where_strangers_listen() {
        let rules =
            |digest: &[DigestAlgorithm]| Provisioning { digest: digest.to_vec(), ..Provisioning::default() };
        let (inside, outside): (IpAddr, IpAddr) = ("10.1.2.3".parse().unwrap(), "192.0.2.1".parse().unwrap());
        let md5 = rules(&[Md5]);
        assert_eq!(md5.digest_for(Protocol::Http, outside), []);
        assert_eq!(md5.digest_for(Protocol::Http, inside), [Md5]);
        assert_eq!(md5.digest_for(Protocol::Https, outside), [Md5]);
        let both = rules(&[Sha256, Md5]);
        assert_eq!(both.digest_for(Protocol::Http, outside), [Sha256, Md5]);
    }
}
