//! What every setting is unless the operator says otherwise; `config/bellhop.toml` says the same with its reasons.

use std::net::SocketAddr;
use std::time::Duration;

use ipnet::IpNet;

use crate::config::{
    Admin, Assets, Config, Features, Guard, Http, Https, Jobs, Limits, Log, Logins, Permissions,
    Provisioning, Proxies, Reload, Rendering, Tftp,
};
use crate::model::{Raw, Settings};

impl Default for Config {
    fn default() -> Self {
        Self {
            fleet: "fleet".into(),
            catalog: vec!["../catalog".into()],
            state: "../state".into(),
            assets: Assets::default(),
            http: Http { listen: vec![any(8080)] },
            https: Https {
                listen: vec![any(8443)],
                certificates: Vec::new(),
                device_authorities: Vec::new(),
            },
            tftp: Tftp::default(),
            admin: Admin::default(),
            provisioning: Provisioning::default(),
            limits: Limits::default(),
            features: Features::default(),
            guard: Guard::default(),
            jobs: Jobs::default(),
            logins: Logins::default(),
            permissions: Permissions::default(),
            proxies: Proxies::default(),
            rendering: Rendering::default(),
            reload: Reload::default(),
            log: Log::default(),
            settings: Settings::default(),
            raw: Raw::default(),
        }
    }
}

impl Default for Assets {
    fn default() -> Self {
        Self {
            folder: "assets".into(),
            downloads: 256,
            source_downloads: 128,
            deadline: Duration::from_secs(3600),
        }
    }
}

impl Default for Tftp {
    fn default() -> Self {
        Self {
            listen: vec![any(6969)],
            networks: private_networks(),
            transfers: 4096,
            source_transfers: 64,
            source_unverified: 16,
            source_requests: 1000,
            deadline: Duration::from_secs(300),
            silence: Duration::from_secs(30),
            blksize: 1428,
            windowsize: 16,
            strict_options: false,
            single_port: false,
            port_range: None,
        }
    }
}

impl Default for Provisioning {
    fn default() -> Self {
        Self {
            host: String::new(),
            http_port: None,
            https_port: None,
            tftp_port: Some(69),
            path_prefix: String::new(),
            mac_based: false,
            digest: Vec::new(),
            plain_networks: private_networks(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 16_384,
            source_connections: 2048,
            handshakes: 512,
            handshake_timeout: Duration::from_secs(10),
            header_timeout: Duration::from_secs(10),
            response_timeout: Duration::from_secs(60),
            connection_age: Duration::from_secs(600),
            header_bytes: 16 * 1024,
            header_fields: 64,
            path_bytes: 2 * 1024,
            stop_timeout: Duration::from_secs(10),
        }
    }
}

impl Default for Rendering {
    fn default() -> Self {
        Self {
            cache_bytes: 256 * 1024 * 1024,
            fuel: 1_000_000,
            output_bytes: 1024 * 1024,
            time: Duration::from_millis(500),
        }
    }
}

impl Default for Reload {
    fn default() -> Self {
        Self {
            events: true,
            quiet: Duration::from_millis(200),
            interval: Duration::from_secs(30),
            loss_devices: 10,
            loss_percent: 10,
        }
    }
}

/// Loopback, private (RFC 1918, RFC 4193) and link-local networks (RFC 3927, RFC 4291).
const PRIVATE_NETWORKS: &[&str] = &[
    "127.0.0.0/8",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "169.254.0.0/16",
    "::1/128",
    "fc00::/7",
    "fe80::/10",
];

fn private_networks() -> Vec<IpNet> {
    PRIVATE_NETWORKS.iter().filter_map(|network| network.parse().ok()).collect()
}

fn any(port: u16) -> SocketAddr {
    SocketAddr::from(([0, 0, 0, 0], port))
}
