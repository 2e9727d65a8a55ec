//! One integration binary, linked once.

mod catalog; // walks catalog/*/cases; BLESS=1 rewrites
mod support; // a site in a temporary folder, built by chaining
