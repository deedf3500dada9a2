//! The command line: one command a file.
//!
//! Ensures that each command ends with 0 when done, 1 when the job ended badly and 2 for wrong
//! usage or configuration. Flags go before environment variables.

pub mod backup;
pub mod calendar;
pub mod check;
mod confirm;
pub mod content;
pub mod dead_letters;
pub mod demo;
pub mod destinations;
mod diff;
pub mod drift;
pub mod erase;
pub mod export;
pub mod init;
mod job;
mod jobs;
mod mend_drift;
pub mod migrate;
pub mod pause;
pub mod pauses;
pub mod publish;
pub mod reconcile;
pub mod reconciliations;
pub mod replay;
pub mod restore;
mod reverts;
pub mod rollback;
pub mod sandbox;
pub mod serve;
mod slice;
pub mod sources;
pub mod status;
pub mod token;
mod trouble;
pub mod verify_log;
pub mod verify_webhook;
pub mod webhooks;

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::output::Output;

pub use self::trouble::{Ended, Trouble};

/// Makes a content publish land once, in order and verified.
#[derive(Parser, Debug)]
#[command(
    name = "slugline",
    version,
    about,
    propagate_version = true,
    after_help = "Examples:\n  slugline demo                          see it work, with nothing to set up\n  slugline init                          answer a few questions, get a configuration\n  slugline check                         is the configuration right?\n  slugline serve                         run the server\n  slugline publish post.md --wait        publish, and see it go live\n\nEach command has its own examples: slugline COMMAND --help"
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Args, Clone, Copy, Debug)]
struct Global {
    /// Print the result as one JSON value
    #[arg(long, global = true)]
    json: bool,
    /// Never ask; whatever is missing is an error
    #[arg(long, global = true)]
    no_input: bool,
}

#[derive(Subcommand, Debug)]
enum Command {
    Init(init::InitArgs),
    Serve(serve::ServeArgs),
    Demo(demo::DemoArgs),
    Publish(publish::PublishArgs),
    Status(status::StatusArgs),
    Content(content::ContentArgs),
    Export(export::ExportArgs),
    Pause(pause::PauseArgs),
    Resume(pause::ResumeArgs),
    Pauses(pauses::PausesArgs),
    Calendar(calendar::CalendarArgs),
    DeadLetters(dead_letters::DeadLettersArgs),
    Job(jobs::JobArgs),
    Note(jobs::NoteArgs),
    Replay(replay::ReplayArgs),
    Rollback(rollback::RollbackArgs),
    Erase(erase::EraseArgs),
    Destinations(destinations::DestinationsArgs),
    Drift(drift::DriftArgs),
    Reconcile(reconcile::ReconcileArgs),
    Reconciliations(reconciliations::ReconciliationsArgs),
    Sources(sources::SourcesArgs),
    Webhooks(webhooks::WebhooksArgs),
    Check(check::CheckArgs),
    Token(token::TokenArgs),
    Migrate(migrate::MigrateArgs),
    Backup(backup::BackupArgs),
    Restore(restore::RestoreArgs),
    VerifyLog(verify_log::VerifyLogArgs),
    VerifyWebhook(verify_webhook::VerifyWebhookArgs),
    Sandbox(sandbox::SandboxArgs),
}

/// Runs the command that the process was started with.
pub async fn run() -> ExitCode {
    let Cli { global, command } = Cli::parse();
    let output = Output::new(global.json);
    match command {
        Command::Serve(args) => serve::run(&args).await,
        Command::Init(args) => trouble::exit(init::run(&args, global.no_input, output)),
        Command::Demo(args) => demo::run(&args).await,
        Command::Sandbox(args) => sandbox::run(&args).await,
        Command::Publish(args) => trouble::exit(publish::run(&args, output).await),
        Command::Status(args) => trouble::exit(status::run(&args, output).await),
        Command::Content(args) => trouble::exit(content::run(&args, output).await),
        Command::Export(args) => trouble::exit(export::run(&args, output).await),
        Command::Pause(args) => trouble::exit(pause::pause(&args, global.no_input, output).await),
        Command::Resume(args) => trouble::exit(pause::resume(&args, global.no_input, output).await),
        Command::Pauses(args) => trouble::exit(pauses::run(&args, output).await),
        Command::Calendar(args) => trouble::exit(calendar::run(&args, output).await),
        Command::DeadLetters(args) => {
            trouble::exit(dead_letters::run(&args, global.no_input, output).await)
        }
        Command::Job(args) => trouble::exit(jobs::run(&args, output).await),
        Command::Note(args) => trouble::exit(jobs::note(&args, output).await),
        Command::Replay(args) => trouble::exit(replay::run(&args, global.no_input, output).await),
        Command::Rollback(args) => {
            trouble::exit(rollback::run(&args, global.no_input, output).await)
        }
        Command::Erase(args) => trouble::exit(erase::run(&args, global.no_input, output).await),
        Command::Destinations(args) => trouble::exit(destinations::run(&args, output).await),
        Command::Drift(args) => trouble::exit(drift::run(&args, global.no_input, output).await),
        Command::Reconcile(args) => trouble::exit(reconcile::run(&args, output).await),
        Command::Reconciliations(args) => trouble::exit(reconciliations::run(&args, output).await),
        Command::Sources(args) => trouble::exit(sources::run(&args, output).await),
        Command::Webhooks(args) => trouble::exit(webhooks::run(&args, output).await),
        Command::Check(args) => trouble::exit(check::run(&args, output).await),
        Command::Token(args) => trouble::exit(token::run(&args, output).await),
        Command::Migrate(args) => trouble::exit(migrate::run(&args, output).await),
        Command::Backup(args) => trouble::exit(backup::run(&args, output)),
        Command::Restore(args) => trouble::exit(restore::run(&args, output)),
        Command::VerifyLog(args) => trouble::exit(verify_log::run(&args, output).await),
        Command::VerifyWebhook(args) => trouble::exit(verify_webhook::run(&args, output)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn each_command_shows_examples() {
        use clap::CommandFactory;
        for command in Cli::command().get_subcommands() {
            let help = command
                .get_after_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(
                help.contains("Examples:\n  slugline "),
                "{}",
                command.get_name()
            );
        }
    }
}
