//! `slugline demo`: see it work.
//!
//! Ensures that the last word comes from the destinations' public face and not from our own store,
//! and that `--exit` ends in time, with 0 only when everything is live and correct.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde_json::Value;
use slugline_engine::ports::Transport;

use crate::client::api::Api;
use crate::demo::face::{Finding, in_the_folder, on_the_blog};
use crate::demo::samples::POSTS;
use crate::demo::stage::Stage;
use crate::demo::table::Table;
use crate::output::Output;
use crate::signals::Ends;
use crate::transport::{Guard, HttpTransport};

/// `--exit` ends within 45 s of the start; this much is for delivering, the rest for the last look.
const PATIENCE: Duration = Duration::from_secs(35);
/// Between two looks at the jobs.
const GLANCE: Duration = Duration::from_millis(250);

/// Shows Slugline at work: a server, a folder site, a sandbox WordPress that fails often.
///
/// Five posts are published to both destinations. The last table is read from the destinations
/// themselves: public pages, pictures, files.
#[derive(clap::Args, Clone, Debug)]
#[command(
    after_help = "Examples:\n  slugline demo\n  slugline demo --exit\n  slugline demo --faults lose=0.3,late=0.2@2s"
)]
pub struct DemoArgs {
    /// End when everything is live (0) or after 45 s (1)
    #[arg(long)]
    pub exit: bool,
    /// How the sandbox fails: none, often, or as for `slugline sandbox`
    #[arg(long, default_value = "often")]
    pub faults: String,
}

/// Runs the command.
pub async fn run(args: &DemoArgs) -> ExitCode {
    crate::telemetry::log(crate::config::LogFormat::Text, "off");
    match play(args).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("slugline: {why}");
            ExitCode::FAILURE
        }
    }
}

/// A closed pipe (`| head`) ends what can be said, not what is done.
fn say(text: &str) {
    Output::new(false).line(text);
}

async fn play(args: &DemoArgs) -> Result<bool, String> {
    let started = Instant::now();
    let stage = Stage::set(&args.faults).await?;
    let client = Api::at(&format!("http://{}", stage.server), Some(&stage.token))?;
    say(&format!("Slugline listens on http://{}", stage.server));
    say(&format!(
        "A sandbox WordPress plays on http://{} (faults: {})",
        stage.sandbox, args.faults
    ));
    say(&format!(
        "A static site's content lies in {}\n",
        stage.site().display()
    ));
    say(&format!(
        "Publishing {} posts to both; {}:\n",
        POSTS.len(),
        if args.faults == "none" {
            "nothing goes wrong"
        } else {
            "requests to WordPress go wrong now and then"
        }
    ));
    let ids = publish(&client, &stage).await?;
    let settled = watch(&client, &ids, started).await?;
    say(&format!(
        "\n{}\n",
        if settled {
            "All jobs have ended. What the public sees:"
        } else {
            "Time is up. What the public sees:"
        }
    ));
    stage.calm();
    let correct = face(&stage).await;
    say(&format!(
        "\n  {:.0} s from start to finish",
        started.elapsed().as_secs_f64()
    ));
    if args.exit {
        stage.strike().await;
        return Ok(settled && correct);
    }
    linger(stage).await;
    Ok(true)
}

/// Publishes the samples as `slugline publish` does; the keys of the requests.
async fn publish(client: &Api, stage: &Stage) -> Result<Vec<String>, String> {
    let mut keys = Vec::new();
    for post in POSTS {
        keys.push(
            crate::cli::publish::one_file(
                client,
                &stage.posts().join(post.file),
                Output::new(false),
            )
            .await?,
        );
    }
    Ok(keys)
}

/// Shows the jobs until all have ended and no second look is due.
async fn watch(client: &Api, ids: &[String], started: Instant) -> Result<bool, String> {
    let mut table = Table::new();
    loop {
        let mut publishes = Vec::new();
        for id in ids {
            publishes.push(
                client
                    .find(&["v1", "publishes", id])
                    .await
                    .map_err(|why| why.to_string())?
                    .unwrap_or_default(),
            );
        }
        table.show(&publishes);
        if publishes.iter().all(is_done) {
            return Ok(true);
        }
        if started.elapsed() > PATIENCE {
            return Ok(false);
        }
        tokio::time::sleep(GLANCE).await;
    }
}

fn is_done(publish: &Value) -> bool {
    let jobs = publish["jobs"].as_array().cloned().unwrap_or_default();
    let sure = |job: &Value| job["state"] == "live" && job["evidence"] != "second look due";
    !jobs.is_empty() && jobs.iter().all(sure)
}

async fn face(stage: &Stage) -> bool {
    let transport = HttpTransport::new(Guard::none());
    let blog = format!("http://{}", stage.sandbox);
    let mut correct = true;
    for post in POSTS {
        let findings = [
            (
                "blog",
                on_the_blog(&transport as &dyn Transport, &blog, &post).await,
            ),
            ("site", in_the_folder(&stage.site(), &post)),
        ];
        for (destination, Finding { address, faults }) in findings {
            correct &= faults.is_empty();
            let verdict = if faults.is_empty() {
                "once, with its hero".to_owned()
            } else {
                faults.join("; ")
            };
            say(&format!("  {destination:<5} {verdict:<20} {address}"));
        }
    }
    correct
}

async fn linger(stage: Stage) {
    say("\nLook around:");
    say(&format!("  the console     http://{}/", stage.server));
    say(&format!(
        "                  sign in with the token {}",
        stage.token
    ));
    say(&format!("  the blog        http://{}/", stage.sandbox));
    say(&format!(
        "  the site        {}",
        stage.site().join("content/posts").display()
    ));
    say(&format!(
        "  the API         http://{}/openapi.json",
        stage.server
    ));
    say(&format!(
        "  a job's story   slugline status publish-once --server http://{} --token {}",
        stage.server, stage.token
    ));
    say(&format!(
        "  configuration   {}",
        stage.directory.join("slugline.toml").display()
    ));
    say("\nCtrl-C ends the demo and removes its files.");
    // Without signals there is nothing to wait for.
    if let Ok(mut ends) = Ends::listen() {
        ends.asked().await;
    }
    stage.strike().await;
}
