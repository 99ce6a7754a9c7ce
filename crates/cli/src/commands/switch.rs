//! `kiro auth switch PROFILE`

use kiro_credentials::StoreError;
use kiro_sign_in::{Code, Context, Failure, ProfileName, account};

use crate::{exit::Exit, shell::Shell};

pub(crate) fn run(
    shell: &Shell,
    context: &Context,
    profile: &ProfileName,
) -> Result<Exit, Failure> {
    if !context
        .store
        .read()
        .is_ok_and(|snapshot| snapshot.profiles.contains_key(profile))
    {
        account(context, None)?; // a file that cannot be read says so itself
        let mut failure = Failure::new(Code::UnknownProfile, context.clock.now());
        failure.facts.subject = Some(profile.to_string());
        return Err(failure);
    }
    context.store.switch(profile).map_err(|error: StoreError| {
        let mut failure = Failure::new(Code::CouldNotSave, context.clock.now());
        failure.facts.path = Some(
            context
                .store
                .home()
                .credentials_file()
                .display()
                .to_string(),
        );
        failure.detail.description = Some(error.to_string());
        failure
    })?;
    shell.mark('✓', &shell.words.switched(profile.as_ref()));
    Ok(Exit::Done)
}
