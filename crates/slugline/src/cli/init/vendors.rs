//! What `init` knows of the vendors: where a person finds the rest, and who chooses a secret.
//!
//! Ensures, by its tests, that every type that is built is known here, and that the sections are there.

/// A type of source.
pub(super) struct SourceGuide {
    pub(super) kind: &'static str,
    /// Its section in docs/sources.md.
    pub(super) section: &'static str,
    /// Where its secret comes from; chosen here when `None`.
    pub(super) secret_from: Option<&'static str>,
}

const fn ours(kind: &'static str, section: &'static str) -> SourceGuide {
    SourceGuide {
        kind,
        section,
        secret_from: None,
    }
}

const fn theirs(
    kind: &'static str,
    section: &'static str,
    secret_from: &'static str,
) -> SourceGuide {
    SourceGuide {
        kind,
        section,
        secret_from: Some(secret_from),
    }
}

pub(super) const SOURCES: [SourceGuide; 12] = [
    theirs(
        "contentful",
        "Contentful",
        "Contentful makes it: Settings, Webhooks, Settings, request verification",
    ),
    ours("directus", "Directus"),
    ours("drupal", "Drupal"),
    ours("ghost", "Ghost"),
    ours("hmac", "HMAC"),
    theirs(
        "hubspot",
        "HubSpot",
        "the client secret of your HubSpot app",
    ),
    ours("sanity", "Sanity"),
    theirs(
        "standard_webhooks",
        "Slugline, and other Standard Webhooks",
        "the sender shows it: whsec_... or whpk_...",
    ),
    ours("storyblok", "Storyblok"),
    ours("strapi", "Strapi"),
    theirs(
        "webflow",
        "Webflow",
        "the client secret of your Webflow app, or what making the webhook shows",
    ),
    ours("wordpress", "WordPress"),
];

/// What is known of a type of source.
pub(super) fn source(kind: &str) -> Option<&'static SourceGuide> {
    SOURCES.iter().find(|guide| guide.kind == kind)
}

/// A type of destination.
#[derive(Clone, Copy)]
pub(super) struct DestinationGuide {
    pub(super) kind: &'static str,
    /// The key that says where it is.
    pub(super) key: &'static str,
    /// What is asked for that key.
    pub(super) question: &'static str,
    /// What it is unless somebody says so; only a person knows when `None`.
    pub(super) usual: Option<&'static str>,
    /// The rest of its section, with `{user}` and `{secret}`.
    pub(super) keys: &'static str,
    /// What its secret is called after its name; none when `None`.
    pub(super) secret: Option<&'static str>,
    /// Where its secret comes from; chosen here when `None`.
    pub(super) secret_from: Option<&'static str>,
}

pub(super) const DESTINATIONS: [DestinationGuide; 3] = [
    DestinationGuide {
        kind: "folder",
        key: "path",
        question: "the folder of the static site",
        usual: Some("./site"),
        keys: "",
        secret: None,
        secret_from: None,
    },
    DestinationGuide {
        kind: "webhook",
        key: "url",
        question: "the URL that takes webhooks",
        usual: None,
        keys: "secrets = [\"env:{secret}\"]\n",
        secret: Some("SECRET"),
        secret_from: None,
    },
    DestinationGuide {
        kind: "wordpress",
        key: "url",
        question: "the address of the site",
        usual: None,
        keys: "username = {user}\npassword = \"env:{secret}\"\n",
        secret: Some("PASSWORD"),
        secret_from: Some("an application password: Users, Profile, Application Passwords"),
    },
];

/// What is known of a type of destination.
pub(super) fn destination(kind: &str) -> Option<&'static DestinationGuide> {
    DESTINATIONS.iter().find(|guide| guide.kind == kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use slugline_connectors::registry;

    #[test]
    fn every_type_that_is_built_is_known() {
        let sources: Vec<&str> = SOURCES.iter().map(|guide| guide.kind).collect();
        assert_eq!(sources, registry::source_types().collect::<Vec<_>>());
        let destinations: Vec<&str> = DESTINATIONS.iter().map(|guide| guide.kind).collect();
        assert_eq!(destinations, registry::types().collect::<Vec<_>>());
    }

    #[test]
    fn the_sections_are_in_the_documentation() {
        let page = include_str!("../../../../../docs/sources.md");
        for guide in &SOURCES {
            let heading = format!("\n## {}\n", guide.section);
            assert!(page.contains(&heading), "{}", guide.section);
        }
    }
}
