//! `kiro auth logout`

use kiro_sign_in::{Browser, Context, Failure, SystemBrowser, sign_out, sign_out_all};

use crate::{
    args::Logout,
    exit::Exit,
    shell,
    shell::{Shell, marked},
};

pub(crate) fn run(shell: &Shell, context: &Context, args: &Logout) -> Result<Exit, Failure> {
    let receipts = shell::block_on(context, async {
        if args.all {
            sign_out_all(context).await
        } else {
            sign_out(context, args.profile.as_ref())
                .await
                .map(|receipt| vec![receipt])
        }
    })?;
    if receipts.is_empty() {
        shell.mark('–', shell.words.not_signed_in());
    }
    for receipt in &receipts {
        let ended = match &receipt.end_session {
            Some(url) if args.idp => SystemBrowser.open(url).is_ok(),
            Some(_) | None => false,
        };
        let parts = shell.words.receipt(receipt, ended);
        let line: Vec<String> = parts
            .iter()
            .map(|(mark, words)| marked(*mark, words))
            .collect();
        shell.say(&line.join("   "));
    }
    Ok(Exit::Done)
}
