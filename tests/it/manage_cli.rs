//! The commands of those who manage: their words, what they ask, how they end, and that no secret leaks.

use std::fs;

use bellhop::operation::{Edit, Query};

use crate::support::{Site, command};

/// Exit code, standard output and standard error of a command.
fn run(site: &Site, arguments: &[&str], input: &str) -> (Option<i32>, String, String) {
    let output = command(site, arguments, input);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// Runs a command that must do well; gives what it printed.
fn done(site: &Site, arguments: &[&str], input: &str) -> String {
    let (code, out, err) = run(site, arguments, input);
    assert_eq!(code, Some(0), "{arguments:?}: {out}{err}");
    out
}

/// All that lies in the fleet, by file.
fn fleet(site: &Site) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = walk(&site.path("fleet"));
    files.sort();
    files
}

fn walk(folder: &std::path::Path) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(walk(&path));
        } else if path.extension().is_some_and(|ending| ending == "toml") {
            files.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
        }
    }
    files
}

/// The words that an enumeration reads, as its error tells them.
fn words<T: serde::de::DeserializeOwned>(tag: &str) -> Vec<String> {
    let error = serde_json::from_str::<T>(&format!("{{\"{tag}\": \"x\"}}")).err().unwrap().to_string();
    error.split('`').skip(1).step_by(2).filter(|word| *word != "x").map(str::to_owned).collect()
}

#[test]
fn every_operation_is_a_command_of_the_same_words() {
    let site = Site::new();
    let exists = |words: &[&str]| {
        let (code, out, err) = run(&site, &[words, &["--help"]].concat(), "");
        assert_eq!(code, Some(0), "{words:?}: {err}");
        assert!(out.contains(&format!("Usage: bellhop {}", words.join(" "))), "{out}");
    };
    let edits = words::<Edit>("operation");
    assert!(edits.len() >= 27, "{edits:?}");
    for edit in &edits {
        match edit.as_str() {
            "level-set" => {
                exists(&["account", "level"]);
                exists(&["extension", "level"]);
            }
            edit => {
                let (noun, verb) = edit.split_once('-').unwrap();
                exists(&[noun, verb]);
                assert_eq!(
                    run(&site, &["as", "sp", noun, verb, "--help"], "").0,
                    Some(0),
                    "as an account, too"
                );
            }
        }
    }
    let queries = words::<Query>("query");
    assert!(queries.len() >= 16, "{queries:?}");
    for query in &queries {
        let plural = query.strip_suffix('s');
        match query.as_str() {
            "self" | "self-" => exists(&["self"]),
            "preferences" => exists(&["preferences", "show"]),
            query if query.contains('-') => {
                let (noun, verb) = query.split_once('-').unwrap();
                exists(&[noun, verb]);
            }
            query => exists(&[plural.unwrap_or(query), if plural.is_some() { "list" } else { "show" }]),
        }
    }
}

#[test]
fn what_takes_something_away_is_asked_about() {
    let site = Site::with_phone();
    let before = fleet(&site);
    for arguments in [
        &["device", "remove", "Desk"][..],
        &["device", "clear", "Desk"],
        &["device", "rotate", "Desk"],
        &["extension", "remove", "0087*002"],
        &["account", "remove", "user"],
        &["as", "administrator", "device", "remove", "Desk"],
    ] {
        let (code, out, err) = run(&site, arguments, "y\n");
        assert_eq!((code, out.as_str()), (Some(2), ""), "{arguments:?}: {err}");
        assert!(err.contains("give --yes; there is no terminal to ask at"), "{err}");
    }
    let edits = r#"{"edits": [{"operation": "device-disable", "device": "Desk"}, {"operation": "device-remove", "device": "Desk"}]}"#;
    assert_eq!(run(&site, &["edits", "-"], edits).0, Some(2));
    assert_eq!(fleet(&site), before);
    done(&site, &["device", "remove", "Desk", "--yes"], "");
    assert_ne!(fleet(&site), before);
}

#[test]
fn manual_pages_and_completions_are_written_for_every_command() {
    let site = Site::new();
    done(&site, &["pages", site.path("pages").to_str().unwrap()], "");
    for page in ["bellhop", "bellhop-device-add", "bellhop-as", "bellhop-audit-verify", "bellhop-status"] {
        let text = fs::read_to_string(site.path(&format!("pages/man/{page}.1"))).unwrap();
        assert!(text.contains(".SH NAME") && text.contains(&page.replace('-', "\\-")), "{text}");
    }
    for (file, word) in [
        ("bellhop.bash", "bellhop__subcmd__device"),
        ("_bellhop", "#compdef bellhop"),
        ("bellhop.fish", "complete -c bellhop"),
    ] {
        let text = fs::read_to_string(site.path(&format!("pages/completions/{file}"))).unwrap();
        assert!(text.contains(word) && text.contains("update-interval"), "{file}: {word}");
    }
}
