//! The direction of dependencies: a module may name only the modules listed for it, a library only by its owners.

use std::fs;
use std::path::Path;

/// Lowest layer first; a module may also name itself.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("tftp", &[]),
    ("durable", &[]),
    ("audit", &["model"]),
    ("documents", &["durable"]),
    ("assets", &[]),
    ("template", &[]),
    ("document", &["model"]),
    ("finish", &["model", "template"]),
    ("dialogue", &["model"]),
    ("catalog", &["dialogue", "document", "finish", "model", "template"]),
    ("generate", &["catalog", "model"]),
    ("config", &["document", "model"]),
    ("guard", &["config", "model"]),
    ("snapshot", &["catalog", "config", "document", "finish", "model", "template"]),
    ("identify", &["catalog", "dialogue", "model", "snapshot"]),
    ("permit", &["config", "identify", "model", "snapshot"]),
    ("render", &["catalog", "finish", "identify", "model", "permit", "snapshot", "template"]),
    ("answer", &["catalog", "identify", "model", "permit", "render", "snapshot"]),
    ("telemetry", &["config", "guard", "model", "permit", "tftp"]),
    ("accept", &[]),
    (
        "reload",
        &[
            "audit",
            "catalog",
            "config",
            "document",
            "documents",
            "durable",
            "edit",
            "render",
            "snapshot",
            "telemetry",
            "template",
        ],
    ),
    (
        "listen",
        &[
            "accept",
            "answer",
            "assets",
            "catalog",
            "config",
            "dialogue",
            "document",
            "durable",
            "guard",
            "identify",
            "model",
            "permit",
            "snapshot",
            "telemetry",
            "tftp",
        ],
    ),
    (
        "manage",
        &[
            "accept",
            "audit",
            "config",
            "document",
            "durable",
            "guard",
            "jobs",
            "listen",
            "login",
            "model",
            "operation",
            "reload",
            "rights",
            "snapshot",
            "telemetry",
        ],
    ),
    ("login", &["config", "durable", "model", "snapshot"]),
    ("rights", &["config", "model", "snapshot"]),
    ("edit", &["audit", "document", "documents", "model", "rights", "snapshot"]),
    (
        "operation",
        &[
            "audit", "catalog", "config", "document", "durable", "edit", "generate", "login", "model",
            "reload", "render", "rights", "snapshot", "template",
        ],
    ),
    (
        "jobs",
        &[
            "audit",
            "catalog",
            "config",
            "document",
            "durable",
            "model",
            "operation",
            "reload",
            "rights",
            "snapshot",
        ],
    ),
    ("greeting", &["listen", "manage", "model", "snapshot"]),
    ("service", &["listen", "reload", "snapshot"]),
    (
        "daemon",
        &[
            "config",
            "document",
            "greeting",
            "guard",
            "listen",
            "manage",
            "reload",
            "service",
            "snapshot",
            "telemetry",
        ],
    ),
    (
        "cli",
        &[
            "answer",
            "assets",
            "audit",
            "catalog",
            "config",
            "daemon",
            "document",
            "documents",
            "generate",
            "identify",
            "jobs",
            "listen",
            "manage",
            "model",
            "operation",
            "permit",
            "reload",
            "render",
            "rights",
            "snapshot",
            "template",
        ],
    ),
];

/// Libraries that only files whose path starts so (under `src/`) may name; `main.rs` is free.
const OWNED_BY: &[(&str, &[&str])] = &[
    ("anyhow", &["cli/", "daemon.rs"]),
    ("axum", &["manage/"]),
    ("argon2", &["login/password.rs"]),
    ("csv_core", &["jobs/rows/table.rs"]),
    ("indicatif", &["cli/"]),
    ("arc_swap", &["listen/tls/mod.rs", "snapshot/store.rs"]),
    ("aws_lc_rs", &["finish/encryption.rs", "listen/tls/"]),
    ("clap", &["cli/"]),
    ("clap_complete", &["cli/pages.rs"]),
    ("clap_mangen", &["cli/pages.rs"]),
    ("hmac", &["jobs/runs/digest.rs", "listen/challenge.rs", "operation/version.rs"]),
    (
        "hyper",
        &[
            "listen/acceptable.rs",
            "listen/assets.rs",
            "listen/challenge.rs",
            "listen/classic.rs",
            "listen/header.rs",
            "listen/http.rs",
            "listen/response.rs",
            "listen/talk.rs",
            "manage/",
        ],
    ),
    ("listenfd", &["listen/inherited.rs"]),
    ("md5", &["finish/encryption.rs", "identify/digest.rs"]),
    ("metrics", &["accept.rs", "manage/mod.rs", "telemetry/"]),
    ("metrics_process", &["telemetry/metrics.rs"]),
    ("minijinja", &["catalog/values.rs", "render/", "template/"]),
    ("notify", &["reload/events.rs"]),
    ("proxy_header", &["listen/header.rs"]),
    ("quinn_udp", &["listen/tftp/port.rs"]),
    ("rcgen", &["listen/tls/"]),
    ("regex", &["catalog/", "manage/shape.rs", "snapshot/jobs/"]),
    ("rpassword", &["cli/act/password.rs"]),
    ("roxmltree", &["cli/catalog/coverage.rs", "dialogue/dls/"]),
    ("rustls", &["listen/tls/"]),
    (
        "sha2",
        &[
            "audit/chain.rs",
            "edit/place.rs",
            "identify/digest.rs",
            "identify/login.rs",
            "jobs/runs/digest.rs",
            "listen/challenge.rs",
            "login/random.rs",
            "model/text.rs",
            "operation/version.rs",
        ],
    ),
    ("sd_notify", &["service.rs"]),
    ("serde", &["audit/", "cli/", "jobs/", "manage/", "operation/"]),
    ("socket2", &["listen/inherited.rs", "listen/tftp/line.rs"]),
    (
        "tokio",
        &[
            "accept.rs",
            "cli/act/runs.rs",
            "cli/act/session.rs",
            "cli/bans.rs",
            "cli/reload.rs",
            "cli/status.rs",
            "daemon.rs",
            "greeting.rs",
            "listen/",
            "manage/",
            "reload/bell.rs",
            "service.rs",
        ],
    ),
    ("terminal_size", &["cli/table.rs"]),
    ("toml", &["document/"]),
    ("tower_http", &["listen/assets.rs"]),
    ("toml_edit", &["cli/act/job/file.rs", "cli/generate.rs", "edit/"]),
    ("tracing_subscriber", &["telemetry/"]),
    ("unicode_width", &["cli/table.rs"]),
    ("utoipa", &["manage/"]),
    ("utoipa_axum", &["manage/routes/"]),
];

/// What a newcomer reads to know the path from socket to response, and how many lines that may be.
const SITTING: &[(&str, usize)] = &[
    ("lib.rs", 110),
    ("daemon.rs", 280),
    ("accept.rs", 110),
    ("listen/http.rs", 260),
    ("listen/response.rs", 110),
    ("answer.rs", 110),
    ("identify/mod.rs", 330),
    ("permit/mod.rs", 290),
    ("render/mod.rs", 190),
];

/// Longest file, tests aside.
const LONGEST: usize = 420;

#[test]
fn imports_point_down() {
    let mut broken = Vec::new();
    each_file(&mut |file, text| check(file, text, &mut broken));
    assert!(broken.is_empty(), "forbidden imports:\n{}", broken.join("\n"));
}

#[test]
fn the_request_path_reads_in_one_sitting() {
    for (file, most) in SITTING {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(file)).unwrap();
        let lines = text.lines().count();
        assert!(lines <= *most, "{file} has {lines} lines; {most} fit the sitting");
    }
}

#[test]
fn no_file_outgrows_its_room() {
    each_file(&mut |file, text| {
        let code = text.split("#[cfg(test)]").next().unwrap();
        let lines = code.lines().count();
        assert!(lines <= LONGEST || file.ends_with("tests.rs"), "{file} has {lines} lines; move the walls");
    });
}

fn each_file(visit: &mut impl FnMut(&str, &str)) {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![src.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let file = path.strip_prefix(&src).unwrap().to_str().unwrap().to_owned();
                visit(&file, &fs::read_to_string(&path).unwrap());
            }
        }
    }
}

fn check(file: &str, text: &str, broken: &mut Vec<String>) {
    if file == "main.rs" || file == "lib.rs" {
        return;
    }
    let module = file.split(['/', '.']).next().unwrap();
    let Some((_, allowed)) = MAY_IMPORT.iter().find(|(name, _)| *name == module) else {
        broken.push(format!("{file}: module {module} is missing from MAY_IMPORT"));
        return;
    };
    for (number, line) in (1..).zip(text.lines()) {
        let code = line.split("//").next().unwrap();
        for used in after(code, "crate::") {
            if used != module && !allowed.contains(&used) {
                broken.push(format!("{file}:{number}: {module} may not use {used:?}"));
            }
        }
        for (library, owners) in OWNED_BY {
            if names(code, library) && !owners.iter().any(|owner| file.starts_with(owner)) {
                broken.push(format!("{file}:{number}: {library} belongs to {}", owners.join(", ")));
            }
        }
    }
}

/// The identifier after each `prefix` in `code`; empty for a grouped import, which is thereby refused.
fn after<'a>(code: &'a str, prefix: &'a str) -> impl Iterator<Item = &'a str> {
    code.split(prefix).skip(1).map(|rest| rest.split(|c: char| !is_identifier(c)).next().unwrap_or(""))
}

/// Whether `code` starts a path with this library.
fn names(code: &str, library: &str) -> bool {
    code.match_indices(library).any(|(at, _)| {
        let starts_path = !code[..at].ends_with(|c| is_identifier(c) || c == ':');
        starts_path && code[at + library.len()..].starts_with("::")
    })
}

fn is_identifier(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}
