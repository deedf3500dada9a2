//! TLS of the listener: what the server proves itself with, and whose certificates it takes.
//!
//! Ensures that what is loaded fits together and is valid, and that files which change are taken
//! without a restart; when they do not fit, what was loaded stays. Revocation is not looked up: a
//! client's certificate is good until it expires or its authority is taken away.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig};
use slugline_core::secret::{Secret, Secrets};
use slugline_core::time::Timestamp;
use slugline_engine::ports::Clock;
use tokio_rustls::TlsAcceptor;
use x509_cert::Certificate;
use x509_cert::der::asn1::{Ia5StringRef, ObjectIdentifier, PrintableStringRef, Utf8StringRef};
use x509_cert::der::{Decode, Encode};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::time::Time;

use crate::clock::SystemClock;
use crate::config::{ClientCertificate, Tls};

/// How often the files are looked at: who renews certificates does it days before they expire.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// So long before a certificate expires it is said that it does: who renews by hand needs time for it.
const SAID_BEFORE: Duration = Duration::from_secs(30 * 86_400);
/// Of a certificate that lives shortly and is renewed by a program: a third of its life, which is when such
/// programs renew.
const SAID_IN_LAST: u32 = 3;
/// How often it is said.
const SAID_EVERY: Duration = Duration::from_secs(86_400);
/// The listener speaks HTTP/1.1 only.
const ALPN: &[u8] = b"http/1.1";
/// The attribute of a subject that holds its common name (X.520).
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

/// What is wrong: the key of `[server.tls]`, and the words for it.
type Wrong = (&'static str, String);

/// What the files hold.
#[derive(Clone, PartialEq, Eq)]
struct Files {
    certificate: Secret,
    key: Secret,
    client_ca: Option<Secret>,
}

/// What the server proves itself with, as loaded last.
struct Loaded {
    files: Files,
    config: Arc<ServerConfig>,
    validity: Validity,
}

/// The time in which a certificate is valid.
#[derive(Clone, Copy)]
struct Validity {
    from: Timestamp,
    until: Timestamp,
}

impl Validity {
    /// The warning that it ends, where it is time for it.
    fn warning(&self, now: Timestamp) -> Option<String> {
        let left = self.until.since(now);
        let life = self.until.since(self.from);
        let is_near = left < SAID_BEFORE && left < life / SAID_IN_LAST;
        let days = left.as_secs() / 86_400;
        let until = self.until;
        is_near.then(|| format!("the certificate expires in {days} days, at {until}; renew it"))
    }
}

/// What the server proves itself with.
pub struct Identity(RwLock<Loaded>);

impl Identity {
    /// Loads what the configuration names.
    ///
    /// # Errors
    /// The key of `[server.tls]` that is wrong, and why.
    pub fn load(tls: &Tls, secrets: &dyn Secrets, now: Timestamp) -> Result<Self, Wrong> {
        let files = Files::read(tls, secrets)?;
        let loaded = Loaded::of(files, tls.client_certificate, now)?;
        Ok(Self(RwLock::new(loaded)))
    }

    /// For the next connection.
    pub fn acceptor(&self) -> TlsAcceptor {
        let loaded = self.0.read().unwrap_or_else(PoisonError::into_inner);
        TlsAcceptor::from(Arc::clone(&loaded.config))
    }

    /// When the certificate expires.
    pub fn until(&self) -> Timestamp {
        let loaded = self.0.read().unwrap_or_else(PoisonError::into_inner);
        loaded.validity.until
    }

    /// The warning that the certificate expires soon, where it does.
    pub fn warning(&self, now: Timestamp) -> Option<String> {
        let loaded = self.0.read().unwrap_or_else(PoisonError::into_inner);
        loaded.validity.warning(now)
    }

    /// Takes files that change and says when the certificate expires soon, for as long as it is polled.
    pub async fn follow(&self, tls: &Tls, secrets: &(dyn Secrets + Sync)) {
        let mut said: Option<Timestamp> = None;
        loop {
            let now = SystemClock.now();
            if said.is_none_or(|at| now.since(at) >= SAID_EVERY)
                && let Some(warning) = self.warning(now)
            {
                tracing::warn!("{warning}");
                said = Some(now);
            }
            tokio::time::sleep(LOOK_EVERY).await;
            match self.look_again(tls, secrets, SystemClock.now()) {
                Ok(false) => {}
                Ok(true) => tracing::info!("the certificate of the listener was loaded again"),
                Err((key, why)) => {
                    tracing::error!(key, why, "[server.tls] changed and cannot be taken");
                }
            }
        }
    }

    /// Whether the files had changed and were taken.
    fn look_again(&self, tls: &Tls, secrets: &dyn Secrets, now: Timestamp) -> Result<bool, Wrong> {
        let files = Files::read(tls, secrets)?;
        let known = |loaded: &Loaded| loaded.files == files;
        if known(&self.0.read().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(false);
        }
        let loaded = Loaded::of(files, tls.client_certificate, now)?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = loaded;
        Ok(true)
    }
}

impl Files {
    fn read(tls: &Tls, secrets: &dyn Secrets) -> Result<Self, Wrong> {
        let read = |key, reference| secrets.resolve(reference).map_err(|why| (key, why));
        let client_ca = tls.client_ca.as_ref();
        Ok(Self {
            certificate: read("certificate", &tls.certificate)?,
            key: read("key", &tls.key)?,
            client_ca: client_ca.map(|path| read("client_ca", path)).transpose()?,
        })
    }
}

impl Loaded {
    fn of(files: Files, demand: ClientCertificate, now: Timestamp) -> Result<Self, Wrong> {
        let chain = certificates("certificate", &files.certificate)?;
        let validity = validity(&chain, now).map_err(|why| ("certificate", why))?;
        let key = PrivateKeyDer::from_pem_slice(files.key.expose().as_bytes());
        let key =
            key.map_err(|_| ("key", "holds no private key in PEM that can be used".into()))?;
        let provider = Arc::new(ring::default_provider());
        let authorities = files.client_ca.as_ref();
        let verifier = authorities
            .map(|authorities| verifier(authorities, demand, &provider))
            .transpose()?;
        let builder = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|why| ("certificate", why.to_string()))?;
        let builder = match verifier {
            Some(verifier) => builder.with_client_cert_verifier(verifier),
            None => builder.with_no_client_auth(),
        };
        let mut config = builder.with_single_cert(chain, key).map_err(unfit)?;
        config.alpn_protocols = vec![ALPN.to_vec()];
        let config = Arc::new(config);
        Ok(Self {
            files,
            config,
            validity,
        })
    }
}

/// Why certificate and key cannot be used together.
fn unfit(why: rustls::Error) -> Wrong {
    match why {
        rustls::Error::InconsistentKeys(_) => (
            "key",
            "is not the key of the certificate; name the two that were made together".into(),
        ),
        other => ("key", format!("cannot be used: {other}")),
    }
}

fn verifier(
    authorities: &Secret,
    demand: ClientCertificate,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, Wrong> {
    let wrong = |why: String| ("client_ca", why);
    let mut roots = RootCertStore::empty();
    for authority in certificates("client_ca", authorities)? {
        let added = roots.add(authority);
        added.map_err(|why| wrong(format!("holds what is no certificate: {why}")))?;
    }
    let builder =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
    let builder = match demand {
        ClientCertificate::Required => builder,
        ClientCertificate::Optional => builder.allow_unauthenticated(),
    };
    builder.build().map_err(|why| wrong(why.to_string()))
}

fn certificates(key: &'static str, text: &Secret) -> Result<Vec<CertificateDer<'static>>, Wrong> {
    let read: Result<Vec<_>, _> =
        CertificateDer::pem_slice_iter(text.expose().as_bytes()).collect();
    match read {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err((
            key,
            "holds no certificate in PEM (BEGIN CERTIFICATE)".into(),
        )),
    }
}

/// The time of the first certificate of a chain, where it is valid now.
fn validity(chain: &[CertificateDer<'_>], now: Timestamp) -> Result<Validity, String> {
    let first = chain.first().map(|der| Certificate::from_der(der));
    let Some(Ok(certificate)) = first else {
        return Err("holds what is no certificate".into());
    };
    let validity = certificate.tbs_certificate.validity;
    let at = |time: Time| Timestamp(0).plus(time.to_unix_duration());
    let (from, until) = (at(validity.not_before), at(validity.not_after));
    if now > until {
        return Err(format!("expired at {until}; renew it"));
    }
    if now < from {
        return Err(format!("is valid from {from} on; set the clock, or wait"));
    }
    Ok(Validity { from, until })
}

/// The names in a certificate that was checked: those for DNS, and the common name of its subject.
#[must_use]
pub fn names_in(certificate: &CertificateDer<'_>) -> Vec<String> {
    let Ok(certificate) = Certificate::from_der(certificate) else {
        return Vec::new();
    };
    let listed = certificate.tbs_certificate.get::<SubjectAltName>();
    let listed = listed.ok().flatten().map(|(_, names)| names.0);
    let dns = listed.into_iter().flatten().filter_map(|name| match name {
        GeneralName::DnsName(name) => Some(name.to_string()),
        _ => None,
    });
    let subject = certificate.tbs_certificate.subject.0.iter();
    let common = subject
        .flat_map(|names| names.0.iter())
        .filter(|attribute| attribute.oid == COMMON_NAME)
        .filter_map(|attribute| text(&attribute.value));
    dns.chain(common).collect()
}

/// A text of any of the kinds that certificates have.
fn text(value: &x509_cert::der::Any) -> Option<String> {
    let der = value.to_der().ok()?;
    let utf8 = Utf8StringRef::from_der(&der).map(|text| text.as_str().to_owned());
    let printable = || PrintableStringRef::from_der(&der).map(|text| text.as_str().to_owned());
    let ia5 = || Ia5StringRef::from_der(&der).map(|text| text.as_str().to_owned());
    utf8.or_else(|_| printable()).or_else(|_| ia5()).ok()
}

#[cfg(test)]
mod tests {
    use rcgen::CertifiedKey;
    use slugline_core::secret::SecretRef;

    use super::*;
    use crate::secrets::References;

    #[test]
    fn it_is_said_in_time_that_a_certificate_expires() {
        let day = |days: u64| Timestamp(0).plus(Duration::from_secs(days * 86_400));
        let year = Validity {
            from: day(0),
            until: day(365),
        };
        assert_eq!(year.warning(day(334)), None);
        let warning = year.warning(day(336)).unwrap();
        assert!(warning.contains("expires in 29 days"), "{warning}");
        let week = Validity {
            from: day(358),
            until: day(365),
        };
        assert_eq!(week.warning(day(361)), None, "it is renewed by a program");
        assert!(week.warning(day(363)).is_some());
    }

    #[test]
    fn a_certificate_that_is_renewed_is_taken_and_a_wrong_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let made = || rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let write =
            |name: &str, text: String| std::fs::write(folder.path().join(name), text).unwrap();
        let CertifiedKey { cert, signing_key } = made();
        write("cert", cert.pem());
        write("key", signing_key.serialize_pem());
        let tls = Tls {
            certificate: SecretRef("file:cert".into()),
            key: SecretRef("file:key".into()),
            client_ca: None,
            client_certificate: ClientCertificate::Optional,
        };
        let references = References::beside(&folder.path().join("slugline.toml"));
        let now = SystemClock.now();
        let identity = Identity::load(&tls, &references, now).ok().unwrap();
        let first = Arc::clone(identity.acceptor().config());
        let looks_again = || identity.look_again(&tls, &references, now);
        assert_eq!(looks_again(), Ok(false));

        let renewed = made();
        write("cert", renewed.cert.pem());
        assert_eq!(looks_again().unwrap_err().0, "key");
        assert!(Arc::ptr_eq(identity.acceptor().config(), &first));
        write("key", renewed.signing_key.serialize_pem());
        assert_eq!(looks_again(), Ok(true));
        assert!(!Arc::ptr_eq(identity.acceptor().config(), &first));
    }
}
