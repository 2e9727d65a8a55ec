//! One integration binary, linked once.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod agree; // promise S3: facts that agree, and facts that do not
mod catalog; // walks catalog/*/cases; BLESS=1 rewrites
mod check; // bad files: one fixture per fault
mod http; // bytes on a socket: promise H6, conditional requests
mod reload; // files change, break and are repaired
mod request; // a phone asks, over each transport
mod secrets; // promise S8
mod support; // a site in a temporary folder, and the server that runs on it
