//! TLS of the listener: who gets in, and that those who do not keep nobody else out.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::Value;
use tempfile::TempDir;

use super::harness::{CONFIGURATION, Server, TOKEN, run};

pub(crate) type Authority = CertifiedIssuer<'static, KeyPair>;

/// An answer that takes longer will not come.
const PATIENCE: Duration = Duration::from_secs(20);

/// A certificate and its key, PEM.
pub(crate) struct Pair {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

pub(crate) fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn issue(name: &str, authority: &Authority, change: impl Fn(&mut CertificateParams)) -> Pair {
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    Pair {
        certificate: params.signed_by(&key, authority).unwrap().pem(),
        key: key.serialize_pem(),
    }
}

pub(crate) fn pair(name: &str, authority: &Authority) -> Pair {
    issue(name, authority, |_| {})
}

/// A folder with certificates, and a source that shows one of the name `cms.example`.
fn folder(authority: &Authority, server: &Pair, client_certificate: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("server.pem", &server.certificate);
    write("server.key", &server.key);
    write("ca.pem", &authority.pem());
    let tls = format!(
        "\n[server.tls]\ncertificate = \"server.pem\"\nkey = \"file:server.key\"\nclient_ca = \"ca.pem\"\nclient_certificate = \"{client_certificate}\"\n\n[[token]]"
    );
    let source = "\n[[source]]\nname = \"cms\"\ntype = \"strapi\"\nsecrets = [\"env:SLUGLINE_TOKEN\"]\nclient_certificates = [\"CMS.example\"]\n";
    let configuration = CONFIGURATION.replacen("\n[[token]]", &tls, 1) + source;
    write("slugline.toml", &configuration);
    folder
}

/// One connection to the server, whose answers end with it.
fn ask(server: &Server, trusted: &Authority, shown: Option<&Pair>, request: &str) -> String {
    ask_over(connect(server), trusted, shown, request)
}

fn ask_over(
    connection: TcpStream,
    trusted: &Authority,
    shown: Option<&Pair>,
    request: &str,
) -> String {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.der().clone()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let mut config = match shown {
        None => builder.with_no_client_auth(),
        Some(pair) => {
            let chain = CertificateDer::from_pem_slice(pair.certificate.as_bytes()).unwrap();
            let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap();
            builder.with_client_auth_cert(vec![chain], key).unwrap()
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let name = "localhost".try_into().unwrap();
    let client = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(client, connection);
    let mut answer = Vec::new();
    // What the other end refuses shows as the lack of an answer.
    let _ = stream.write_all(request.as_bytes());
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.url.trim_start_matches("https://")).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

const LIVEZ: &str = "GET /livez HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

fn webhook() -> String {
    let body = r#"{"event":"media.create","createdAt":"2026-03-01T10:00:00Z","media":{"id":1}}"#;
    format!(
        "POST /hooks/cms HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {TOKEN}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn sources(server: &Server, trusted: &Authority) -> Value {
    let request = format!(
        "GET /v1/sources HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {TOKEN}\r\nconnection: close\r\n\r\n"
    );
    let answer = ask(server, trusted, None, &request);
    let body = answer.split_once("\r\n\r\n").unwrap().1;
    serde_json::from_str(body).unwrap()
}

#[test]
fn a_source_takes_webhooks_only_from_who_shows_its_certificate() {
    let (ours, other) = (authority(), authority());
    let server = Server::start_in(folder(&ours, &pair("localhost", &ours), "optional"));
    assert!(server.url.starts_with("https://"), "{}", server.url);
    assert!(ask(&server, &ours, None, LIVEZ).starts_with("HTTP/1.1 200"));

    let refused = |shown| {
        let answer = ask(&server, &ours, shown, &webhook());
        assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
        assert!(answer.contains("certificate_not_allowed"), "{answer}");
        answer
    };
    refused(None);
    let answer = refused(Some(&pair("shop.example", &ours)));
    assert!(answer.contains("shop.example"), "{answer}");
    let foreign = pair("cms.example", &other);
    assert_eq!(ask(&server, &ours, Some(&foreign), &webhook()), "");

    let by_name = pair("cms.example", &ours);
    let answer = ask(&server, &ours, Some(&by_name), &webhook());
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let by_subject = issue("elsewhere.example", &ours, |params| {
        let subject = &mut params.distinguished_name;
        subject.push(rcgen::DnType::CommonName, "cms.example");
    });
    let answer = ask(&server, &ours, Some(&by_subject), &webhook());
    assert!(answer.contains(r#""duplicate""#), "{answer}");

    let counts = &sources(&server, &ours)["items"][0];
    assert_eq!(
        (&counts["refused"], &counts["received"]),
        (&2.into(), &1.into())
    );
    assert_eq!(counts["last_refused"][0]["code"], "certificate_not_allowed");
}

#[test]
fn where_certificates_are_required_nobody_comes_in_without() {
    let ours = authority();
    let server = Server::start_in(folder(&ours, &pair("localhost", &ours), "required"));
    assert_eq!(ask(&server, &ours, None, LIVEZ), "");
    let shown = pair("any.example", &ours);
    assert!(ask(&server, &ours, Some(&shown), LIVEZ).starts_with("HTTP/1.1 200"));
}

#[test]
fn who_shakes_hands_slowly_or_speaks_plain_http_keeps_nobody_out_and_no_stop_waiting() {
    let ours = authority();
    let mut server = Server::start_in(folder(&ours, &pair("localhost", &ours), "optional"));
    let early = connect(&server);
    let mut plain = connect(&server);
    plain.write_all(LIVEZ.as_bytes()).unwrap();
    let mut answer = String::new();
    let _ = plain.read_to_string(&mut answer);
    assert!(answer.ends_with("call it by https://"), "{answer}");

    // One that began before, and nobody comes after it.
    assert!(ask_over(early, &ours, None, LIVEZ).starts_with("HTTP/1.1 200"));

    // The head of a record that never comes whole.
    let halves = || {
        let mut half = connect(&server);
        half.write_all(&[22, 3, 1, 2, 0]).unwrap();
        half
    };
    let _slow: Vec<TcpStream> = std::iter::repeat_with(halves).take(200).collect();
    assert!(ask(&server, &ours, None, LIVEZ).starts_with("HTTP/1.1 200"));
    server.signal("TERM");
    let (code, took) = server.wait();
    assert_eq!(code, Some(0));
    assert!(took.as_secs() < 8, "handshakes held up the stop: {took:?}");
}

#[test]
fn check_says_that_a_certificate_expires_soon() {
    let ours = authority();
    let soon = issue("localhost", &ours, |params| {
        params.not_after = time::OffsetDateTime::now_utc() + time::Duration::hours(5 * 24 + 1);
    });
    let folder = folder(&ours, &soon, "optional");
    let shown = run(folder.path(), &["check"]).with(0).out();
    assert!(
        shown.contains("the certificate expires in 5 days"),
        "{shown}"
    );
    let warning = run(folder.path(), &["check", "--json"]).with(0).json()["tls"]["warning"].clone();
    assert!(warning.as_str().unwrap().contains("renew it"), "{warning}");
}

#[test]
fn check_says_what_is_wrong_with_a_certificate() {
    let ours = authority();
    let good = pair("localhost", &ours);
    let says = |server: &Pair, text: &str| {
        let folder = folder(&ours, server, "optional");
        let ended = run(folder.path(), &["check"]).with(2);
        assert!(ended.err().contains(text), "{}", ended.err());
    };
    let mixed = Pair {
        certificate: good.certificate.clone(),
        key: pair("localhost", &ours).key,
    };
    says(
        &mixed,
        "slugline: [server] tls key: is not the key of the certificate",
    );
    let old = issue("localhost", &ours, |params| {
        params.not_after = rcgen::date_time_ymd(2024, 5, 6);
    });
    says(
        &old,
        "[server] tls certificate: expired at 2024-05-06T00:00:00Z",
    );
    let none = Pair {
        certificate: good.certificate.clone(),
        key: String::new(),
    };
    says(&none, "slugline.toml:7: [server] tls key: the file");

    let right = folder(&ours, &good, "optional");
    let shown = run(right.path(), &["check"]).with(0).out();
    assert!(shown.contains("https://"), "{shown}");
    assert!(!shown.contains("expires in"), "{shown}");
    std::fs::remove_file(right.path().join("ca.pem")).unwrap();
    let ended = run(right.path(), &["check"]).with(2);
    assert!(
        ended.err().contains("[server] tls client_ca: the file"),
        "{}",
        ended.err()
    );
}
