//! Making connections.
//!
//! Ensures that each connection is set up alike: every commit durable, plans that probe indexes
//! however empty the tables were when they were made, and no transaction that outlives its node.
//! Host names are looked up anew for each connection, so that a database that moves is found; one that
//! cannot be reached is tried at growing distances (`outage`).

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use tokio_postgres::{AsyncMessage, Client, Config, Connection, NoTls, Notification};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::fault::{Done, Fault};
use super::outage::Outage;
use super::session::Session;

/// How long making a connection may take: longer than a handshake over a slow line, shorter than a
/// client waits for its answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a connection may be silent before it is asked whether it is alive, and how long sent
/// bytes may stay unacknowledged: a server that moved away without a word is noticed within these.
const SILENCE: Duration = Duration::from_secs(10);

/// What every connection is told first. A node that is frozen within a transaction holds up others no
/// longer than the time given here.
const SETUP: &str = "SET client_min_messages = error;
    SET idle_in_transaction_session_timeout = '10s';
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
    SET jit = off;";

/// How the statements of the hot path are planned: once, by index, whatever the tables held then.
const PROBING: &str = "SET plan_cache_mode = force_generic_plan;
    SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;
    SET enable_material = off;";

/// What hears the notifications that come over a connection.
pub(crate) type Heard = Arc<dyn Fn(&Notification) + Send + Sync>;

/// What makes connections to one database.
#[derive(Clone)]
pub(crate) struct Connector {
    config: Config,
    /// `None`: without TLS.
    tls: Option<MakeRustlsConnect>,
    outage: Arc<Outage>,
}

impl Connector {
    /// Reads a URL (`postgres://user:password@host:port/database`) or a list of `key=value`.
    pub(crate) fn new(url: &str) -> Done<Self> {
        let mut config: Config = url.parse().map_err(|error| {
            Fault::Unusable(format!(
                "the database URL cannot be read: {}; write postgres://user:password@host:5432/database",
                super::fault::said(&error)
            ))
        })?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if config.get_application_name().is_none() {
            config.application_name("slugline");
        }
        config
            .target_session_attrs(TargetSessionAttrs::ReadWrite)
            .keepalives_idle(SILENCE)
            .tcp_user_timeout(SILENCE);
        let tls = tls(&mut config)?;
        Ok(Self {
            config,
            tls,
            outage: Arc::default(),
        })
    }

    /// A connection that is only used to listen.
    pub(crate) async fn listening(&self, heard: Heard) -> Done<Session> {
        self.set_up(Some(heard)).await
    }

    /// A connection for reading and for passes, whose statements are planned for their values.
    pub(crate) async fn session(&self) -> Done<Session> {
        self.set_up(None).await
    }

    /// A connection for the hot path, whose statements are planned once.
    pub(crate) async fn probing(&self) -> Done<Session> {
        let session = self.session().await?;
        session.script(PROBING).await?;
        Ok(session)
    }

    async fn set_up(&self, heard: Option<Heard>) -> Done<Session> {
        self.outage.refuse(Instant::now())?;
        let made = self.connect(heard).await;
        match &made {
            Ok(_) => self.outage.end(),
            Err(fault) => self.outage.begin(Instant::now(), fault),
        }
        made
    }

    async fn connect(&self, heard: Option<Heard>) -> Done<Session> {
        let client = match &self.tls {
            None => {
                let (client, wire) = self.config.connect(NoTls).await?;
                drive(client, wire, heard)
            }
            Some(tls) => {
                let (client, wire) = self.config.connect(tls.clone()).await?;
                drive(client, wire, heard)
            }
        };
        let session = Session::new(client);
        session.script(SETUP).await?;
        Ok(session)
    }
}

/// Has a connection's other half driven until it ends.
fn drive<S, T>(client: Client, mut wire: Connection<S, T>, heard: Option<Heard>) -> Client
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    tokio::spawn(async move {
        while let Some(message) = poll_fn(|context| wire.poll_message(context)).await {
            match (message, &heard) {
                (Ok(AsyncMessage::Notification(notification)), Some(heard)) => heard(&notification),
                (Ok(_), _) => {}
                (Err(error), _) => {
                    tracing::warn!(
                        error = super::fault::said(&error),
                        "a connection to PostgreSQL ended"
                    );
                    return;
                }
            }
        }
    });
    client
}

/// How connections are protected. On the same machine nothing is to be protected unless the URL asks
/// for it: servers there mostly have a certificate that nobody signed.
fn tls(config: &mut Config) -> Done<Option<MakeRustlsConnect>> {
    let mode = config.get_ssl_mode();
    if mode == SslMode::Disable || (mode == SslMode::Prefer && is_local(config)) {
        config.ssl_mode(SslMode::Disable);
        return Ok(None);
    }
    match MakeRustlsConnect::with_native_certs() {
        Ok((tls, _)) => Ok(Some(tls)),
        Err(errors) => Err(Fault::Unusable(format!(
            "no certificate authority is known on this machine ({errors:?}); install ca-certificates, or add sslmode=disable to the database URL"
        ))),
    }
}

fn is_local(config: &Config) -> bool {
    config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => {
            name == "localhost"
                || name
                    .parse()
                    .is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    })
}
