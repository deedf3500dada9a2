//! The demo's live table: what happens to each post at each destination, and why.
//!
//! Ensures that a terminal sees one table that changes in place, and that anything else (a pipe, a
//! CI log) sees one line per change.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write, stdout};

use serde_json::Value;

/// Columns of a reason: the table must fit 120 columns.
const REASON_WIDTH: usize = 58;

/// One job as the table shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    content: String,
    destination: String,
    state: String,
    attempts: u64,
    why: String,
}

/// A table on standard output.
pub struct Table {
    live: bool,
    drawn: usize,
    last: BTreeMap<(String, String), Row>,
}

impl Table {
    /// A table that redraws itself where that is possible.
    #[must_use]
    pub fn new() -> Self {
        let live = stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self {
            live,
            drawn: 0,
            last: BTreeMap::new(),
        }
    }

    /// Shows the jobs of these publishes.
    pub fn show(&mut self, publishes: &[Value]) {
        let rows: Vec<Row> = publishes.iter().flat_map(rows_of).collect();
        if self.live {
            self.redraw(&rows);
        } else {
            self.print_changes(rows);
        }
    }

    fn redraw(&mut self, rows: &[Row]) {
        let mut screen = String::new();
        if self.drawn > 0 {
            screen.push_str(&format!("\x1b[{}A\x1b[J", self.drawn));
        }
        for row in rows {
            screen.push_str(&row.line());
            screen.push('\n');
        }
        self.drawn = rows.len();
        // A terminal that went away is no reason to stop.
        let _ = stdout()
            .write_all(screen.as_bytes())
            .and_then(|()| stdout().flush());
    }

    fn print_changes(&mut self, rows: Vec<Row>) {
        for row in rows {
            let key = (row.content.clone(), row.destination.clone());
            if self.last.get(&key) != Some(&row) {
                // As above.
                let _ = writeln!(stdout(), "{}", row.line());
                self.last.insert(key, row);
            }
        }
    }
}

impl Row {
    fn line(&self) -> String {
        let tries = if self.attempts > 1 {
            format!("{} tries", self.attempts)
        } else {
            String::new()
        };
        let line = format!(
            "  {:<16} {:<5} {:<22} {:<9} {}",
            self.content, self.destination, self.state, tries, self.why
        );
        line.trim_end().to_owned()
    }
}

fn rows_of(publish: &Value) -> Vec<Row> {
    let content = text(publish, "content_id");
    let jobs = publish["jobs"].as_array().cloned().unwrap_or_default();
    jobs.iter().map(|job| row_of(&content, job)).collect()
}

fn row_of(content: &str, job: &Value) -> Row {
    let (state, evidence) = (text(job, "state"), text(job, "evidence"));
    let shown = if state == "live" {
        format!("live ({})", evidence.replace('_', " "))
    } else {
        state.clone()
    };
    let error = if state == "live" {
        String::new()
    } else {
        text(job, "last_error")
    };
    let why: String = error.chars().take(REASON_WIDTH).collect();
    Row {
        content: content.to_owned(),
        destination: text(job, "destination"),
        state: shown,
        attempts: job["attempt_count"].as_u64().unwrap_or(0),
        why,
    }
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}
