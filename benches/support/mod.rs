//! What the benches share: a fleet of any size, and the machine that they ran on.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench that cannot go on ends, and tells people"
)]
#![allow(dead_code, reason = "each bench uses its own part")]

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// Devices of one organization, which has a file of its own.
pub(crate) const PER_FILE: usize = 1000;

/// A server's files in a temporary folder, with a phone and an extension per device.
pub(crate) struct Site {
    folder: TempDir,
}

impl Site {
    /// Writes a fleet of so many devices.
    pub(crate) fn new(devices: usize) -> Self {
        let folder = TempDir::new().unwrap();
        let catalog = Path::new(env!("CARGO_MANIFEST_DIR")).join("catalog");
        let config = format!(
            "state = \"state\"\ncatalog = [{catalog:?}]\n\
             http = {{ listen = [\"127.0.0.1:0\"] }}\nhttps = {{ listen = [\"127.0.0.1:0\"] }}\n\
             admin = {{ listen = [\"127.0.0.1:0\"] }}\n\
             provisioning = {{ host = \"provisioning.example.net\", http-port = 80, https-port = 443 }}\n"
        );
        fs::write(folder.path().join("bellhop.toml"), config).unwrap();
        fs::create_dir(folder.path().join("fleet")).unwrap();
        let site = Self { folder };
        fs::write(site.path("fleet/provider.toml"), "[[provider]]\nid = \"sp\"\nname = \"Provider\"\n")
            .unwrap();
        for file in 0..devices.div_ceil(PER_FILE) {
            let last = devices.min((file + 1) * PER_FILE);
            fs::write(site.file(file), organization(file, file * PER_FILE..last, "")).unwrap();
        }
        site
    }

    /// Gives a path below the site's folder.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Gives the path of an organization's file.
    pub(crate) fn file(&self, file: usize) -> PathBuf {
        self.path(&format!("fleet/org{file:05}.toml"))
    }
}

/// Writes an organization with its devices; `notes` makes the first of them differ.
pub(crate) fn organization(file: usize, devices: std::ops::Range<usize>, notes: &str) -> String {
    let mut text =
        format!("[[organization]]\nid = \"org{file}\"\nprovider = \"sp\"\nname = \"Client {file}\"\n\n");
    write!(text, "[[user]]\nid = \"user{file}\"\norganization = \"org{file}\"\nname = \"User\"\n\n").unwrap();
    for device in devices {
        let notes = if device % PER_FILE == 0 { notes } else { "" };
        let protocol = protocol(device);
        let mac = mac(device);
        let serial = serial(device);
        write!(
            text,
            "[[extension]]\nnumber = \"{file}*{device}\"\nuser = \"user{file}\"\ndisplay-name = \"Phone {device}\"\n\
             sip = {{ user = \"u{device}\", password = \"p-{serial}\", server = \"pbx.example.net\", port = 5060, transport = \"udp\" }}\n\n\
             [[device]]\nserial = \"{serial}\"\nname = \"Phone {device}\"\nmodel = \"yealink/t46s\"\nfirmware = \"66.86\"\n\
             mac = \"{mac}\"\nnotes = \"{notes}\"\nadmin-user = \"admin\"\nadmin-password = \"a-{device:08}\"\nupdate-interval = 10\n\
             protocol = \"{protocol}\"\ntemplate = \"default\"\nowner = \"sp\"\norganization = \"org{file}\"\nlines = [\"{file}*{device}\"]\n\n"
        )
        .unwrap();
    }
    text
}

/// Gives a device's protocol: every second one asks over TLS.
pub(crate) fn protocol(device: usize) -> &'static str {
    if device.is_multiple_of(2) { "http" } else { "https" }
}

/// Gives a device's serial: 26 characters that look random and are its own.
pub(crate) fn serial(device: usize) -> String {
    const DIGITS: &[u8] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut state = (device as u128 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835) | 1 << 127;
    let mut serial = String::new();
    for _ in 0..26 {
        serial.push(char::from(DIGITS[usize::try_from(state >> 123).unwrap()]));
        state = state.rotate_left(5).wrapping_mul(0x2545_f491_4f6c_dd1d);
    }
    serial
}

/// Gives a device's MAC address.
pub(crate) fn mac(device: usize) -> String {
    let [.., a, b, c] = (device as u64).to_be_bytes();
    format!("00:15:65:{a:02X}:{b:02X}:{c:02X}")
}

/// Prints the machine, its kernel and the commit, so that figures can be compared.
pub(crate) fn print_machine() {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cpu = read("/proc/cpuinfo");
    let cpu = cpu.lines().find_map(|line| line.strip_prefix("model name\t: ")).unwrap_or("?").to_owned();
    let kernel = read("/proc/sys/kernel/osrelease");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let commit = Command::new("git").args(["describe", "--always", "--dirty"]).output();
    let commit =
        commit.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    println!("{cores} cores of {cpu}, Linux {}, commit {commit}\n", kernel.trim());
}

/// Gives the bytes of memory that this process has resident.
pub(crate) fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap_or_default() * 1024
}
