//! `/diff`: two versions of an item, beside each other, line by line.

use askama::Template;
use similar::{ChangeTag, TextDiff};
use slugline_core::problem::{Code, Problem};
use slugline_engine::store::{Page as Slice, RevisionView};

use super::frame::{Frame, Room, Visit};
use super::page::{self, Shown, Trouble, segment};
use super::times::Moment;
use crate::router::Endpoint;

/// Versions that are looked through for the two.
const VERSIONS: usize = 500;
/// Bytes of each text that are compared; comparing takes time that grows with what differs.
const COMPARED: usize = 200_000;
/// How long comparing may take; then the rest is shown as replaced.
const PATIENCE: std::time::Duration = std::time::Duration::from_millis(300);
/// Lines around a change.
const AROUND: usize = 3;

#[derive(Template)]
#[template(path = "diff.html")]
struct Page {
    frame: Frame,
    content_id: String,
    content_path: String,
    from: Side,
    to: Side,
    hunks: Vec<Vec<Line>>,
    added: usize,
    removed: usize,
    cut: bool,
}

struct Side {
    generation: String,
    version: String,
    accepted: Moment,
}

/// A line, in pieces of which some differ.
struct Line {
    class: &'static str,
    sign: &'static str,
    word: &'static str,
    old: Option<usize>,
    new: Option<usize>,
    pieces: Vec<(bool, String)>,
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint::get("/diff", None, diff)
}

async fn diff(visit: Visit) -> Shown {
    let asked = |name: &str| {
        let absent = || {
            Trouble::from(Problem::new(
                Code::InvalidRequest,
                format!("say {name}=… in the address"),
            ))
        };
        visit.query.text(name).ok_or_else(absent)
    };
    let content_id = asked("content")?;
    let (environment, locale) = (asked("environment")?, asked("locale")?);
    let slice = Slice {
        limit: VERSIONS,
        cursor: None,
    };
    let found = visit
        .doors
        .store
        .revisions(visit.owner(), &content_id, slice)
        .await?
        .items;
    let one = |generation: &str| {
        let mut own = found
            .iter()
            .filter(|one| one.environment == environment && one.locale == locale);
        let found = own.find(|one| one.generation.to_string() == generation);
        found.ok_or_else(|| Trouble::absent(&format!("generation {generation} of {content_id:?}")))
    };
    let (from, to) = (one(&asked("from")?)?, one(&asked("to")?)?);
    let frame = visit.frame(Room::Content, format!("{content_id}: what changed"));
    let (old, new) = (text(from)?, text(to)?);
    let cut = old.len() > COMPARED || new.len() > COMPARED;
    let hunks = hunks(begin(&old), begin(&new));
    let count = |class: &str| {
        hunks
            .iter()
            .flatten()
            .filter(|line| line.class == class)
            .count()
    };
    page::show(&Page {
        added: count("added"),
        removed: count("removed"),
        from: side(from, &frame),
        to: side(to, &frame),
        content_path: segment(&content_id),
        hunks,
        cut,
        content_id,
        frame,
    })
}

fn side(one: &RevisionView, frame: &Frame) -> Side {
    Side {
        generation: one.generation.to_string(),
        version: one.version.to_string(),
        accepted: frame.when(&one.accepted_at),
    }
}

fn begin(text: &str) -> &str {
    let mut end = COMPARED.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn text(one: &RevisionView) -> Result<String, Trouble> {
    let gone = || {
        Problem::new(
            Code::NotFound,
            format!(
                "the body of generation {} is not kept any more",
                one.generation
            ),
        )
    };
    Ok(one.payload.as_ref().ok_or_else(gone)?.lines())
}

fn hunks(old: &str, new: &str) -> Vec<Vec<Line>> {
    let diff = TextDiff::configure().timeout(PATIENCE).diff_lines(old, new);
    let groups = diff.grouped_ops(AROUND);
    let hunk = |group: &Vec<similar::DiffOp>| {
        let changes = group.iter().flat_map(|op| diff.iter_inline_changes(op));
        changes
            .map(|change| {
                let (class, sign, word) = match change.tag() {
                    ChangeTag::Delete => ("removed", "−", "removed"),
                    ChangeTag::Insert => ("added", "+", "added"),
                    ChangeTag::Equal => ("same", " ", ""),
                };
                let pieces = change
                    .iter_strings_lossy()
                    .map(|(differs, text)| (differs, text.trim_end_matches('\n').to_owned()));
                Line {
                    class,
                    sign,
                    word,
                    old: change.old_index().map(|at| at + 1),
                    new: change.new_index().map(|at| at + 1),
                    pieces: pieces.collect(),
                }
            })
            .collect()
    };
    groups.iter().map(hunk).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_marked_within_its_line() {
        let hunks = hunks("title: One\nsame\n", "title: Two\nsame\n");
        let lines: Vec<_> = hunks[0]
            .iter()
            .map(|line| (line.class, line.pieces.clone()))
            .collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[0].0, "removed");
        assert!(
            lines[0]
                .1
                .iter()
                .any(|(differs, text)| *differs && text == "One"),
            "{lines:?}"
        );
        assert_eq!(lines[2].0, "same");
    }
}
