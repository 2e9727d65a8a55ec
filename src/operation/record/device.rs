//! A device's record as JSON.

use serde_json::{Value as Json, json};

use crate::model::{Device, SettingId, Value};
use crate::operation::Fields;
use crate::operation::record::{MASK, Secrets, put, put_table, raw, settings};

/// Gives a device; its serial and passwords are secrets.
pub(in crate::operation) fn device(device: &Device, secrets: Secrets) -> Fields {
    let mut fields = Fields::new();
    let secret = |text: &str| if secrets == Secrets::Write { text.to_owned() } else { MASK.to_owned() };
    put(&mut fields, "serial", &secret(device.serial.expose()));
    put(&mut fields, "name", &device.name);
    put(&mut fields, "model", &device.model);
    put(&mut fields, "firmware", &device.firmware);
    put(&mut fields, "application-version", &device.application_version);
    put(&mut fields, "mac", &device.mac.map(|mac| mac.to_string()).unwrap_or_default());
    if device.mac_based {
        fields.insert("mac-based".to_owned(), Json::Bool(true));
    }
    if let Some(credentials) = &device.credentials {
        put(&mut fields, "update-user", &credentials.user);
        put(&mut fields, "update-password", &secret(credentials.password.expose()));
    }
    if let Some(key) = &device.encryption_key {
        put(&mut fields, "encryption-key", &secret(key.expose()));
    }
    put(&mut fields, "status", if device.enabled { "enabled" } else { "disabled" });
    put(&mut fields, "notes", &device.notes);
    if let Some(Value::Text(user)) = device.settings.get(SettingId::ADMIN_USER) {
        put(&mut fields, "admin-user", user);
    }
    if let Some(Value::Secret(password)) = device.settings.get(SettingId::ADMIN_PASSWORD) {
        put(&mut fields, "admin-password", &secret(password.expose()));
    }
    fields.extend(device.update_interval.map(|interval| ("update-interval".to_owned(), json!(interval))));
    put(&mut fields, "protocol", device.protocol.map_or("", |protocol| protocol.word()));
    put(&mut fields, "template", &device.template);
    put(&mut fields, "owner", device.owner.as_deref().unwrap_or("administrator"));
    put(&mut fields, "organization", device.organization.as_deref().unwrap_or_default());
    if !device.lines.is_empty() {
        let lines = device.lines.iter().map(|line| json!(line.as_deref().unwrap_or_default()));
        fields.insert("lines".to_owned(), lines.collect());
    }
    put(&mut fields, "host", device.host.as_deref().unwrap_or_default());
    network(device, &mut fields);
    let mut own = settings(&device.settings, secrets);
    // They have keys of their own above.
    own.remove("admin-user");
    own.remove("admin-password");
    put_table(&mut fields, "settings", own);
    put_table(&mut fields, "raw", raw(&device.raw, secrets));
    if let Some(dates) = &device.dates {
        put(&mut fields, "created", dates.created.as_deref().unwrap_or_default());
        put(&mut fields, "updated", dates.updated.as_deref().unwrap_or_default());
    }
    fields
}

fn network(device: &Device, fields: &mut Fields) {
    let Some(network) = &device.network else {
        return;
    };
    let mut told = Fields::new();
    put(&mut told, "address", &network.address.to_string());
    put(&mut told, "netmask", &network.netmask.to_string());
    put(&mut told, "gateway", &network.gateway.to_string());
    if !network.dns_servers.is_empty() {
        let servers = network.dns_servers.iter().map(|server| json!(server.to_string()));
        told.insert("dns-servers".to_owned(), servers.collect());
    }
    put_table(fields, "network", told);
}
