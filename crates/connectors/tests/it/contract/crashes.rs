//! Runs that die before or after each of their requests in turn, and the runs after them.

use slugline_core::item::Action;

use super::stage::Doom;
use super::{Rehearsal, Vendor};

/// More requests than any run here sends.
const MANY: usize = 80;
/// What went well before, and what the dying run does.
const STORIES: [(&[Action], Action); 6] = [
    (&[], Action::Publish),
    (&[Action::Publish], Action::Publish),
    (&[Action::Publish], Action::Unpublish),
    (&[Action::Publish], Action::Delete),
    (&[Action::Publish, Action::Unpublish], Action::Publish),
    (&[Action::Publish, Action::Delete], Action::Publish),
];

/// Media first: the generations of these stories have a picture each.
pub(crate) fn a_crash_between_any_two_requests<V: Vendor>() {
    for (before, last) in STORIES {
        for carried_out in [false, true] {
            let dies = |left: &usize| {
                dies::<V>(
                    before,
                    last,
                    Doom {
                        left: *left,
                        carried_out,
                    },
                )
            };
            let deaths = (0..MANY).take_while(dies).count();
            assert!(deaths > 0, "{last:?} after {before:?} sends nothing");
            assert!(deaths < MANY, "{last:?} after {before:?} never ends");
        }
    }
}

/// Whether the run died; if so, all is well in the end.
fn dies<V: Vendor>(before: &[Action], last: Action, doom: Doom) -> bool {
    let mut rehearsal = Rehearsal::<V>::calm(3);
    for action in before {
        rehearsal.next_with_hero(*action);
        rehearsal.run(0);
        assert_eq!(rehearsal.stories[&0].failure, None);
    }
    rehearsal.next_with_hero(last);
    rehearsal.stage.doom = Some(doom);
    rehearsal.run(0);
    let died = rehearsal.stage.doom.take().is_none();
    assert_eq!(died, rehearsal.stories[&0].failure.is_some());
    rehearsal.settle();
    rehearsal.check();
    died
}

impl<V: Vendor> Rehearsal<V> {
    fn next_with_hero(&mut self, action: Action) {
        self.next(0, action);
        let hero = self.hero(self.stories[&0].bodies.len());
        let story = self.stories.get_mut(&0).expect("it was just made");
        if action == Action::Publish {
            story.work.media = vec![hero];
            let body = story.bodies.last_mut().expect("it was just made");
            body.media.clone_from(&story.work.media);
        }
    }
}
