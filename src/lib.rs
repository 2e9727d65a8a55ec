//! bellhop, a provisioning server for SIP phones.

pub mod catalog;
pub mod config;
pub mod document;
pub mod model;
pub mod snapshot;
pub mod template;
