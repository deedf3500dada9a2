//! Pauses: what is stopped does not begin, and what was stopped goes on.

use std::time::Duration;

use slugline_core::event::{EventType, LogEntry};
use slugline_core::item::Class;
use slugline_core::lifecycle::{JobState, PendingReason, Verdict};
use slugline_core::pause::{Pausable, PauseKind};
use slugline_core::version::Generation;
use slugline_engine::store::{Deadline, EventFilter, Page, Pause, PauseOrder, Settlement, Want};

use crate::bench::{Bench, Post, ended, failure, live, post, want};

const MINUTE: Duration = Duration::from_secs(60);

fn destination(name: &str) -> Pausable {
    Pausable::Destination {
        destination: name.into(),
    }
}

fn content(content_id: &str, locale: Option<&str>) -> Pausable {
    Pausable::Content {
        owner: "default".into(),
        environment: "production".into(),
        content_id: content_id.into(),
        locale: locale.map(str::to_owned),
    }
}

const BULK: Pausable = Pausable::Class { class: Class::Bulk };

async fn try_pause(bench: &Bench, of: Pausable, actor: &str) -> Option<Pause> {
    let order = PauseOrder {
        of,
        actor: actor.into(),
        note: "maintenance".into(),
    };
    bench.store.pause(order).await.unwrap()
}

async fn pause(bench: &Bench, of: Pausable) -> Pause {
    try_pause(bench, of, "token:ops").await.unwrap()
}

async fn resume(bench: &Bench, of: Pausable) -> bool {
    bench.store.resume(of, "token:ops".into()).await.unwrap()
}

async fn job_of(bench: &Bench, key: &str) -> slugline_engine::store::JobView {
    bench.publish(key).await.jobs.remove(0)
}

async fn log(bench: &Bench, kinds: &[EventType]) -> Vec<LogEntry> {
    let page = Page {
        limit: 1_000,
        cursor: None,
    };
    bench.store.seal(MINUTE).await.unwrap();
    let all = bench.store.events(EventFilter::default(), page).await;
    let all = all.unwrap().items.into_iter();
    all.filter(|entry| kinds.contains(&entry.kind)).collect()
}

pub(crate) async fn nothing_of_a_paused_destination_begins(bench: &Bench) {
    bench.accept(&post("a", 1).to(&["blog", "shop"])).await;
    pause(bench, destination("blog")).await;
    assert!(bench.claim("blog").await.is_empty());
    let waits = bench.publish("a-1").await.jobs;
    assert_eq!(waits[0].state, JobState::Queued);
    assert_eq!(waits[0].waits_for_pause, Some(PauseKind::Destination));
    assert_eq!(waits[1].waits_for_pause, None);
    assert_eq!(bench.claim("shop").await.len(), 1, "the others go on");
    assert!(resume(bench, destination("blog")).await);
    bench.live(&bench.claim_one("blog").await).await;
    assert_eq!(job_of(bench, "a-1").await.waits_for_pause, None);
}

pub(crate) async fn nothing_of_a_paused_class_begins(bench: &Bench) {
    bench.accept(&post("a", 1).class("bulk")).await;
    bench.accept(&post("b", 1)).await;
    pause(bench, BULK).await;
    let wants = || vec![want("blog", Class::Standard), want("blog", Class::Bulk)];
    let claimed = bench.store.claim(wants()).await.unwrap().jobs;
    let [job] = &claimed[..] else {
        panic!("{claimed:?}")
    };
    assert_eq!(job.item.content_id, "b");
    let waits = job_of(bench, "a-1").await;
    assert_eq!(waits.waits_for_pause, Some(PauseKind::Class));
    resume(bench, BULK).await;
    assert_eq!(bench.store.claim(wants()).await.unwrap().jobs.len(), 1);
}

pub(crate) async fn nothing_begins_while_everything_is_paused(bench: &Bench) {
    bench
        .accept(&post("a", 1).class("urgent").to(&["blog", "build"]))
        .await;
    pause(bench, Pausable::Everything).await;
    let wants = || vec![want("blog", Class::Urgent), want("build", Class::Urgent)];
    assert!(bench.store.claim(wants()).await.unwrap().jobs.is_empty());
    let waits = job_of(bench, "a-1").await;
    assert_eq!(waits.waits_for_pause, Some(PauseKind::Everything));
    bench.accept(&post("b", 1).class("urgent")).await;
    resume(bench, Pausable::Everything).await;
    assert_eq!(bench.store.claim(wants()).await.unwrap().jobs.len(), 3);
}

pub(crate) async fn what_is_paused_of_a_content_is_set_aside(bench: &Bench) {
    bench.accept(&post("a", 1)).await;
    bench.accept(&post("b", 1)).await;
    pause(bench, content("a", None)).await;
    assert_eq!(bench.claim_one("blog").await.item.content_id, "b");
    let waits = job_of(bench, "a-1").await;
    assert_eq!(
        (waits.state, waits.pending_reason, waits.waits_for_pause),
        (
            JobState::Pending,
            Some(PendingReason::Paused),
            Some(PauseKind::Content)
        )
    );
    assert_eq!(waits.next_attempt_at, None);
    assert_eq!(bench.publish("a-1").await.state, JobState::Pending);
    assert_eq!(bench.release(10).await.released, 0, "nothing releases it");
    assert_eq!(bench.store.pressure().open_jobs, 2);
    bench.clock.advance(MINUTE);
    assert!(bench.claim("blog").await.is_empty());
    assert!(resume(bench, content("a", None)).await);
    let queued = job_of(bench, "a-1").await;
    assert_eq!(
        (queued.state, queued.next_attempt_at),
        (JobState::Queued, Some(bench.now()))
    );
    bench.live(&bench.claim_one("blog").await).await;
    assert_eq!(bench.store.pressure().open_jobs, 1);
}

pub(crate) async fn a_content_is_paused_in_one_locale_or_in_all(bench: &Bench) {
    for locale in ["en", "de"] {
        let post = post("a", 1).locale(locale).key(locale);
        bench.accept(&post).await;
    }
    let elsewhere = Post {
        environment: "staging",
        ..post("a", 1).key("staging")
    };
    bench.accept(&elsewhere).await;
    pause(bench, content("a", Some("de"))).await;
    let begun: Vec<_> = bench.claim("blog").await;
    let locales: Vec<_> = begun
        .iter()
        .map(|job| (job.item.environment.as_str(), job.item.locale.as_str()))
        .collect();
    assert_eq!(locales, [("production", "en"), ("staging", "en")]);
    for job in &begun {
        bench.live(job).await;
    }
    pause(bench, content("a", None)).await;
    bench.accept(&post("a", 2).key("en-2")).await;
    bench.accept(&post("a", 1).locale("fr").key("fr")).await;
    assert!(bench.claim("blog").await.is_empty(), "a locale to come too");
    resume(bench, content("a", None)).await;
    let begun = bench.claim("blog").await;
    let locales: Vec<_> = begun.iter().map(|job| job.item.locale.as_str()).collect();
    assert_eq!(locales.len(), 2, "{locales:?}");
    assert!(!locales.contains(&"de"), "it is paused by itself");
    let de = job_of(bench, "de").await;
    assert_eq!(de.pending_reason, Some(PendingReason::Paused));
    resume(bench, content("a", Some("de"))).await;
    assert_eq!(bench.claim_one("blog").await.item.locale, "de");
}

pub(crate) async fn jobs_behind_those_that_are_set_aside_are_found(bench: &Bench) {
    for number in 0..6 {
        let id = format!("paused-{number}");
        bench.accept(&post(&id, 1)).await;
        pause(bench, content(&id, None)).await;
    }
    bench.accept(&post("free", 1)).await;
    let two = || Want {
        limit: 2,
        ..want("blog", Class::Standard)
    };
    let mut found = Vec::new();
    for _ in 0..5 {
        let claimed = bench.store.claim(vec![two()]).await.unwrap();
        found.extend(claimed.jobs);
        if claimed.next_due.is_none_or(|due| due > bench.now()) {
            break;
        }
    }
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].item.content_id, "free");
}

pub(crate) async fn a_newer_generation_takes_the_place_of_one_that_was_set_aside(bench: &Bench) {
    bench.accept(&post("a", 1)).await;
    pause(bench, content("a", None)).await;
    assert!(bench.claim("blog").await.is_empty());
    bench.accept(&post("a", 2)).await;
    assert_eq!(job_of(bench, "a-1").await.state, JobState::Superseded);
    assert!(bench.claim("blog").await.is_empty());
    assert_eq!(job_of(bench, "a-2").await.state, JobState::Pending);
    assert_eq!(bench.store.pressure().open_jobs, 1);
    resume(bench, content("a", None)).await;
    assert_eq!(bench.claim_one("blog").await.generation, Generation(2));
    assert!(bench.claim("blog").await.is_empty());
}

pub(crate) async fn runs_under_way_end_and_their_retries_wait(bench: &Bench) {
    bench.accept(&post("a", 1)).await;
    let run = bench.claim_one("blog").await;
    pause(bench, content("a", None)).await;
    pause(bench, destination("blog")).await;
    let retry = Verdict::Retry {
        at: bench.now(),
        failure: failure(),
    };
    assert!(bench.settle(ended(&run, retry)).await, "its end counts");
    assert!(bench.claim("blog").await.is_empty());
    resume(bench, destination("blog")).await;
    assert!(bench.claim("blog").await.is_empty());
    let waits = job_of(bench, "a-1").await;
    assert_eq!(waits.pending_reason, Some(PendingReason::Paused));
    assert_eq!(waits.reason_code, Some(failure().reason));
    resume(bench, content("a", None)).await;
    assert_eq!(bench.claim_one("blog").await.attempt, 2);
}

pub(crate) async fn looks_wait_too(bench: &Bench) {
    bench.accept(&post("a", 1).class("bulk")).await;
    let claimed = bench.store.claim(vec![want("blog", Class::Bulk)]).await;
    let run = claimed.unwrap().jobs.remove(0);
    let doubtful = Settlement {
        look_after: Some(MINUTE),
        ..live(&run)
    };
    assert!(bench.settle(doubtful).await);
    bench.clock.advance(MINUTE);
    for of in [
        Pausable::Everything,
        destination("blog"),
        BULK,
        content("a", None),
    ] {
        pause(bench, of.clone()).await;
        assert!(bench.claim_looks("blog").await.is_empty(), "{of}");
        assert!(bench.claim_looks("blog").await.is_empty(), "{of}");
        assert_eq!(bench.store.counts().await.unwrap().looks_owed, 1);
        assert!(resume(bench, of).await);
    }
    // Two pauses: ending one is not enough.
    pause(bench, BULK).await;
    pause(bench, content("a", None)).await;
    assert!(bench.claim_looks("blog").await.is_empty());
    resume(bench, BULK).await;
    assert!(bench.claim_looks("blog").await.is_empty());
    resume(bench, content("a", None)).await;
    let looks = bench.claim_looks("blog").await;
    assert_eq!(looks.len(), 1);
    bench.live(&looks[0]).await;
    assert_eq!(bench.store.counts().await.unwrap().looks_owed, 0);
}

pub(crate) async fn a_deadline_leaves_out_what_was_paused(bench: &Bench) {
    let deadlines = || {
        Class::ALL
            .map(|class| Deadline {
                class,
                after: 10 * MINUTE,
            })
            .into()
    };
    let expire = async || bench.store.expire(deadlines(), 10).await.unwrap();
    for of in [Pausable::Everything, destination("blog"), BULK] {
        let key = format!("{of}");
        bench.accept(&post(&key, 1).class("bulk").key(&key)).await;
        bench.clock.advance(6 * MINUTE);
        pause(bench, of.clone()).await;
        bench.clock.advance(60 * MINUTE);
        assert_eq!(expire().await, 0, "{of} is paused");
        resume(bench, of.clone()).await;
        assert_eq!(expire().await, 0, "{of} was paused");
        bench.clock.advance(3 * MINUTE);
        assert_eq!(expire().await, 0, "{of} was paused");
        bench.clock.advance(2 * MINUTE);
        assert_eq!(expire().await, 1, "{of}");
    }
    bench.accept(&post("a", 1)).await;
    bench.clock.advance(9 * MINUTE);
    pause(bench, content("a", None)).await;
    assert!(bench.claim("blog").await.is_empty());
    bench.clock.advance(60 * MINUTE);
    assert_eq!(expire().await, 0);
    resume(bench, content("a", None)).await;
    bench.clock.advance(9 * MINUTE);
    assert_eq!(expire().await, 0, "counted anew");
    bench.clock.advance(2 * MINUTE);
    assert_eq!(expire().await, 1);
}

pub(crate) async fn pausing_twice_is_pausing_once(bench: &Bench) {
    let first = pause(bench, destination("blog")).await;
    bench.clock.advance(MINUTE);
    let again = try_pause(bench, destination("blog"), "token:other").await;
    assert_eq!(again, Some(first), "the first stays");
    assert_eq!(bench.store.pauses(None).await.unwrap().len(), 1);
    assert!(resume(bench, destination("blog")).await);
    assert!(!resume(bench, destination("blog")).await);
    let entries = log(bench, &[EventType::Paused, EventType::Resumed]).await;
    assert_eq!(entries.len(), 2);
    pause(bench, destination("blog")).await;
    assert_eq!(bench.store.pauses(None).await.unwrap().len(), 1);
}

pub(crate) async fn pauses_that_overlap_end_one_by_one(bench: &Bench) {
    bench.accept(&post("a", 1).class("bulk")).await;
    let all = [
        Pausable::Everything,
        destination("blog"),
        BULK,
        content("a", None),
        content("a", Some("en")),
    ];
    for of in &all {
        pause(bench, of.clone()).await;
    }
    let kept = bench.store.pauses(Some("default".into())).await.unwrap();
    let kept: Vec<_> = kept.into_iter().map(|pause| pause.of).collect();
    assert_eq!(kept, all, "the widest first");
    let others = bench.store.pauses(Some("team".into())).await.unwrap();
    assert_eq!(others.len(), 3, "contents are their owner's");
    let claim = async || {
        let claimed = bench.store.claim(vec![want("blog", Class::Bulk)]).await;
        claimed.unwrap().jobs.len()
    };
    for of in all {
        assert_eq!(claim().await, 0, "{of}");
        resume(bench, of).await;
    }
    assert_eq!(claim().await, 1);
}

pub(crate) async fn what_is_not_known_is_not_paused(bench: &Bench) {
    bench.accept(&post("a", 1)).await;
    for of in [
        destination("nowhere"),
        content("b", None),
        content("a", Some("de")),
    ] {
        assert_eq!(try_pause(bench, of.clone(), "token:ops").await, None);
        assert!(!resume(bench, of).await);
    }
    assert!(bench.store.pauses(None).await.unwrap().is_empty());
}

pub(crate) async fn pauses_are_on_the_record(bench: &Bench) {
    bench.accept(&post("a", 1)).await;
    pause(bench, destination("blog")).await;
    resume(bench, destination("blog")).await;
    pause(bench, content("a", None)).await;
    assert!(bench.claim("blog").await.is_empty());
    resume(bench, content("a", None)).await;
    let entries = log(bench, &[EventType::Paused, EventType::Resumed]).await;
    let said: Vec<_> = entries
        .iter()
        .map(|entry| (entry.kind, entry.actor.as_str(), entry.outcome.as_str()))
        .collect();
    let (paused, resumed) = (EventType::Paused, EventType::Resumed);
    assert_eq!(
        said,
        [
            (paused, "token:ops", "paused"),
            (resumed, "token:ops", "resumed"),
            (paused, "token:ops", "paused"),
            (paused, "engine", "waits"),
            (resumed, "token:ops", "resumed"),
            (resumed, "token:ops", "queued"),
        ]
    );
    assert_eq!(entries[0].detail["what"], "destination");
    assert_eq!(entries[0].detail["destination"], "blog");
    assert_eq!(entries[0].detail["note"], "maintenance");
    assert_eq!(entries[2].content_id, "a");
    assert_eq!(entries[5].request_id, "a-1");
    let of = |owner: &str| EventFilter {
        owner: Some(owner.into()),
        kind: Some("paused".into()),
        ..EventFilter::default()
    };
    for (owner, seen) in [("default", 3), ("team", 1)] {
        let page = Page {
            limit: 10,
            cursor: None,
        };
        let found = bench.store.events(of(owner), page).await.unwrap();
        assert_eq!(found.items.len(), seen, "{owner}");
    }
    let check = bench.store.verify_log().await.unwrap();
    assert!(check.faults.is_empty(), "{check:?}");
}
