//! Sealed credentials: only what was sealed is opened.

use bolero::generator::produce;
use bytes::Bytes;
use slugline_core::credential::Credential;
use slugline_core::secret::Secret;
use slugline_engine::sealing::SealingKey;
use slugline_engine::store::KeptCredential;

use crate::damage::{Edit, apply};

#[test]
fn what_was_damaged_is_not_opened() {
    let key = SealingKey::new(&Secret::new("k".repeat(32))).unwrap();
    let credential = Credential {
        access: Secret::new("access"),
        refresh: Secret::new("refresh"),
        expires_at: None,
    };
    let kept = key.seal("blog:1", 7, &credential).unwrap();
    let damage = (
        produce::<Vec<Edit>>(),
        produce::<Vec<u8>>(),
        produce::<i64>(),
    );
    bolero::check!()
        .with_generator(damage)
        .for_each(|(edits, other, number)| {
            let mut sealed = kept.sealed.to_vec();
            for edit in edits {
                apply(&mut sealed, *edit, std::slice::from_ref(other));
            }
            let whole = sealed == kept.sealed && *number == kept.number;
            let sealed = Bytes::from(sealed);
            let opened = key.open(
                "blog:1",
                &KeptCredential {
                    number: *number,
                    sealed,
                },
            );
            assert_eq!(opened.is_some(), whole);
        });
}
