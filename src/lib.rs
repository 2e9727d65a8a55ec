//! bellhop, a provisioning server for SIP phones: this page is its architecture.
//!
//! One process holds an immutable [`Snapshot`](snapshot::Snapshot) of everything that a request may look at: devices,
//! lines, the accounts above them, and the [`Catalog`](catalog::Catalog), which knows phones. Requests read it without
//! locks; changes never touch it, they build the next one, which shares with it whatever stayed the same.
//!
//! # The five paths
//!
//! **A request.** [`accept`] takes the connection and gives it a task of its own. [`listen`] shakes hands over TLS,
//! reads HTTP and makes an [`Inquiry`](identify::Inquiry): transport, peer, path, User-Agent, the MAC address that a
//! device certificate proves, digest credentials. [`answer`](answer::answer) decides from the current snapshot and
//! nothing else, without a socket, a clock or a wait: [`identify`] says which device it is and by which evidence,
//! [`permit`] whether it may have the file, [`render`] gives the bytes, kept or made anew. Whoever gets nothing gets
//! the same bytes as everybody who gets nothing, in the same time; the reason goes to a counter, a debug line and
//! `bellhop identify`, and to the [`guard`], which bans networks that try names. TFTP joins at the inquiry: [`listen`]
//! gives a request a place and a socket, [`tftp`] knows what to send and when. What is everybody's ([`assets`]:
//! firmware, ringtones) is read from disk on threads of its own, so many downloads at once and no more.
//!
//! **A change on disk.** [`reload`] hears an event of the file system, a clock, SIGHUP or the operator, and reads what
//! changed. [`snapshot`] builds the next snapshot on a thread of its own and tells all faults in one run. A good one is
//! published in one step; with a bad one, or one that takes away too much to be meant, the last good one stays. What it
//! was made of is kept on disk for a start at which the files are broken. A file is rendered anew only if something
//! that it depends on changed.
//!
//! **An edit.** [`cli`], the program's commands, or [`manage`], the admin side, which [`login`] lets people into, brings
//! edits in the words of [`operation`], and who makes them. [`rights`] decides each from the snapshot and the rules R1 to
//! R9 and gives a permit, without which [`edit`] writes no key into its draft of the files. The desk of [`reload`] tries
//! the draft out, writes it through [`documents`] and a journal that a crash cannot tear, notes it in the [`audit`] log,
//! and publishes at once. Files stay the one source of truth: whoever edits them by hand is heard as above.
//!
//! **A run.** [`jobs`] has people do what is prepared for them and nothing else: rows of a file, or values that a form asks
//! for, become edits of [`operation`], which [`rights`] decides as the job's platform, whoever runs it. All rows are
//! judged before anything changes, and are one change or batches of them; what a run did, and what takes it back, lies in
//! the state folder before it is done, so that after a crash the [`audit`] log says whether it was.
//!
//! **A stop.** [`daemon`] is a process's life. A signal ends accepting, responses under way are finished, a deadline
//! ends the rest and is told of.
//!
//! # What may not happen
//!
//! A file with a secret in it needs a [`Permit`](permit::Permit), which only [`permit`] can make; a change of a record
//! needs one of [`rights`], which names the rule that gave it. A secret is a
//! [`Secret`](model::Secret), which prints as dots; templates see a mark in its place until the file's own bytes are
//! written. A file that cannot be rendered takes nothing else with it. A test holds the direction of the imports, and
//! the rooms to their size.
//!
//! # Reading order
//!
//! The request path in one sitting: [`daemon`], [`accept`], `listen/http.rs`, [`answer`], [`identify`], [`permit`],
//! [`render`]. What they stand on, from the ground up: [`model`] (what things are), [`document`] (TOML with lines and
//! faults), [`config`], [`template`], [`catalog`], [`snapshot`]. Each module begins with what it promises and what to
//! read next.

pub mod daemon;

pub mod accept;
pub mod answer;
pub mod assets;
pub mod guard;
pub mod identify;
pub mod listen;
pub mod permit;
pub mod render;

pub mod audit;
pub mod edit;
pub mod jobs;
pub mod login;
pub mod operation;
pub mod reload;
pub mod rights;
pub mod snapshot;

pub mod catalog;
pub mod config;
pub mod dialogue;
pub mod document;
pub mod documents;
pub mod durable;
pub mod finish;
pub mod generate;
pub mod model;
pub mod template;
pub mod tftp;

pub mod cli;
pub mod greeting;
pub mod manage;
pub mod service;
pub mod telemetry;
