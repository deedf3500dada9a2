//! Seeds that once broke a promise, and what each found.

use slugline_sim::{Cut, Kind, run};

/// A seed, and the mistake that it showed.
const KEPT: &[(u64, &str)] = &[
    (
        87,
        "what a person had brought back after a removal in all locales was taken for left over",
    ),
    (
        118,
        "what runs again was taken to be of its publish's class, and paused with that",
    ),
    (
        254,
        "a slug that was given back with a cancelled job was taken for claimed",
    ),
    (
        296,
        "what a rollback wants and is there already was taken for unseen",
    ),
    (
        384,
        "limits below a hundred open jobs came down to one, and intake was shut",
    ),
    (1_043, "a world without power was taken for one at rest"),
    (
        1_580,
        "what had just been accepted was judged before anybody had looked at it",
    ),
    (
        80,
        "a removal that told no version hid a version that only asking found",
    ),
];

/// Kinds of trouble that came after them: with these they would be other runs.
const LATER: [Kind; 7] = [
    Kind::Releases,
    Kind::Replays,
    Kind::Erasures,
    Kind::Pace,
    Kind::Mends,
    Kind::Redoes,
    Kind::Silence,
];

#[test]
fn what_was_found_once_stays_mended() {
    for (seed, found) in KEPT {
        let as_it_was = Cut {
            without: LATER.into(),
            only: None,
        };
        let broken = run(*seed, &as_it_was).broken;
        assert_eq!(broken, None, "seed {seed} ({found})");
    }
}
