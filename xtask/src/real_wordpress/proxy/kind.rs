//! The kinds of request that a publish makes of WordPress, told apart by method, path, body and credentials.
//! Ensures that each request has exactly one kind. It judges the request alone, never who sent it or why.

use crate::parts::request::Request;

/// A kind of request to WordPress' REST API (developer.wordpress.org/rest-api/reference) or its public pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `POST /wp/v2/media`.
    MediaUpload,
    /// `POST /wp/v2/media/ID`, with its description or to finish its sizes.
    MediaUpdate,
    /// `GET` of one or several media.
    MediaRead,
    /// `POST /wp/v2/categories` or `/tags`.
    TermCreate,
    /// `GET` of categories or tags.
    TermRead,
    /// `POST /wp/v2/posts` or `/pages`: a new entry.
    Create,
    /// `POST` to an entry that leaves its status alone.
    Update,
    /// `POST` to an entry that sets its status: publish and unpublish.
    Publish,
    /// `DELETE` of anything.
    Delete,
    /// `GET` of a list of entries.
    Lookup,
    /// `GET` of one entry.
    Read,
    /// A request without credentials: what the public sees, uploaded files among it.
    Anonymous,
    /// Anything else, such as the account behind the credentials.
    Other,
}

impl Kind {
    /// All kinds in the order of the table's rows.
    pub(crate) const ALL: [Self; 13] = [
        Self::MediaUpload,
        Self::MediaUpdate,
        Self::MediaRead,
        Self::TermCreate,
        Self::TermRead,
        Self::Create,
        Self::Update,
        Self::Publish,
        Self::Delete,
        Self::Lookup,
        Self::Read,
        Self::Anonymous,
        Self::Other,
    ];

    /// The kind of `request`.
    pub(crate) fn of(request: &Request) -> Self {
        if !request.has_credentials {
            return Self::Anonymous;
        }
        let (collection, one) = resource(&request.target);
        match (request.method.as_str(), collection, one) {
            ("DELETE", _, _) => Self::Delete,
            ("GET", "media", _) => Self::MediaRead,
            ("GET", "categories" | "tags", _) => Self::TermRead,
            ("GET", "posts" | "pages", false) => Self::Lookup,
            ("GET", "posts" | "pages", true) => Self::Read,
            (_, "media", false) => Self::MediaUpload,
            (_, "media", true) => Self::MediaUpdate,
            (_, "categories" | "tags", false) => Self::TermCreate,
            (_, "posts" | "pages", false) => Self::Create,
            (_, "posts" | "pages", true) if sets_status(&request.body) => Self::Publish,
            (_, "posts" | "pages", true) => Self::Update,
            _ => Self::Other,
        }
    }

    /// The row's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::MediaUpload => "media upload",
            Self::MediaUpdate => "media update",
            Self::MediaRead => "media read",
            Self::TermCreate => "term create",
            Self::TermRead => "term read",
            Self::Create => "create",
            Self::Update => "update",
            Self::Publish => "publish",
            Self::Delete => "delete",
            Self::Lookup => "look up",
            Self::Read => "read",
            Self::Anonymous => "anonymous",
            Self::Other => "other",
        }
    }

    /// Whether WordPress changes something when it answers.
    pub(crate) fn writes(self) -> bool {
        !matches!(
            self,
            Self::MediaRead
                | Self::TermRead
                | Self::Lookup
                | Self::Read
                | Self::Anonymous
                | Self::Other
        )
    }
}

/// The collection that a target names, and whether it names one thing in it. Both of WordPress' forms are
/// understood: `/wp-json/wp/v2/posts/7?context=edit` and `/index.php?rest_route=/wp/v2/posts/7&context=edit`.
fn resource(target: &str) -> (&str, bool) {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let route = query
        .split('&')
        .find_map(|parameter| parameter.strip_prefix("rest_route="))
        .unwrap_or(path);
    let rest = route
        .split_once("/wp/v2/")
        .map_or("", |(_, rest)| rest)
        .trim_end_matches('/');
    rest.split_once('/')
        .map_or((rest, false), |(collection, _)| (collection, true))
}

fn sets_status(body: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Value>(body).is_ok_and(|body| body.get("status").is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(method: &str, target: &str, body: &str) -> Kind {
        let (method, target) = (method.to_owned(), target.to_owned());
        Kind::of(&Request {
            method,
            target,
            has_credentials: true,
            raw: Vec::new(),
            body: body.into(),
        })
    }

    #[test]
    fn the_body_tells_a_publish_from_an_update_and_the_path_from_a_create() {
        assert_eq!(
            kind("POST", "/wp-json/wp/v2/posts", r#"{"status":"draft"}"#),
            Kind::Create
        );
        assert_eq!(
            kind(
                "POST",
                "/wp-json/wp/v2/pages/7?context=edit",
                r#"{"status":"publish"}"#
            ),
            Kind::Publish
        );
        assert_eq!(
            kind(
                "POST",
                "/wp-json/wp/v2/posts/7",
                r#"{"title":"the status"}"#
            ),
            Kind::Update
        );
    }

    #[test]
    fn a_list_is_a_look_up_and_one_entry_is_a_read() {
        assert_eq!(
            kind("GET", "/wp-json/wp/v2/posts?slug=a/b&status=any", ""),
            Kind::Lookup
        );
        assert_eq!(
            kind("GET", "/wp-json/wp/v2/posts/7?context=edit", ""),
            Kind::Read
        );
        assert_eq!(
            kind("GET", "/index.php?rest_route=/wp/v2/posts&slug=a/b", ""),
            Kind::Lookup
        );
    }

    #[test]
    fn a_route_in_the_query_is_as_good_as_one_in_the_path() {
        assert_eq!(
            kind("GET", "/index.php?rest_route=/wp/v2/tags&search=a/b", ""),
            Kind::TermRead
        );
        assert_eq!(
            kind("DELETE", "/index.php?rest_route=/wp/v2/posts/7", ""),
            Kind::Delete
        );
        assert_eq!(
            kind("POST", "/index.php?rest_route=/wp/v2/posts", ""),
            Kind::Create
        );
    }

    #[test]
    fn media_terms_and_the_account_have_their_own_kinds() {
        assert_eq!(
            kind("POST", "/wp-json/wp/v2/media", "bytes"),
            Kind::MediaUpload
        );
        assert_eq!(
            kind("POST", "/wp-json/wp/v2/media/7/post-process", ""),
            Kind::MediaUpdate
        );
        assert_eq!(
            kind("DELETE", "/wp-json/wp/v2/media/7?force=true", ""),
            Kind::Delete
        );
        assert_eq!(kind("POST", "/wp-json/wp/v2/tags", ""), Kind::TermCreate);
        assert_eq!(
            kind("GET", "/wp-json/wp/v2/users/me?context=edit", ""),
            Kind::Other
        );
    }
}
