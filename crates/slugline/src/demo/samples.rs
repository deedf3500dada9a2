//! The sample posts: five texts about publishing reliably, with their pictures.

/// A file of the samples.
pub struct Sample {
    /// Its name.
    pub name: &'static str,
    /// Its contents.
    pub bytes: &'static [u8],
}

macro_rules! sample {
    ($name:literal) => {
        Sample {
            name: $name,
            bytes: include_bytes!(concat!("../../samples/", $name)),
        }
    };
}

/// Texts and pictures.
pub const SAMPLES: [Sample; 10] = [
    sample!("publish-once.md"),
    sample!("newest-wins.md"),
    sample!("seen-is-live.md"),
    sample!("after-the-crash.md"),
    sample!("sleep-at-night.md"),
    sample!("once.png"),
    sample!("order.png"),
    sample!("seen.png"),
    sample!("crash.png"),
    sample!("sleep.png"),
];

/// A sample text, as far as the demo checks it at the destinations.
pub struct Post {
    /// The file.
    pub file: &'static str,
    /// Its slug.
    pub slug: &'static str,
    /// Its title.
    pub title: &'static str,
    /// Its picture.
    pub hero: &'static str,
}

/// What the destinations must show.
pub const POSTS: [Post; 5] = [
    Post {
        file: "publish-once.md",
        slug: "publishing-once",
        title: "Publishing once is harder than publishing",
        hero: "once.png",
    },
    Post {
        file: "newest-wins.md",
        slug: "newest-version-wins",
        title: "The newest version wins, even when it arrives first",
        hero: "order.png",
    },
    Post {
        file: "seen-is-live.md",
        slug: "live-means-seen",
        title: "It is live when it has been seen",
        hero: "seen.png",
    },
    Post {
        file: "after-the-crash.md",
        slug: "after-the-crash",
        title: "What should happen after the crash",
        hero: "crash.png",
    },
    Post {
        file: "sleep-at-night.md",
        slug: "failures-worth-waking-up-for",
        title: "Failures worth waking up for",
        hero: "sleep.png",
    },
];

/// The bytes of a sample.
pub fn bytes_of(name: &str) -> &'static [u8] {
    SAMPLES
        .iter()
        .find(|sample| sample.name == name)
        .map_or(&[], |sample| sample.bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_demo_checks_is_what_the_samples_say() {
        for post in POSTS {
            let text = std::str::from_utf8(bytes_of(post.file)).unwrap();
            let document = slugline_core::markdown::parse(text).unwrap();
            assert_eq!(document.front["slug"], post.slug);
            assert_eq!(document.front["title"], post.title);
            assert_eq!(document.front["hero"], post.hero);
            assert!(!bytes_of(post.hero).is_empty());
        }
    }
}
