//! `slugline sandbox VENDOR`: a vendor's fake with its quirks, for rehearsals.
//!
//! Ensures that what befalls each request is shown. Does not keep anything: it starts empty.

use std::net::SocketAddr;
use std::process::ExitCode;

use slugline_connectors::FakeWordPress;
use slugline_connectors::fake::{Fake, Faults};
use slugline_core::http::Request;
use tokio::net::TcpListener;

use crate::output::Output;
use crate::sandbox::Sandbox;

/// The application user of every sandbox.
pub const USER: &str = "publisher";
/// Its password.
pub const PASSWORD: &str = "sandbox";

/// Vendors that can be played.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vendor {
    /// WordPress's REST API with its silent `-2` slugs.
    Wordpress,
}

/// Plays a vendor that misbehaves, for your own rehearsals.
#[derive(clap::Args, Clone, Debug)]
#[command(
    after_help = "Examples:\n  slugline sandbox wordpress\n  slugline sandbox wordpress --listen 127.0.0.1:8801 --faults often\n  slugline sandbox wordpress --faults lose=0.1,late=0.05@5s,throttle=0.05@2s\n\nFaults: slow, refuse, lose (the answer), cut, truncate, error_after (the write), error_before,\nlate (commit after the client gave up), throttle, half (an upload dies half-way); each with a\nchance, and @DURATION for slow, late and throttle. It forgets everything when it ends."
)]
pub struct SandboxArgs {
    /// Which vendor
    pub vendor: Vendor,
    /// Address to listen on
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8801")]
    pub listen: SocketAddr,
    /// none, often, or NAME=CHANCE[@DURATION],…
    #[arg(long, default_value = "none")]
    pub faults: String,
    /// Say nothing about requests
    #[arg(short, long)]
    pub quiet: bool,
}

/// Runs the command until it is stopped.
pub async fn run(args: &SandboxArgs) -> ExitCode {
    let faults = match Faults::parse(&args.faults) {
        Ok(faults) => faults,
        Err(why) => {
            eprintln!("slugline: --faults: {why}");
            return ExitCode::from(2);
        }
    };
    let listener = match TcpListener::bind(args.listen).await {
        Ok(listener) => listener,
        Err(why) => {
            eprintln!(
                "slugline: cannot listen on {}: {why}; choose another with --listen",
                args.listen
            );
            return ExitCode::from(2);
        }
    };
    let bound = listener.local_addr().unwrap_or(args.listen);
    eprintln!(
        "A sandbox WordPress listens on http://{bound}  user {USER:?}, password {PASSWORD:?}, faults {}",
        args.faults
    );
    let quiet = args.quiet;
    let show = move |request: &Request, what: &str| {
        if !quiet {
            let (method, path) = (request.method.as_str(), path(&request.url));
            Output::new(false).line(&format!("{method} {path}  →  {what}"));
        }
    };
    let fake = fake(args.vendor, bound);
    tokio::select! {
        () = Sandbox::new(fake, faults, show).serve(listener) => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    ExitCode::SUCCESS
}

/// A vendor's fake that believes to live at `address`.
pub fn fake(vendor: Vendor, address: SocketAddr) -> Box<dyn Fake> {
    match vendor {
        Vendor::Wordpress => Box::new(FakeWordPress::new(
            &format!("http://{address}"),
            USER,
            PASSWORD,
        )),
    }
}

fn path(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').map_or("/", |at| &rest[at..])
}
