//! A line as templates see it.

use std::sync::Arc;

use minijinja::value::{Object, Value};

use crate::model::SettingId;
use crate::render::Secrets;
use crate::render::effective::{Effective, by_underscored};
use crate::render::objects::secret;
use crate::snapshot::{Line, Phone};

/// A line with its settings; one without an extension has `active` false and no names.
#[derive(Debug)]
struct LineObject {
    own: [(&'static str, Value); 8],
    settings: Arc<Effective>,
}

impl Object for LineObject {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        let own = self.own.iter().find(|(name, _)| *name == key).map(|(_, value)| value.clone());
        own.or_else(|| by_underscored(key).and_then(|_| self.settings.get_value_by_str(key)))
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }
}

/// Gives every line that the model has, the free ones too, so that a template can clear them.
///
/// `above` are the settings of everything above users; `device` those of the device with all above it.
pub(super) fn lines(
    phone: &Phone<'_>,
    above: &Effective,
    device: &Arc<Effective>,
    secrets: Secrets,
) -> Vec<Value> {
    let mut lines: Vec<Value> = (1..=phone.model.lines).map(|number| free(number, device)).collect();
    for line in phone.lines() {
        if let Some(place) = lines.get_mut(usize::from(line.number) - 1) {
            *place = taken(phone, &line, above, secrets);
        }
    }
    lines
}

fn free(number: u16, device: &Arc<Effective>) -> Value {
    let nothing = || Value::from(());
    Value::from_object(LineObject {
        own: [
            ("n", Value::from(number)),
            ("active", Value::from(false)),
            ("number", nothing()),
            ("display_name", nothing()),
            ("label", nothing()),
            ("user", nothing()),
            ("auth_user", nothing()),
            ("password", nothing()),
        ],
        settings: Arc::clone(device),
    })
}

fn taken(phone: &Phone<'_>, line: &Line<'_>, above: &Effective, secrets: Secrets) -> Value {
    let extension = line.extension;
    let mut settings = above.clone();
    let user = line.user.map(|user| &user.settings);
    for level in user.into_iter().chain([&phone.device.settings, &extension.settings]) {
        settings.over(level);
    }
    let sip = &extension.sip;
    if let Some(server) = &sip.server {
        settings.set(SettingId::REGISTRAR, Value::from(&**server));
    }
    if let Some(port) = sip.port {
        settings.set(SettingId::REGISTRAR_PORT, Value::from(port));
    }
    if let Some(transport) = sip.transport {
        settings.set(SettingId::TRANSPORT, Value::from(transport.word()));
    }
    let or = |text: &str, other: &Value| {
        if text.is_empty() { other.clone() } else { Value::from(text) }
    };
    let number = Value::from(extension.number.as_str());
    let user = or(&sip.user, &number);
    let display_name = or(&extension.display_name, &number);
    Value::from_object(LineObject {
        own: [
            ("n", Value::from(line.number)),
            ("active", Value::from(true)),
            ("label", or(&extension.label, &display_name)),
            ("auth_user", or(&sip.auth_user, &user)),
            ("password", sip.password.as_ref().map_or(Value::from(()), |password| secret(password, secrets))),
            ("number", number),
            ("display_name", display_name),
            ("user", user),
        ],
        settings: Arc::new(settings),
    })
}
