//! The run, step by step: CMSs up, an act of trouble with kills, an act of loss with polls, and after each of them the
//! comparison of what is live with what each CMS shows. Ensures that each step ends by a deadline that names what it
//! waited for.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::Options;
use super::api::Api;
use super::cms::Cms;
use super::configuration::{configuration, secrets, site};
use super::delivery::Delivery;
use super::directus::Directus;
use super::echo::Echo;
use super::ghost::Ghost;
use super::plan::{Act, Story, order, stories};
use super::report::{Report, Tally, untested};
use super::site::{differences, pages};
use super::strapi::Strapi;
use super::wordpress::WordPress;
use crate::parts::ground::Ground;
use crate::parts::ports;
use crate::parts::slugline::{Place, Server};

/// Entries of each CMS in an act of a normal run.
const ENTRIES: usize = 20;
/// How many times as many a long run has.
const LONG: usize = 5;
/// Kills in the first act.
const KILLS: usize = 2;
/// From the last deed until all is live: what is held back, what is looked up, two polls, and a busy machine.
const SETTLED_WITHIN: Duration = Duration::from_secs(120);
/// A CMS that has sent nothing for so long has no more to tell.
const QUIET: Duration = Duration::from_secs(3);
/// Between two looks while all settles.
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);
/// Some CMSs count seconds: what a poll must find may not be of the same second as what a webhook has told.
const SECOND: Duration = Duration::from_millis(1_100);

/// Everything that runs, besides the server.
struct Stage {
    all: Vec<Arc<dyn Cms>>,
    delivery: Delivery,
    place: Place,
    // Last, so that nobody else has it until the servers have ended.
    ground: Ground,
}

/// Runs the test.
///
/// # Errors
/// As `real_sources::run`.
pub(super) async fn run(options: &Options) -> Result<Report> {
    let began = Instant::now();
    let seed = options.seed.unwrap_or_else(|| fastrand::u64(..));
    println!("seed {seed}");
    let entries = ENTRIES * if options.long { LONG } else { 1 };
    let mut random = fastrand::Rng::with_seed(seed);
    let stage = Stage::set(options, seed).await?;
    println!("  the CMSs run after {} s", began.elapsed().as_secs());
    let (mut wrong, mut tallies) = (Vec::new(), BTreeMap::new());
    for act in [Act::Trouble, Act::Loss] {
        let server = stage.open(act).await?;
        stage.play(act, &server, entries, &mut random).await?;
        let unsettled = stage.settle(&server).await?;
        wrong.extend(unsettled.into_iter().map(|what| format!("{act:?}: {what}")));
        tallies = stage.tallies(&server).await?;
        let stopped = server.stop_and_verify_log().await;
        wrong.extend(stopped.err().map(|error| format!("{error:#}")));
        println!("  {act:?} ended after {} s", began.elapsed().as_secs());
    }
    wrong.extend(stage.echo().await?);
    println!(
        "  {:?} ended after {} s",
        Act::Echo,
        began.elapsed().as_secs()
    );
    wrong.extend(tallies.iter().flat_map(|(cms, tally)| tally.wrong(cms)));
    wrong.extend(untested(&tallies));
    Ok(Report {
        took: began.elapsed(),
        entries: entries * 2,
        kills: KILLS,
        seed,
        tallies,
        wrong,
        logs: stage.ground.logs.clone(),
    })
}

impl Stage {
    async fn set(options: &Options, seed: u64) -> Result<Self> {
        let ground = Ground::take()?;
        let (folder, logs) = (ground.folder.clone(), ground.logs.clone());
        let [listen, doors, wordpress, ghost, strapi, directus] = ports::free()?;
        let hooks = |name: &str| format!("http://{doors}/hooks/{name}");
        let (tells_wordpress, tells_ghost) = (hooks("wordpress"), hooks("ghost"));
        let (tells_strapi, tells_directus) = (hooks("strapi"), hooks("directus"));
        // Most of a start is waiting.
        let (wordpress, ghost, strapi, directus) = tokio::try_join!(
            WordPress::start(&ground, wordpress, &tells_wordpress),
            Ghost::start(&ground, ghost, &tells_ghost),
            Strapi::start(&ground, strapi, &tells_strapi),
            Directus::start(&ground, directus, &tells_directus),
        )?;
        let all: Vec<Arc<dyn Cms>> = vec![
            Arc::new(wordpress),
            Arc::new(ghost),
            Arc::new(strapi),
            Arc::new(directus),
        ];
        let notes = logs.join("webhooks.txt");
        let delivery = Delivery::start(doors, listen, seed, &notes).await?;
        let place = Place {
            binary: options.binary.clone(),
            configuration: String::new(),
            secrets: secrets(&all),
            folder,
            logs,
            listen,
        };
        Ok(Self {
            all,
            delivery,
            place,
            ground,
        })
    }

    /// The server as the act has it, on what the act before has left.
    async fn open(&self, act: Act) -> Result<Server> {
        let place = &self.place;
        let configuration = configuration(place.listen, &place.folder, &self.all, act);
        self.delivery.lose_some(act == Act::Loss);
        Server::start(Place {
            configuration,
            ..place.clone()
        })
        .await
    }

    /// Has an editor at work in each CMS, and kills the server under the act of trouble.
    async fn play(
        &self,
        act: Act,
        server: &Server,
        entries: usize,
        random: &mut fastrand::Rng,
    ) -> Result<()> {
        let done = watch::Sender::new(0);
        let (mut editors, mut deeds) = (JoinSet::new(), 0);
        for cms in &self.all {
            let stories = stories(cms.name(), act, entries, random);
            let order = order(&stories, random);
            deeds += order.len();
            let (cms, done) = (cms.clone(), done.clone());
            editors.spawn(async move { edit(&*cms, act, &stories, &order, &done).await });
        }
        let kills = if act == Act::Trouble { KILLS } else { 0 };
        for part in 1..=kills {
            let mut done = done.subscribe();
            let reached = done.wait_for(|done| *done >= deeds * part / (kills + 1));
            tokio::select! {
                reached = reached => drop(reached?),
                Some(ended) = editors.join_next() => ended??,
            }
            server.kill_and_restart().await?;
            println!("  killed and restarted ({part} of {kills})");
        }
        while let Some(ended) = editors.join_next().await {
            ended??;
        }
        Ok(())
    }

    /// The act in which WordPress is a destination too; what went wrong.
    async fn echo(&self) -> Result<Vec<String>> {
        let server = self.open(Act::Echo).await?;
        let wordpress = self.all.iter().find(|cms| cms.name() == "wordpress");
        let echo = Echo {
            cms: wordpress.context("no WordPress")?.as_ref(),
            api: &Api::new(server.url()),
        };
        let mut wrong = echo.play().await?;
        let stopped = server.stop_and_verify_log().await;
        wrong.extend(stopped.err().map(|error| format!("{error:#}")));
        Ok(wrong)
    }

    /// Waits until everything has arrived and is live; what is not by the deadline.
    async fn settle(&self, server: &Server) -> Result<Vec<String>> {
        let deadline = Instant::now() + SETTLED_WITHIN;
        let api = Api::new(server.url());
        loop {
            let open = self.open_matters(&api).await?;
            if open.is_empty() || Instant::now() > deadline {
                return Ok(open);
            }
            sleep(BETWEEN_LOOKS).await;
        }
    }

    /// What is still to be done, or not as it must be.
    async fn open_matters(&self, api: &Api) -> Result<Vec<String>> {
        let mut open = Vec::new();
        for cms in &self.all {
            if !cms.has_told().await? {
                open.push(format!("{} has more to tell", cms.name()));
            }
        }
        if !self.delivery.is_quiet_for(QUIET) {
            open.push("webhooks are under way".to_owned());
        }
        for webhook in api.all("webhooks", "&state=received").await? {
            open.push(format!("not dealt with: {webhook}"));
        }
        let publishes = api.all("publishes", "").await?;
        let is_open = |publish: &&Value| {
            let state = publish["state"].as_str().unwrap_or_default();
            !matches!(state, "live" | "superseded")
        };
        let publishes = publishes.iter().filter(is_open);
        open.extend(publishes.map(|publish| format!("not live: {publish}")));
        for cms in &self.all {
            let live = pages(&site(&self.place.folder, &**cms))?;
            open.extend(differences(cms.name(), &cms.shown().await?, &live));
        }
        Ok(open)
    }

    async fn tallies(&self, server: &Server) -> Result<BTreeMap<&'static str, Tally>> {
        let (api, counts) = (Api::new(server.url()), self.delivery.counts());
        let mut tallies = BTreeMap::new();
        for cms in &self.all {
            let name = cms.name();
            let kept = api.all("webhooks", &format!("&source={name}")).await?;
            let counts = counts.get(name).cloned().unwrap_or_default();
            tallies.insert(name, Tally::of(counts, &kept));
        }
        Ok(tallies)
    }
}

/// An editor at work: everything that is planned for a CMS, one deed after the other.
async fn edit(
    cms: &dyn Cms,
    act: Act,
    stories: &[Story],
    order: &[usize],
    done: &watch::Sender<usize>,
) -> Result<()> {
    let mut under_way: BTreeMap<usize, (String, usize, Instant)> = BTreeMap::new();
    for number in order {
        let story = &stories[*number];
        match under_way.get_mut(number) {
            None => {
                let id = cms.write(&story.draft).await;
                let id = id.with_context(|| format!("{}: {:?}", cms.name(), story.draft))?;
                under_way.insert(*number, (id, 0, Instant::now()));
            }
            Some((id, next, last)) => {
                if act == Act::Loss {
                    tokio::time::sleep_until(*last + SECOND).await;
                }
                let deed = &story.deeds[*next];
                let did = cms.act(id, deed).await;
                did.with_context(|| format!("{}: {deed:?} of {id}", cms.name()))?;
                (*next, *last) = (*next + 1, Instant::now());
            }
        }
        done.send_modify(|done| *done += 1);
    }
    Ok(())
}
