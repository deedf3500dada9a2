//! Slugs that a source has and not every destination could keep.

use super::*;

fn with_slug(entry: &str, slug: &str) -> Change {
    let mut change = published(entry, 1);
    if let Some(payload) = &mut change.payload {
        payload.slug = Some(slug.into());
    }
    change
}

#[tokio::test(start_paused = true)]
async fn a_slug_that_cannot_be_kept_is_published_under_one_that_can_and_said() {
    let house = House::open(11).await;
    let doors = doors(&house, source("cms"), settings());
    let told = [
        with_slug("a", "2026"),
        with_slug("b", "Über uns"),
        with_slug("c", "日本"),
        with_slug("d", "as-it-is"),
    ];
    let receipt = send(&doors, &told).await;
    assert_eq!(receipt.status, ReceiptStatus::Ok, "{receipt:?}");
    for (entry, slug, said) in [
        ("a", "post-2026", "\"post-2026\""),
        ("b", "uber-uns", "\"uber-uns\""),
        ("c", "ri-ben", "\"ri-ben\""),
        ("d", "as-it-is", ""),
    ] {
        let id = format!("cms:{entry}");
        let found = house.store.content("default", &id).await.unwrap();
        assert_eq!(found[0].slug.as_deref(), Some(slug));
        let mut changes = receipt.outcome.changes.iter();
        let change = changes.find(|change| change.content_id == id).unwrap();
        let reason = change.reason.clone().unwrap_or_default();
        assert!(
            reason.ends_with(said) && said.is_empty() == reason.is_empty(),
            "{reason}"
        );
    }
    let again = send(&doors, &[with_slug("a", "2026")]).await;
    assert_eq!(again.outcome.changes[0].status, ChangeStatus::Duplicate);
}
