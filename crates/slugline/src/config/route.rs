//! `[[route]]`: which publishes go where.

use slugline_core::route::{Route, RouteMatch};

use super::complaints::Place;
use super::section::Section;
use super::token::name;

/// A route, and where it names its destinations.
pub(super) struct PlacedRoute {
    pub(super) route: Route,
    pub(super) to: Place,
}

pub(super) fn read(mut section: Section<'_, '_>) -> Option<PlacedRoute> {
    section.need("name", "\"all\"");
    section.need("to", "[\"blog\"]");
    let name_given = section.read("name", name);
    let to = section.take::<Vec<String>>("to");
    let matches = matches(section.section("match"));
    section.finish();
    let (to, place) = to?;
    let route = Route {
        name: name_given?.0,
        matches,
        to,
    };
    Some(PlacedRoute { route, to: place })
}

fn matches(mut section: Section<'_, '_>) -> RouteMatch {
    let matches = RouteMatch {
        environment: section.read("environment", name).map(|(name, _)| name),
        locale: section.read("locale", name).map(|(name, _)| name),
        source: section.read("source", name).map(|(name, _)| name),
        content_type: section.take("content_type").map(|(kind, _)| kind),
        class: section.take("class").map(|(class, _)| class),
    };
    section.finish();
    matches
}
