//! Promise S3: the facts of a request must agree, and the strongest of them counts.
//!
//! Every combination of facts is tried against a table written down anew here.

use std::net::IpAddr;

use bellhop::answer::answer;
use bellhop::identify::{Credentials, Inquiry};
use bellhop::model::{Mac, Protocol};
use bellhop::snapshot::Snapshot;
use proptest::prelude::*;

use crate::digest::respond;
use crate::support::{ACCOUNTS, DEVICE, SERIAL, Site, outcome};

const OTHER_SERIAL: &str = "a1b2c3d4e5f6g7h8j9k1m2n3p4";

/// Whose fact it is: of the phone that is looked at, of another phone of the fleet, of nobody's, or not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    Mine,
    Other,
    Nobodys,
    Untold,
}

use Whose::{Mine, Nobodys, Other, Untold};

const ALL: [Whose; 4] = [Mine, Other, Nobodys, Untold];

/// What stands before the file's name in the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Folder {
    Serial(Whose),
    Mac(Whose),
    None,
}

#[derive(Debug, Clone, Copy)]
struct Request {
    transport: Protocol,
    folder: Folder,
    file_mac: Whose,
    agent_mac: Whose,
    agent_model: Whose,
    certificate: Whose,
    /// Of whose credentials it answers a challenge; nobody's are mine with a wrong password.
    credentials: Whose,
}

/// The rules that hold for both phones.
#[derive(Debug, Clone, Copy)]
struct Rules {
    enabled: bool,
    asks_for: AsksFor,
    server_allows: bool,
}

/// What the phones' records ask to be known by; it takes effect where the server allows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AsksFor {
    Serial,
    Mac,
    Credentials,
}

fn mac(whose: Whose) -> Option<Mac> {
    let text = match whose {
        Mine => "0015654aa937",
        Other => "0015654aa938",
        Nobodys => "0015654aa9ff",
        Untold => return None,
    };
    text.parse().ok()
}

impl Request {
    fn path(&self) -> String {
        // The common file has no address in its name.
        let file =
            mac(self.file_mac).map_or("y000000000066.cfg".to_owned(), |mac| format!("{}.cfg", mac.plain()));
        match self.folder {
            Folder::Serial(Mine) => format!("/{SERIAL}/{file}"),
            Folder::Serial(Other) => format!("/{OTHER_SERIAL}/{file}"),
            Folder::Serial(Nobodys | Untold) => format!("/nobody/{file}"),
            Folder::Mac(whose) => format!("/{}/{file}", mac(whose).unwrap().plain()),
            Folder::None => format!("/{file}"),
        }
    }

    fn agent(&self) -> Option<String> {
        let mac = mac(self.agent_mac).map(|mac| format!(" {mac}").to_lowercase()).unwrap_or_default();
        match self.agent_model {
            Mine => Some(format!("Yealink SIP-T46S 66.86.0.15{mac}")),
            Other => Some(format!("Yealink SIP-T48S 66.86.0.15{mac}")),
            Nobodys => Some(format!("Nobody knows this{mac}")),
            Untold => None,
        }
    }

    /// The address that the User-Agent tells: only one of a known vendor tells anything.
    fn told_by_agent(&self) -> Whose {
        if matches!(self.agent_model, Mine | Other) { self.agent_mac } else { Untold }
    }
}

/// What must happen: the table of design section 5, read anew.
fn expected(request: &Request, rules: Rules) -> &'static str {
    let known = |whose: Whose| matches!(whose, Mine | Other).then_some(whose);
    let by_serial = match request.folder {
        Folder::Serial(whose) => known(whose),
        Folder::Mac(_) | Folder::None => None,
    };
    let named_mac = match request.folder {
        Folder::Mac(whose) => whose,
        Folder::None => request.file_mac,
        Folder::Serial(_) => Untold,
    };
    let by_certificate = known(request.certificate);
    let Some(subject) = by_certificate.or(by_serial).or(known(named_mac)) else {
        let open = rules.enabled && rules.asks_for != AsksFor::Serial && rules.server_allows;
        let is_common = request.folder == Folder::None && request.file_mac == Untold;
        let common = is_common && open && request.transport == Protocol::Http;
        return if common { "served" } else { "unknown" };
    };
    let folder_mac = if let Folder::Mac(whose) = request.folder { whose } else { Untold };
    let macs = [request.certificate, folder_mac, request.file_mac, request.told_by_agent()];
    let agree = macs.iter().all(|told| matches!(told, Untold) || *told == subject);
    if !agree || by_serial.is_some_and(|serial| serial != subject) || request.agent_model == Other {
        return "contradicted";
    }
    if !rules.enabled {
        return "disabled";
    }
    if request.transport != Protocol::Http {
        return "wrong-protocol";
    }
    let known_by = if rules.server_allows { rules.asks_for } else { AsksFor::Serial };
    let by_mac = by_serial.is_none();
    if by_certificate.is_none() {
        match known_by {
            AsksFor::Serial if by_mac => return "wrong-url",
            AsksFor::Mac | AsksFor::Credentials if !by_mac => return "wrong-url",
            AsksFor::Credentials if request.credentials != subject => return "credentials",
            AsksFor::Credentials | AsksFor::Mac | AsksFor::Serial => (),
        }
    }
    // A folder that names nobody is no folder, and then there is no such file.
    if matches!(request.folder, Folder::Serial(Nobodys | Untold)) { "no-such-file" } else { "served" }
}

fn load(rules: Rules) -> Snapshot {
    let mut device = DEVICE.to_owned();
    match rules.asks_for {
        AsksFor::Credentials => device += "update-password = \"CANARY-update\"\n",
        AsksFor::Mac => device += "mac-based = true\n",
        AsksFor::Serial => (),
    }
    if !rules.enabled {
        device += "status = \"disabled\"\n";
    }
    let other =
        device.replace(SERIAL, OTHER_SERIAL).replace("A9:37", "A9:38").replace("0087*001", "0087*002");
    let digest = if rules.server_allows { "[\"MD5\"]" } else { "[]" };
    let config = format!("\n[provisioning]\nmac-based = {}\ndigest = {digest}\n", rules.server_allows);
    let site =
        Site::new().write("fleet/accounts.toml", ACCOUNTS).write("fleet/devices.toml", &(device + &other));
    site.config(&config).load()
}

fn ask(snapshot: &Snapshot, request: &Request) -> &'static str {
    let (path, agent) = (request.path(), request.agent());
    let password = if request.credentials == Nobodys { "wrong" } else { "CANARY-update" };
    let shown = mac(if request.credentials == Nobodys { Mine } else { request.credentials })
        .map(|mac| respond(&mac.plain(), password, &path));
    let inquiry = Inquiry {
        user_agent: agent.as_deref().map(str::as_bytes),
        certificate: mac(request.certificate),
        credentials: shown.as_deref().map(|header| Credentials::read(header, "GET").unwrap()),
        ..Inquiry::new(request.transport, IpAddr::from([127, 0, 0, 1]), path.as_bytes())
    };
    outcome(&answer(snapshot, &inquiry)).0
}

#[test]
fn every_combination_of_facts_gets_what_the_table_says() {
    let folders: Vec<Folder> = ALL[..3]
        .iter()
        .flat_map(|whose| [Folder::Serial(*whose), Folder::Mac(*whose)])
        .chain([Folder::None])
        .collect();
    let mut tried = 0;
    for rules in every_rules() {
        let snapshot = load(rules);
        for transport in [Protocol::Http, Protocol::Https] {
            for folder in &folders {
                for file_mac in ALL {
                    for agent_mac in ALL {
                        for agent_model in ALL {
                            for (certificate, credentials) in both(rules) {
                                let request = Request {
                                    transport,
                                    folder: *folder,
                                    file_mac,
                                    agent_mac,
                                    agent_model,
                                    certificate,
                                    credentials,
                                };
                                assert_eq!(
                                    ask(&snapshot, &request),
                                    expected(&request, rules),
                                    "{request:?} {rules:?}"
                                );
                                tried += 1;
                            }
                        }
                    }
                }
            }
        }
    }
    assert_eq!(tried, 2 * 7 * 64 * (8 * 4 + 4 * 16));
}

fn every_rules() -> impl Iterator<Item = Rules> {
    [AsksFor::Serial, AsksFor::Mac, AsksFor::Credentials].into_iter().flat_map(|asks_for| {
        (0..4).map(move |bits| Rules { enabled: bits & 1 == 0, asks_for, server_allows: bits & 2 != 0 })
    })
}

/// Certificates, with credentials where phones have any.
fn both(rules: Rules) -> Vec<(Whose, Whose)> {
    let shown = if rules.asks_for == AsksFor::Credentials { &ALL[..] } else { &ALL[3..] };
    ALL.iter().flat_map(|certificate| shown.iter().map(|credentials| (*certificate, *credentials))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any bytes are taken, and none of them opens a door that the serial does not open.
    #[test]
    fn no_bytes_are_too_odd(path in prop::collection::vec(any::<u8>(), 0..80), agent in prop::collection::vec(any::<u8>(), 0..80)) {
        thread_local! {
            static SNAPSHOT: Snapshot = load(Rules { enabled: true, asks_for: AsksFor::Serial, server_allows: false });
        }
        SNAPSHOT.with(|snapshot| {
            for transport in [Protocol::Http, Protocol::Https, Protocol::Tftp] {
                let local = IpAddr::from([127, 0, 0, 1]);
                let inquiry = Inquiry { user_agent: Some(&agent), ..Inquiry::new(transport, local, &path) };
                prop_assert_ne!(outcome(&answer(snapshot, &inquiry)).0, "served");
            }
            Ok(())
        })?;
    }

    /// However a path is spelled, it gets what its plain spelling gets.
    #[test]
    fn the_spelling_of_a_path_decides_nothing(slashes in 1..4_usize, encoded in prop::collection::vec(any::<bool>(), 43), end in "(\\?[a-z=%]{0,9})?") {
        thread_local! {
            static SNAPSHOT: Snapshot = load(Rules { enabled: true, asks_for: AsksFor::Serial, server_allows: false });
        }
        let plain = format!("{SERIAL}/0015654aa937.cfg");
        let spelled: String = plain
            .chars()
            .zip(encoded)
            .map(|(c, encode)| if encode { format!("%{:02x}", u32::from(c)) } else { c.to_string() })
            .collect();
        let path = format!("{}{}{end}", "/".repeat(slashes), spelled.replace('/', &"/".repeat(slashes)));
        SNAPSHOT.with(|snapshot| {
            let inquiry = Inquiry::new(Protocol::Http, IpAddr::from([127, 0, 0, 1]), path.as_bytes());
            prop_assert_eq!(outcome(&answer(snapshot, &inquiry)).0, "served", "{}", path);
            Ok(())
        })?;
    }
}
