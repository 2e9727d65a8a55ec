//! bellhop, a provisioning server for SIP phones.

pub mod model;
