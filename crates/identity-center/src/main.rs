//! The program `kiro-identity-center`.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use jiff::SignedDuration;
use kiro_identity_center::demonstration;
use kiro_identity_center::master_key::{Source, VARIABLE};
use kiro_identity_center::serve::{Options, serve};
use tracing_subscriber::EnvFilter;
use url::Url;

/// The sign-in service that speaks AWS IAM Identity Center's wire and OpenID Connect.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Serve until told to stop
    Serve(Serve),
}

#[derive(Args)]
struct Serve {
    /// The folder of the store and of its master key, made where there is none
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Where to answer; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7465")]
    listen: SocketAddr,
    /// The service's address as browsers know it, where a proxy stands in front of it
    #[arg(long)]
    url: Option<Url>,
    /// The AWS region that clients are told
    #[arg(long, default_value = "us-east-1")]
    region: String,
    /// How long an access token lives
    #[arg(long, value_name = "SECONDS", default_value_t = 3600, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    access_token_lifetime: u32,
    /// The file of the master key [default: master.key in the folder]
    #[arg(long, value_name = "FILE")]
    master_key: Option<PathBuf>,
    /// With the people, applications and accounts of a demonstration, whose passwords are known to everybody; KIRO_DEMO_UPSTREAMS
    /// (JSON) may name its identity providers
    #[arg(long, conflicts_with = "url")]
    demo: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    log();
    let outcome = match arguments.verb {
        Verb::Serve(asked) => run(asked),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            drop(writeln!(io::stderr(), "error: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn run(asked: Serve) -> Result<(), Box<dyn std::error::Error>> {
    let environment = std::env::var(VARIABLE).ok();
    let options = Options {
        data: asked.data,
        listen: asked.listen,
        url: asked.url,
        region: asked.region,
        access_token_lifetime: SignedDuration::from_secs(asked.access_token_lifetime.into()),
        master_key: asked.master_key.map(Source::File),
        demonstration: asked.demo,
        upstreams: std::env::var(demonstration::VARIABLE).ok(),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let announce = |said: &serde_json::Value| {
        let mut stdout = io::stdout().lock();
        // Nobody may be listening; the service serves nevertheless.
        drop(writeln!(stdout, "{said}").and_then(|()| stdout.flush()));
    };
    runtime.block_on(serve(options, environment.as_deref(), announce))?;
    Ok(())
}

/// What happens goes to standard error as `KIRO_LOG` says (`info` if it says nothing). Libraries that write whole requests may warn and
/// no more: a token is in no log.
fn log() {
    let asked = std::env::var("KIRO_LOG").unwrap_or_else(|_| "info".to_owned());
    let quiet = [
        "hyper",
        "h2",
        "reqwest",
        "rustls",
        "tokio_postgres",
        "axum",
        "tower",
    ]
    .map(|noisy| format!(",{noisy}=warn"))
    .concat();
    let started = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(asked + &quiet))
        .with_ansi(false)
        .with_writer(io::stderr)
        .try_init();
    drop(started); // there is one log a process
}
