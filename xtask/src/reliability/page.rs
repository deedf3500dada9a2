//! The page's text. Prose stands here, numbers come in.

use std::fmt::Write;

use super::Figures;
use super::promises::{self, Promise};
use crate::bench;
use crate::kill9::Tally;
use crate::sim::{Rehearsal, Tried};
use crate::test;

const HEAD: &str = "\
# Reliability

Made by `cargo xtask reliability`; do not edit. What Slugline promises, which suites of `cargo xtask test` put it to the
test, and what they came to the last time. A suite that cannot run is listed as NOT RUN, never as passed.

";

const KILLS: &str = "\
## The real binary, killed

`cargo xtask test kill9` (`--long` for hundreds of kills). Producers publish versions of their items without pause, repeat
what got no answer under the same key, send some requests twice at once, misuse keys and come late. The destination is a
webhook sink that verifies every signature, refuses, is slow, and takes messages without answering. Meanwhile a process is
ended with SIGKILL at random moments, its start and its recovery among them, and started again on the same data; or it is
frozen for longer than its leases last; or its disk is filled to the last page. On PostgreSQL three nodes share the work;
any of them is killed or frozen, and now and then PostgreSQL itself is killed with all its processes. At the end every
acknowledged key, every job, what the sink shows and the log are held against each other.

`kill -9` ends a process, not the machine: what the operating system has taken from it survives. That nothing is
acknowledged before it is synced can only be shown by a rehearsal in which the power is cut.

";

const SIMULATION: &str = "
## The simulation

`cargo xtask sim --seeds N`: several nodes, the network, the vendors' fakes, crashes and power cuts, all from one seed; the
promises are checked after every step.

";

const BUGS: &str = "
## Deliberate bugs

`cargo xtask sim --bugs`: the product is built with each of these mistakes, and the simulation must notice. What
became of each when it was last tried:

";

const NOT_MEASURED: &str = "Not run here yet.\n";

/// All of it.
pub(super) fn text(figures: &Figures) -> String {
    let mut page = String::from(HEAD);
    promises::ALL
        .iter()
        .for_each(|it| page.push_str(&promise(it)));
    page.push_str(KILLS);
    page.push_str(
        &figures
            .tallies
            .as_deref()
            .map_or(NOT_MEASURED.to_owned(), tallies),
    );
    page.push_str(SIMULATION);
    page.push_str(
        &figures
            .rehearsal
            .as_ref()
            .map_or(NOT_MEASURED.to_owned(), rehearsed),
    );
    page.push_str(BUGS);
    page.push_str(
        &figures
            .bugs
            .as_deref()
            .map_or(NOT_MEASURED.to_owned(), bugs),
    );
    page.push_str(
        "\n## Speed under these promises\n\n`cargo xtask bench`; more in the speed page.\n\n",
    );
    let measured: Vec<_> = figures
        .benches
        .iter()
        .flat_map(|it| it.figures.clone())
        .collect();
    match measured.is_empty() {
        true => page.push_str(NOT_MEASURED),
        false => page.push_str(&bench::table(&measured)),
    }
    page
}

/// A promise with the suites that this repository has.
fn promise(promise: &Promise) -> String {
    let Promise {
        id,
        title,
        text,
        tested,
    } = promise;
    let mut section = format!("## {id}. {title}\n\n{text}\n\n");
    for (suite, what) in tested.iter().filter(|(suite, _)| test::exists(suite)) {
        // Writing to a String cannot fail.
        let _ = writeln!(section, "- `{suite}`: {what}");
    }
    section + "\n"
}

fn tallies(tallies: &[Tally]) -> String {
    let head = "| story | store | kills | acknowledged | sent again | delivered again | lost | twins | backwards | log |\n\
                |---|---|---|---|---|---|---|---|---|---|\n";
    std::iter::once(head.to_owned())
        .chain(tallies.iter().map(Tally::row))
        .collect()
}

fn rehearsed(rehearsal: &Rehearsal) -> String {
    let Rehearsal { seeds, seconds } = rehearsal;
    let rate = *seeds as f64 / seconds;
    format!("{seeds} seeds in {seconds:.0} s, {rate:.1} a second, no promise broken.\n")
}

fn bugs(tried: &[Tried]) -> String {
    let head = "| deliberate bug | caught by seed | breaks |\n|---|---|---|\n";
    std::iter::once(head.to_owned())
        .chain(tried.iter().map(Tried::row))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::root;

    const NONE: Figures = Figures {
        tallies: None,
        rehearsal: None,
        bugs: None,
        benches: Vec::new(),
    };

    #[test]
    fn every_promise_is_there_with_a_suite_that_tests_it() {
        let page = text(&NONE);
        for promise in promises::ALL {
            let known = promise
                .tested
                .iter()
                .filter(|(suite, _)| test::exists(suite));
            assert!(known.count() > 0, "nothing tests {}", promise.id);
            assert!(page.contains(promise.text));
        }
        assert!(page.contains(NOT_MEASURED));
    }

    #[test]
    fn the_page_in_the_repository_is_made_from_these_promises() {
        let page = std::fs::read_to_string(root().join("docs/reliability.md")).unwrap();
        for Promise {
            id, title, text, ..
        } in promises::ALL
        {
            let section = format!("## {id}. {title}\n\n{text}\n");
            assert!(
                page.contains(&section),
                "run cargo xtask reliability: {id} differs"
            );
        }
    }

    #[test]
    fn the_readme_says_the_same_promises() {
        let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
        let section = readme.split("## What it promises").nth(1).unwrap();
        let section = section.split("\n## ").next().unwrap();
        let rows = section.lines().filter_map(|line| line.strip_prefix("| **"));
        let titles: Vec<&str> = rows.filter_map(|row| row.split("** |").next()).collect();
        assert!(
            titles.len() > 5,
            "the README's table of promises is not found"
        );
        for title in titles {
            let known = promises::ALL.iter().any(|promise| promise.title == title);
            assert!(known, "the README promises {title:?}, promises.rs does not");
        }
    }
}
