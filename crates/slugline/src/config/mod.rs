//! The configuration: `slugline.toml`, one section a file.
//!
//! Ensures that a configuration that loads can be run, that all that is wrong is said at once with
//! its line, and that environment variables go before the file (flags go before both: a command
//! sets the field after loading). Does not reach out to any destination.

mod complaints;
mod destination;
mod document;
mod drift;
mod retry;
mod route;
mod section;
mod server;
mod size;
mod source;
mod store;
#[cfg(test)]
mod tests;
mod tls;
mod token;

use std::collections::BTreeMap;
use std::path::Path;

use slugline_core::backoff::RetryPolicy;
use slugline_core::item::Class;
use slugline_core::route::{Route, RoutedDestination, Routes};
use slugline_core::secret::Secrets;
use toml::de::DeTable;

use self::complaints::{Complaints, Place};
use self::document::{named, names, refuse_the_rest, single};
use self::route::PlacedRoute;
use self::section::{Environment, Section};

pub use self::complaints::ConfigProblems;
pub use self::destination::{Destination, OnUnknown};
pub use self::drift::OnDrift;
pub use self::server::{LogFormat, Server};
pub use self::source::{MAX_BODY, Source, Trust};
pub use self::store::StoreSettings;
pub use self::tls::{ClientCertificate, Tls};
pub use self::token::{DEFAULT_OWNER, Token};

use crate::secrets::References;

/// Bytes of a configuration file; a longer one is another file.
const MAX_FILE: u64 = 4 * 1024 * 1024;
/// A checked configuration.
#[derive(Clone)]
pub struct Config {
    /// `[server]`.
    pub server: Server,
    /// `[store]`.
    pub store: StoreSettings,
    /// `[[token]]`, names unique.
    pub tokens: Vec<Token>,
    /// `[[source]]`, names unique.
    pub sources: Vec<Source>,
    /// `[[destination]]`, names unique, in the order of the file.
    pub destinations: Vec<Destination>,
    /// `[[route]]`, with what routing knows of the destinations.
    pub routes: Routes,
    /// `[[retry]]`; every class has its policy.
    pub retries: BTreeMap<Class, RetryPolicy>,
    /// How references are resolved, for what is read again while the server runs.
    pub references: References,
}

impl Config {
    /// Loads a file. References `file:PATH` are relative to its directory.
    ///
    /// # Errors
    /// All that is wrong with it, each with its line.
    pub fn load(path: &Path) -> Result<Self, ConfigProblems> {
        let name = path.display().to_string();
        let text = text(path).map_err(|why| ConfigProblems::unreadable(&name, why))?;
        let secrets = References::beside(path);
        let environment = |variable: &str| std::env::var(variable).ok();
        let config = Self::parse(&name, &text, &secrets, &environment)?;
        Ok(Self {
            references: secrets,
            ..config
        })
    }

    /// The configuration of an empty file: what a server without one runs by.
    ///
    /// # Errors
    /// What the environment variables say wrongly.
    pub fn empty() -> Result<Self, ConfigProblems> {
        let name = "configuration";
        let secrets = References::beside(Path::new(""));
        Self::parse(name, "", &secrets, &|variable| std::env::var(variable).ok())
    }

    fn parse(
        file: &str,
        text: &str,
        secrets: &dyn Secrets,
        environment: Environment<'_>,
    ) -> Result<Self, ConfigProblems> {
        let mut complaints = Complaints::default();
        let (document, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            let place = Place::File(error.span().unwrap_or(0..0));
            complaints.add(place, format!("is not valid TOML: {}", error.message()));
        }
        let config = read(document.into_inner(), secrets, environment, &mut complaints);
        complaints.conclude(file, text, config)
    }
}

fn text(path: &Path) -> Result<String, String> {
    let size = std::fs::metadata(path).map(|found| found.len());
    match size {
        Err(why) => Err(format!(
            "cannot be read: {why}; name the file with --config"
        )),
        Ok(size) if size > MAX_FILE => Err(format!("is longer than {MAX_FILE} bytes")),
        Ok(_) => std::fs::read_to_string(path).map_err(|why| format!("cannot be read: {why}")),
    }
}

fn read(
    mut document: DeTable<'_>,
    secrets: &dyn Secrets,
    environment: Environment<'_>,
    complaints: &mut Complaints,
) -> Config {
    let server = single(&mut document, "server", complaints);
    let server =
        Section::new("[server]", server, complaints).overridden_by("SLUGLINE_", environment);
    let server = server::read(server, secrets);
    let store = single(&mut document, "store", complaints);
    let store =
        Section::new("[store]", store, complaints).overridden_by("SLUGLINE_STORE_", environment);
    let store = store::read(store, secrets);
    let tokens = named(&mut document, "token", complaints, |section| {
        let place = section.place();
        token::read(section, secrets).map(|token| (token.name.clone(), token, place))
    });
    let declared = names(&document, "destination");
    let destinations = named(&mut document, "destination", complaints, |section| {
        let place = section.place();
        destination::read(section, secrets).map(|found| (found.name.clone(), found, place))
    });
    let asks = server.asks_for_certificates();
    let sources = named(&mut document, "source", complaints, |section| {
        let place = section.place();
        let found = source::read(section, secrets, &destinations, asks);
        found.map(|found| (found.name.clone(), found, place))
    });
    let routes = named(&mut document, "route", complaints, |section| {
        let place = section.place();
        route::read(section).map(|found| (found.route.name.clone(), found, place))
    });
    let retries = named(&mut document, "retry", complaints, |section| {
        retry::read(section)
            .map(|(class, policy, place)| (class.as_str().to_owned(), (class, policy), place))
    });
    let mut policies = retry::defaults();
    policies.extend(retries);
    refuse_the_rest(&document, complaints);
    let routed: Vec<RoutedDestination> = destinations.iter().map(Destination::routed).collect();
    let routes = routes_to(&declared, routes, complaints);
    let routes = Routes {
        routes,
        destinations: routed,
    };
    Config {
        server,
        store,
        tokens,
        sources,
        destinations,
        routes,
        retries: policies,
        references: References::beside(Path::new("")),
    }
}

/// The routes, each of which must name destinations that are declared, be they right or wrong.
fn routes_to(
    declared: &[String],
    routes: Vec<PlacedRoute>,
    complaints: &mut Complaints,
) -> Vec<Route> {
    for found in &routes {
        for name in found
            .route
            .to
            .iter()
            .filter(|name| !declared.contains(name))
        {
            let known = if declared.is_empty() {
                "none".to_owned()
            } else {
                declared.join(", ")
            };
            let message =
                format!("[[route]] to: no [[destination]] is called {name:?}; there are: {known}");
            complaints.add(found.to.clone(), message);
        }
    }
    routes.into_iter().map(|found| found.route).collect()
}
