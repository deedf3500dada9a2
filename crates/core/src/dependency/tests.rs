//! When a dependency is met, how long it is waited for, and which cycles are real.

use super::*;

fn place(locale: &str, destination: &str, desired: Action, shown: Option<Action>) -> Place {
    Place {
        locale: locale.into(),
        at: Some(Standing {
            destination: destination.into(),
            desired,
            shown,
        }),
    }
}

fn is_met(places: &[Place]) -> bool {
    let destinations = ["blog".to_owned(), "shop".to_owned()];
    let dependant = Dependant {
        action: Action::Publish,
        locale: "en",
        destinations: &destinations,
    };
    dependant.is_met_by(places)
}

const SHOWN: Option<Action> = Some(Action::Publish);

#[test]
fn what_nobody_has_heard_of_is_not_live() {
    assert!(!is_met(&[]));
    let known = Place {
        locale: "en".into(),
        at: None,
    };
    assert!(!is_met(&[known]));
}

#[test]
fn it_must_be_shown_wherever_both_go() {
    let blog = place("en", "blog", Action::Publish, SHOWN);
    let shop = place("en", "shop", Action::Publish, None);
    assert!(is_met(std::slice::from_ref(&blog)));
    assert!(!is_met(&[blog.clone(), shop]));
    let elsewhere = place("en", "search", Action::Publish, None);
    assert!(is_met(&[blog, elsewhere]), "it does not go there");
}

#[test]
fn where_it_goes_to_none_of_the_places_any_other_will_do() {
    let at = |shown| place("en", "search", Action::Publish, shown);
    assert!(is_met(&[at(SHOWN)]));
    assert!(!is_met(&[at(None)]));
}

#[test]
fn what_is_being_removed_or_was_removed_is_not_live() {
    assert!(!is_met(&[place("en", "blog", Action::Unpublish, SHOWN)]));
    let again = place("en", "blog", Action::Publish, Some(Action::Unpublish));
    assert!(!is_met(&[again]), "it comes back, and is not back yet");
    assert!(!is_met(&[place(
        "en",
        "blog",
        Action::Draft,
        Some(Action::Draft)
    )]));
}

#[test]
fn a_draft_may_refer_to_a_draft() {
    let dependant = Dependant {
        action: Action::Draft,
        locale: "en",
        destinations: &[],
    };
    let draft = place("en", "preview", Action::Draft, Some(Action::Draft));
    assert!(dependant.is_met_by(&[draft]));
}

#[test]
fn another_locale_counts_only_where_its_own_does_not_exist() {
    let german = place("de", "blog", Action::Publish, SHOWN);
    let english = place("en", "blog", Action::Publish, None);
    let french = place("fr", "blog", Action::Publish, None);
    assert!(is_met(&[german.clone(), french]), "one of them is live");
    assert!(!is_met(&[german, english]));
}

fn outlook(waited: u64, patience: u64, cycle: Option<&[String]>) -> Outlook {
    let waiting = Waiting {
        since: Timestamp(0),
        patience: Some(Duration::from_secs(patience)),
        unmet: &["a".into(), "b".into()],
        cycle,
    };
    waiting.outlook(Timestamp(0).plus(Duration::from_secs(waited)))
}

#[test]
fn it_is_looked_at_less_and_less_often_and_at_its_deadline() {
    let at = |seconds| Outlook::Wait(Timestamp(0).plus(Duration::from_secs(seconds)));
    assert_eq!(outlook(0, 9_000, None), at(1));
    assert_eq!(outlook(20, 9_000, None), at(40));
    assert_eq!(outlook(3_000, 9_000, None), at(3_300));
    assert_eq!(outlook(8_990, 9_000, None), at(9_000));
    let Outlook::GiveUp(failure) = outlook(9_000, 9_000, None) else {
        panic!("it waits past its deadline")
    };
    assert_eq!(failure.reason, Reason::DependencyNotLive);
    assert!(failure.message.ends_with("a, b"), "{}", failure.message);
}

#[test]
fn a_cycle_ends_at_once_and_is_named() {
    let cycle = ["a".to_owned(), "b".to_owned(), "a".to_owned()];
    let Outlook::GiveUp(failure) = outlook(0, 9_000, Some(&cycle)) else {
        panic!("it waits for itself")
    };
    assert_eq!(failure.reason, Reason::DependencyCycle);
    assert!(failure.message.contains("a → b → a"), "{}", failure.message);
}

/// Publishes that wait: their numbers, contents and needs.
fn closed_by(own: &str, publish: i64, waiting: &[(i64, &str, &[&str])]) -> Option<Vec<String>> {
    closed_besides(own, publish, waiting, "")
}

fn closed_besides(
    own: &str,
    publish: i64,
    waiting: &[(i64, &str, &[&str])],
    unhindered: &str,
) -> Option<Vec<String>> {
    let mut search = CycleSearch::from(own);
    while let Some(content_id) = search.wanted().pop() {
        let of_content = waiting.iter().filter(|(_, of, _)| *of == content_id);
        let of_content = of_content.map(|(id, _, unmet)| {
            let unmet = unmet.iter().map(|id| (*id).to_owned());
            (PublishId(*id), unmet.collect())
        });
        let coming = Coming {
            unhindered: content_id == unhindered,
            waiting: of_content.collect(),
        };
        search.learn(content_id, coming);
    }
    search.closed_by(PublishId(publish))
}

#[test]
fn the_publish_that_closes_a_cycle_is_the_newest_in_it() {
    let waiting: [(i64, &str, &[&str]); 3] =
        [(1, "a", &["b"]), (2, "b", &["x", "c"]), (3, "c", &["a"])];
    assert_eq!(
        closed_by("c", 3, &waiting),
        Some(["c", "a", "b", "c"].map(str::to_owned).to_vec())
    );
    assert_eq!(closed_by("a", 1, &waiting), None);
    assert_eq!(closed_by("c", 3, &waiting[1..]), None, "nothing of a waits");
}

#[test]
fn what_can_go_live_by_another_way_is_in_no_cycle() {
    let waiting: [(i64, &str, &[&str]); 2] = [(1, "a", &["b"]), (2, "b", &["a"])];
    assert!(closed_by("b", 2, &waiting).is_some());
    assert_eq!(closed_besides("b", 2, &waiting, "a"), None);
    let other_locale: [(i64, &str, &[&str]); 3] =
        [(1, "a", &["b"]), (2, "b", &["a"]), (3, "a", &["x"])];
    assert_eq!(closed_by("b", 2, &other_locale), None);
}

#[test]
fn one_that_leads_into_a_cycle_is_not_in_it() {
    let waiting: [(i64, &str, &[&str]); 3] = [(1, "a", &["b"]), (2, "b", &["a"]), (3, "c", &["a"])];
    assert_eq!(closed_by("c", 3, &waiting), None);
}

#[test]
fn a_search_has_an_end() {
    let ids: Vec<String> = (0..=MAX_SEARCHED).map(|n| n.to_string()).collect();
    let mut search = CycleSearch::from("0");
    let mut asked = 0;
    while let Some(content_id) = search.wanted().pop() {
        asked += 1;
        let next = (content_id.parse::<usize>().unwrap() + 1) % ids.len();
        let coming = Coming {
            unhindered: false,
            waiting: vec![(PublishId(0), vec![ids[next].clone()])],
        };
        search.learn(content_id, coming);
    }
    assert_eq!(asked, MAX_SEARCHED);
    assert_eq!(search.closed_by(PublishId(0)), None);
}
