//! The same seed runs alike, to the byte.

use slugline_sim::{Cut, run};

#[test]
fn a_seed_has_one_trace() {
    for seed in [4, 11, 86, 200] {
        let (first, again) = (run(seed, &Cut::default()), run(seed, &Cut::default()));
        assert_eq!(first.broken, None, "seed {seed}");
        let differs = first
            .trace
            .iter()
            .zip(&again.trace)
            .find(|(one, other)| one != other);
        assert_eq!(differs, None, "seed {seed}");
        assert_eq!(first.trace.len(), again.trace.len(), "seed {seed}");
    }
}
