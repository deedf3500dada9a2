//! `slugline init`: asks what there is, and writes a configuration that fits it.
//!
//! Ensures that a file which is there is not written over unasked, and that what is written passes
//! `slugline check` once its variables are set. Calls nobody.

mod answers;
mod ask;
mod next;
mod vendors;
mod write;

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use clap::Args;

use self::answers::{Answers, Flags};
use self::ask::Asker;
use self::next::Next;
use super::{Ended, Trouble};
use crate::output::Output;

/// Asks a few questions, writes slugline.toml, and says what remains to be done.
///
/// Every question is a flag, too; what the flags answer is not asked. Answers are read from standard input;
/// with --no-input, and where the input ends, the defaults in brackets count. Secrets are never written into
/// the file: it names variables, and those that are for us to choose are made and shown once.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Examples:\n  slugline init\n  slugline init --source ghost --destination folder=./site --no-input\n  slugline init --source contentful=cms --destination wordpress=https://blog.example.com --reach proxy --public-url https://slugline.example.com\n  slugline init --from api --destination webhook=https://app.example.com/in --store postgres --no-input --json"
)]
pub struct InitArgs {
    #[command(flatten)]
    flags: Flags,
}

pub(super) fn run(args: &InitArgs, no_input: bool, output: Output) -> Ended {
    let (file, force) = (&args.flags.config, args.flags.force);
    if file.exists() && !force {
        return Err(there_already(file));
    }
    let (mut input, mut questions) = (io::stdin().lock(), io::stderr());
    let mut asker = Asker::new(&mut input, &mut questions, no_input);
    asker.say("Enter takes what stands in brackets.\n\n");
    let answers = Answers::gather(&args.flags, &mut asker)?;
    let next = Next::of(&file.display().to_string(), &answers).map_err(Trouble::badly)?;
    keep(file, &write::configuration(&answers), force)?;
    next.show(output);
    Ok(true)
}

fn there_already(file: &Path) -> Trouble {
    Trouble::wrong(format!(
        "{} is there already; write over it with --force, or write another with --config",
        file.display()
    ))
}

fn keep(file: &Path, text: &str, force: bool) -> Result<(), Trouble> {
    let mut how = OpenOptions::new();
    match force {
        true => how.create(true).truncate(true),
        false => how.create_new(true),
    };
    let written = how.write(true).open(file);
    let written = written.and_then(|mut open| open.write_all(text.as_bytes()));
    written.map_err(|why| match why.kind() {
        io::ErrorKind::AlreadyExists => there_already(file),
        _ => Trouble::wrong(format!("{} cannot be written: {why}", file.display())),
    })
}
