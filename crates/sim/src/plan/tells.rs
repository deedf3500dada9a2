//! What a CMS tells: versions of its entries in their locales, and removals in one of them or in all.

use std::time::Duration;

use serde_json::json;
use slugline_core::source::{Change, Locales, What};
use slugline_core::version::Version;

use super::{ASKING, OWNER};
use crate::dice::Dice;
use crate::model::SOURCE;

/// How often a seed has a CMS.
const TOLD: f64 = 0.4;

/// A webhook.
#[derive(Clone, Debug)]
pub(crate) struct Tell {
    /// The source that tells.
    pub(crate) source: &'static str,
    pub(crate) number: usize,
    pub(crate) at: Duration,
    pub(crate) changes: Vec<Change>,
    /// Whether its sender tries once, answered or not.
    pub(crate) once: bool,
    /// How often it is sent again although it was answered.
    pub(crate) again: usize,
}

/// An entry that is always there: a list that is empty is not believed.
const ANCHOR: &str = "home";

impl Tell {
    /// Whether it tells of the entry that is always there, and so must come.
    pub(crate) fn is_anchor(&self) -> bool {
        self.changes.iter().any(|change| change.entry == ANCHOR)
    }

    /// Whether it tells of removals only.
    pub(crate) fn removes(&self) -> bool {
        let mut changes = self.changes.iter();
        changes.all(|change| change.what.removes())
    }
}

/// The webhook of an entry that is always there.
pub(super) fn anchor(number: usize) -> Tell {
    Tell {
        source: SOURCE,
        number,
        at: Duration::from_millis(1),
        changes: vec![change(ANCHOR, 1, What::Published, Locales::Unsaid)],
        once: false,
        again: 0,
    }
}

/// The webhooks of a seed, numbered from `first`; `always` there are some.
pub(super) fn of(seed: u64, first: usize, always: bool) -> Vec<Tell> {
    let dice = Dice::new(seed, "webhooks");
    if !dice.chance(TOLD) && !always {
        return Vec::new();
    }
    let mut tells = Vec::new();
    for entry in 0..1 + dice.below(3) {
        for version in 1..=1 + dice.below(4) {
            tells.push(Tell {
                source: SOURCE,
                number: first + tells.len(),
                at: dice.millis(0..ASKING),
                changes: changes(&dice, &format!("e{entry}"), version),
                once: dice.chance(0.3),
                again: [0, 0, 1, 2][dice.below(4)],
            });
        }
    }
    tells
}

fn changes(dice: &Dice, entry: &str, version: usize) -> Vec<Change> {
    let change = |what, locales| change(entry, version, what, locales);
    let one = |locale: &str| Locales::One(locale.into());
    let gone = *dice.pick(&[What::Unpublished, What::Deleted]);
    match dice.below(8) {
        0 => vec![change(gone, Locales::All)],
        1 => vec![change(gone, one("fr"))],
        2 => vec![Change {
            version: None,
            ..change(gone, Locales::Unsaid)
        }],
        3 => vec![change(What::Draft, Locales::Unsaid)],
        4 => vec![change(What::Published, one("fr"))],
        5 => vec![
            change(What::Published, Locales::Unsaid),
            change(What::Published, one("fr")),
        ],
        _ => vec![change(What::Published, Locales::Unsaid)],
    }
}

fn change(entry: &str, version: usize, what: What, locales: Locales) -> Change {
    let locale = match &locales {
        Locales::One(locale) => locale.clone(),
        Locales::Unsaid | Locales::All => "en".into(),
    };
    let payload = json!({
        "title": format!("{SOURCE}:{entry} {locale} v{version} {OWNER}"),
        "slug": format!("cms-{entry}-{locale}"),
        "body": format!("<p>Version {version}.</p>"),
    });
    let payload = (what == What::Published).then(|| serde_json::from_value(payload).ok());
    Change {
        what,
        entry: entry.into(),
        locales,
        environment: None,
        version: i64::try_from(version).ok().map(Version::Number),
        depends_on: Vec::new(),
        payload: payload.flatten(),
    }
}
