//! `bellhop status`

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use bytesize::ByteSize;

use crate::cli::Failure;
use crate::config::Config;
use crate::manage::{Banned, Certificate, Key, Status, status};

/// Say how the server that runs is: what it serves, what is stale, what needs attention
///
/// Exit code 0 means that it answered, 1 that it could not be asked. With --check, 3 means that something needs
/// attention.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Print JSON, one object
    #[arg(long)]
    json: bool,

    /// End with 3 when something needs attention
    #[arg(long)]
    check: bool,
}

impl Args {
    pub(super) fn run(self, config: &Path) -> Result<(), Failure> {
        let config = Config::read(config).map_err(Failure::Faulty)?;
        let key = Key::read(&config.state).context("is the server running, and are you its operator?")?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let told = runtime.block_on(status(&key))?;
        if self.json {
            println!("{}", serde_json::to_string_pretty(&told.body)?);
        }
        let status: Status = serde_json::from_value(told.body)
            .context("the server is of another version than this program; restart it")?;
        if !self.json {
            // A string takes whatever is written.
            print!("{}", describe(&status).unwrap_or_default());
        }
        if self.check && !status.attention.is_empty() { Err(Failure::Degraded) } else { Ok(()) }
    }
}

fn describe(status: &Status) -> Result<String, std::fmt::Error> {
    let mut out = String::new();
    let (snapshot, doing) = (&status.snapshot, if status.stopping { "stopping" } else { "serving" });
    writeln!(out, "bellhop {}, up {}, {doing}", status.version, span(status.uptime_seconds))?;
    let (serial, age) = (snapshot.serial, span(snapshot.age_seconds));
    let since =
        snapshot.stale_since.as_ref().map(|since| format!("; STALE since {since}: the files are faulty"));
    let stale = since.unwrap_or_default();
    writeln!(out, "{} devices, snapshot {serial}, published {age} ago{stale}", snapshot.devices)?;
    section(&mut out, "Needs attention", &status.attention)?;
    reload(&mut out, status)?;
    traffic(&mut out, status)?;
    let names = |certificate: &Certificate| {
        let Certificate { kind, ends, days_left, .. } = certificate;
        let own = if certificate.self_signed { ", self-signed" } else { "" };
        format!("{} ({kind}{own}): {days_left} days left, until {ends}", certificate.names.join(", "))
    };
    section(&mut out, "Certificates", &status.certificates.iter().map(names).collect::<Vec<_>>())?;
    bans(&mut out, status)?;
    let cache = &status.cache;
    let (bytes, limit) = (size(cache.bytes), size(cache.limit_bytes));
    let (files, evictions) = (cache.files, cache.evictions);
    writeln!(out, "\nKept files\n  {files}, {bytes} of {limit}; {evictions} made room for others")?;
    Ok(out)
}

fn reload(out: &mut String, status: &Status) -> std::fmt::Result {
    writeln!(out, "\nLast reading of the files")?;
    let Some(last) = &status.reload else { return writeln!(out, "  at the start") };
    let (age, took) = (span(last.age_seconds), last.took_seconds);
    writeln!(out, "  {}, {age} ago, took {took:.3} s", last.result)?;
    last.faults.iter().chain(&last.warnings).try_for_each(|line| writeln!(out, "  {line}"))
}

fn traffic(out: &mut String, status: &Status) -> std::fmt::Result {
    writeln!(out, "\nListening")?;
    for listener in &status.listeners {
        writeln!(out, "  {:<6} {}", listener.transport, listener.address)?;
    }
    let connections = &status.connections;
    let open: Vec<String> =
        connections.open.iter().map(|(transport, count)| format!("{transport} {count}")).collect();
    let (open, limit) = (open.join(", "), connections.limit);
    writeln!(
        out,
        "  {open} connections of at most {limit}; {} handshakes failed",
        connections.handshake_failures
    )?;
    let ended: Vec<String> =
        status.tftp.ended.iter().map(|(how, count)| format!(", {count} {how}")).collect();
    writeln!(out, "  {} transfers over TFTP under way{}", status.tftp.under_way, ended.concat())?;
    writeln!(out, "\nRequests since the start")?;
    let mut heads: Vec<&String> = status.requests.values().flat_map(|outcomes| outcomes.keys()).collect();
    heads.sort();
    heads.dedup();
    let columns: String = heads.iter().map(|head| format!(" {head:>12}")).collect();
    writeln!(out, "  {:<6}{columns}", "")?;
    for (transport, outcomes) in &status.requests {
        let count = |head: &&String| format!(" {:>12}", outcomes.get(*head).copied().unwrap_or(0));
        writeln!(out, "  {transport:<6}{}", heads.iter().map(count).collect::<String>())?;
    }
    let refused = |refused: &crate::manage::Refused| {
        format!("{:<6} {:<30} {}", refused.transport, refused.reason, refused.count)
    };
    section(out, "Busiest refusals", &status.refusals.iter().map(refused).collect::<Vec<_>>())
}

fn bans(out: &mut String, status: &Status) -> std::fmt::Result {
    let ban = |ban: &Banned| {
        let (network, until) = (&ban.network, &ban.until);
        format!(
            "{network:<24} until {until}, after {} identifiers; {} requests",
            ban.identifiers, ban.requests
        )
    };
    let mut lines: Vec<String> = status.bans.iter().map(ban).collect();
    if status.banned > lines.len() {
        lines.push(format!("{} in all; `bellhop bans` lists them", status.banned));
    }
    section(out, "Banned networks", &lines)
}

fn section(out: &mut String, title: &str, lines: &[String]) -> std::fmt::Result {
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{title}")?;
    lines.iter().try_for_each(|line| writeln!(out, "  {line}"))
}

fn span(seconds: u64) -> String {
    humantime::format_duration(Duration::from_secs(seconds)).to_string()
}

fn size(bytes: u64) -> String {
    ByteSize(bytes).display().iec().to_string()
}
