//! What the catalog's files say of one file that phones ask for.

use http::HeaderName;

use crate::catalog::facts::{SyntaxFacts, text};
use crate::catalog::finish::FinishFacts;
use crate::dialogue::{Dialogue, LoginFields};
use crate::document::{Entry, Table};

/// The facts of one file.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct FileFacts {
    pub(super) content_type: Option<String>,
    pub(super) dialogue: Option<Dialogue>,
    pub(super) finish: FinishFacts,
    pub(super) header: Option<HeaderName>,
    pub(super) main: Option<bool>,
    pub(super) scope: Option<FileScope>,
    pub(super) secrets: Option<bool>,
    pub(super) syntax: SyntaxFacts,
    /// With the vendor's folder in front.
    pub(super) template: Option<String>,
}

/// Whom a file is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FileScope {
    /// Every phone of a model or vendor; it carries no secret and nothing of a single phone's lines.
    Common,
    /// One phone.
    #[default]
    Phone,
}

impl FileFacts {
    pub(super) fn read(table: &Table<'_>, vendor: &str) -> Self {
        let mut facts = Self::default();
        for entry in table.clone() {
            match entry.key() {
                "content-type" => facts.content_type = text(&entry),
                "dialogue" => facts.dialogue = entry.choice(&["dls", "poll"]).map(dialogue),
                "header" => facts.header = header(&entry),
                "login" => facts.dialogue = login(&entry).map(Dialogue::Login),
                "main" => facts.main = entry.boolean(),
                "scope" => {
                    facts.scope = entry.one_of(&[("common", FileScope::Common), ("phone", FileScope::Phone)]);
                }
                "secrets" => facts.secrets = entry.boolean(),
                "syntax" => facts.syntax.read(&entry),
                "template" => facts.template = text(&entry).map(|name| format!("{vendor}/{name}")),
                _ if facts.finish.read(&entry) => (),
                _ => {
                    let own = [
                        "content-type",
                        "dialogue",
                        "header",
                        "login",
                        "main",
                        "scope",
                        "secrets",
                        "syntax",
                        "template",
                    ];
                    entry.unknown(&[&own, FinishFacts::KEYS].concat());
                }
            }
        }
        facts
    }

    pub(super) fn over(self, base: &Self) -> Self {
        Self {
            content_type: self.content_type.or_else(|| base.content_type.clone()),
            dialogue: self.dialogue.or_else(|| base.dialogue.clone()),
            finish: self.finish.over(&base.finish),
            header: self.header.or_else(|| base.header.clone()),
            main: self.main.or(base.main),
            scope: self.scope.or(base.scope),
            secrets: self.secrets.or(base.secrets),
            syntax: self.syntax.over(&base.syntax),
            template: self.template.or_else(|| base.template.clone()),
        }
    }
}

fn dialogue(word: &str) -> Dialogue {
    if word == "dls" { Dialogue::Dls } else { Dialogue::Poll }
}

fn header(entry: &Entry<'_>) -> Option<HeaderName> {
    let text = entry.text(64)?;
    let wrong = |_| entry.error(format!("`{text}` is no header's name; write letters, digits and `-`"));
    text.parse().map_err(wrong).ok()
}

fn login(entry: &Entry<'_>) -> Option<LoginFields> {
    let [mut user, mut password] = [None, None];
    for entry in entry.table().into_iter().flatten() {
        match entry.key() {
            "password" => password = entry.text(64),
            "user" => user = entry.text(64),
            _ => entry.unknown(&["password", "user"]),
        }
    }
    if user.is_none() || password.is_none() {
        entry.error("lacks a field; name both, `{ user = \"…\", password = \"…\" }`");
    }
    Some(LoginFields { user: user?.into(), password: password?.into() })
}
