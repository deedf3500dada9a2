//! Decoders of what strangers send, fed with the corpus and with damaged copies of it. The runs are bounded, so they are
//! ordinary tests; `BOLERO_RANDOM_ITERATIONS` makes them longer, and `cargo bolero test` guides them by coverage.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod damage;
mod front_matter;
mod publish;
