//! What is published: the items, what is asked for each and in which order, and how each must end.
//! Ensures that the same seed gives the same plan, and that every story is told often enough to matter.
//! It sends nothing.

/// Every so many items one tells the same story again.
const STORIES: [Story; 10] = [
    Story::Once,
    Story::Twice,
    Story::Updated,
    Story::UpdatedAtOnce,
    Story::OutOfOrder,
    Story::Unpublished,
    Story::Once,
    Story::PublishedAgain,
    Story::Deleted,
    Story::UnpublishedAtOnce,
];
/// Every so many items one is a page, the others are posts.
const PAGE_EVERY: usize = 9;
/// Items whose slug a person's post has already, besides the others.
const COLLISIONS: usize = 10;
/// What happens to an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Story {
    /// Published.
    Once,
    /// Published; the request is sent twice at the same time, with one key.
    Twice,
    /// Published; when that has ended, a newer version.
    Updated,
    /// Published, and a newer version before that has ended.
    UpdatedAtOnce,
    /// The newer version arrives first.
    OutOfOrder,
    /// Published; when that has ended, unpublished.
    Unpublished,
    /// Published, and unpublished before that has ended.
    UnpublishedAtOnce,
    /// Published, unpublished, published.
    PublishedAgain,
    /// Published, deleted.
    Deleted,
    /// Published under a slug that a person's post has.
    Collides,
}

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// Show this version.
    Publish,
    /// Hide the item.
    Unpublish,
    /// Remove the item.
    Delete,
}

/// One request of an item's story.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step {
    /// What it asks for.
    pub(crate) action: Action,
    /// The producer's version.
    pub(crate) version: u32,
    /// Whether the requests before it must have ended.
    pub(crate) waits: bool,
    /// Whether it is sent twice at the same time.
    pub(crate) twice: bool,
}

/// An item with its story.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    /// Its number in the plan, from 0.
    pub(crate) number: usize,
    /// What happens to it.
    pub(crate) story: Story,
    /// WordPress' type: `post` or `page`.
    pub(crate) content_type: &'static str,
}

/// How an item must end at WordPress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Public, at this version.
    Live(u32),
    /// Not public; the entry is kept.
    Hidden,
    /// Not public; whether an entry was made depends on which request the worker saw first.
    NeverShown,
    /// Not public; nothing is kept.
    Gone,
    /// Refused as a dead letter, because the slug is taken.
    SlugTaken,
}

/// `count` items and the collisions, in an order that the seed decides.
pub(crate) fn plan(count: usize, seed: u64) -> Vec<Item> {
    let mut items: Vec<Item> = (0..count)
        .map(|number| item(number, STORIES[number % STORIES.len()]))
        .collect();
    items.extend((count..count + COLLISIONS).map(|number| item(number, Story::Collides)));
    fastrand::Rng::with_seed(seed).shuffle(&mut items);
    items
}

fn item(number: usize, story: Story) -> Item {
    let content_type = if number.is_multiple_of(PAGE_EVERY) {
        "page"
    } else {
        "post"
    };
    Item {
        number,
        story,
        content_type,
    }
}

impl Item {
    /// The producer's id of it.
    pub(crate) fn content_id(&self) -> String {
        format!("item-{:04}", self.number)
    }

    /// The slug it asks for.
    pub(crate) fn slug(&self) -> String {
        format!("story-{:04}-told", self.number)
    }

    /// Its requests, in the order in which they are sent.
    pub(crate) fn steps(&self) -> Vec<Step> {
        use Action::{Delete, Publish, Unpublish};
        let first = Step {
            action: Publish,
            version: 1,
            waits: false,
            twice: self.story == Story::Twice,
        };
        let next = |action, version, waits| Step {
            action,
            version,
            waits,
            twice: false,
        };
        match self.story {
            Story::Once | Story::Twice | Story::Collides => vec![first],
            Story::Updated => vec![first, next(Publish, 2, true)],
            Story::UpdatedAtOnce => vec![first, next(Publish, 2, false)],
            Story::OutOfOrder => vec![next(Publish, 2, false), next(Publish, 1, false)],
            Story::Unpublished => vec![first, next(Unpublish, 2, true)],
            Story::UnpublishedAtOnce => vec![first, next(Unpublish, 2, false)],
            Story::PublishedAgain => vec![first, next(Unpublish, 2, true), next(Publish, 3, true)],
            Story::Deleted => vec![first, next(Delete, 2, true)],
        }
    }

    /// How it must end.
    pub(crate) fn ending(&self) -> Ending {
        match self.story {
            Story::Once | Story::Twice => Ending::Live(1),
            Story::Updated | Story::UpdatedAtOnce | Story::OutOfOrder => Ending::Live(2),
            Story::PublishedAgain => Ending::Live(3),
            Story::Unpublished => Ending::Hidden,
            Story::UnpublishedAtOnce => Ending::NeverShown,
            Story::Deleted => Ending::Gone,
            Story::Collides => Ending::SlugTaken,
        }
    }

    /// A step's key.
    pub(crate) fn key(&self, step: &Step) -> String {
        format!("{}-v{}", self.content_id(), step.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_decides_the_order_and_nothing_else() {
        let (mut one, mut other) = (plan(50, 1), plan(50, 2));
        let numbers = |items: &[Item]| items.iter().map(|item| item.number).collect::<Vec<_>>();
        assert_eq!(numbers(&one), numbers(&plan(50, 1)));
        assert_ne!(numbers(&one), numbers(&other));
        one.sort_by_key(|item| item.number);
        other.sort_by_key(|item| item.number);
        assert_eq!(numbers(&one), numbers(&other));
    }

    #[test]
    fn an_item_ends_as_its_newest_version_says() {
        for item in plan(100, 1)
            .iter()
            .filter(|item| item.story != Story::Collides)
        {
            let newest = item
                .steps()
                .into_iter()
                .max_by_key(|step| step.version)
                .unwrap();
            let expected = match newest.action {
                Action::Publish => Ending::Live(newest.version),
                Action::Unpublish if newest.waits => Ending::Hidden,
                Action::Unpublish => Ending::NeverShown,
                Action::Delete => Ending::Gone,
            };
            assert_eq!(item.ending(), expected, "{:?}", item.story);
        }
    }
}
