//! What a genuine webhook tells a source as it is configured: for a person who writes a mapping.

use serde::Serialize;
use slugline_core::source::{Change, Locales};
use slugline_core::webhook::Incoming;

use super::row;
use crate::config::Source;

/// What it tells.
#[derive(Serialize)]
pub(super) struct Told {
    changes: Vec<Change>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unreadable: Vec<Unreadable>,
}

/// What of it cannot be read.
#[derive(Serialize)]
struct Unreadable {
    /// Where; all of it when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    reason: String,
}

impl Told {
    pub(super) fn of(source: &Source, incoming: &Incoming) -> Self {
        match source.source.changes(incoming) {
            Ok(news) => {
                let unreadable = news.unreadable.into_values().map(|part| Unreadable {
                    path: Some(part.path),
                    reason: part.reason,
                });
                Self {
                    changes: news.changes.into_values().collect(),
                    unreadable: unreadable.collect(),
                }
            }
            Err(reason) => Self {
                changes: Vec::new(),
                unreadable: vec![Unreadable { path: None, reason }],
            },
        }
    }

    /// A line for each thing.
    pub(super) fn rows(&self) -> Vec<Vec<String>> {
        if self.changes.is_empty() && self.unreadable.is_empty() {
            return vec![row("tells", "nothing that is published")];
        }
        let changes = self
            .changes
            .iter()
            .map(|change| row("tells", &line(change)));
        let unreadable = self.unreadable.iter().map(|part| {
            let path = part.path.iter().map(|path| format!("{path}: "));
            row("unreadable", &(path.collect::<String>() + &part.reason))
        });
        changes.chain(unreadable).collect()
    }
}

fn line(change: &Change) -> String {
    let locale = match &change.locales {
        Locales::Unsaid => String::new(),
        Locales::One(locale) => format!(", locale {locale}"),
        Locales::All => ", in all locales".to_owned(),
    };
    let version = match change.version {
        Some(version) => format!(", version {version}"),
        None => ", without a version".to_owned(),
    };
    let title = change.payload.as_ref();
    let title = title.map_or(", without content".to_owned(), |payload| {
        format!(", {:?}", payload.title)
    });
    let what = change.what.as_str();
    format!("{what} {}{locale}{version}{title}", change.entry)
}
