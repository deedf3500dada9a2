//! Everything a contributor runs: `cargo xtask test`, `ci`, `tidy`, `sim`, `bench`. It drives the product from outside, as a
//! user does, and depends on none of its crates, so that a mistake there cannot hide itself here.

mod bench;
mod ci;
mod console;
mod kill9;
mod parts;
mod proof;
mod real_sources;
mod real_wordpress;
mod reconciliation;
mod reliability;
mod run;
mod sim;
mod test;
mod tidy;
mod wire;
mod wordpress_plugin;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Slugline's development commands")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run every suite, or those named, and print a table of what passed, failed or could not run
    Test(test::Options),
    /// What a change must pass: formatting, lints, every suite with nothing left out, and a short bench
    Ci,
    /// Check the house rules: who may depend on whom, licences, file heads, links
    Tidy,
    /// Run the simulation: a seed drives everything, and every promise is checked
    Sim(sim::Options),
    /// Measure the release binary against floors taken in the same run
    Bench(bench::Options),
    /// Take the pictures of the console for docs/console
    Pictures(test::Options),
    /// Write docs/reliability.md: the promises, the suites that test them, their last figures
    Reliability,
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Test(options) => test::run(&options),
        Command::Ci => ci::run(),
        Command::Tidy => tidy::run(),
        Command::Sim(options) => sim::run(&options),
        Command::Bench(options) => bench::run(&options),
        Command::Pictures(options) => test::pictures(&options),
        Command::Reliability => reliability::run(),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
