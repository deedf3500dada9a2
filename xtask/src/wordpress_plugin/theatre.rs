//! The site, the receiver, and waiting for what passes between them. Ensures that a wait ends by a deadline and says what
//! was waited for, and that at the end everything the outbox has was received as it is there.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::Instant;

use super::inbox::{Attempt, Inbox};
use super::persons::complaints;
use super::receiver::{Receiver, SECRET};
use crate::parts::ground::Ground;
use crate::parts::plugin_site::Site;
use crate::parts::ports;
use crate::parts::wordpress::WordPress;

/// For a message to arrive: the longest wait is the scheduled post's minute.
const WITHIN: Duration = Duration::from_secs(120);

/// What is the plugin's in the database.
const LEFT_BEHIND: &str = "SHOW TABLES LIKE '%slugline%'; \
    SELECT option_name FROM wp_options WHERE option_name LIKE 'slugline%' OR (option_name = 'cron' AND option_value LIKE '%slugline%')";

/// Everything that the stories need.
pub(super) struct Theatre {
    pub(super) site: Arc<Site>,
    receiver: Mutex<Receiver>,
    // Last, so that nobody else has it until the servers have ended.
    ground: Ground,
}

impl Theatre {
    /// Starts a fresh site and the receiver.
    ///
    /// # Errors
    /// When a server does not start.
    pub(super) async fn open() -> Result<Self> {
        let ground = Ground::take()?;
        let [wordpress] = ports::free()?;
        let name = wordpress.to_string();
        let site = WordPress::start(&ground.folder, &ground.logs, wordpress, &name).await?;
        let mut receiver = Receiver::new();
        receiver.up().await?;
        let site = Site::with_plugin(site, &receiver.url(), SECRET).await?;
        Ok(Self {
            site: Arc::new(site),
            receiver: Mutex::new(receiver),
            ground,
        })
    }

    /// The receiver, to change its mood or to read what came.
    pub(super) async fn receiver(&self) -> MutexGuard<'_, Receiver> {
        self.receiver.lock().await
    }

    /// Lets WP-Cron work until the inbox is as it must be.
    ///
    /// # Errors
    /// When it is not by the deadline.
    pub(super) async fn until(&self, what: &str, holds: impl Fn(&Inbox) -> bool) -> Result<()> {
        let deadline = Instant::now() + WITHIN;
        let mut came = self.receiver().await.came();
        while !holds(&self.receiver().await.inbox()) {
            if Instant::now() > deadline {
                bail!("not within {WITHIN:?}: {what}; {}", self.outbox().await?);
            }
            tokio::select! {
                changed = came.changed() => changed?,
                ticked = self.site.cron() => ticked?,
            }
        }
        Ok(())
    }

    /// Lets WP-Cron work until the outbox has nothing that is still to be sent.
    ///
    /// # Errors
    /// When it has by the deadline.
    pub(super) async fn all_sent(&self) -> Result<()> {
        let deadline = Instant::now() + WITHIN;
        while self.in_state("open").await? + self.in_state("waiting").await? > 0 {
            ensure!(
                Instant::now() < deadline,
                "not all sent within {WITHIN:?}: {}",
                self.outbox().await?
            );
            self.site.cron().await?;
        }
        Ok(())
    }

    /// The messages about a post once everything is sent: that no further one comes is part of it.
    ///
    /// # Errors
    /// When something is not sent by the deadline.
    pub(super) async fn messages(&self, post: u64) -> Result<Vec<Attempt>> {
        self.all_sent().await?;
        let receiver = self.receiver().await;
        let inbox = receiver.inbox();
        Ok(inbox.of_post(post).into_iter().cloned().collect())
    }

    /// Rows of the outbox in a state.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(super) async fn in_state(&self, state: &str) -> Result<usize> {
        let sql = format!("SELECT COUNT(*) FROM wp_slugline_outbox WHERE state = '{state}'");
        Ok(self.site.sql(&sql).await?.parse()?)
    }

    /// Compares what the outbox has with what was received, removes the plugin, and asks PHP whether it had complaints.
    ///
    /// # Errors
    /// When they differ, or the plugin leaves something behind.
    pub(super) async fn close(self) -> Result<()> {
        self.all_sent().await?;
        let sent = self.sent().await?;
        self.compare(&sent).await?;
        self.site.uninstall().await?;
        let left = self.site.sql(LEFT_BEHIND).await?;
        ensure!(left.is_empty(), "the plugin leaves behind: {left}");
        self.complaints()
    }

    async fn compare(&self, sent: &BTreeMap<String, String>) -> Result<()> {
        let receiver = self.receiver().await;
        let inbox = receiver.inbox();
        ensure!(inbox.wrong.is_empty(), "wrong: {}", inbox.wrong.join("; "));
        let taken = inbox.taken();
        for (id, body) in sent {
            let arrived = taken.get(id.as_str()).copied();
            ensure!(
                arrived == Some(body),
                "{id} is {body}; arrived: {arrived:?}"
            );
        }
        let repeats = inbox.attempts.iter().filter(|it| it.taken).count() - taken.len();
        println!(
            "  {} messages, {} attempts, {repeats} taken more than once",
            sent.len(),
            inbox.attempts.len()
        );
        Ok(())
    }

    /// What the outbox says it has sent, by id.
    async fn sent(&self) -> Result<BTreeMap<String, String>> {
        let rows = "SELECT (SELECT option_value FROM wp_options WHERE option_name = 'slugline_site'), id, body \
            FROM wp_slugline_outbox WHERE state = 'sent'";
        let rows = self.site.sql(rows).await?;
        let mut sent = BTreeMap::new();
        for row in rows.lines() {
            let [site, id, body] = row.splitn(3, '\t').collect::<Vec<_>>()[..] else {
                bail!("no row: {row}");
            };
            sent.insert(format!("{site}-{id}"), body.to_owned());
        }
        Ok(sent)
    }

    fn complaints(&self) -> Result<()> {
        let log = fs::read_to_string(self.ground.logs.join("wordpress.log"))?;
        let complaints = complaints(&log);
        ensure!(complaints.is_empty(), "{complaints}");
        Ok(())
    }

    async fn outbox(&self) -> Result<String> {
        self.site
            .sql("SELECT id, object, type, state, attempts, last_error FROM wp_slugline_outbox WHERE state <> 'sent'")
            .await
    }
}
