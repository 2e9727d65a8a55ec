//! bellhop, a provisioning server for SIP phones.

pub mod document;
pub mod model;
