//! bellhop, a provisioning server for SIP phones.

pub mod config;
pub mod document;
pub mod model;
pub mod template;
