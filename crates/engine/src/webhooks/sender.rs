//! Who brings a webhook, as far as the connection tells, and whether a source has such a sender.
//!
//! Ensures that what is asked of the connection is asked before anything of the body is read. Proves
//! nothing of the webhook itself: its signature does.

use std::net::IpAddr;

use slugline_core::problem::{Code, Problem};

use super::SourceSettings;

/// The other end of a connection.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sender<'a> {
    /// Its address, where it is known.
    pub address: Option<IpAddr>,
    /// The names in the certificate that it has shown and that was checked; empty without one.
    pub certificate_names: &'a [String],
}

impl SourceSettings {
    /// Says whether the source has this sender.
    pub(super) fn admits(&self, sender: &Sender<'_>) -> Result<(), Problem> {
        self.admits_address(sender.address)?;
        self.admits_certificate(sender.certificate_names)
    }

    fn admits_address(&self, from: Option<IpAddr>) -> Result<(), Problem> {
        let Some(allowed) = &self.allows else {
            return Ok(());
        };
        if from.is_some_and(|address| allowed(address)) {
            return Ok(());
        }
        let address = from.map_or("an unknown address".to_owned(), |from| from.to_string());
        let detail = format!(
            "{address} is not in allow_ips of this source; behind a proxy, name it in [server] trusted_proxies"
        );
        Err(Problem::new(Code::AddressNotAllowed, detail))
    }

    fn admits_certificate(&self, names: &[String]) -> Result<(), Problem> {
        let wanted = &self.client_certificates;
        let is_wanted = |name: &String| wanted.iter().any(|own| own.eq_ignore_ascii_case(name));
        if wanted.is_empty() || names.iter().any(is_wanted) {
            return Ok(());
        }
        let detail = match names {
            [] => {
                "this source shows a client certificate; none came with the connection".to_owned()
            }
            names => format!(
                "the client certificate is that of {}, which is not in client_certificates of this source",
                names.join(", ")
            ),
        };
        Err(Problem::new(Code::CertificateNotAllowed, detail))
    }
}
