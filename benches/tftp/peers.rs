//! The servers: bellhop as it is installed, and others with the same files.
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on ends")]
#![expect(clippy::print_stdout, reason = "people want to know what is left out")]

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::process::{Command, Stdio};

use crate::processes::{Peer, on_one_core, started};
use crate::support::{Site, serial};
use crate::tftp::load::fetch_once;
use crate::tftp::raw::RAW;

/// The argument that makes this program serve by the async-tftp crate.
pub(crate) const CRATE: &str = "--async-tftp";

/// A server that listens.
pub(crate) struct Server {
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    pub(crate) process: Peer,
}

/// Writes phones that ask over TFTP, with files of about 4 kB; gives the names that they ask for.
pub(crate) fn write_phones(site: &Site, phones: usize) -> Vec<String> {
    let padding = "x".repeat(2085);
    let mac = |n: usize| format!("00:08:5D:00:00:{n:02X}");
    let device = |n: usize| {
        format!(
            "[[device]]\nserial = \"{}\"\nname = \"Phone {n}\"\nmodel = \"aastra/51i\"\nmac = \"{}\"\n\
             protocol = \"tftp\"\nowner = \"sp\"\nraw = {{ padding = \"{padding}\" }}\n\n",
            serial(n),
            mac(n)
        )
    };
    fs::write(site.path("fleet/phones.toml"), (0..phones).map(device).collect::<String>()).unwrap();
    (0..phones).map(|n| format!("{}.cfg", mac(n).replace(':', ""))).collect()
}

/// Tells how long a file is.
pub(crate) fn size(site: &Site, name: &str) -> u64 {
    fs::metadata(site.path(&format!("files/{name}"))).unwrap().len()
}

/// Starts bellhop, writes down what it serves, and starts the others on that.
pub(crate) fn start_all(site: &Site, names: &[String]) -> Vec<Server> {
    let bellhop = bellhop(site);
    fs::create_dir(site.path("files")).unwrap();
    for name in names {
        let file =
            fetch_once(bellhop.address, name).unwrap_or_else(|| panic!("bellhop does not serve {name}"));
        fs::write(site.path(&format!("files/{name}")), file).unwrap();
    }
    let root = site.path("files");
    let root = root.to_str().unwrap();
    let mut servers = vec![bellhop];
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
    let itself = std::env::current_exe().unwrap();
    let crate_arguments = [CRATE.to_owned(), address.to_string(), root.to_owned()];
    let raw = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
    let raw_arguments = [RAW.to_owned(), raw.to_string(), format!("{root}/{}", names[0])];
    servers.extend(start("raw limit", itself.to_str().unwrap(), &raw_arguments, raw, &names[0]));
    servers.extend(start("async-tftp", itself.to_str().unwrap(), &crate_arguments, address, &names[0]));
    // dnsmasq knows no other port.
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 69));
    let dnsmasq =
        ["--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--enable-tftp", "--bind-interfaces"];
    let dnsmasq = dnsmasq.map(str::to_owned).into_iter().chain([
        "--listen-address=127.0.0.1".to_owned(),
        "--user=root".to_owned(),
        "--tftp-max=1000".to_owned(),
        "--tftp-no-fail".to_owned(),
        format!("--pid-file={root}.pid"),
        format!("--tftp-root={root}"),
    ]);
    servers.extend(start("dnsmasq", "dnsmasq", &dnsmasq.collect::<Vec<_>>(), address, &names[0]));
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
    let hpa = ["-L", "-u", "root", "-a", &address.to_string(), "--secure", root].map(str::to_owned);
    servers.extend(start("tftpd-hpa", "in.tftpd", &hpa, address, &names[0]));
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
    let port = address.port().to_string();
    let atftpd =
        ["--daemon", "--no-fork", "--user", "root", "--bind-address", "127.0.0.1", "--port", &port, root];
    servers.extend(start("atftpd", "atftpd", &atftpd.map(str::to_owned), address, &names[0]));
    servers
}

fn bellhop(site: &Site) -> Server {
    let config = fs::read_to_string(site.path("bellhop.toml")).unwrap();
    let tftp = "tftp = { listen = [\"127.0.0.1:0\"], source-requests = 1000000, source-unverified = 4096, source-transfers = 4096 }\n";
    fs::write(site.path("bellhop.toml"), config + tftp).unwrap();
    let (process, greeting) = started(site);
    let line = greeting.iter().find(|line| line.trim_start().starts_with("tftp ")).unwrap();
    Server { name: "bellhop", address: line.split_whitespace().nth(1).unwrap().parse().unwrap(), process }
}

/// Starts a server; `None` when it is not installed or does not serve the file.
fn start(
    name: &'static str,
    program: &str,
    arguments: &[String],
    address: SocketAddr,
    file: &str,
) -> Option<Server> {
    let is_there = program.contains('/')
        || Command::new("sh")
            .args(["-c", &format!("command -v {program}")])
            .stdout(Stdio::null())
            .status()
            .ok()?
            .success();
    if !is_there {
        println!("{name} is not installed");
        return None;
    }
    let child =
        on_one_core(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let process = Peer { http: address, https: address, child };
    let served = fetch_once(address, file).is_some();
    if !served {
        println!("{name} does not serve");
    }
    served.then_some(Server { name, address, process })
}

fn free_port() -> u16 {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// Serves a folder by the async-tftp crate until it is killed.
pub(crate) fn serve_by_crate(arguments: &[String]) {
    let [address, root] = arguments else {
        panic!("{CRATE} takes an address and a folder");
    };
    let address: SocketAddr = address.parse().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let builder = async_tftp::server::TftpServerBuilder::with_dir_ro(root).unwrap().bind(address);
        builder.build().await.unwrap().serve().await.unwrap();
    });
}
