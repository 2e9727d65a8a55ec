//! bellhop, a provisioning server for SIP phones.

pub mod catalog;
pub mod config;
pub mod document;
pub mod identify;
pub mod model;
pub mod permit;
pub mod render;
pub mod snapshot;
pub mod template;
pub mod answer;
