//! What a vendor's answers are taken for, and whether its connector is what it says it is.

use std::time::Duration;

use slugline_connectors::fake::Faults;
use slugline_connectors::registry;
use slugline_core::connector::{Connector, Repeat, Shown};
use slugline_core::decide::Observed;
use slugline_core::failure::Failure;
use slugline_core::item::Action;
use slugline_core::reason::ErrorClass;

use super::stage::StagePort;
use super::{Rehearsal, Vendor, one_run};
use crate::port::end;

/// One item of this action, and a run of it by this connector.
fn run<V: Vendor>(
    rehearsal: &mut Rehearsal<V>,
    connector: &dyn Connector,
) -> Result<Shown, Failure> {
    let port = StagePort::new(&mut rehearsal.stage, 0);
    one_run(connector, &rehearsal.stories[&0].work, &port)
}

fn wanting<V: Vendor>(action: Action) -> Rehearsal<V> {
    let mut rehearsal = Rehearsal::calm(2);
    rehearsal.next(0, action);
    let hero = rehearsal.hero(1);
    let story = rehearsal.stories.get_mut(&0).expect("it was just made");
    story.work.media = vec![hero];
    rehearsal
}

fn shows_nothing<V: Vendor>(rehearsal: &Rehearsal<V>) {
    assert_eq!(rehearsal.stage.vendor.shown(), []);
    assert!(rehearsal.stage.vendor.received().is_empty());
}

pub(crate) fn a_refused_field_is_named<V: Vendor>() {
    for (path, spoil) in V::refuses() {
        let mut rehearsal = wanting::<V>(Action::Publish);
        let story = rehearsal.stories.get_mut(&0).expect("it was just made");
        spoil(&mut story.work);
        let failure = run(&mut rehearsal, V::connector().as_ref()).unwrap_err();
        assert_eq!(failure.class(), ErrorClass::Invalid, "{failure:?}");
        assert!(
            failure.fields.contains(&path.to_owned()),
            "{path}: {failure:?}"
        );
        shows_nothing(&rehearsal);
        let work = rehearsal.stories[&0].work.clone();
        let port = StagePort::new(&mut rehearsal.stage, 0);
        end(V::connector().tidy(&work, &port)).expect("there is nothing to sweep up");
        end(V::connector().undo(&work, &port)).expect("there is nothing to undo");
    }
    assert!(!V::refuses().is_empty(), "every vendor refuses something");
}

pub(crate) fn a_throttled_request_says_for_how_long<V: Vendor>() {
    let mut rehearsal = wanting::<V>(Action::Publish);
    if rehearsal.stage.vendor.files().is_some() {
        return;
    }
    rehearsal.stage.faults = Faults::parse("throttle=1@7s").unwrap();
    let failure = run(&mut rehearsal, V::connector().as_ref()).unwrap_err();
    assert_eq!(failure.class(), ErrorClass::Throttled, "{failure:?}");
    assert_eq!(failure.retry_after, Some(Duration::from_secs(7)));
    shows_nothing(&rehearsal);
}

pub(crate) fn a_write_without_an_answer_is_unknown<V: Vendor>() {
    let mut rehearsal = wanting::<V>(Action::Publish);
    rehearsal.stage.loses_a_write = true;
    match run(&mut rehearsal, V::connector().as_ref()) {
        // It looked for itself.
        Ok(_) => assert!(V::connector().capabilities().readable),
        Err(failure) => assert_eq!(failure.class(), ErrorClass::Unknown, "{failure:?}"),
    }
    assert!(!rehearsal.stage.loses_a_write, "there was a write to lose");
    rehearsal.settle();
    rehearsal.check();
}

/// Where credentials rotate, it is the engine that renews them: its tests show how.
pub(crate) fn refused_credentials_are_known_as_such<V: Vendor>() {
    let rotates = V::connector().renewal().is_some();
    let Some(locked_out) = V::locked_out() else {
        assert!(!rotates, "what rotates can be refused");
        return;
    };
    for action in [Action::Publish, Action::Unpublish] {
        let mut rehearsal = wanting::<V>(action);
        let failure = run(&mut rehearsal, locked_out.as_ref()).unwrap_err();
        assert_eq!(failure.class(), ErrorClass::Auth, "{failure:?}");
        shows_nothing(&rehearsal);
        let authorized = rehearsal
            .stage
            .sent
            .iter()
            .any(|request| request.authorized);
        assert_eq!(authorized, rotates, "whose credential rotates says so");
    }
}

pub(crate) fn what_it_can_do_is_as_it_says<V: Vendor>() {
    let (connector, mut rehearsal) = (V::connector(), wanting::<V>(Action::Publish));
    let said = connector.capabilities();
    assert!(registry::types().any(|kind| kind == said.kind));
    assert!(said.concurrency > 0 && said.timeout > Duration::ZERO);
    let observed = {
        let port = StagePort::new(&mut rehearsal.stage, 0);
        end(connector.observe(&rehearsal.stories[&0].work, &port)).unwrap()
    };
    assert_eq!(observed != Observed::Unreadable, said.readable);
    let shown = run(&mut rehearsal, connector.as_ref()).unwrap();
    assert_eq!(!shown.fingerprint.is_empty(), said.readable);
    let writes = rehearsal.stage.writes;
    assert_eq!(run(&mut rehearsal, connector.as_ref()), Ok(shown));
    let repeats = rehearsal.stage.writes > writes;
    assert_eq!(repeats, said.repeat != Repeat::LooksUp, "{:?}", said.repeat);
    rehearsal.settle();
    rehearsal.check();
    drafts_are_as_it_says::<V>(said.drafts);
}

fn drafts_are_as_it_says<V: Vendor>(can: bool) {
    let mut rehearsal = wanting::<V>(Action::Draft);
    let outcome = run(&mut rehearsal, V::connector().as_ref());
    shows_nothing(&rehearsal);
    if can {
        assert!(outcome.is_ok(), "{outcome:?}");
        assert_eq!(rehearsal.stage.vendor.hidden(), 1);
        return;
    }
    let failure = outcome.unwrap_err();
    assert_eq!(failure.class(), ErrorClass::Invalid);
    assert_eq!(failure.fields, ["action"]);
}
