//! Real parts for the suites: which servers a suite needs, how they are installed, started and stopped.
//! Ensures that whatever it starts is stopped again, with all children, also after a panic; that every wait
//! has a deadline; and that a part which cannot be had is named with the command that would install it.
//! It knows nothing of what a suite checks.

pub(crate) mod directus;
pub(crate) mod ghost;
pub(crate) mod ground;
pub(crate) mod heroes;
pub(crate) mod http;
pub(crate) mod interruption;
pub(crate) mod mariadb;
pub(crate) mod npm;
pub(crate) mod packages;
pub(crate) mod plugin_site;
pub(crate) mod ports;
pub(crate) mod process;
pub(crate) mod ready;
pub(crate) mod request;
pub(crate) mod rest;
pub(crate) mod slugline;
pub(crate) mod strapi;
pub(crate) mod wordpress;

pub(crate) use packages::{CHROMIUM, MARIADB, Missing, NPM, PHP, POSTGRESQL, WORDPRESS, install};
