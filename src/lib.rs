//! bellhop, a provisioning server for SIP phones.

pub mod accept;
pub mod answer;
pub mod catalog;
pub mod cli;
pub mod config;
pub mod daemon;
pub mod document;
pub mod identify;
pub mod listen;
pub mod manage;
pub mod model;
pub mod permit;
pub mod reload;
pub mod render;
pub mod snapshot;
pub mod telemetry;
pub mod template;
