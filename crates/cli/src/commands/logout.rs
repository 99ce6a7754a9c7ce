//! `kiro auth logout`

use std::pin::pin;

use kiro_credentials::StoreError;
use kiro_sign_in::{
    Code, Context, Failure, ProfileName, Receipt, SystemBrowser, end_session, sign_out,
    sign_out_all,
};

use crate::{
    args::Logout,
    exit::Exit,
    shell,
    shell::{Shell, marked},
    signals,
    words::{BrowserSession, width},
};

/// A receipt that is wider than this takes a line for each part.
const WIDEST: usize = 120;

/// The subject of a failure that keeps one profile from being signed out, where all can be.
pub(crate) const LOGOUT: &str = "kiro auth logout";

pub(crate) fn run(shell: &Shell, context: &Context, args: &Logout) -> Result<Exit, Failure> {
    let damaged = matches!(context.store.read(), Err(StoreError::Damaged { .. }));
    let receipts = match shell::block_on(context, signed_out(shell, context, args)) {
        Err(failure) if failure.code == Code::NotSignedIn => {
            shell.mark('–', shell.words.not_signed_in());
            return Ok(Exit::NotSignedIn);
        }
        Err(mut failure) if failure.code == Code::FileDamaged && !args.all => {
            failure.facts.subject = Some(LOGOUT.to_owned());
            return Err(failure);
        }
        other => other?,
    };
    if damaged {
        shell.mark('✓', shell.words.damaged_removed());
    } else if receipts.is_empty() {
        shell.mark('–', shell.words.nobody_left());
    }
    for receipt in &receipts {
        let browser = match &receipt.end_session {
            Some(url) if args.idp => {
                let ended = async { Ok(end_session(&SystemBrowser, url).await) };
                match shell::block_on(context, ended)? {
                    Ok(()) => BrowserSession::Ending,
                    Err(_) => BrowserSession::NotOpened,
                }
            }
            Some(_) => BrowserSession::Offered,
            None if args.idp => BrowserSession::NotOffered,
            None => BrowserSession::Open,
        };
        let parts = shell.words.receipt(receipt, browser);
        let whole: usize = parts.iter().map(|(_, words)| width(words) + 5).sum();
        let lines: Vec<String> = parts
            .iter()
            .map(|(mark, words)| marked(*mark, words))
            .collect();
        shell.say(&lines.join(if whole > WIDEST { "\n" } else { "   " }));
    }
    Ok(Exit::Done)
}

/// Until something is removed a signal stops it; then it goes on to the revocation.
async fn signed_out(
    shell: &Shell,
    context: &Context,
    args: &Logout,
) -> Result<Vec<Receipt>, Failure> {
    let profiles = || context.store.read().map(|snapshot| snapshot.profiles.len());
    let before = profiles();
    let mut leaving = pin!(async {
        if args.all {
            return sign_out_all(context).await;
        }
        let profile: Option<&ProfileName> = args.profile.as_ref();
        sign_out(context, profile)
            .await
            .map(|receipt| vec![receipt])
    });
    tokio::select! {
        biased;
        () = signals::stop() => {
            if profiles().ok() == before.ok() {
                return Err(signals::interrupted(context));
            }
            shell.finishing_first();
            leaving.await
        }
        receipts = &mut leaving => receipts,
    }
}
