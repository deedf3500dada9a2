//! What people do: actions on jobs, rollbacks, notes.

use std::time::Duration;

use slugline_core::ids::{Fence, JobId};
use slugline_core::intake::{Origin, Submission};
use slugline_core::item::Class;
use slugline_core::lifecycle::{JobState, PendingReason, Verdict};
use slugline_core::operator::JobAction;
use slugline_core::problem::{Code, Problem};
use slugline_core::version::Generation;
use slugline_engine::store::{Deadline, JobOrder, NewNote, NoteKind, Settlement};

use crate::bench::{Bench, Post, ended, failure, post};

const HOUR: Duration = Duration::from_secs(3_600);

pub(super) fn order(job: JobId, action: JobAction) -> JobOrder {
    JobOrder {
        job,
        owner: "default".into(),
        environments: Vec::new(),
        action,
        actor: "token:ops".into(),
        note: None,
        runs: None,
    }
}

pub(super) async fn act(bench: &Bench, order: JobOrder) -> Result<JobState, Problem> {
    bench.store.act(vec![order]).await.unwrap().remove(0)
}

pub(super) async fn dead(bench: &Bench, post: &Post) -> JobId {
    bench.accept(post).await;
    let job = bench.claim_one(post.targets[0]).await;
    assert!(bench.settle(ended(&job, Verdict::Dead(failure()))).await);
    job.job
}

pub(crate) async fn a_dead_letter_is_retried_with_all_its_attempts(bench: &Bench) {
    let job = dead(bench, &post("a", 1)).await;
    bench.clock.advance(HOUR);
    let retried = act(bench, order(job, JobAction::Retry)).await;
    assert_eq!(retried, Ok(JobState::Queued));
    assert_eq!(bench.job(job).await.attempt_count, 0);
    assert_eq!(bench.store.pressure().open_jobs, 1);
    // Its deadline counts from now.
    let deadline = Deadline {
        class: Class::Standard,
        after: HOUR / 2,
    };
    assert_eq!(bench.store.expire(vec![deadline], 9).await.unwrap(), 0);
    let again = bench.claim_one("blog").await;
    assert_eq!((again.job, again.generation), (job, Generation(1)));
    bench.live(&again).await;
    let refused = act(bench, order(job, JobAction::Retry)).await.unwrap_err();
    assert_eq!(refused.code, Code::IllegalState);
}

pub(crate) async fn of_two_who_do_the_same_one_finds_it_done(bench: &Bench) {
    let job = dead(bench, &post("a", 1)).await;
    let orders = vec![order(job, JobAction::Retry), order(job, JobAction::Retry)];
    let answers = bench.store.act(orders).await.unwrap();
    assert_eq!(answers[0], Ok(JobState::Queued));
    assert_eq!(answers[1].as_ref().unwrap_err().code, Code::IllegalState);
    assert_eq!(bench.store.pressure().open_jobs, 1);
}

pub(crate) async fn what_has_run_since_is_left_alone(bench: &Bench) {
    let job = dead(bench, &post("a", 1)).await;
    let seen = |runs| JobOrder {
        runs: Some(Fence(runs)),
        ..order(job, JobAction::Skip)
    };
    let refused = act(bench, seen(0)).await.unwrap_err();
    assert_eq!(refused.code, Code::ChangedMeanwhile);
    assert_eq!(bench.job(job).await.state, JobState::Failed);
    assert_eq!(act(bench, seen(1)).await, Ok(JobState::Skipped));
    assert_eq!(bench.store.pressure().open_jobs, 0);
    assert!(bench.claim("blog").await.is_empty());
}

pub(crate) async fn a_dead_letter_with_a_successor_is_not_retried(bench: &Bench) {
    let job = dead(bench, &post("a", 1)).await;
    bench.published(&post("a", 2)).await;
    let refused = act(bench, order(job, JobAction::Retry)).await.unwrap_err();
    assert_eq!(refused.code, Code::Superseded);
    assert!(bench.claim("blog").await.is_empty());
}

pub(crate) async fn what_waited_in_vain_waits_again(bench: &Bench) {
    let post_b = post("b", 1).after(&["a"]);
    let waiting = bench.accept(&post_b).await.answer.jobs[0].job_id;
    let deadlines = vec![Deadline {
        class: Class::Standard,
        after: HOUR,
    }];
    bench.clock.advance(HOUR * 2);
    let given_up = bench.store.release(deadlines, 9).await.unwrap().given_up;
    assert_eq!(given_up, 1);
    assert_eq!(bench.job(waiting).await.state, JobState::Failed);
    assert_eq!(
        act(bench, order(waiting, JobAction::Retry)).await,
        Ok(JobState::Pending)
    );
    let view = bench.job(waiting).await;
    assert_eq!(view.pending_reason, Some(PendingReason::Dependency));
    assert_eq!(bench.release(9).await.released, 0);
    bench.published(&post("a", 1)).await;
    bench.clock.advance(HOUR);
    assert_eq!(bench.release(9).await.released, 1);
    assert_eq!(bench.claim_one("blog").await.job, waiting);
}

pub(crate) async fn what_was_not_released_is_taken_back(bench: &Bench) {
    let at = bench.now().plus(HOUR);
    let job = bench.accept(&post("a", 1).at(at)).await.answer.jobs[0].job_id;
    assert_eq!(
        act(bench, order(job, JobAction::Cancel)).await,
        Ok(JobState::Cancelled)
    );
    assert_eq!(bench.store.pressure().open_jobs, 0);
    bench.clock.advance(HOUR * 2);
    assert_eq!(bench.release(9).await.released, 0);
    assert!(bench.claim("blog").await.is_empty());
    bench.accept(&post("b", 1)).await;
    let queued = bench.claim_one("blog").await.job;
    let refused = act(bench, order(queued, JobAction::Cancel))
        .await
        .unwrap_err();
    assert_eq!(refused.code, Code::IllegalState);
}

pub(crate) async fn what_is_taken_back_gives_its_slug_back(bench: &Bench) {
    let later = bench.now().plus(HOUR);
    let cancelled = async |post: Post| {
        let job = bench.accept(&post.at(later)).await.answer.jobs[0].job_id;
        let answer = act(bench, order(job, JobAction::Cancel)).await;
        assert_eq!(answer, Ok(JobState::Cancelled));
        bench.release(9).await
    };
    // Nothing holds it: it is free.
    assert_eq!(cancelled(post("a", 1).slug("here")).await.slugs_freed, 1);
    bench.published(&post("b", 1).slug("here")).await;
    // What is live holds it again.
    assert_eq!(cancelled(post("b", 2).slug("moved")).await.slugs_freed, 1);
    assert_eq!(bench.content("b").await.slug.as_deref(), Some("here"));
    assert_eq!(
        bench.refused(&post("c", 1).slug("here")).await,
        Code::SlugTaken
    );
    bench.accept(&post("c", 2).slug("moved")).await;
    cancelled(post("b", 3).action("unpublish")).await;
    assert_eq!(bench.content("b").await.slug.as_deref(), Some("here"));
    assert_eq!(
        bench.refused(&post("d", 1).slug("here")).await,
        Code::SlugTaken
    );
    // It keeps it with its next version.
    let mut next = post("b", 4);
    next.slug = None;
    bench.accept(&next).await;
    assert_eq!(bench.content("b").await.slug.as_deref(), Some("here"));
}

pub(crate) async fn a_slug_that_is_promised_stays_promised(bench: &Bench) {
    bench.published(&post("a", 1).slug("here")).await;
    let at = bench.now().plus(HOUR);
    let moving = bench.accept(&post("a", 2).slug("moved").at(at)).await;
    let waiting = bench.accept(&post("b", 1).slug("here")).await;
    let job = moving.answer.jobs[0].job_id;
    let answer = act(bench, order(job, JobAction::Cancel)).await;
    assert_eq!(answer, Ok(JobState::Cancelled));
    bench.release(9).await;
    assert_eq!(bench.state(&waiting).await, JobState::Pending);
    bench.published(&post("a", 3).slug("moved")).await;
    bench.release(9).await;
    assert_eq!(bench.state(&waiting).await, JobState::Queued);
}

pub(crate) async fn a_paused_job_waits_until_it_is_resumed(bench: &Bench) {
    let job = bench.accept(&post("a", 1)).await.answer.jobs[0].job_id;
    assert_eq!(
        act(bench, order(job, JobAction::Pause)).await,
        Ok(JobState::Pending)
    );
    assert_eq!(
        bench.job(job).await.pending_reason,
        Some(PendingReason::Paused)
    );
    assert!(bench.claim("blog").await.is_empty());
    assert_eq!(bench.release(9).await.released, 0);
    assert_eq!(
        act(bench, order(job, JobAction::Resume)).await,
        Ok(JobState::Queued)
    );
    assert_eq!(bench.claim_one("blog").await.job, job);
}

pub(crate) async fn a_newer_generation_takes_the_place_of_a_paused_one(bench: &Bench) {
    let job = bench.accept(&post("a", 1)).await.answer.jobs[0].job_id;
    act(bench, order(job, JobAction::Pause)).await.unwrap();
    bench.accept(&post("a", 2)).await;
    assert_eq!(bench.job(job).await.state, JobState::Superseded);
    assert_eq!(bench.store.pressure().open_jobs, 1);
    assert_eq!(bench.claim_one("blog").await.generation, Generation(2));
}

pub(crate) async fn nobody_acts_for_others(bench: &Bench) {
    let job = dead(bench, &post("a", 1)).await;
    let other = JobOrder {
        owner: "other".into(),
        ..order(job, JobAction::Retry)
    };
    assert_eq!(act(bench, other).await.unwrap_err().code, Code::NotFound);
    let elsewhere = JobOrder {
        environments: vec!["staging".into()],
        ..order(job, JobAction::Retry)
    };
    assert_eq!(
        act(bench, elsewhere).await.unwrap_err().code,
        Code::Forbidden
    );
    let nobody = act(bench, order(JobId(987_654), JobAction::Retry)).await;
    assert_eq!(nobody.unwrap_err().code, Code::NotFound);
    assert_eq!(bench.job(job).await.state, JobState::Failed);
}

/// The body of `post` as a generation that a person makes.
pub(super) fn by_person(
    bench: &Bench,
    post: &Post,
    seen: i64,
    restores: Option<i64>,
) -> Submission {
    let submission = post
        .clone()
        .key(&format!("person-{seen}"))
        .submission(bench.now());
    Submission {
        origin: Origin::Person {
            seen: Generation(seen),
            restores: restores.map(Generation),
            slug: None,
        },
        ..submission
    }
}

async fn last_good(bench: &Bench, below: i64) -> Option<i64> {
    let item = post("a", 1).submission(bench.now()).item;
    let found = bench
        .store
        .last_good(&item, "blog", Generation(below))
        .await;
    found.unwrap().map(|generation| generation.0)
}

pub(crate) async fn a_rollback_brings_the_last_good_body_back(bench: &Bench) {
    let good = post("a", 1);
    bench.published(&good).await;
    let bad = bench.published(&post("a", 2)).await;
    assert_eq!(last_good(bench, 2).await, Some(1));
    assert_eq!(last_good(bench, 1).await, None);
    let rollback = by_person(bench, &good, 2, Some(1));
    let decided = bench
        .store
        .accept(vec![rollback.clone()])
        .await
        .unwrap()
        .remove(0)
        .unwrap();
    assert_eq!(decided.answer.generation, Some(Generation(3)));
    assert_eq!(
        bench.job(bad.job).await.state,
        JobState::Live,
        "it is what is seen"
    );
    let run = bench.claim_one("blog").await;
    assert_eq!(
        (run.generation, run.payload.title.as_str()),
        (Generation(3), "a 1")
    );
    bench.live(&run).await;
    assert_eq!(bench.job(bad.job).await.state, JobState::RolledBack);
    assert_eq!(
        last_good(bench, 3).await,
        None,
        "nothing was good before what it brought back"
    );
    // Twice is once; from an old page it is refused.
    let again = bench
        .store
        .accept(vec![rollback])
        .await
        .unwrap()
        .remove(0)
        .unwrap();
    assert_eq!(again.answer.publish_id, decided.answer.publish_id);
    let late = Submission {
        key: "other".into(),
        ..by_person(bench, &good, 2, Some(1))
    };
    let refused = bench
        .store
        .accept(vec![late])
        .await
        .unwrap()
        .remove(0)
        .unwrap_err();
    assert_eq!(refused.code, Code::Superseded);
}

pub(crate) async fn the_bad_version_comes_late_in_vain(bench: &Bench) {
    let good = post("a", 1);
    bench.published(&good).await;
    bench.published(&post("a", 2)).await;
    bench
        .store
        .accept(vec![by_person(bench, &good, 2, Some(1))])
        .await
        .unwrap()
        .remove(0)
        .unwrap();
    let run = bench.claim_one("blog").await;
    bench.live(&run).await;
    for late in [
        post("a", 2).key("late").to(&["blog", "shop"]),
        post("a", 1).key("later"),
    ] {
        let decided = bench.accept(&late).await;
        assert!(decided.answer.jobs.is_empty(), "{:?}", decided.answer);
    }
    assert_eq!(
        bench
            .refused(&Post {
                title: "x".into(),
                ..post("a", 2).key("other")
            })
            .await,
        Code::VersionConflict
    );
    let next = bench.accept(&post("a", 3)).await;
    assert_eq!(next.answer.generation, Some(Generation(4)));
}

pub(crate) async fn notes_are_kept_with_who_wrote_them(bench: &Bench) {
    let job = dead(bench, &post("a", 1)).await;
    let why = JobOrder {
        note: Some("ask the shop team".into()),
        ..order(job, JobAction::Escalate)
    };
    assert_eq!(act(bench, why).await, Ok(JobState::Failed));
    let item = post("a", 1).submission(bench.now()).item;
    let note = NewNote {
        item: item.clone(),
        job: None,
        actor: "token:ann".into(),
        text: "seen".into(),
    };
    bench.clock.advance(HOUR);
    assert!(bench.store.write_note(note.clone()).await.unwrap());
    let absent = slugline_core::item::ItemKey {
        content_id: "none".into(),
        ..item
    };
    assert!(
        !bench
            .store
            .write_note(NewNote {
                item: absent,
                ..note
            })
            .await
            .unwrap()
    );
    let other = dead(bench, &post("b", 1)).await;
    for about in [job, other] {
        let of_job = NewNote {
            item: post("a", 1).submission(bench.now()).item,
            job: Some(about),
            actor: "token:ann".into(),
            text: "renewed".into(),
        };
        assert!(bench.store.write_note(of_job).await.unwrap());
    }
    let notes = bench.store.notes("default", "a", 9).await.unwrap();
    let said: Vec<_> = notes
        .iter()
        .map(|note| {
            (
                note.kind,
                note.actor.as_str(),
                note.text.as_str(),
                note.job_id,
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            (NoteKind::Note, "token:ann", "renewed", None),
            (NoteKind::Note, "token:ann", "renewed", Some(job)),
            (NoteKind::Note, "token:ann", "seen", None),
            (
                NoteKind::Escalation,
                "token:ops",
                "ask the shop team",
                Some(job)
            ),
        ]
    );
    assert!(bench.store.notes("other", "a", 9).await.unwrap().is_empty());
}

pub(crate) async fn a_retry_waits_for_a_look_that_is_under_way(bench: &Bench) {
    bench.accept(&post("a", 1)).await;
    let run = bench.claim_one("blog").await;
    let in_doubt = Settlement {
        look_after: Some(HOUR),
        ..ended(&run, Verdict::Dead(failure()))
    };
    assert!(bench.settle(in_doubt).await);
    bench.clock.advance(HOUR);
    let look = bench.claim_looks("blog").await.remove(0);
    let retried = act(bench, order(run.job, JobAction::Retry)).await;
    assert_eq!(retried, Ok(JobState::Queued));
    assert!(
        bench.claim("blog").await.is_empty(),
        "the lane is the look's"
    );
    let paid = Settlement {
        looked: true,
        ..ended(&look, Verdict::Superseded)
    };
    assert!(bench.settle(paid).await, "the look keeps its right");
    assert_eq!(bench.claim_one("blog").await.job, run.job);
}
