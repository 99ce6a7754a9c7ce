//! The program `kiro-identity-center`.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory as _, Parser, Subcommand};
use kiro_identity_center::command::admin::Admin;
use kiro_identity_center::command::backup::{Backup, Restore, Restored};
use kiro_identity_center::command::copy_to::{self, CopyTo};
use kiro_identity_center::command::init::Init;
use kiro_identity_center::command::master_key::MasterKey;
use kiro_identity_center::command::{Failure, Installation, Told};
use kiro_identity_center::master_key::VARIABLE;
use kiro_identity_center::serve::{Demonstration, serve};
use kiro_identity_center::{audit, demonstration, folder};
use tracing_subscriber::EnvFilter;

/// Also SQLite's: half of what a look-up takes is memory taken and given back (decision 28).
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// The sign-in service that speaks AWS IAM Identity Center's wire and OpenID Connect.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Init(Init),
    /// Serve until told to stop
    Serve(Serve),
    Admin(Admin),
    MasterKey(MasterKey),
    /// The log of who did what, when and from where
    #[command(subcommand)]
    Audit(Audit),
    Backup(Backup),
    Restore(Restore),
    Restored(Restored),
    CopyTo(CopyTo),
    /// Print what a shell needs to complete this command
    Completions {
        shell: clap_complete::Shell,
    },
    /// Write the manual's pages into a folder, as the packages do
    // Clap suggests hidden verbs, too: nobody who mistypes another one comes near this.
    #[command(hide = true)]
    ManualPages {
        folder: PathBuf,
    },
}

#[derive(Subcommand)]
enum Audit {
    /// Print every entry as a line of JSON, the oldest first
    Export(Installation),
    /// Check that no entry was changed, removed or added, and print where the log ends
    Verify(Installation),
}

#[derive(Args)]
struct Serve {
    #[command(flatten)]
    installation: Installation,
    /// Where to answer; port 0 takes a free one [default: 127.0.0.1:7465]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// The service's address as browsers know it
    #[arg(long)]
    url: Option<String>,
    /// The AWS region that clients are told [default: us-east-1]
    #[arg(long)]
    region: Option<String>,
    /// How long an access token lives [default: 3600]
    #[arg(long, value_name = "SECONDS")]
    access_token_lifetime: Option<String>,
    /// Where credentials for AWS roles come from: `aws` for the region's own STS, or another address [default: nowhere]
    #[arg(long, value_name = "aws|URL")]
    sts: Option<String>,
    /// With the people, applications and accounts of a demonstration, whose passwords are known to everybody; KIRO_DEMO_UPSTREAMS
    /// (JSON) may name its identity providers
    #[arg(long, conflicts_with = "url")]
    demo: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    log();
    let environment = std::env::var(VARIABLE).ok();
    let key = environment.as_deref();
    let outcome = match arguments.verb {
        Verb::Serve(asked) => run(asked, key),
        Verb::Audit(asked) => audited(&asked),
        Verb::Init(asked) => ended(asked.run(key, &mut Told)),
        Verb::MasterKey(asked) => ended(asked.run(key, &mut Told)),
        Verb::Admin(asked) => ended(asked.run()),
        Verb::Backup(asked) => ended(asked.run(&mut Told)),
        Verb::Restore(asked) => ended(asked.run(key, &mut Told)),
        Verb::Restored(asked) => ended(asked.run(&mut Told)),
        Verb::CopyTo(asked) => {
            let to = std::env::var(copy_to::VARIABLE).ok();
            ended(asked.run(to.as_deref(), &mut Told))
        }
        Verb::Completions { shell } => completions(shell).map_err(Failure::from),
        Verb::ManualPages { folder } => {
            clap_mangen::generate_to(Arguments::command(), folder).map_err(Failure::from)
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { error, hint, code }) => {
            drop(writeln!(io::stderr(), "error: {error}"));
            if let Some(hint) = hint {
                drop(writeln!(io::stderr(), "hint: {hint}"));
            }
            ExitCode::from(code)
        }
    }
}

/// Runs a command that does one thing and ends.
fn ended(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(work)
}

fn run(asked: Serve, key: Option<&str>) -> Result<(), Failure> {
    let configuration = asked.installation.read(vec![
        ("listen", asked.listen),
        ("url", asked.url),
        ("region", asked.region),
        ("access_token_lifetime", asked.access_token_lifetime),
        ("sts", asked.sts),
    ])?;
    let demonstration = asked.demo.then(|| Demonstration {
        upstreams: std::env::var(demonstration::VARIABLE).ok(),
    });
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let announce = |said: &serde_json::Value| {
        let mut stdout = io::stdout().lock();
        // Nobody may be listening; the service serves nevertheless.
        drop(writeln!(stdout, "{said}").and_then(|()| stdout.flush()));
    };
    runtime.block_on(serve(configuration, key, demonstration, announce))?;
    Ok(())
}

fn audited(asked: &Audit) -> Result<(), Failure> {
    let (Audit::Export(installation) | Audit::Verify(installation)) = asked;
    let configuration = installation.read(Vec::new())?;
    ended(async {
        let store = folder::existing(&configuration).await?;
        match asked {
            Audit::Export(_) => {
                let exported = audit::export(&store, &mut Told).await;
                exported.map_err(|error| Failure::of(error.as_ref()))
            }
            Audit::Verify(_) => {
                let head = store.verify_audit().await?.map_err(|broken| Failure {
                    error: format!("The audit log was written in by somebody else: {broken}"),
                    hint: Some(
                        "Keep a copy of the store, and compare it with the last back-up".to_owned(),
                    ),
                    code: 1,
                })?;
                // To be noted elsewhere: a log that was rewritten from its beginning ends otherwise.
                writeln!(
                    Told,
                    "{}",
                    serde_json::json!({ "entries": head.number, "digest": hex(head.digest.bytes()) })
                )?;
                Ok(())
            }
        }
    })
}

fn completions(shell: clap_complete::Shell) -> io::Result<()> {
    let mut script = Vec::new();
    let mut command = Arguments::command();
    let name = command.get_name().to_owned();
    clap_complete::generate(shell, &mut command, name, &mut script);
    Told.write_all(&script)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
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
