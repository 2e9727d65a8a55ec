//! The shape of `bellhop.toml`, read into a [`Config`].

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::config::values::{
    addresses, authority, bytes, certificate, check_prefix, count, duration, networks, path,
    port_or_listener, ports, seconds, set, short,
};
use crate::config::{Config, Place};
use crate::document::{Document, Entry, Fault, Table, read_raw, read_settings};
use crate::model::{DigestAlgorithm, Scope, check_host};

impl Config {
    /// Reads a file; paths in it are taken from the folder that it lies in.
    ///
    /// # Errors
    /// All that is wrong with it, with lines.
    pub fn read(path: &Path) -> Result<Self, Vec<Fault>> {
        let text = fs::read_to_string(path).map_err(|error| {
            vec![Fault::error(path, 0, format!("cannot be read: {error}; name another file with --config"))]
        })?;
        Self::read_text(path, &text)
    }

    /// Reads the text of a file; paths in it are taken from the folder that the file lies in.
    ///
    /// # Errors
    /// All that is wrong with it, with lines.
    pub fn read_text(path: &Path, text: &str) -> Result<Self, Vec<Fault>> {
        let mut config = Self::parse(path, text)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        for path in config.paths_mut() {
            *path = folder.join(&*path);
        }
        Ok(config)
    }

    /// Tells where the state folder is, whatever else is wrong with a file.
    pub fn state_of(path: &Path) -> PathBuf {
        let text = fs::read_to_string(path).unwrap_or_default();
        let mut top = text.lines().take_while(|line| !line.trim_start().starts_with('['));
        let found = top.find(|line| line.trim_start().starts_with("state"));
        let config = found.and_then(|line| Self::read_text(path, line).ok());
        let folder = path.parent().unwrap_or(Path::new(""));
        config.map_or_else(|| folder.join(Self::default().state), |config| config.state)
    }

    /// Reads the text of a file and leaves the paths in it as they are.
    ///
    /// # Errors
    /// All that is wrong with it, with lines.
    pub fn parse(path: &Path, text: &str) -> Result<Self, Vec<Fault>> {
        let document = Document::parse(path, text)?;
        let mut config = Self::default();
        config.read_root(&document.root());
        let faults = document.into_faults();
        if faults.iter().any(Fault::is_error) { Err(faults) } else { Ok(config) }
    }

    fn paths_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let certificates = self.https.certificates.iter_mut();
        let certificates = certificates.flat_map(|files| [&mut files.certificate, &mut files.key]);
        let authorities = self.https.device_authorities.iter_mut().map(|maker| &mut maker.certificates);
        let folders =
            [&mut self.fleet, &mut self.state, &mut self.assets.folder].into_iter().chain(&mut self.catalog);
        let admin = self.admin.listen.iter_mut().filter_map(|place| match place {
            Place::Address(_) => None,
            Place::Socket(path) => Some(path),
        });
        folders.chain(certificates).chain(authorities).chain(admin)
    }

    fn read_root(&mut self, root: &Table<'_>) {
        for entry in root.clone() {
            match entry.key() {
                "admin" => self.admin.read(&entry),
                "assets" => self.read_assets(&entry),
                "catalog" => {
                    set(&mut self.catalog, Some(entry.list().filter_map(|item| path(&item)).collect()));
                }
                "features" => self.features.read(&entry),
                "fleet" => set(&mut self.fleet, path(&entry)),
                "guard" => self.guard.read(&entry),
                "http" => self.read_http(&entry),
                "https" => self.read_https(&entry),
                "jobs" => self.jobs.read(&entry),
                "limits" => self.read_limits(&entry),
                "log" => self.log.read(&entry),
                "logins" => self.logins.read(&entry),
                "permissions" => self.permissions.read(&entry),
                "provisioning" => self.read_provisioning(&entry),
                "proxies" => self.proxies.read(&entry),
                "raw" => self.raw = read_raw(&entry),
                "reload" => self.read_reload(&entry),
                "rendering" => self.read_rendering(&entry),
                "settings" => self.settings = read_settings(&entry, Scope::Phone),
                "state" => set(&mut self.state, path(&entry)),
                "tftp" => self.read_tftp(&entry),
                _ => entry.unknown(&[
                    "admin",
                    "assets",
                    "catalog",
                    "features",
                    "fleet",
                    "guard",
                    "http",
                    "https",
                    "jobs",
                    "limits",
                    "log",
                    "logins",
                    "permissions",
                    "provisioning",
                    "proxies",
                    "raw",
                    "reload",
                    "rendering",
                    "settings",
                    "state",
                    "tftp",
                ]),
            }
        }
    }

    fn read_assets(&mut self, entry: &Entry<'_>) {
        let this = &mut self.assets;
        for entry in entry.table().into_iter().flatten() {
            match entry.key() {
                "deadline" => set(&mut this.deadline, seconds(&entry, 1, 86_400)),
                "downloads" => set(&mut this.downloads, entry.integer(1, 65_536)),
                "folder" => set(&mut this.folder, path(&entry)),
                "source-downloads" => set(&mut this.source_downloads, entry.integer(1, 65_536)),
                _ => entry.unknown(&["deadline", "downloads", "folder", "source-downloads"]),
            }
        }
    }

    fn read_http(&mut self, entry: &Entry<'_>) {
        for entry in entry.table().into_iter().flatten() {
            match entry.key() {
                "listen" => self.http.listen = addresses(&entry),
                _ => entry.unknown(&["listen"]),
            }
        }
    }

    fn read_https(&mut self, entry: &Entry<'_>) {
        for entry in entry.table().into_iter().flatten() {
            match entry.key() {
                "certificates" => {
                    self.https.certificates = entry.list().filter_map(|e| certificate(&e)).collect();
                }
                "device-authorities" => {
                    self.https.device_authorities = entry.list().filter_map(|e| authority(&e)).collect();
                }
                "listen" => self.https.listen = addresses(&entry),
                _ => entry.unknown(&["certificates", "device-authorities", "listen"]),
            }
        }
    }

    fn read_tftp(&mut self, entry: &Entry<'_>) {
        let this = &mut self.tftp;
        for entry in entry.table().into_iter().flatten() {
            match entry.key() {
                "blksize" => set(&mut this.blksize, short(&entry, 8, 65_464)),
                "deadline" => set(&mut this.deadline, seconds(&entry, 1, 86_400)),
                "listen" => this.listen = addresses(&entry),
                "networks" => this.networks = networks(&entry),
                "port-range" => set(&mut this.port_range, ports(&entry)),
                "silence" => set(&mut this.silence, seconds(&entry, 1, 600)),
                "single-port" => set(&mut this.single_port, entry.boolean()),
                "source-requests" => set(&mut this.source_requests, entry.integer(1, 1_000_000)),
                "source-transfers" => set(&mut this.source_transfers, entry.integer(1, 65_536)),
                "source-unverified" => set(&mut this.source_unverified, entry.integer(1, 65_536)),
                "strict-options" => set(&mut this.strict_options, entry.boolean()),
                "transfers" => set(&mut this.transfers, entry.integer(1, 65_536)),
                "windowsize" => set(&mut this.windowsize, short(&entry, 1, 64)),
                _ => entry.unknown(&[
                    "blksize",
                    "deadline",
                    "listen",
                    "networks",
                    "port-range",
                    "silence",
                    "single-port",
                    "source-requests",
                    "source-transfers",
                    "source-unverified",
                    "strict-options",
                    "transfers",
                    "windowsize",
                ]),
            }
        }
    }

    fn read_provisioning(&mut self, entry: &Entry<'_>) {
        let this = &mut self.provisioning;
        for entry in entry.table().into_iter().flatten() {
            match entry.key() {
                "digest" => {
                    this.digest = entry.list().filter_map(|item| item.one_of(DigestAlgorithm::ALL)).collect();
                }
                "host" => {
                    let or_empty = |text: &str| if text.is_empty() { Ok(()) } else { check_host(text) };
                    set(&mut this.host, entry.checked(or_empty).map(str::to_owned));
                }
                "http-port" => set(&mut this.http_port, entry.integer(0, 65_535).map(port_or_listener)),
                "https-port" => set(&mut this.https_port, entry.integer(0, 65_535).map(port_or_listener)),
                "mac-based" => set(&mut this.mac_based, entry.boolean()),
                "path-prefix" => {
                    let prefix = entry.checked(check_prefix);
                    set(&mut this.path_prefix, prefix.map(|prefix| prefix.trim_matches('/').to_owned()));
                }
                "plain-networks" => this.plain_networks = networks(&entry),
                "tftp-port" => set(&mut this.tftp_port, entry.integer(0, 65_535).map(port_or_listener)),
                _ => entry.unknown(&[
                    "digest",
                    "host",
                    "http-port",
                    "https-port",
                    "mac-based",
                    "path-prefix",
                    "plain-networks",
                    "tftp-port",
                ]),
            }
        }
    }

    fn read_limits(&mut self, entry: &Entry<'_>) {
        let this = &mut self.limits;
        for entry in entry.table().into_iter().flatten() {
            match entry.key() {
                "connection-age" => set(&mut this.connection_age, seconds(&entry, 1, 86_400)),
                "connections" => set(&mut this.connections, entry.integer(1, 1_000_000)),
                "handshake-timeout" => set(&mut this.handshake_timeout, seconds(&entry, 1, 60)),
                "handshakes" => set(&mut this.handshakes, entry.integer(1, 65_536)),
                "header-bytes" => set(&mut this.header_bytes, bytes(&entry, 8 << 10, 64 << 10)),
                "header-fields" => set(&mut this.header_fields, entry.integer(8, 128).map(|n| n as usize)),
                "header-timeout" => set(&mut this.header_timeout, seconds(&entry, 1, 60)),
                "path-bytes" => set(&mut this.path_bytes, bytes(&entry, 64, 8 << 10)),
                "response-timeout" => set(&mut this.response_timeout, seconds(&entry, 1, 600)),
                "source-connections" => set(&mut this.source_connections, entry.integer(1, 1_000_000)),
                "stop-timeout" => set(&mut this.stop_timeout, seconds(&entry, 0, 600)),
                _ => entry.unknown(&[
                    "connection-age",
                    "connections",
                    "handshake-timeout",
                    "handshakes",
                    "header-bytes",
                    "header-fields",
                    "header-timeout",
                    "path-bytes",
                    "response-timeout",
                    "source-connections",
                    "stop-timeout",
                ]),
            }
        }
    }

    fn read_rendering(&mut self, entry: &Entry<'_>) {
        let this = &mut self.rendering;
        for entry in entry.table().into_iter().flatten() {
            match entry.key() {
                "cache" => set(&mut this.cache_bytes, bytes(&entry, 1 << 20, 1 << 40).map(|n| n as u64)),
                "fuel" => set(&mut this.fuel, entry.integer(1_000, 100_000_000)),
                "output" => set(&mut this.output_bytes, bytes(&entry, 1 << 10, 64 << 20)),
                "time" => {
                    set(&mut this.time, duration(&entry, Duration::from_millis(1), Duration::from_secs(10)));
                }
                _ => entry.unknown(&["cache", "fuel", "output", "time"]),
            }
        }
    }

    fn read_reload(&mut self, entry: &Entry<'_>) {
        let this = &mut self.reload;
        for entry in entry.table().into_iter().flatten() {
            match entry.key() {
                "events" => set(&mut this.events, entry.boolean()),
                "interval" => set(&mut this.interval, seconds(&entry, 1, 86_400)),
                "quiet" => {
                    set(
                        &mut this.quiet,
                        duration(&entry, Duration::from_millis(10), Duration::from_secs(10)),
                    );
                }
                "loss-devices" => set(&mut this.loss_devices, count(&entry, 1_000_000)),
                "loss-percent" => set(&mut this.loss_percent, count(&entry, 100)),
                _ => entry.unknown(&["events", "interval", "loss-devices", "loss-percent", "quiet"]),
            }
        }
    }
}
