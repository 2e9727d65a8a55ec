//! TFTP: promises T1 to T8 by datagrams, on sockets and in a simulated network.

mod assets; // files that are the same for everybody
mod caps; // who may have how much
mod client; // a phone's side
mod loss; // a network that loses, doubles, reorders and delays, in virtual time
mod peers; // promise T2
mod wire; // the behaviour matrix, and the cases of other servers' tests

use std::fmt::Write;
use std::net::{SocketAddr, UdpSocket};

use bellhop::model::Protocol;

pub(crate) use self::client::Client;
use crate::support::{ACCOUNTS, DEVICE, Running, Site, ask, outcome};

/// Files of the phone below that are made for tests: name, and what is in it.
const FILES: &[(&str, &str)] = &[
    ("medium", "{% for n in range(125) %}{{ \"%032d\" | format(n) }}{% endfor %}"),
    ("large", "{% for n in range(2000) %}{{ \"%032d\" | format(n) }}{% endfor %}"),
    ("round", "{% for n in range(16) %}{{ \"%064d\" | format(n) }}{% endfor %}"),
    ("small", "x"),
    ("empty", ""),
    ("lines", "foo\nbar\nbaz\n\n"),
];

/// Makes a site whose phone asks over TFTP, with settings for that; `more` adds to the settings.
fn site(settings: &str) -> Site {
    let mut vendor = String::from("[family.v81.files]\n");
    let mut site = Site::new().write("fleet/accounts.toml", ACCOUNTS);
    for (name, text) in FILES {
        writeln!(vendor, "\"{name}-{{mac}}.cfg\" = {{ template = \"{name}.cfg\" }}").unwrap();
        site = site.write(&format!("own/yealink/templates/{name}.cfg"), text);
    }
    let config = format!("catalog = [\"shipped\", \"own\"]\n\n[tftp]\n{settings}\n");
    let config = if settings.contains("listen") { config } else { config + "listen = [\"127.0.0.1:0\"]\n" };
    site.write("own/yealink/vendor.toml", &vendor)
        .write("fleet/device.toml", &DEVICE.replace("\"http\"", "\"tftp\""))
        .config(&config)
}

/// Gives the name of one of the files above.
fn file(name: &str) -> String {
    format!("{name}-0015654aa937.cfg")
}

/// Gives what a file has in it, without the server.
fn body(site: &Site, path: &str) -> Vec<u8> {
    let snapshot = site.load();
    let answer = ask(&snapshot, Protocol::Tftp, path, None);
    let (word, body) = outcome(&answer);
    body.unwrap_or_else(|| panic!("{path}: {word}")).to_vec()
}

/// Starts a server for each family of addresses that the machine has.
fn each_family(settings: &str, run: impl Fn(&Running)) {
    run(&Running::start(site(settings)));
    if UdpSocket::bind("[::1]:0").is_ok() {
        run(&Running::start(site(&format!("{settings}\nlisten = [\"[::1]:0\"]"))));
    }
}

/// Waits until a metric has a value.
fn counted(server: &Running, metric: &str, value: f64) {
    crate::support::until(&format!("{metric} is {value}"), || (server.metric(metric) - value).abs() < 0.1);
}

/// Counts the endings of one kind.
fn ended(server: &Running, outcome: &str, value: f64) {
    counted(server, &format!("bellhop_tftp_transfers_total{{outcome=\"{outcome}\"}}"), value);
}

/// Gives the address of the listener at another address of this machine.
fn at(server: &Running, ip: &str) -> SocketAddr {
    SocketAddr::new(ip.parse().unwrap(), server.tftp.port())
}
