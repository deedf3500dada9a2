//! `[server.tls]`: what the listener proves itself with, and whose certificates it asks for.
//!
//! Ensures that the files are there. Whether they fit together, and are valid now, is [`crate::tls`]'s to say.

use serde::Deserialize;
use slugline_core::secret::{SecretRef, Secrets};

use super::section::Section;

/// `[server.tls]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// The server's certificate and those between it and its authority, PEM.
    pub certificate: SecretRef,
    /// Its private key, PEM.
    pub key: SecretRef,
    /// The authorities that a client's certificate may come from, PEM; none is asked for without them.
    pub client_ca: Option<SecretRef>,
    /// Whether every client must show one.
    pub client_certificate: ClientCertificate,
}

/// What is asked of clients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientCertificate {
    /// They may show a certificate; a source may ask for it.
    #[default]
    Optional,
    /// Without one there is no connection.
    Required,
}

pub(super) fn read(mut section: Section<'_, '_>, secrets: &dyn Secrets) -> Option<Tls> {
    if section.is_absent(&["certificate", "key", "client_ca"]) {
        return None;
    }
    section.need("certificate", "\"tls/fullchain.pem\"");
    section.need("key", "\"file:tls/privkey.pem\"");
    // A path is no secret, and read like one.
    let mut there = |key, scheme: &str| {
        let resolved = |text: &str| {
            let reference = SecretRef(format!("{scheme}{text}"));
            secrets.resolve(&reference).map(|_| reference)
        };
        section.read(key, resolved).map(|(reference, _)| reference)
    };
    let certificate = there("certificate", "file:");
    let key = there("key", "");
    let client_ca = there("client_ca", "file:");
    let demand = section.take("client_certificate");
    if let (Some((_, place)), None) = (&demand, &client_ca) {
        let why = "needs client_ca: the authorities that a client's certificate may come from";
        section.complain(place.clone(), "client_certificate", why);
    }
    let tls = certificate.zip(key).map(|(certificate, key)| Tls {
        certificate,
        key,
        client_ca,
        client_certificate: demand.map(|(demand, _)| demand).unwrap_or_default(),
    });
    section.finish();
    tls
}
