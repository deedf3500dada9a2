//! Seeds that once broke a promise, and what each found.

use slugline_sim::{Cut, run};

/// A seed, and the mistake that it showed.
const KEPT: &[(u64, &str)] = &[
    (
        384,
        "limits below a hundred open jobs came down to one, and intake was shut",
    ),
    (1_043, "a world without power was taken for one at rest"),
    (
        1_580,
        "what had just been accepted was judged before anybody had looked at it",
    ),
];

#[test]
fn what_was_found_once_stays_mended() {
    for (seed, found) in KEPT {
        let broken = run(*seed, &Cut::default()).broken;
        assert_eq!(broken, None, "seed {seed} ({found})");
    }
}
