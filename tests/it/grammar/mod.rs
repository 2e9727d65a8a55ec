//! Every golden file of the catalog, parsed by something that knows nothing of the templates.
//!
//! A grammar says what a phone's parser takes: XML goes through a real parser, lines are read by patterns, and on top
//! come the rules that no syntax tells, such as names that may stand once. Every expected file is claimed by exactly
//! one grammar, so a new format needs a grammar of its own, and every grammar shows that it can refuse.
//!
//! What the claims tell apart, by vendor, case and name, is written here again and not asked of the catalog: a file
//! that is rendered in another format than its phone's is then a fault of its grammar.

mod cisco; // Cisco, Linksys
mod every; // all models and firmwares, not only those of the cases
mod grandstream; // Grandstream, Fanvil, Atcom, Swissvoice
mod lines; // files of lines
mod mitel; // Aastra, Mitel, Avaya, Nortel, AudioCodes, Patton, Digium, Sangoma P, Alcatel
mod poly; // Polycom, Spectralink, Obihai, Algo, 2N, Thomson
mod snom; // Snom, VTech, Gigaset, Panasonic
mod softphones; // Unify, and what runs on computers and mobiles
mod xml; // files of XML
mod yealink; // Yealink and those who took its formats, Htek, Escene, LG-Ericsson, Zultys

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::support::shipped_catalog;

/// What is wrong, in words.
type Verdict<T = ()> = Result<T, String>;

/// A file that a phone gets.
struct Sample<'a> {
    name: &'a str,
    bytes: &'a [u8],
    /// What else the phone of the case gets.
    case: &'a BTreeMap<String, Vec<u8>>,
}

/// One format, or what vendors made of one.
struct Grammar {
    name: &'static str,
    /// Which files it is for: patterns of `<vendor>/<case>/<file>`.
    claims: &'static [&'static str],
    check: fn(&Sample<'_>) -> Verdict,
    /// Texts that it must refuse, each with what it must say.
    broken: &'static [(&'static str, &'static str)],
}

impl Grammar {
    fn claims(&self, path: &str) -> bool {
        self.claims.iter().any(|pattern| lines::pattern(pattern).is_match(path))
    }
}

/// Formats whose grammar says no more than that the text is sound and what its lines or elements look like: a name
/// that stands twice, or one that the phone does not know, would not be seen.
const WEAK: [&str; 4] =
    ["Cisco dial plan", "Cisco image synchronization", "OpenSSL's salted format", "Patton"];

fn grammars() -> impl Iterator<Item = &'static Grammar> {
    let groups: [&[Grammar]; 7] = [
        cisco::GRAMMARS,
        grandstream::GRAMMARS,
        mitel::GRAMMARS,
        poly::GRAMMARS,
        snom::GRAMMARS,
        softphones::GRAMMARS,
        yealink::GRAMMARS,
    ];
    groups.into_iter().flatten()
}

#[test]
fn every_golden_file_is_sound_by_the_one_grammar_that_claims_it() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for (case, files) in golden() {
        for (name, bytes) in &files {
            count += 1;
            let path = format!("{case}/{name}");
            let claiming: Vec<&Grammar> = grammars().filter(|grammar| grammar.claims(&path)).collect();
            let [grammar] = claiming[..] else {
                let names: Vec<_> = claiming.iter().map(|grammar| grammar.name).collect();
                wrong.push(format!("{path} needs one grammar and has {names:?}"));
                continue;
            };
            let sample = Sample { name, bytes, case: &files };
            if let Err(why) = (grammar.check)(&sample) {
                wrong.push(format!("{path} is not {}: {why}", grammar.name));
            }
        }
    }
    assert!(count > 400, "there are only {count} golden files");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_grammar_refuses_what_is_broken() {
    let mut wrong = Vec::new();
    let alone = BTreeMap::new();
    for grammar in grammars() {
        assert!(!grammar.broken.is_empty(), "{} refuses nothing", grammar.name);
        for (text, why) in grammar.broken {
            let sample = Sample { name: "001565aabbcc.cfg", bytes: text.as_bytes(), case: &alone };
            match (grammar.check)(&sample) {
                Err(said) if said.contains(why) => (),
                other => wrong.push(format!("{}: {text:?} is {other:?}, not {why:?}", grammar.name)),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_grammar_and_each_of_its_claims_is_for_some_golden_file() {
    let paths: Vec<String> = golden()
        .into_iter()
        .flat_map(|(case, files)| files.into_keys().map(move |name| format!("{case}/{name}")))
        .collect();
    let idle: Vec<_> = grammars()
        .flat_map(|grammar| grammar.claims.iter().map(move |claim| (grammar.name, *claim)))
        .filter(|(_, claim)| {
            let claim = lines::pattern(claim);
            !paths.iter().any(|path| claim.is_match(path))
        })
        .collect();
    assert!(idle.is_empty(), "nothing is claimed by {idle:?}");
    for weak in WEAK {
        assert!(grammars().any(|grammar| grammar.name == weak), "{weak} is no grammar");
    }
}

/// The expected files of every case, `<vendor>/<case>`.
fn golden() -> Vec<(String, BTreeMap<String, Vec<u8>>)> {
    let list = |path: &Path| -> Vec<String> {
        let entries = fs::read_dir(path).into_iter().flatten().map(|entry| entry.expect("it can be listed"));
        let mut names: Vec<String> =
            entries.map(|entry| entry.file_name().into_string().expect("a name is text")).collect();
        names.sort();
        names
    };
    let catalog = shipped_catalog();
    let cases = |vendor: String| {
        let names = list(&catalog.join(&vendor).join("cases"));
        names.into_iter().map(move |case| (vendor.clone(), case)).collect::<Vec<_>>()
    };
    let all = list(&catalog).into_iter().flat_map(cases);
    all.map(|(vendor, case)| {
        let folder = catalog.join(&vendor).join("cases").join(&case).join("expected");
        let read = |name: String| (name.clone(), fs::read(folder.join(name)).expect("it can be read"));
        (format!("{vendor}/{case}"), list(&folder).into_iter().map(read).collect())
    })
    .collect()
}

impl Sample<'_> {
    /// The text of a file in UTF-8 whose lines end with LF alone.
    fn text(&self) -> Verdict<&str> {
        let text = str::from_utf8(self.bytes).map_err(|error| error.to_string())?;
        lines::sound(text)?;
        Ok(text)
    }

    /// The text of a file in Latin-1.
    fn latin_1(&self) -> Verdict<String> {
        let text: String = self.bytes.iter().copied().map(char::from).collect();
        // Bytes that mean a control character in Latin-1 are UTF-8 that nobody converted.
        lines::sound(&text)?;
        Ok(text)
    }

    /// The text of a file whose lines all end with CR LF, told without the CRs.
    fn crlf(&self) -> Verdict<String> {
        let text = str::from_utf8(self.bytes).map_err(|error| error.to_string())?;
        let (whole, pairs) = (text.matches(['\r', '\n']).count(), text.matches("\r\n").count());
        if whole != 2 * pairs {
            return Err("a line ends otherwise than with CR LF".to_owned());
        }
        let text = text.replace("\r\n", "\n");
        lines::sound(&text)?;
        Ok(text)
    }

    /// The MAC address that the file's name tells, in lower case.
    fn mac(&self) -> Option<String> {
        let bare = self.name.replace([':', '-'], "").to_ascii_lowercase();
        let found = lines::pattern(".*?([0-9a-f]{12}).*").captures(&bare)?;
        Some(found[1].to_owned())
    }
}
