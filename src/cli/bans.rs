//! `bellhop bans`

use std::net::IpAddr;
use std::path::Path;

use anyhow::{Context, anyhow};
use clap::Subcommand;
use ipnet::IpNet;

use crate::cli::Failure;
use crate::config::Config;
use crate::manage::{Key, bans, lift_bans};

/// List the networks that are banned, or lift bans
///
/// A network is banned when too many of its requests named what no device of theirs has; until it ends, newcomers
/// that are known by their MAC address alone get nothing there. Everybody else goes on.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Print JSON, one array
    #[arg(long)]
    json: bool,

    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// End bans now, with the whole budget given back
    Lift {
        /// What to lift: a network, the network of an address, or `all`
        #[arg(value_name = "NETWORK|all")]
        network: String,
    },
}

impl Args {
    pub(super) fn run(self, config: &Path) -> Result<(), Failure> {
        let config = Config::read(config).map_err(Failure::Faulty)?;
        let key = Key::read(&config.state).context("is the server running, and are you its operator?")?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        if let Some(Command::Lift { network }) = self.command {
            let is_network = network.parse::<IpNet>().is_ok() || network.parse::<IpAddr>().is_ok();
            if !is_network && network != "all" {
                return Err(
                    anyhow!("`{network}` is no network; write 192.0.2.0/24, an address, or all").into()
                );
            }
            let lifted = runtime.block_on(lift_bans(&key, &network))?.body["lifted"].as_u64().unwrap_or(0);
            println!("{lifted} lifted");
            return if lifted > 0 || network == "all" {
                Ok(())
            } else {
                Err(anyhow!("{network} is not banned; `bellhop bans` lists what is").into())
            };
        }
        let told = runtime.block_on(bans(&key))?.body;
        if self.json {
            println!("{}", serde_json::to_string_pretty(&told)?);
            return Ok(());
        }
        println!("{:<24} {:<20} {:<20} {:>8} {:>5}  WHY", "NETWORK", "SINCE", "UNTIL", "REQUESTS", "TIMES");
        for ban in told.as_array().into_iter().flatten() {
            let word = |key: &str| ban[key].as_str().unwrap_or("-").to_owned();
            let (network, since, until, why) = (word("network"), word("since"), word("until"), word("why"));
            let (requests, times) = (&ban["requests"], &ban["times"]);
            println!("{network:<24} {since:<20} {until:<20} {requests:>8} {times:>5}  {why}");
        }
        Ok(())
    }
}
