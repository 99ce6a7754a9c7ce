//! One file per verb, and what several of them say first.

pub(crate) mod ask;
pub(crate) mod aws_credentials;
pub(crate) mod completions;
pub(crate) mod doctor;
pub(crate) mod list;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod man;
pub(crate) mod models;
pub(crate) mod org;
pub(crate) mod status;
pub(crate) mod switch;
pub(crate) mod token;

use kiro_credentials::Recovered;
use kiro_sign_in::{Code, Context, Failure, Organizations};

use crate::shell::Shell;

/// Tells, on stderr, that the credential file was damaged and its last good copy is in use.
fn tell_recovered(shell: &Shell, context: &Context) {
    if let Ok(snapshot) = context.store.read()
        && let Some(recovered) = &snapshot.recovered
    {
        say_recovered(shell, recovered);
    }
}

fn say_recovered(shell: &Shell, recovered: &Recovered) {
    let path = recovered.set_aside.display().to_string();
    shell.mark('!', &shell.words.recovered(&path));
}

/// The word in a failure's details when an organisation is unknown because there is none at all.
pub(crate) const NONE_SET_UP: &str = "none_set_up";

/// The word in a failure's details when the file to check is not there.
pub(crate) const NO_SUCH_FILE: &str = "no_such_file";

/// An organisation that is not there; where there is none at all, the hint says how to add one.
fn unknown_organization(mut failure: Failure, organizations: &Organizations) -> Failure {
    if failure.code == Code::UnknownOrganization && organizations.list.is_empty() {
        failure.detail.error = Some(NONE_SET_UP.to_owned());
    }
    failure
}
