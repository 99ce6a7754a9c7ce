//! The `kiro` command: arguments, one file per verb, words, exit codes. Everything else is in `kiro-sign-in`.

mod args;
mod commands;
mod exit;
mod passphrase;
mod paste;
mod shell;
mod signals;
mod words;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use args::{Arguments, Auth, Org, Verb};
use clap::Parser;
use exit::Exit;
use kiro_credentials::Keys;
use kiro_sign_in::{Context, Failure};
use shell::Shell;

fn main() -> ExitCode {
    kiro_credentials::leave_no_core();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() {
                Exit::Usage.into()
            } else {
                Exit::Done.into()
            };
        }
    };
    let shell = Shell::from_env();
    let outcome = run(&shell, arguments.verb);
    if passphrase::asking() {
        passphrase::restore();
        shell.say(""); // the prompt's line is left behind
    }
    match outcome {
        Ok(exit) => exit.into(),
        Err(failure) => {
            shell.fail(&failure);
            Exit::from(failure.code).into()
        }
    }
}

fn run(shell: &Shell, verb: Verb) -> Result<Exit, Failure> {
    if let Verb::Completions(args) = verb {
        return Ok(commands::completions::run(args.shell));
    }
    if let Verb::Man(args) = verb {
        return Ok(commands::man::run(&args.folder));
    }
    let new_passphrase = Arc::new(AtomicBool::new(false));
    let asks = !matches!(
        verb,
        Verb::Auth(Auth::Token(_) | Auth::AwsCredentials(_)) | Verb::Doctor(_)
    );
    let context = Context::from_env_with(concat!("kiro/", env!("CARGO_PKG_VERSION")), |home| {
        let keys = Keys::new(home);
        if asks {
            keys.with_passphrase(passphrase::prompt(shell, Arc::clone(&new_passphrase)))
        } else {
            keys
        }
    })?;
    kiro_sign_in::log::start(context.store.home(), "kiro", None);
    if shell.talks {
        let shell = *shell;
        let wait = move |lock: &std::path::Path| shell.say(&shell.words.waiting_for(lock));
        context.store.tell_waits(wait);
    }
    match verb {
        Verb::Auth(Auth::Login(args)) | Verb::Login(args) => {
            commands::login::run(shell, &context, &args, &new_passphrase)
        }
        Verb::Auth(Auth::Logout(args)) | Verb::Logout(args) => {
            commands::logout::run(shell, &context, &args)
        }
        Verb::Auth(Auth::Status(args)) => commands::status::run(shell, &context, &args),
        Verb::Whoami(args) => commands::status::whoami(shell, &context, &args),
        Verb::Auth(Auth::List(args)) => commands::list::run(shell, &context, args.json),
        Verb::Auth(Auth::Switch(args)) => commands::switch::run(shell, &context, &args.profile),
        Verb::Auth(Auth::Token(args)) => {
            commands::token::run(shell, &context, args.profile.as_ref())
        }
        Verb::Auth(Auth::AwsCredentials(args)) => {
            commands::aws_credentials::run(shell, &context, args)
        }
        Verb::Auth(Auth::AwsTokenCache(args)) => {
            commands::aws_credentials::token_cache(shell, &context, &args)
        }
        Verb::Org(Org::Add(new)) => {
            let (common, settings) = new.settings();
            commands::org::add(shell, &context, common, settings)
        }
        Verb::Org(Org::List(args)) => commands::org::list(shell, &context, args.json),
        Verb::Org(Org::Show(args)) => commands::org::show(shell, &context, &args.name),
        Verb::Org(Org::Check(args)) => commands::org::check(shell, &context, &args.file),
        Verb::Org(Org::Export(args)) if args.aws_config => {
            commands::aws_credentials::config(shell, &context, args.profile.as_ref())
        }
        Verb::Org(Org::Export(_)) => commands::org::export(shell, &context),
        Verb::Org(Org::Remove(args)) => commands::org::remove(shell, &context, &args.name),
        Verb::Ask(args) => commands::ask::run(shell, &context, &args),
        Verb::Models(args) => commands::models::run(shell, &context, &args),
        Verb::Doctor(args) => commands::doctor::run(shell, &context, &args),
        Verb::Completions(args) => Ok(commands::completions::run(args.shell)),
        Verb::Man(args) => Ok(commands::man::run(&args.folder)),
    }
}
