//! What a template sees: the documented contract with template authors (`catalog/README.md`).

use std::collections::BTreeMap;
use std::sync::Arc;

use minijinja::value::Value;

use crate::catalog::{File, Firmware, Model};
use crate::model::{KeyKind, LineKey, Protocol, Raw, RawParameter, SettingId, Zone};
use crate::render::effective::Effective;
use crate::render::line::lines;
use crate::render::objects::{KeyAt, MASK, fields, secret, secret_text, zone};
use crate::render::{Secrets, Subject};
use crate::snapshot::{Form, KnownBy, Phone, Rules, Snapshot};
use crate::template::{Override, Overrides, Parameters};

impl Subject<'_> {
    /// Makes what the file's template sees.
    pub(super) fn context(&self, snapshot: &Snapshot, secrets: Secrets) -> Value {
        let rules = &snapshot.world().rules;
        match self {
            Self::Common(common, protocol) => {
                let mut settings = Effective::presets(secrets);
                settings.over(&rules.settings);
                let overrides = overrides(&vendor_id(snapshot, common.model), [(&rules.raw, 0)], secrets);
                let server = server(rules, &rules.provisioning.host, *protocol, None, secrets);
                let shared = shared(common.file, common.model, common.firmware, &settings, overrides);
                let own = [("server", server), ("settings", Value::from_object(settings))];
                own.into_iter().chain(shared).collect::<BTreeMap<_, _>>().into()
            }
            Self::Phone(phone, _) => phone_context(phone, self.file(), rules, secrets),
        }
    }
}

fn phone_context(phone: &Phone<'_>, file: &File, rules: &Rules, secrets: Secrets) -> Value {
    let accounts = phone.accounts();
    let mut above = Effective::presets(secrets);
    above.over(&rules.settings);
    let mut settings = above.clone();
    for level in accounts.settings().chain([&phone.device.settings]) {
        settings.over(level);
    }
    let provider = accounts.provider.map(|provider| &provider.settings);
    let organization = accounts.organization.map(|organization| &organization.settings);
    for level in provider.into_iter().chain(organization) {
        above.over(level);
    }
    let settings = Arc::new(settings);
    let lines = lines(phone, &above, &settings, secrets);
    let host = phone.device.host.as_deref().unwrap_or(&rules.provisioning.host);
    let levels = [(&rules.raw, 0)].into_iter().chain(accounts.raw().map(|raw| (raw, 0)));
    let of_lines = phone.lines().map(|line| (&line.extension.raw, line.number));
    let levels = levels.chain([(&phone.device.raw, 0)]).chain(of_lines);
    let overrides = overrides(&phone.vendor().id, levels, secrets);
    let keys = settings.keys().map_or_else(|| default_keys(phone), <[LineKey]>::to_vec);
    let modules = keys.iter().map(|key| u16::from(key.expansion)).max().unwrap_or_default();
    let own = [
        ("device", device(phone, &settings, secrets)),
        ("key", Value::from_object(KeyAt(keys))),
        ("lines", Value::from(lines)),
        ("modules", Value::from(modules.min(phone.model.expansion_modules))),
        ("server", server(rules, host, phone.protocol(), Some(phone), secrets)),
        ("settings", Value::from_dyn_object(Arc::clone(&settings))),
    ];
    let shared = shared(file, phone.model, phone.firmware, &settings, overrides);
    own.into_iter().chain(shared).collect::<BTreeMap<_, _>>().into()
}

/// What templates of common files and of phones' own files see alike.
fn shared(
    file: &File,
    model: &Model,
    firmware: &Firmware,
    settings: &Effective,
    overrides: Overrides,
) -> [(&'static str, Value); 6] {
    let parameters = Parameters { syntax: Arc::clone(&file.syntax), overrides: Arc::new(overrides) };
    let name = settings.get(SettingId::TIME_ZONE);
    let name = name.as_str().unwrap_or("UTC");
    let rules = Zone::find(name).map_or(Value::from(()), |rules| zone(name, &rules));
    let vars = firmware.vars.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str())));
    [
        ("model", model_fields(model, firmware)),
        ("param", parameters.param()),
        ("rest", parameters.rest()),
        ("values", firmware.values.seen()),
        ("vars", Value::from(vars.collect::<BTreeMap<_, _>>())),
        ("zone", rules),
    ]
}

fn model_fields(model: &Model, firmware: &Firmware) -> Value {
    fields([
        ("id", Value::from(&*model.id)),
        ("name", Value::from(model.name.as_str())),
        ("firmware", Value::from(&*firmware.id)),
        ("lines", Value::from(model.lines)),
        ("line_keys", Value::from(model.line_keys)),
        ("expansion_modules", Value::from(model.expansion_modules)),
        ("expansion_keys", Value::from(model.expansion_keys)),
    ])
}

fn device(phone: &Phone<'_>, settings: &Effective, secrets: Secrets) -> Value {
    let device = phone.device;
    let mac = |print: fn(crate::model::Mac) -> String| {
        device.mac.map_or(Value::from(()), |mac| Value::from(print(mac)))
    };
    let unit = phone.firmware.interval.unit;
    let credentials = device.credentials.as_deref().filter(|_| phone.known_by() == KnownBy::Credentials);
    let interval = phone.update_interval();
    let seconds = u64::from(interval) * u64::from(unit.seconds());
    let mut main = phone.firmware.files.iter().filter(|file| file.main);
    let encrypted = main.any(|file| matches!(phone.form(file), Form::Encrypted(..)));
    fields([
        ("name", Value::from(device.name.as_str())),
        ("serial", secret_text(device.serial.expose(), secrets)),
        ("vendor", Value::from(phone.vendor().name.as_str())),
        ("mac", mac(crate::model::Mac::plain)),
        ("mac_upper", mac(crate::model::Mac::plain_upper)),
        ("mac_colons", mac(|mac| mac.to_string())),
        ("application_version", Value::from(device.application_version.as_str())),
        ("update_user", credentials.map_or(Value::from(()), |own| Value::from(own.user.as_str()))),
        ("update_password", credentials.map_or(Value::from(()), |own| secret(&own.password, secrets))),
        ("encrypted", Value::from(encrypted)),
        (
            "encryption_key",
            device.encryption_key.as_ref().map_or(Value::from(()), |key| secret(key, secrets)),
        ),
        ("admin_user", settings.get(SettingId::ADMIN_USER)),
        ("admin_password", settings.get(SettingId::ADMIN_PASSWORD)),
        ("user_password", settings.get(SettingId::USER_PASSWORD)),
        ("protocol", Value::from(phone.protocol().word())),
        ("interval", Value::from(interval)),
        ("interval_seconds", Value::from(seconds)),
        ("interval_minutes", Value::from(seconds.div_ceil(60))),
        ("interval_hours", Value::from(seconds.div_ceil(3600))),
        ("interval_days", Value::from(seconds.div_ceil(86_400))),
        ("network", network(phone)),
    ])
}

fn network(phone: &Phone<'_>) -> Value {
    let Some(network) = &phone.device.network else {
        return Value::from(());
    };
    let servers = network.dns_servers.iter().map(|server| Value::from(server.to_string()));
    fields([
        ("address", Value::from(network.address.to_string())),
        ("netmask", Value::from(network.netmask.to_string())),
        ("gateway", Value::from(network.gateway.to_string())),
        ("dns_servers", servers.collect()),
    ])
}

/// Where the phone shall ask from now on: its one live URL, or for common files the place above it.
fn server(
    rules: &Rules,
    host: &str,
    protocol: Protocol,
    phone: Option<&Phone<'_>>,
    secrets: Secrets,
) -> Value {
    let port = rules.port(protocol);
    let usual =
        matches!((protocol, port), (Protocol::Http, 80) | (Protocol::Https, 443) | (Protocol::Tftp, 69));
    let bracketed = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let authority = if usual { bracketed } else { format!("{bracketed}:{port}") };
    let own = phone.map(|phone| match phone.device.mac.filter(|_| phone.known_by() != KnownBy::Serial) {
        Some(mac) => mac.plain(),
        // Over TFTP a phone with an address is found by it, at the top.
        None if protocol == Protocol::Tftp && phone.device.mac.is_some() => String::new(),
        None if secrets == Secrets::Mask => MASK.to_owned(),
        // Whoever gets the file has just named the serial; so it stands in files without other secrets as well.
        None => phone.device.serial.expose().to_owned(),
    });
    let parts = [rules.provisioning.path_prefix.as_str(), own.as_deref().unwrap_or_default()];
    let path = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
    let slash = if path.is_empty() { "" } else { "/" };
    fields([
        ("host", Value::from(host)),
        ("port", Value::from(port)),
        ("scheme", Value::from(protocol.word())),
        ("authority", Value::from(authority.as_str())),
        ("path", Value::from(path.as_str())),
        ("url", Value::from(format!("{protocol}://{authority}{slash}{path}"))),
    ])
}

/// Gives the keys of a phone that nobody set any for: its lines, one after another.
fn default_keys(phone: &Phone<'_>) -> Vec<LineKey> {
    let keys = (1..=phone.model.line_keys).zip(phone.lines());
    let key = |(key, line): (u16, crate::snapshot::Line<'_>)| LineKey {
        kind: KeyKind::Line,
        value: "".into(),
        label: "".into(),
        line: u8::try_from(line.number).unwrap_or(u8::MAX),
        key,
        expansion: 0,
    };
    keys.map(key).collect()
}

fn vendor_id(snapshot: &Snapshot, model: &Model) -> Arc<str> {
    Arc::clone(&snapshot.world().catalog.vendor(model.vendor).id)
}

/// Gathers the vendor parameters of a phone, the most general first; a line's number fills `{line}`.
fn overrides<'r>(
    vendor: &str,
    levels: impl IntoIterator<Item = (&'r Raw, u16)>,
    secrets: Secrets,
) -> Overrides {
    let seen = |parameter: &RawParameter| match (parameter.is_secret(), secrets) {
        (false, _) | (true, Secrets::Write) => Some(Value::from(&*parameter.value)),
        (true, Secrets::Mask) => Some(Value::from(MASK)),
        (true, Secrets::Forbid) => None,
    };
    let mut overrides = Vec::new();
    for (raw, line) in levels {
        let own =
            raw.0.iter().filter(|parameter| parameter.vendor.as_deref().is_none_or(|other| other == vendor));
        overrides.extend(own.filter_map(|parameter| {
            let name = parameter.name.replace("{line}", &line.to_string());
            seen(parameter).map(|value| Override::new(&name, value))
        }));
    }
    Overrides(overrides)
}
