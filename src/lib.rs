//! bellhop, a provisioning server for SIP phones.

pub mod answer;
pub mod catalog;
pub mod cli;
pub mod config;
pub mod document;
pub mod identify;
pub mod model;
pub mod permit;
pub mod reload;
pub mod render;
pub mod snapshot;
pub mod template;
