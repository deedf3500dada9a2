//! The suites, in the order in which they run: quick and cheap first, so that a plain mistake shows early.

use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use slugline_parts::postgres;

use super::{Outcome, Stage, Suite};
use crate::parts::npm::{self, DIRECTUS, GHOST, NODE, STRAPI};
use crate::parts::{self, CHROMIUM, MARIADB, Missing, NPM, PHP, POSTGRESQL, WORDPRESS};
use crate::run::{cargo, cargo_has, ends_within, succeeds};
use crate::{
    console as in_chromium, kill9, proof, real_sources, real_wordpress, reconciliation, sim,
    wordpress_plugin,
};

/// `demo --exit` promises to end within 45 s of its start; the rest is for a machine that does other work besides.
const DEMO_LIMIT: Duration = Duration::from_secs(60);

/// Inputs per fuzz target in a normal and in a long run: half a minute, a quarter of an hour.
const FUZZ_INPUTS: (&str, &str) = ("5000", "200000");

/// States of the lease protocol in a long run: a quarter of an hour.
const LONG_LEASE_STATES: &str = "100000";

/// Seeds of the simulation in a normal and in a long run: a minute, half an hour.
const SIM_SEEDS: (u64, u64) = (400, 10_000);

/// Every suite there is.
pub(crate) const ALL: &[Suite] = &[
    Suite {
        name: "tidy",
        shows: "the house rules hold",
        run: tidy,
    },
    Suite {
        name: "workspace",
        shows: "unit and integration tests of every crate",
        run: workspace,
    },
    Suite {
        name: "doc",
        shows: "the examples in the documentation run",
        run: doc,
    },
    Suite {
        name: "fuzz",
        shows: "decoders survive damaged input",
        run: fuzz,
    },
    Suite {
        name: "sim",
        shows: "every promise is kept in hundreds of rehearsals full of trouble, and a few deliberate bugs are caught",
        run: simulation,
    },
    Suite {
        name: "demo",
        shows: "`slugline demo --exit` ends with everything live",
        run: demo,
    },
    Suite {
        name: "console",
        shows: "every page of the console in a real Chromium, with and without JavaScript, light, dark and on a phone",
        run: console,
    },
    Suite {
        name: "kill9",
        shows: "kill -9, a freeze and a full disk under load, against a sink that counts",
        run: kill9,
    },
    Suite {
        name: "real_wordpress",
        shows: "a real WordPress, a network that fails and a server that is killed",
        run: wordpress,
    },
    Suite {
        name: "reconciliation",
        shows: "of a thousand posts in a real WordPress, those that people deleted, altered and brought back are found, exactly",
        run: reconcile,
    },
    Suite {
        name: "wordpress_plugin",
        shows: "our plugin in a real WordPress tells every change, whatever becomes of the receiver or of the request",
        run: plugin,
    },
    Suite {
        name: "real_sources",
        shows: "real CMSs send webhooks over a network that repeats, delays and loses them, to a server that is killed",
        run: sources,
    },
];

fn tidy(_: &Stage) -> Result<Outcome> {
    Ok(verdict(
        crate::tidy::run()?,
        "a house rule is broken; see above",
    ))
}

/// Fuzz targets have their own suite, with their own bounds. All tests share one PostgreSQL, each with a database of its
/// own; a test that kills the server starts another.
fn workspace(stage: &Stage) -> Result<Outcome> {
    let absent = parts::install(&[POSTGRESQL])?;
    if !absent.is_empty() {
        return Ok(not_run(&absent));
    }
    let postgres = postgres::Server::start()?;
    let mut tests = match cargo_has("nextest") {
        true => cargo(&[
            "nextest",
            "run",
            "--workspace",
            "--exclude",
            "slugline-fuzz",
            "--no-fail-fast",
        ]),
        false => cargo(&[
            "test",
            "--workspace",
            "--exclude",
            "slugline-fuzz",
            "--lib",
            "--bins",
            "--tests",
            "--no-fail-fast",
        ]),
    };
    tests.env(postgres::SERVER, postgres.url("postgres"));
    if stage.long {
        tests.env("SLUGLINE_LEASE_STATES", LONG_LEASE_STATES);
    }
    Ok(verdict(succeeds(&mut tests)?, "a test failed; see above"))
}

fn doc(_: &Stage) -> Result<Outcome> {
    Ok(verdict(
        succeeds(&mut cargo(&["test", "--workspace", "--doc", "--quiet"]))?,
        "an example failed; see above",
    ))
}

fn fuzz(stage: &Stage) -> Result<Outcome> {
    let inputs = if stage.long {
        FUZZ_INPUTS.1
    } else {
        FUZZ_INPUTS.0
    };
    let mut targets = cargo(&["test", "--package", "slugline-fuzz", "--test", "it"]);
    targets.env("BOLERO_RANDOM_ITERATIONS", inputs);
    Ok(verdict(
        succeeds(&mut targets)?,
        "an input broke a decoder; add it to fuzz/corpus",
    ))
}

/// New seeds come with `--long` and `--seed`: a suite that fails now and then without a change teaches nobody.
fn simulation(stage: &Stage) -> Result<Outcome> {
    let seeds = if stage.long { SIM_SEEDS.1 } else { SIM_SEEDS.0 };
    let options = sim::Options {
        seeds: Some(seeds),
        from: stage.seed.unwrap_or(1),
        ..sim::Options::default()
    };
    if !sim::run(&options)? {
        return Ok(Outcome::Failed(
            "a promise was broken; see above".to_owned(),
        ));
    }
    let patches = if stage.long {
        Vec::new()
    } else {
        sim::a_few_bugs()
    };
    let caught = sim::run(&sim::Options {
        bugs: Some(patches),
        ..sim::Options::default()
    })?;
    Ok(verdict(
        caught,
        "a deliberate bug was not caught; see above",
    ))
}

/// Runs in an empty folder, as on a fresh machine.
fn demo(stage: &Stage) -> Result<Outcome> {
    let folder = tempfile::tempdir()?;
    let mut demo = Command::new(stage.binary()?);
    demo.current_dir(folder.path()).args(["demo", "--exit"]);
    Ok(match ends_within(&mut demo, DEMO_LIMIT)? {
        Some(status) => verdict(
            status.success(),
            "the demo did not end with everything live",
        ),
        None => Outcome::Failed(format!(
            "the demo was still running after {} s",
            DEMO_LIMIT.as_secs()
        )),
    })
}

fn kill9(stage: &Stage) -> Result<Outcome> {
    let absent = parts::install(&[POSTGRESQL])?;
    if !absent.is_empty() {
        return Ok(not_run(&absent));
    }
    let options = kill9::Options {
        long: stage.long,
        binary: stage.binary()?,
        seed: stage.seed,
    };
    let told = kill9::run(&options)?;
    proof::keep("kill9", &told.tallies)?;
    let passed = told.tallies.iter().all(kill9::Tally::passed);
    Ok(match told.left_out {
        Some(story) if passed => Outcome::NotRun {
            absent: format!("root, to mount a small disk for the story {story}; the others passed"),
            install: "sudo cargo xtask test kill9".to_owned(),
        },
        _ => verdict(passed, "a promise was broken; see above"),
    })
}

fn wordpress(stage: &Stage) -> Result<Outcome> {
    let absent = parts::install(&[WORDPRESS, PHP, MARIADB])?;
    if !absent.is_empty() {
        return Ok(not_run(&absent));
    }
    let options = real_wordpress::Options {
        long: stage.long,
        binary: stage.binary()?,
        seed: stage.seed,
    };
    let report = real_wordpress::run(&options)?;
    println!("{report}");
    Ok(verdict(
        report.passed(),
        "WordPress does not have what was published; see above",
    ))
}

fn console(stage: &Stage) -> Result<Outcome> {
    let absent = parts::install(&[CHROMIUM])?;
    if !absent.is_empty() {
        return Ok(not_run(&absent));
    }
    let wrong = in_chromium::run(&in_chromium::Options {
        binary: stage.binary()?,
        pictures: stage.pictures.clone(),
    })?;
    wrong.iter().for_each(|what| println!("  {what}"));
    Ok(verdict(
        wrong.is_empty(),
        "a page is not as it should be; see above",
    ))
}

fn reconcile(stage: &Stage) -> Result<Outcome> {
    let absent = parts::install(&[WORDPRESS, PHP, MARIADB])?;
    if !absent.is_empty() {
        return Ok(not_run(&absent));
    }
    reconciliation::run(stage.binary()?)?;
    Ok(Outcome::Passed)
}

fn plugin(_: &Stage) -> Result<Outcome> {
    let absent = parts::install(&[WORDPRESS, PHP, MARIADB])?;
    if !absent.is_empty() {
        return Ok(not_run(&absent));
    }
    wordpress_plugin::run()?;
    Ok(Outcome::Passed)
}

fn sources(stage: &Stage) -> Result<Outcome> {
    let mut absent = parts::install(&[WORDPRESS, PHP, MARIADB, POSTGRESQL, NPM])?;
    if absent.is_empty() {
        absent = npm::install(&[NODE, GHOST, STRAPI, DIRECTUS])?;
    }
    if !absent.is_empty() {
        return Ok(not_run(&absent));
    }
    let options = real_sources::Options {
        long: stage.long,
        binary: stage.binary()?,
        seed: stage.seed,
    };
    let report = real_sources::run(&options)?;
    println!("{report}");
    Ok(verdict(
        report.passed(),
        "what is live is not what a CMS shows, or a webhook was not dealt with; see above",
    ))
}

fn not_run(absent: &[Missing]) -> Outcome {
    let parts: Vec<&str> = absent.iter().map(|missing| missing.part).collect();
    let commands: Vec<&str> = absent
        .iter()
        .map(|missing| missing.install_command.as_str())
        .collect();
    Outcome::NotRun {
        absent: parts.join(", "),
        install: commands.join(" && "),
    }
}

fn verdict(passed: bool, otherwise: &str) -> Outcome {
    if passed {
        Outcome::Passed
    } else {
        Outcome::Failed(otherwise.to_owned())
    }
}
