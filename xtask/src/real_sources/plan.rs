//! What an editor does in a CMS: entries that are written, published, edited in haste, taken back, published again and
//! deleted. Ensures that the same seed gives the same deeds in the same order, and that no two texts are alike.

/// What an entry says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) title: String,
    pub(super) slug: String,
    pub(super) body: String,
}

/// What an editor does to an entry that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Deed {
    Publish,
    /// Saves another text; what is public changes with it where the entry is.
    Edit(Text),
    Unpublish,
    Delete,
}

/// The life of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Story {
    /// As it is written first.
    pub(super) draft: Text,
    pub(super) deeds: Vec<Deed>,
}

/// How stories go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// Everything that an editor may do, while every webhook arrives in the end.
    Trouble,
    /// What a poll can find, while some webhooks never arrive: what is published and edited.
    Loss,
    /// WordPress is a destination too: it tells of what Slugline writes there. No editor works by plan.
    Echo,
}

/// The stories of a CMS in an act.
pub(super) fn stories(cms: &str, act: Act, count: usize, random: &mut fastrand::Rng) -> Vec<Story> {
    let story = |number| {
        let name = match act {
            Act::Trouble => format!("{cms}-{number}"),
            Act::Loss | Act::Echo => format!("{cms}-lost-{number}"),
        };
        story(&name, act, random)
    };
    (0..count).map(story).collect()
}

/// Which story goes on next, until all are at their end: often the same again, as editors save twice in a moment.
pub(super) fn order(stories: &[Story], random: &mut fastrand::Rng) -> Vec<usize> {
    let mut left: Vec<usize> = stories.iter().map(|story| 1 + story.deeds.len()).collect();
    let mut order: Vec<usize> = Vec::new();
    while left.iter().any(|left| *left > 0) {
        let again = order.last().copied().filter(|_| random.bool());
        let open: Vec<usize> = (0..left.len()).filter(|story| left[*story] > 0).collect();
        let any = open[random.usize(..open.len())];
        let next = again.filter(|story| left[*story] > 0).unwrap_or(any);
        left[next] -= 1;
        order.push(next);
    }
    order
}

fn story(name: &str, act: Act, random: &mut fastrand::Rng) -> Story {
    let mut drafts = 0;
    let mut text = |moved: bool| {
        drafts += 1;
        text(name, drafts, moved)
    };
    let draft = text(false);
    let mut deeds = vec![Deed::Publish];
    let mut edits = |deeds: &mut Vec<Deed>, most, moves| {
        for _ in 0..random.usize(..=most) {
            deeds.push(Deed::Edit(text(moves && random.u8(..4) == 0)));
        }
        random.u8(..8)
    };
    if act == Act::Loss {
        edits(&mut deeds, 2, false);
        return Story { draft, deeds };
    }
    if edits(&mut deeds, 3, true) < 4 {
        deeds.push(Deed::Unpublish);
        edits(&mut deeds, 1, true);
        deeds.push(Deed::Publish);
    }
    match edits(&mut deeds, 3, true) {
        0 | 1 => deeds.push(Deed::Unpublish),
        2 | 3 => deeds.push(Deed::Delete),
        _ => {}
    }
    Story { draft, deeds }
}

fn text(name: &str, draft: u32, moved: bool) -> Text {
    let suffix = if moved { "-moved" } else { "" };
    Text {
        title: format!("The story of {name}, told {draft} times — “ünïcode”"),
        slug: format!("{name}{suffix}"),
        body: format!("<p>Text {draft} of {name}: <em>ä</em> 🐌</p>"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_one_plan_in_which_every_ending_occurs() {
        let plan = |seed| {
            let mut random = fastrand::Rng::with_seed(seed);
            let stories = stories("ghost", Act::Trouble, 40, &mut random);
            let order = order(&stories, &mut random);
            (stories, order)
        };
        let (stories, order) = plan(7);
        assert_eq!(plan(7), (stories.clone(), order.clone()));
        let deeds: usize = stories.iter().map(|story| 1 + story.deeds.len()).sum();
        assert_eq!(order.len(), deeds);
        let ends = |deed: &Deed| stories.iter().any(|it| it.deeds.last() == Some(deed));
        assert!(ends(&Deed::Unpublish) && ends(&Deed::Delete) && ends(&Deed::Publish));
    }

    #[test]
    fn what_is_lost_can_be_found() {
        let mut random = fastrand::Rng::with_seed(1);
        let stories = stories("ghost", Act::Loss, 20, &mut random);
        let removes = |deed: &Deed| matches!(deed, Deed::Unpublish | Deed::Delete);
        assert!(!stories.iter().any(|story| story.deeds.iter().any(removes)));
    }
}
