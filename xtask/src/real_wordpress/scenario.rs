//! The run, step by step: servers up, the person's entries, trouble, stories and kills, calm, a rollback, the comparison.
//! Ensures that each step ends by a deadline. What each step does is in its own file.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::check::Expected;
use super::client::Client;
use super::configuration::{configuration, secrets};
use super::plan::{Item, plan};
use super::proxy::FaultProxy;
use super::public::{public_ids, wrong_pages};
use super::site::{Holdings, Medium};
use super::stories::{self, Teller};
use super::{Options, Report, people, rollback};
use crate::parts::ground::Ground;
use crate::parts::heroes::{PictureServer, alternative_text, picture, sha256};
use crate::parts::http::Http;
use crate::parts::ports;
use crate::parts::slugline::{Place, Server};
use crate::parts::wordpress::WordPress;

/// Items of a normal run, besides those that collide.
const ITEMS: usize = 200;
/// Kills of a normal run.
const KILLS: usize = 5;
/// How many times as much a long run does.
const LONG: usize = 5;
/// For all stories of a normal run. It takes two to three minutes; a machine that compiles takes longer.
const STORIES_WITHIN: Duration = Duration::from_secs(15 * 60);
/// From the end of the faults until the second looks and the orphan pass are through.
const SETTLED_WITHIN: Duration = Duration::from_secs(120);
/// For a bad version, its rollback and its late repeat, without any faults.
const ROLLED_BACK_WITHIN: Duration = Duration::from_secs(60);
/// Between two looks at WordPress while it settles; one costs a few hundred milliseconds.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);
/// Between two lines of progress.
const BETWEEN_LINES: Duration = Duration::from_secs(15);
/// A kill comes up to this long after the story that announces it, in milliseconds.
const KILL_AFTER_MS: u64 = 1000;

/// Everything that runs while the stories are told.
struct Stage {
    site: WordPress,
    proxy: FaultProxy,
    server: Server,
    teller: Arc<Teller>,
    // Last, so that nobody else has it until the servers have ended.
    ground: Ground,
}

/// Runs the test.
///
/// # Errors
/// As `real_wordpress::run`.
pub(crate) async fn run(options: &Options) -> Result<Report> {
    let began = Instant::now();
    let seed = options.seed.unwrap_or_else(|| fastrand::u64(..));
    let times = if options.long { LONG } else { 1 };
    println!("seed {seed}");
    let items = plan(ITEMS * times, seed);
    let stage = Stage::set(
        options,
        &items,
        seed,
        STORIES_WITHIN * u32::try_from(times)?,
    )
    .await?;
    let before = people::rows(&stage.site).await?;
    let keys = stage.tell(&items, KILLS * times, seed).await?;
    stage.proxy.calm().await;
    stage.settle(&items, &keys).await?;
    stage.roll_back(&items).await?;
    let stopped = stage.server.stop_and_verify_log().await;
    let mut differences = differences(&stage.site, &items).await?;
    differences.extend(wrong_pages(&stage.site, &Http::new(), &items).await?);
    if people::rows(&stage.site).await? != before {
        differences.push("the person's entries were changed".to_owned());
    }
    differences.extend(stopped.err().map(|error| format!("{error:#}")));
    let table = stage.proxy.table();
    Ok(Report {
        took: began.elapsed(),
        items: items.len(),
        kills: KILLS * times,
        seed,
        table,
        differences,
        logs: stage.ground.logs.clone(),
    })
}

impl Stage {
    async fn set(options: &Options, items: &[Item], seed: u64, within: Duration) -> Result<Self> {
        let ground = Ground::take()?;
        let Ground { folder, logs, .. } = &ground;
        let [wordpress, public, pictures, listen] = ports::free()?;
        let site = WordPress::start(folder, logs, wordpress, &public.to_string()).await?;
        people::write(&site, items).await?;
        let proxy = FaultProxy::start(public, wordpress, seed).await?;
        let place = Place {
            binary: options.binary.clone(),
            folder: folder.clone(),
            logs: logs.clone(),
            listen,
            configuration: configuration(listen, public),
            secrets: secrets(&site.passwords.publisher),
        };
        let server = Server::start(place).await?;
        let client = Client::new(server.url(), Instant::now() + within);
        let told = watch::Sender::new(0);
        let teller = Arc::new(Teller {
            client,
            pictures: PictureServer::start(pictures).await?,
            told,
        });
        Ok(Self {
            site,
            proxy,
            server,
            teller,
            ground,
        })
    }

    /// Tells the stories in trouble, with kills in between; the keys of all accepted requests come back.
    async fn tell(&self, items: &[Item], kills: usize, seed: u64) -> Result<Vec<String>> {
        self.proxy.trouble();
        let told = stories::tell(&self.teller, items);
        let killed = self.kill(items.len(), kills, seed);
        tokio::select! {
            both = async { tokio::try_join!(told, killed) } => Ok(both?.0),
            never = self.show_progress(items.len()) => never,
        }
    }

    /// Kills the server when the first, second, … of `kills + 1` equal parts of the stories has been told.
    async fn kill(&self, stories: usize, kills: usize, seed: u64) -> Result<()> {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut told = self.teller.told.subscribe();
        for part in 1..=kills {
            told.wait_for(|told| *told >= stories * part / (kills + 1))
                .await?;
            sleep(Duration::from_millis(random.u64(..KILL_AFTER_MS))).await;
            self.server.kill_and_restart().await?;
            println!("  killed and restarted ({part} of {kills})");
        }
        Ok(())
    }

    async fn show_progress<T>(&self, stories: usize) -> T {
        loop {
            sleep(BETWEEN_LINES).await;
            let requests = self.proxy.table().requests();
            println!(
                "  {} of {stories} stories told, {requests} requests to WordPress",
                *self.teller.told.borrow()
            );
        }
    }

    /// A bad version, and the way back: afterwards WordPress is as planned again.
    async fn roll_back(&self, items: &[Item]) -> Result<()> {
        let item = rollback::chosen(items).context("no story for it")?;
        let good = rollback::good(item).context("no good version")?;
        let medium = self.teller.medium(item, &good).await?;
        let deadline = Instant::now() + ROLLED_BACK_WITHIN;
        let (server, site) = (self.server.url(), &self.site);
        let client = Client::new(server.clone(), deadline);
        rollback::tell(&client, &server, site, (item, &medium), deadline).await
    }

    /// Waits for the second looks, then for the orphan pass: until WordPress is as planned, or the deadline.
    async fn settle(&self, items: &[Item], keys: &[String]) -> Result<()> {
        let deadline = Instant::now() + SETTLED_WITHIN;
        let client = Client::new(self.server.url(), deadline);
        for key in keys {
            client.publish_until(key, stories::is_settled).await?;
        }
        while Instant::now() < deadline && !differences(&self.site, items).await?.is_empty() {
            sleep(BETWEEN_LOOKS).await;
        }
        Ok(())
    }
}

/// How WordPress differs from what the plan says, at this moment.
async fn differences(site: &WordPress, items: &[Item]) -> Result<Vec<String>> {
    let expected = Expected {
        plan: items,
        pictures: &pictures(items)?,
    };
    Ok(expected.differences(
        &Holdings::of(site).await?,
        &public_ids(site, &Http::new()).await?,
    ))
}

/// Every picture that any version of any item has, as WordPress must hold it.
fn pictures(items: &[Item]) -> Result<BTreeMap<u32, Medium>> {
    let numbers = items.iter().flat_map(|item| {
        item.steps()
            .into_iter()
            .map(|step| item.picture(step.version))
    });
    numbers
        .map(|number| {
            let sha256 = sha256(&picture(number)?);
            Ok((
                number,
                Medium {
                    sha256,
                    alt: alternative_text(number),
                },
            ))
        })
        .collect()
}
