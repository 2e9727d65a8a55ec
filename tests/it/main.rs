//! One integration binary, linked once.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(clippy::too_many_lines, reason = "a table is one list, however long")]

mod agree; // promise S3: facts that agree, and facts that do not
mod api; // the admin API over real HTTP, driven by its own document
mod assets; // files that are the same for everybody
mod catalog; // walks catalog/*/cases; BLESS=1 rewrites
mod check; // bad files: one fixture per fault
mod cli; // commands: what they print and how they end
mod config;
mod contributor; // config/bellhop.toml equals the defaults
mod desk;
mod device; // certificates of phones: promise L1
mod dhcp; // what DHCP servers are told
mod dialogue; // phones that talk instead of asking for files
mod differential; // the async-tftp crate beside our own engine
mod digest; // credentials of phones: promise S10
mod encryption; // files that only the phone can read
mod fuzz; // targets for a fuzzer, each a short test
mod grammar; // golden files as their phones' parsers see them
mod guard; // promises S6 and S7: budgets, bans, alarms
mod handshake; // what phones offer, and what comes in pieces: promises L3, L4, L6
mod hostile; // texts that look like syntax
mod http; // bytes on a socket: promise H6, conditional requests
mod jobs; // groups, grants, jobs and runs
mod kill;
mod last_good; // broken files at the start: promise H3
mod layering; // the direction of dependencies, and the size of rooms
mod log; // [log]: shapes, levels
mod manage_cli; // the commands of those who manage
mod management; // logins, tokens, templates, preferences
mod metrics; // /metrics: names, labels and what is counted
mod operations; // what those who manage do, by the functions under the command line and the API
mod proxies; // who speaks for whom
mod reload; // files change, break and are repaired
mod request; // a phone asks, over each transport
mod rights; // who may do what: the vectors, tables and limits of the rules
mod secrets; // promise S8
mod service; // what a service manager hands over and hears: promises H11, H14
mod slow; // peers that are silent, slow, or too many: promises H5, H7
mod status; // how a server is: /healthz, /readyz, `bellhop status`
mod stop; // signals
mod support; // a site in a temporary folder, and the server that runs on it
mod swap; // certificates change under way: promise H9
mod templates; // texts of the administrator, providers and organizations
mod tftp; // datagrams: promises T
mod tls; // which certificate a phone gets
mod versions; // phones ask while files change all the time: promise H1
