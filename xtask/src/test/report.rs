//! The table at the end of a test run and its closing line `N passed, N failed`, which scripts read.

use super::{Outcome, Ran};

/// One suite's result: `passed tidy 0.4 s`, with the reason or the install command below where there is one.
pub(crate) fn line(ran: &Ran) -> String {
    let (word, detail) = match &ran.outcome {
        Outcome::Passed => ("passed", String::new()),
        Outcome::Failed(reason) => ("FAILED", format!("\n           {reason}")),
        Outcome::NotRun { absent, install } => (
            "NOT RUN",
            format!("\n           absent: {absent}; install it with: {install}"),
        ),
    };
    format!(
        "{word:<8}  {:<16}{:>7.1} s{detail}",
        ran.suite,
        ran.took.as_secs_f64()
    )
}

/// Prints the table and the closing line.
pub(crate) fn print(ran: &[Ran]) {
    println!("\n== result");
    for suite in ran {
        println!("{}", line(suite));
    }
    println!("\n{}", closing(ran));
}

fn closing(ran: &[Ran]) -> String {
    let count =
        |wanted: fn(&Outcome) -> bool| ran.iter().filter(|suite| wanted(&suite.outcome)).count();
    let passed = count(|outcome| matches!(outcome, Outcome::Passed));
    let failed = count(|outcome| matches!(outcome, Outcome::Failed(_)));
    match count(|outcome| matches!(outcome, Outcome::NotRun { .. })) {
        0 => format!("{passed} passed, {failed} failed"),
        left_out => format!("{left_out} NOT RUN\n{passed} passed, {failed} failed"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn ran(outcome: Outcome) -> Ran {
        Ran {
            suite: "demo",
            outcome,
            took: Duration::from_secs(2),
        }
    }

    #[test]
    fn the_closing_line_stands_alone_and_counts_suites() {
        let suites = [
            ran(Outcome::Passed),
            ran(Outcome::Passed),
            ran(Outcome::Failed("exit 1".into())),
        ];
        assert_eq!(closing(&suites), "2 passed, 1 failed");
    }

    #[test]
    fn what_did_not_run_is_neither_passed_nor_failed_and_names_its_install_command() {
        let absent = ran(Outcome::NotRun {
            absent: "php".into(),
            install: "apt-get install php-cli".into(),
        });
        assert!(
            line(&absent).contains("NOT RUN") && line(&absent).contains("apt-get install php-cli")
        );
        assert_eq!(
            closing(&[absent]).lines().last(),
            Some("0 passed, 0 failed")
        );
    }
}
