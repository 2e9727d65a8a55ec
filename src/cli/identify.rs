//! `bellhop identify`

use std::io::{BufRead, BufWriter, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::str::FromStr;

use anyhow::{Context, anyhow};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};

use crate::answer::subject;
use crate::assets::{Name, below, open};
use crate::catalog::Catalog;
use crate::cli::{Failure, load};
use crate::identify::{Identity, Inquiry, identify};
use crate::model::{Mac, Protocol};
use crate::permit::decide;
use crate::snapshot::Snapshot;

/// Explain which device a request is of, by which evidence, and what it would get
///
/// With `-`, requests are read from standard input as JSON lines, like
/// {"protocol":"http","path":"/x/y.cfg","headers":{"User-Agent":"…"},"peer":"192.0.2.7"}, and each is answered by
/// one line of JSON. Bytes above 127 are written as U+0080 to U+00FF. Nothing is rendered.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// `-` to read requests from standard input
    #[arg(value_parser = ["-"])]
    input: Option<String>,
    /// How the request comes: http, https or tftp
    #[arg(long, default_value = "http")]
    protocol: String,
    /// Path of the request, or the file name over TFTP
    #[arg(long, required_unless_present = "input")]
    path: Option<String>,
    /// User-Agent of the request
    #[arg(long)]
    user_agent: Option<String>,
    /// Another header of the request; may be given several times
    #[arg(long = "header", value_name = "NAME: VALUE", value_parser = header)]
    headers: Vec<(String, String)>,
    /// Address that it comes from
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    peer: IpAddr,
    /// MAC address in a verified device certificate
    #[arg(long)]
    certificate: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A request as a line of JSON.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request {
    protocol: Option<String>,
    path: String,
    headers: serde_json::Map<String, serde_json::Value>,
    peer: Option<IpAddr>,
    certificate: Option<String>,
}

/// What a request tells, and what it would get.
#[derive(Debug, Serialize)]
struct Explanation {
    vendor: Option<String>,
    model: Option<String>,
    version: Option<String>,
    /// The firmware that this version is of, where the device's record names another one.
    other_firmware: Option<String>,
    mac: Option<String>,
    serial: Option<String>,
    device: Option<String>,
    name: Option<String>,
    proof: &'static str,
    file: Option<String>,
    template: Option<String>,
    decision: &'static str,
    rule: Option<&'static str>,
    reason: String,
}

impl Args {
    pub(super) fn run(self, config: &Path) -> Result<(), Failure> {
        let loaded = load(config)?;
        let snapshot = &loaded.snapshot;
        if self.input.is_some() {
            return Ok(each_line(snapshot)?);
        }
        let mut request = Request {
            protocol: Some(self.protocol),
            path: self.path.unwrap_or_default(),
            peer: Some(self.peer),
            certificate: self.certificate,
            ..Request::default()
        };
        for (name, value) in self.headers {
            request.headers.insert(name, value.into());
        }
        if let Some(agent) = self.user_agent {
            request.headers.insert("User-Agent".to_owned(), agent.into());
        }
        // Arguments are text in UTF-8; requests are bytes.
        let explanation = explain(snapshot, &request, |text| text.as_bytes().to_vec())?;
        if self.json {
            println!("{}", serde_json::to_string(&explanation)?);
        } else {
            explanation.print();
        }
        Ok(())
    }
}

/// Reads a header as it is written in requests.
fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("there is no colon; write `Name: value`")?;
    let (name, value) = (name.trim(), value.trim());
    HeaderName::from_str(name)
        .map_err(|_| format!("`{name}` is no header's name; write letters, digits and `-`"))?;
    HeaderValue::from_str(value)
        .map_err(|_| format!("`{value}` is no header's value; write one line of ASCII"))?;
    Ok((name.to_owned(), value.to_owned()))
}

fn each_line(snapshot: &Snapshot) -> anyhow::Result<()> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    for (number, line) in (1..).zip(std::io::stdin().lock().lines()) {
        let line = line.with_context(|| format!("cannot read line {number}"))?;
        if line.trim().is_empty() {
            continue;
        }
        let explained = serde_json::from_str(&line)
            .map_err(anyhow::Error::from)
            .and_then(|request: Request| explain(snapshot, &request, latin1));
        match explained {
            Ok(explanation) => serde_json::to_writer(&mut out, &explanation)?,
            Err(error) => {
                let error = format!("line {number}: {error:#}; write one request as a JSON object");
                serde_json::to_writer(&mut out, &serde_json::json!({ "error": error }))?;
            }
        }
        out.write_all(b"\n").context("cannot write")?;
    }
    out.flush().context("cannot write")
}

/// Turns text into the bytes that it stands for: U+0080 to U+00FF are single bytes.
fn latin1(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for c in text.chars() {
        match u8::try_from(u32::from(c)) {
            Ok(byte) => bytes.push(byte),
            Err(_) => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    bytes
}

fn explain(
    snapshot: &Snapshot,
    request: &Request,
    bytes: fn(&str) -> Vec<u8>,
) -> anyhow::Result<Explanation> {
    let protocol = request.protocol.as_deref().unwrap_or("http").to_ascii_lowercase();
    let transport = Protocol::ALL.iter().find(|(word, _)| *word == protocol).map(|(_, protocol)| *protocol);
    let transport =
        transport.ok_or_else(|| anyhow!("`{protocol}` is no protocol; write http, https or tftp"))?;
    let certificate = request.certificate.as_deref().map(str::parse::<Mac>).transpose();
    let certificate = certificate.map_err(|error| anyhow!("`certificate` {error}"))?;
    let headers = headers(&request.headers, bytes);
    let agent = request.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("user-agent"));
    let agent = agent.and_then(|(_, value)| value.as_str()).map(bytes);
    let peer = request.peer.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let path = bytes(&request.path);
    let inquiry = Inquiry {
        user_agent: agent.as_deref(),
        headers: Some(&headers),
        certificate,
        ..Inquiry::new(transport, peer, &path)
    };
    let identity = identify(snapshot, &inquiry);
    let decision = decide(snapshot, &inquiry, &identity);
    let subject = subject(&identity, transport);
    let file = subject.map(|subject| subject.file());
    let phone = identity.phone;
    let (decision, rule, reason) = match decision {
        Err(_) if is_asset(snapshot, &inquiry) => {
            ("serve", Some("asset"), "anybody may fetch what lies in the folder of assets".to_owned())
        }
        Ok(permit) => ("serve", Some(permit.rule().word()), permit.rule().words().to_owned()),
        Err(refusal) => ("refuse", Some(refusal.word()), refusal.words(identity.contradiction)),
    };
    let other =
        identity.told_firmware().filter(|told| phone.is_some_and(|phone| told.id != phone.firmware.id));
    let told = Told::of(&snapshot.world().catalog, &identity);
    let path_serial = phone.filter(|phone| path_names(&path, phone.device.serial.expose()));
    Ok(Explanation {
        vendor: told.vendor,
        model: told.model,
        version: told.version,
        other_firmware: other.map(|firmware| firmware.id.to_string()),
        mac: told.mac.map(|mac| mac.to_string()),
        serial: told.serial.or_else(|| path_serial.map(|phone| phone.device.serial.expose().to_owned())),
        device: phone.map(|phone| phone.device.serial.expose().to_owned()),
        name: phone.map(|phone| phone.device.name.to_string()),
        proof: identity.proof.word(),
        file: file.map(|file| phone.map_or_else(|| file.name.clone(), |phone| phone.file_name(file))),
        template: file.map(|file| file.template.clone()),
        decision,
        rule,
        reason,
    })
}

/// Reads the headers of a request; what can be none is left out, as nobody could have sent it.
fn headers(told: &serde_json::Map<String, serde_json::Value>, bytes: fn(&str) -> Vec<u8>) -> HeaderMap {
    let pairs = told.iter().filter_map(|(name, value)| {
        Some((HeaderName::from_str(name).ok()?, HeaderValue::from_bytes(&bytes(value.as_str()?)).ok()?))
    });
    pairs.collect()
}

/// Tells whether a request that no device is served by gets a file that is the same for everybody.
fn is_asset(snapshot: &Snapshot, inquiry: &Inquiry<'_>) -> bool {
    let below = below(inquiry.path, &snapshot.world().rules.provisioning.path_prefix);
    let name = match inquiry.transport {
        Protocol::Tftp => Name::read(below.unwrap_or(inquiry.path)),
        Protocol::Http | Protocol::Https => below.and_then(Name::read_encoded),
    };
    name.is_some_and(|name| open(&snapshot.config().assets.folder, &name).is_ok())
}

fn path_names(path: &[u8], serial: &str) -> bool {
    path.split(|byte| *byte == b'/').any(|segment| segment == serial.as_bytes())
}

/// What a request tells of the phone: by its User-Agent, else its path, else the first octets of its address.
pub(super) struct Told {
    pub(super) vendor: Option<String>,
    pub(super) model: Option<String>,
    pub(super) version: Option<String>,
    pub(super) mac: Option<Mac>,
    pub(super) serial: Option<String>,
}

impl Told {
    pub(super) fn of(catalog: &Catalog, identity: &Identity<'_, '_>) -> Self {
        let told = &identity.told;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let mac = told.agent.as_ref().and_then(|agent| agent.mac).or(told.path_mac);
        if let Some(agent) = &told.agent {
            let known = agent.model.and_then(|name| catalog.model_called(agent.vendor, name));
            return Self {
                vendor: Some(catalog.vendor(agent.vendor).name.clone()),
                model: known.map(|model| model.name.clone()).or(agent.model.map(text)),
                version: agent.version.map(text),
                mac,
                serial: agent.serial.map(text),
            };
        }
        let paths: Vec<_> = told.whole.iter().chain(told.rest.iter()).collect();
        let vendor = paths.iter().find_map(|path| catalog.owner(*path).vendor);
        let model = paths.iter().find_map(|path| catalog.owner(*path).model.as_deref());
        let vendor = vendor.or_else(|| mac.and_then(|mac| catalog.vendor_of_oui(mac)));
        Self {
            vendor: vendor.map(|at| catalog.vendor(at).name.clone()),
            model: model.and_then(|id| catalog.model(id)).map(|model| model.name.clone()),
            version: None,
            mac,
            serial: None,
        }
    }
}

impl Explanation {
    fn print(&self) {
        let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        println!("vendor    {}", or_none(&self.vendor));
        println!("model     {}", or_none(&self.model));
        println!("version   {}", or_none(&self.version));
        if let Some(firmware) = &self.other_firmware {
            println!("firmware  `{firmware}`, by its version; the device's record names another one");
        }
        println!("mac       {}", or_none(&self.mac));
        println!("serial    {}", or_none(&self.serial));
        println!("device    {}", or_none(&self.name));
        println!("proof     {}", self.proof);
        println!("file      {}", or_none(&self.file));
        println!("template  {}", or_none(&self.template));
        println!("decision  {} ({})", self.decision, self.rule.unwrap_or("-"));
        println!("reason    {}", self.reason);
    }
}
