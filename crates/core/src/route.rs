//! Which destinations a publish goes to.
//!
//! Ensures that destinations are chosen from the request's labels alone, in configuration order,
//! each at most once.

use crate::item::Class;
use crate::problem::{Code, FieldError, Problem};

/// What a route asks of a publish; `None` accepts all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteMatch {
    /// Equal to the publish's environment.
    pub environment: Option<String>,
    /// Equal to the publish's locale.
    pub locale: Option<String>,
    /// Equal to the name of the source that it comes from; `api` for API clients.
    pub source: Option<String>,
    /// Equal to the kind of entry. A removal has none: it goes wherever the item is.
    pub content_type: Option<String>,
    /// Equal to the publish's class.
    pub class: Option<Class>,
}

/// A rule that sends matching publishes to destinations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Its name.
    pub name: String,
    /// What it asks.
    pub matches: RouteMatch,
    /// Destination names.
    pub to: Vec<String>,
}

/// What routing needs to know of a destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoutedDestination {
    /// Its name.
    pub name: String,
    /// The only owner it serves, if it is limited to one.
    pub owner: Option<String>,
    /// The only environment it serves, if it is limited to one.
    pub environment: Option<String>,
    /// Whether it can hold drafts.
    pub drafts: bool,
}

impl RoutedDestination {
    fn serves(&self, owner: &str, environment: &str) -> bool {
        self.owner.as_deref().is_none_or(|only| only == owner)
            && self
                .environment
                .as_deref()
                .is_none_or(|only| only == environment)
    }
}

/// The labels of a publish that routes look at.
#[derive(Clone, Copy, Debug)]
pub struct Labels<'a> {
    /// Owner.
    pub owner: &'a str,
    /// Environment.
    pub environment: &'a str,
    /// Locale.
    pub locale: &'a str,
    /// Where it comes from.
    pub source: &'a str,
    /// The kind of entry, where it says so.
    pub content_type: Option<&'a str>,
    /// Class.
    pub class: Class,
    /// Whether the publish is a draft: it goes only where drafts can be held.
    pub draft: bool,
}

/// The routes and destinations of a configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Routes {
    /// In configuration order.
    pub routes: Vec<Route>,
    /// In configuration order.
    pub destinations: Vec<RoutedDestination>,
}

impl Routes {
    /// The destinations of a publish: those it names, else those its routes name.
    pub fn resolve(&self, labels: Labels<'_>, named: &[String]) -> Result<Vec<String>, Problem> {
        if named.is_empty() {
            return Ok(self.by_route(labels));
        }
        let wrong: Vec<FieldError> = named
            .iter()
            .enumerate()
            .filter_map(|(index, name)| self.objection(labels, index, name))
            .collect();
        if wrong.is_empty() {
            Ok(named.to_vec())
        } else {
            Err(Problem::fields(Code::NoDestination, wrong))
        }
    }

    fn by_route(&self, labels: Labels<'_>) -> Vec<String> {
        let matching = self
            .routes
            .iter()
            .filter(|route| route.matches.accepts(labels));
        let wanted: Vec<&String> = matching.flat_map(|route| &route.to).collect();
        let fits = |destination: &&RoutedDestination| {
            wanted.contains(&&destination.name)
                && destination.serves(labels.owner, labels.environment)
                && (destination.drafts || !labels.draft)
        };
        self.destinations
            .iter()
            .filter(fits)
            .map(|destination| destination.name.clone())
            .collect()
    }

    fn objection(&self, labels: Labels<'_>, index: usize, name: &str) -> Option<FieldError> {
        let path = format!("destinations[{index}]");
        let Some(found) = self
            .destinations
            .iter()
            .find(|destination| destination.name == name)
        else {
            let known = self
                .destinations
                .iter()
                .map(|d| d.name.as_str())
                .collect::<Vec<_>>()
                .join(", ");
            return Some(FieldError::new(
                path,
                format!("no destination is called {name:?}; there are: {known}"),
            ));
        };
        if !found.serves(labels.owner, labels.environment) {
            let message = format!(
                "{name:?} does not serve owner {:?} in environment {:?}",
                labels.owner, labels.environment
            );
            return Some(FieldError::new(path, message));
        }
        (labels.draft && !found.drafts)
            .then(|| FieldError::new(path, format!("{name:?} cannot hold drafts")))
    }
}

impl RouteMatch {
    fn accepts(&self, labels: Labels<'_>) -> bool {
        let asks = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| found == Some(wanted))
        };
        asks(&self.environment, Some(labels.environment))
            && asks(&self.locale, Some(labels.locale))
            && asks(&self.source, Some(labels.source))
            && asks(&self.content_type, labels.content_type)
            && self.class.is_none_or(|wanted| wanted == labels.class)
    }
}
