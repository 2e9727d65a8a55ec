//! The settings that bellhop knows, whatever the vendor: one table, from which everything else follows.
//!
//! A setting may be given at every level: server, provider, organization, user, device, and those of scope
//! [`Scope::Line`] on an extension too. The most specific one wins. A vendor's template turns the outcome into
//! that vendor's own parameters; what is missing here goes into `raw`.

/// One setting of the vocabulary.
#[derive(Debug)]
pub struct Setting {
    /// Its name in files, kebab-case; templates see it with underscores.
    pub name: &'static str,
    /// What values it takes.
    pub kind: Kind,
    /// What holds where no level says anything.
    pub preset: Preset,
    /// Whether it belongs to the phone or to each of its lines.
    pub scope: Scope,
    /// What it means, with its unit; one sentence for people.
    pub help: &'static str,
}

/// The values that a setting takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Several of these words, the preferred one first, none twice.
    Choices(&'static [&'static str]),
    /// A host name or an IP address, without a port.
    Host,
    /// A whole number in this range, both ends included.
    Integer(u32, u32),
    /// The keys beside the display and on expansion modules.
    LineKeys,
    /// A password with this many characters, both ends included.
    Secret(usize, usize),
    /// Text of at most this many characters.
    Text(usize),
    /// Several texts of at most this many characters each.
    Texts(usize),
    /// An absolute URL with scheme http, https, tftp or ftp.
    Url,
    /// A name of the IANA time-zone database.
    Zone,
}

/// The value that holds where no level says anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// This truth value.
    Bool(bool),
    /// This number.
    Integer(u32),
    /// This text or word.
    Text(&'static str),
    /// These texts or words.
    Texts(&'static [&'static str]),
    /// Nothing: templates see `none` and write the vendor's own default.
    Unset,
}

/// What a setting belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Each line of the phone; an extension may set it.
    Line,
    /// The phone as a whole.
    Phone,
}

/// A setting's place in [`SETTINGS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SettingId(u8);

impl SettingId {
    /// Finds a setting by its name in files.
    pub fn find(name: &str) -> Option<Self> {
        let at = SETTINGS.binary_search_by(|setting| setting.name.cmp(name)).ok()?;
        u8::try_from(at).ok().map(Self)
    }

    /// Finds a setting of the table while the program is compiled; a name that is none does not compile.
    const fn of(name: &str) -> Self {
        let mut at = 0;
        while at < SETTINGS.len() {
            if same(SETTINGS[at].name.as_bytes(), name.as_bytes()) {
                #[expect(clippy::cast_possible_truncation, reason = "the table has fewer than 256 entries")]
                return Self(at as u8);
            }
            at += 1;
        }
        panic!("no such setting")
    }

    /// `admin-password`
    pub const ADMIN_PASSWORD: Self = Self::of("admin-password");
    /// `admin-user`
    pub const ADMIN_USER: Self = Self::of("admin-user");
    /// `line-keys`
    pub const LINE_KEYS: Self = Self::of("line-keys");
    /// `registrar`
    pub const REGISTRAR: Self = Self::of("registrar");
    /// `registrar-port`
    pub const REGISTRAR_PORT: Self = Self::of("registrar-port");
    /// `time-zone`
    pub const TIME_ZONE: Self = Self::of("time-zone");
    /// `transport`
    pub const TRANSPORT: Self = Self::of("transport");
    /// `user-password`
    pub const USER_PASSWORD: Self = Self::of("user-password");

    /// Gives the place as an index into [`SETTINGS`].
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// Gives the table's entry.
    pub fn setting(self) -> &'static Setting {
        &SETTINGS[self.index()]
    }
}

const fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut at = 0;
    while at < a.len() {
        if a[at] != b[at] {
            return false;
        }
        at += 1;
    }
    true
}

const fn line(name: &'static str, kind: Kind, preset: Preset, help: &'static str) -> Setting {
    Setting { name, kind, preset, scope: Scope::Line, help }
}

const fn phone(name: &'static str, kind: Kind, preset: Preset, help: &'static str) -> Setting {
    Setting { name, kind, preset, scope: Scope::Phone, help }
}

use Kind::{Bool, Choice, Choices, Host, Integer, LineKeys, Secret, Text, Texts, Url, Zone};
use Preset::{Bool as Is, Integer as Number, Text as Word, Texts as Words, Unset};

const PORT: Kind = Integer(1, 65_535);

/// Codecs by their usual short names.
pub const CODECS: &[&str] = &["g722", "g723", "g726-32", "g729", "ilbc", "opus", "pcma", "pcmu"];

/// Languages of a phone's display, as ISO 639-1 with a region where it matters.
pub const LANGUAGES: &[&str] = &[
    "bg", "ca", "cs", "da", "de", "el", "en", "es", "et", "fi", "fr", "he", "hr", "hu", "it", "ja", "ko",
    "lt", "lv", "nl", "no", "pl", "pt", "pt-br", "ro", "ru", "sk", "sl", "sv", "tr", "uk", "zh", "zh-tw",
];

/// Countries whose call-progress tones a phone may play, as ISO 3166-1 in lower case.
pub const COUNTRIES: &[&str] = &[
    "at", "au", "be", "br", "ca", "ch", "cl", "cn", "cz", "de", "dk", "ee", "es", "fi", "fr", "gb", "gr",
    "hk", "hr", "hu", "ie", "il", "in", "it", "jp", "kr", "lt", "lu", "lv", "mx", "my", "nl", "no", "nz",
    "pl", "pt", "ro", "rs", "ru", "se", "sg", "si", "sk", "tr", "tw", "ua", "us", "za",
];

/// Every setting, in the order of the names.
pub const SETTINGS: &[Setting] = &[
    phone("admin-password", Secret(4, 64), Unset, "password of the phone's administrator; unset leaves none"),
    phone("admin-user", Text(255), Word("admin"), "user name of the phone's administrator"),
    line("backup-registrar", Host, Unset, "registrar that is asked when the first does not answer"),
    line("backup-registrar-port", PORT, Number(5060), "port of the backup registrar"),
    line("call-waiting", Bool, Is(true), "whether a second call is announced during a call"),
    line(
        "codecs",
        Choices(CODECS),
        Words(&["g722", "pcma", "pcmu", "g729"]),
        "codecs offered, the preferred one first",
    ),
    phone("date-format", Choice(&["dmy", "mdy", "ymd"]), Word("dmy"), "order of day, month and year"),
    phone(
        "dscp-rtp",
        Integer(0, 63),
        Number(46),
        "DSCP of voice packets (RFC 4594: 46, expedited forwarding)",
    ),
    phone("dscp-sip", Integer(0, 63), Number(26), "DSCP of signalling packets"),
    line(
        "dtmf",
        Choice(&["inband", "info", "rfc2833"]),
        Word("rfc2833"),
        "how keys pressed during a call are sent",
    ),
    phone(
        "firmware-url",
        Url,
        Unset,
        "where the phone finds the firmware that it shall run; unset keeps what it runs",
    ),
    phone("language", Choice(LANGUAGES), Word("en"), "language of the display"),
    phone("ldap-base", Text(255), Unset, "LDAP: where the search begins"),
    phone("ldap-name-attributes", Texts(64), Words(&["cn", "sn"]), "LDAP: attributes that hold names"),
    phone(
        "ldap-name-filter",
        Text(255),
        Word("(|(cn=%)(sn=%))"),
        "LDAP: search by name; % stands for what was typed",
    ),
    phone(
        "ldap-number-attributes",
        Texts(64),
        Words(&["telephoneNumber", "mobile", "ipPhone"]),
        "LDAP: attributes that hold numbers",
    ),
    phone(
        "ldap-number-filter",
        Text(255),
        Word("(|(telephoneNumber=%)(mobile=%)(ipPhone=%))"),
        "LDAP: search by number; % stands for what was typed",
    ),
    phone("ldap-password", Secret(1, 255), Unset, "LDAP: password; unset binds anonymously"),
    phone("ldap-port", PORT, Number(389), "LDAP: port"),
    phone("ldap-server", Host, Unset, "LDAP: server; unset switches the directory off"),
    phone("ldap-tls", Bool, Is(false), "LDAP: whether the connection is encrypted from the start"),
    phone("ldap-user", Text(255), Unset, "LDAP: name to bind as"),
    phone("line-keys", LineKeys, Unset, "keys beside the display and on expansion modules"),
    phone("lldp", Bool, Is(true), "whether the phone learns its VLAN by LLDP-MED"),
    phone("logo-url", Url, Unset, "picture for the idle display"),
    line("mwi", Bool, Is(true), "whether the phone subscribes to its voice mailbox"),
    line(
        "nat-keepalive",
        Integer(0, 3600),
        Number(30),
        "seconds between packets that keep a NAT open; 0 sends none",
    ),
    phone("ntp-server", Host, Word("pool.ntp.org"), "time server"),
    phone("ntp-server-2", Host, Unset, "second time server"),
    line("outbound-proxy", Host, Unset, "host that all SIP requests go through"),
    line("outbound-proxy-port", PORT, Number(5060), "port of the outbound proxy"),
    phone("pc-vlan", Integer(1, 4094), Unset, "VLAN of the socket for a computer; unset is untagged"),
    phone("pc-vlan-priority", Integer(0, 7), Number(0), "802.1p priority on the socket for a computer"),
    phone("phonebook-name", Text(64), Word("Phonebook"), "title of the phonebook"),
    phone("phonebook-url", Url, Unset, "phonebook in the vendor's own format"),
    line("pickup-code", Text(32), Word("**"), "dialled before a number to answer its call"),
    line("registrar", Host, Unset, "registrar; an extension's `sip.server` goes before it"),
    line("registrar-port", PORT, Number(5060), "port of the registrar"),
    line(
        "registration-expiry",
        Integer(60, 86_400),
        Number(3600),
        "seconds that a registration is asked for",
    ),
    phone("ringtone", Integer(1, 20), Number(1), "built-in ring tone, counted from 1"),
    phone("ringtone-url", Url, Unset, "ring tone in the vendor's own format"),
    line(
        "srtp",
        Choice(&["off", "optional", "required"]),
        Word("off"),
        "whether voice is encrypted (RFC 4568)",
    ),
    phone(
        "syslog-level",
        Choice(&["debug", "error", "info", "warning"]),
        Word("warning"),
        "least severe message that the phone sends",
    ),
    phone("syslog-port", PORT, Number(514), "port of the log server"),
    phone("syslog-server", Host, Unset, "log server; unset sends no log"),
    phone("time-format", Choice(&["12h", "24h"]), Word("24h"), "clock with 12 or 24 hours"),
    phone("time-zone", Zone, Word("UTC"), "time zone, with its daylight-saving rules"),
    phone("tones", Choice(COUNTRIES), Word("us"), "country whose dial, ring and busy tones are played"),
    line("transport", Choice(&["tcp", "tls", "udp"]), Word("udp"), "SIP transport"),
    phone("user-password", Secret(4, 64), Unset, "password of the phone's ordinary user"),
    phone("vlan", Integer(1, 4094), Unset, "VLAN of voice and signalling; unset is untagged"),
    phone("vlan-priority", Integer(0, 7), Number(5), "802.1p priority of voice and signalling"),
    line("voicemail", Text(64), Word("*97"), "number that reaches the voice mailbox"),
    phone(
        "web-access",
        Choice(&["both", "http", "https", "off"]),
        Word("both"),
        "how the phone's web pages are reached",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_every_setting_is_found() {
        assert!(SETTINGS.windows(2).all(|pair| pair[0].name < pair[1].name));
        for setting in SETTINGS {
            assert_eq!(SettingId::find(setting.name).map(|id| id.setting().name), Some(setting.name));
        }
        assert_eq!(SettingId::find("time-zones"), None);
    }

    #[test]
    fn every_default_is_a_value_that_the_setting_takes() {
        for setting in SETTINGS {
            let fits = match (setting.kind, setting.preset) {
                (Secret(..) | LineKeys, preset) => preset == Unset,
                (_, Unset) | (Bool, Is(_)) => true,
                (Integer(low, high), Number(value)) => (low..=high).contains(&value),
                (Choice(words), Word(value)) => words.contains(&value),
                (Choices(words), Words(values)) => values.iter().all(|value| words.contains(value)),
                (Text(max), Word(value)) => value.len() <= max,
                (Texts(max), Words(values)) => values.iter().all(|value| value.len() <= max),
                (Host | Zone, Word(value)) => !value.is_empty(),
                _ => false,
            };
            assert!(fits, "{}", setting.name);
        }
    }

    #[test]
    fn words_are_in_order_so_that_messages_list_them_so() {
        for setting in SETTINGS {
            if let Choice(words) | Choices(words) = setting.kind {
                assert!(words.windows(2).all(|pair| pair[0] < pair[1]), "{}", setting.name);
            }
        }
    }
}
