//! Sweeps of sources: what was listed, and what there is of a source here.

use std::time::Duration;

use slugline_core::version::Version;
use slugline_engine::store::{ListedEntry, Sweep, SweptItem};

use crate::bench::{Bench, post};

const ALL: usize = 100;

fn sweep(bench: &Bench) -> Sweep {
    Sweep {
        source: "cms".into(),
        owner: "default".into(),
        began_at: bench.now(),
        settled_by: bench.now(),
    }
}

fn listed(content_id: &str, locale: &str) -> ListedEntry {
    ListedEntry {
        environment: "production".into(),
        content_id: content_id.into(),
        locale: locale.into(),
    }
}

async fn items(bench: &Bench, sweep: &Sweep) -> Vec<SweptItem> {
    let swept = bench.store.swept(sweep, 0, ALL).await.unwrap();
    swept.items
}

async fn unlisted(bench: &Bench, sweep: &Sweep) -> Vec<(String, String)> {
    let items = items(bench, sweep).await.into_iter();
    let unlisted = items.filter(|item| !item.is_listed);
    unlisted
        .map(|item| (item.content_id, item.locale))
        .collect()
}

pub(crate) async fn what_was_not_listed_is_named(bench: &Bench) {
    for id in ["cms:a", "cms:b"] {
        bench.accept(&post(id, 3).said_by("cms")).await;
        bench.accept(&post(id, 4).said_by("cms").locale("fr")).await;
    }
    bench.clock.advance(Duration::from_secs(1));
    let sweep = sweep(bench);
    let note = async |sweep: &Sweep, entries| {
        bench.store.note_listed(sweep, entries).await.unwrap();
    };
    note(&sweep, vec![listed("cms:a", "en"), listed("cms:x", "en")]).await;
    let left = |id: &str, locale: &str| (id.to_owned(), locale.to_owned());
    let others = [
        left("cms:a", "fr"),
        left("cms:b", "en"),
        left("cms:b", "fr"),
    ];
    assert_eq!(unlisted(bench, &sweep).await, others);
    // Listed again, it is listed; in all locales, it is listed in each.
    note(&sweep, vec![listed("cms:a", "en"), listed("cms:b", "*")]).await;
    assert_eq!(unlisted(bench, &sweep).await, others[..1]);
    let versions = items(bench, &sweep).await.into_iter();
    let versions: Vec<_> = versions.map(|item| item.version).collect();
    assert_eq!(versions, [3, 4, 3, 4].map(Version::Number));

    // What was listed elsewhere or to others says nothing.
    let elsewhere = ListedEntry {
        environment: "staging".into(),
        ..listed("cms:a", "fr")
    };
    note(&sweep, vec![elsewhere]).await;
    assert_eq!(unlisted(bench, &sweep).await, others[..1]);
    let next = Sweep {
        began_at: bench.now().plus(Duration::from_secs(1)),
        ..sweep.clone()
    };
    assert_eq!(unlisted(bench, &next).await.len(), 4);
    note(&next, vec![listed("cms:b", "fr")]).await;
    assert_eq!(unlisted(bench, &next).await.len(), 3);
    assert_eq!(unlisted(bench, &sweep).await.len(), 4, "it is forgotten");
}

pub(crate) async fn only_what_should_be_there_is_looked_for(bench: &Bench) {
    bench.accept(&post("cms:a", 1).said_by("cms")).await;
    bench.accept(&post("cms:gone", 1).said_by("cms")).await;
    let gone = post("cms:gone", 2).said_by("cms").action("unpublish");
    bench.accept(&gone).await;
    bench.accept(&post("cms:b", 1)).await;
    bench.accept(&post("shop:a", 1).said_by("shop")).await;
    bench.clock.advance(Duration::from_secs(1));
    let sweep = sweep(bench);
    let en = |id: &str| (id.to_owned(), "en".to_owned());
    assert_eq!(unlisted(bench, &sweep).await, [en("cms:a")]);
    // News of what was accepted since may be on its way.
    bench.accept(&post("cms:new", 1).said_by("cms")).await;
    bench.accept(&post("cms:a", 2).said_by("cms")).await;
    assert_eq!(unlisted(bench, &sweep).await, []);
    let others = Sweep {
        owner: "acme".into(),
        settled_by: bench.now().plus(Duration::from_secs(1)),
        ..sweep
    };
    assert_eq!(unlisted(bench, &others).await, []);
}

pub(crate) async fn a_sweep_goes_in_steps(bench: &Bench) {
    for number in 0..5 {
        let id = format!("cms:{number}");
        bench.accept(&post(&id, 1).said_by("cms")).await;
        bench.accept(&post(&format!("other-{number}"), 1)).await;
    }
    bench.clock.advance(Duration::from_secs(1));
    let (sweep, mut after, mut steps, mut found) = (sweep(bench), 0, 0, Vec::new());
    while let swept = bench.store.swept(&sweep, after, 3).await.unwrap()
        && let Some(last) = swept.last
    {
        assert!(last > after && swept.items.len() <= 3);
        (after, steps) = (last, steps + 1);
        found.extend(swept.items);
    }
    assert_eq!((steps, found.len()), (4, 5));
    assert!(found.is_sorted_by_key(|item| item.number));
}
