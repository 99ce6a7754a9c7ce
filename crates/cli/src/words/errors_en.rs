//! English: the sentence of every code, and what to do about it.

use kiro_sign_in::{Code, Failure};

use super::{Parts, Sentence, signed_hours, withheld};

pub(super) fn sentence(failure: &Failure) -> Sentence {
    let Parts {
        organization,
        provider,
        host,
        account,
        contact,
        ..
    } = Parts::of(
        failure,
        "your organisation",
        "the identity provider",
        "the sign-in server",
        "your account",
        "your administrator",
    );
    // The same at the beginning of a sentence.
    let Parts {
        organization: the_organization,
        provider: the_provider,
        host: the_host,
        ..
    } = Parts::of(
        failure,
        "Your organisation",
        "The identity provider",
        "The sign-in server",
        "Your account",
        "Your administrator",
    );
    let facts = &failure.facts;
    let name = failure.organization.as_deref().unwrap_or("NAME");
    let subject = facts.subject.as_deref().unwrap_or_default();
    let path = facts.path.as_deref().unwrap_or("~/.kiro/sso");
    let why = failure.detail.description.as_deref().unwrap_or_default();
    let again = "run `kiro auth login --sso` again";
    let (error, hint) = match failure.code {
        Code::NotAssigned if !subject.is_empty() => (
            format!("You may not use this AWS role: {subject}"),
            format!("`kiro org export --aws-config` lists those you may use; ask {contact} for more"),
        ),
        Code::NotAssigned => (
            format!("You do not have access yet. {the_provider} signed you in, but Kiro is not assigned to {account}."),
            format!("Ask {contact} to assign it, or use another account: `kiro auth login --sso --select-account`"),
        ),
        Code::PolicyDevice => {
            let number = failure.detail.aadsts.map(|number| format!(" ({number})")).unwrap_or_default();
            (
                format!("This computer does not meet your company's rules. {the_provider} requires a registered, compliant device{number}."),
                format!("Use a managed browser (Microsoft Edge on Linux), or ask {contact}"),
            )
        }
        Code::PolicyBlocked => (
            format!("This sign-in was refused. A rule of {organization} at {provider} blocked it."),
            format!("Ask {contact}, with the details above"),
        ),
        Code::AccountProblem => (
            format!("The account {account} cannot sign in. It is locked or disabled, or its password has expired."),
            format!("Ask {contact}, or use another account: `kiro auth login --sso --select-account`"),
        ),
        Code::WrongTenant => (
            format!("This account belongs elsewhere. It is not in the directory of {organization}."),
            "Sign in with your work account (`--select-account`), or choose another organisation (`--org`)".to_owned(),
        ),
        Code::StepUpNeeded => (
            format!("One more check is needed. {the_organization} asks for a second factor for this."),
            "Run `kiro auth login --sso` and continue in the browser".to_owned(),
        ),
        Code::LoginRequired => (
            format!("{the_provider} wants you to sign in anew."),
            "Run `kiro auth login --sso --force`".to_owned(),
        ),
        Code::ConsentMissing => (
            format!("An administrator must approve Kiro first. {the_organization} has not granted it what it asks for."),
            format!("Ask {contact} to grant consent to the application"),
        ),
        Code::ClientSetup if !subject.is_empty() => (
            format!("Identity Center gives no AWS credentials for {subject}{}.", opened(why)),
            format!("The role is yours; the service cannot get it from AWS. Ask {contact} to set up STS for it (docs/aws-role-credentials.md)"),
        ),
        Code::ClientSetup => (
            format!("Kiro is not set up correctly at {provider}."),
            format!("Ask {contact} to compare the client ID and scopes with `kiro org show {name}`"),
        ),
        Code::RedirectUri => (
            format!("{the_provider} does not know the address it should return to."),
            format!(
                "Ask {contact} to register `{}`",
                facts.redirect_uri.as_deref().unwrap_or("http://localhost:3128/oauth/callback")
            ),
        ),
        Code::Cancelled => (
            "Sign-in was cancelled in the browser. Nothing changed.".to_owned(),
            "Run `kiro auth login --sso` when you are ready".to_owned(),
        ),
        Code::Denied => (format!("This sign-in was refused by {provider}."), format!("Ask {contact}, with the details above")),
        Code::ServerError => (
            format!("{the_provider} had an error of its own: {host}. You stay signed in if you were."),
            match facts.retry_after {
                Some(seconds) => format!("It asks for {seconds} s of patience; then {again}"),
                None => format!("Wait a minute, then {again}"),
            },
        ),
        Code::NoAnswer => (
            "No answer came back. The browser did not return in time.".to_owned(),
            format!(
                "If the browser showed an error about the redirect address, ask {contact} to register `{}`. Otherwise {again}, with --no-browser if this computer has no browser",
                facts.redirect_uri.as_deref().unwrap_or("http://localhost:3128/oauth/callback")
            ),
        ),
        Code::BrowserNotOpened => (
            "The browser did not open. This computer named no browser that could be started.".to_owned(),
            "Open the address yourself, or run `kiro auth login --sso --no-browser`".to_owned(),
        ),
        Code::SchemeTaken => (
            format!("Another app opens kiro:// links ({}).", facts.other_app.as_deref().unwrap_or("unknown")),
            "Nothing to do here: this command signs in through localhost".to_owned(),
        ),
        Code::PortsTaken => (
            format!("All ports for the answer are in use: {}.", list(&facts.ports)),
            format!("Close a program that uses one of them (`ss -ltnp` shows which), then {again}, or use --device"),
        ),
        Code::UntrustedAnswer => (
            format!("The answer from {host} could not be trusted, so it was not used. You stay signed in if you were."),
            format!("Once more: {again}. If it happens again, tell {contact}"),
        ),
        Code::MalformedAnswer => (
            format!("The answer from {host} could not be understood."),
            format!("Once more: {again}. If it happens again, send {contact} the details above"),
        ),
        Code::WrongRegion => (
            format!("IAM Identity Center does not know {} in this region.", text(subject, "this start URL")),
            "Compare start URL and region with the AWS access portal, then add the organisation again with `kiro org add identity-center`".to_owned(),
        ),
        Code::DeviceFlowNotOffered => (
            format!("{the_organization} does not offer signing in with a code."),
            "Run `kiro auth login --sso --no-browser` instead".to_owned(),
        ),
        Code::DeviceCodeExpired => (
            "The code was not entered in time.".to_owned(),
            "Run `kiro auth login --sso --device` for a new one".to_owned(),
        ),
        Code::KeyringLocked => (
            "The system keyring is locked. Kiro keeps the key to your session there.".to_owned(),
            match facts.seconds_left {
                Some(seconds) => format!("Unlock it and continue; your sign-in is kept for 0:{seconds:02}"),
                None => "Unlock it, then run the command again".to_owned(),
            },
        ),
        Code::NoKeyring => (
            "No keyring on this computer. Sessions are sealed with a key that it would hold.".to_owned(),
            "Choose a passphrase instead: `kiro auth login --sso --passphrase`".to_owned(),
        ),
        Code::KeyGone => (
            "The key that sealed this session is gone. The file is kept.".to_owned(),
            "Run `kiro auth login --sso` to make a new one".to_owned(),
        ),
        Code::PassphraseNeeded => (
            "The session is sealed with a passphrase, and none was given.".to_owned(),
            "Name a file that holds it in KIRO_PASSPHRASE_FILE; `kiro auth login` in a terminal asks for it".to_owned(),
        ),
        Code::WrongPassphrase => (
            "The passphrase is not the one that sealed this session.".to_owned(),
            "Try again. If it is lost, run `kiro auth logout --all` and sign in anew".to_owned(),
        ),
        Code::CouldNotSave if subject == kiro_sign_in::doctor::REPORT => (
            match failure.detail.error.as_deref() {
                Some("exists") => format!("This file exists already, and nothing is overwritten: {path}"),
                _ => format!("The report could not be written: {path}"),
            },
            "Name a new file in a folder that is yours".to_owned(),
        ),
        Code::CouldNotSave => match failure.detail.error.as_deref() {
            Some("disk_full") => (
                format!("The session could not be saved. The disk is full: {path}"),
                format!("Free some space, then {again}"),
            ),
            Some("read_only") => (
                format!("The session could not be saved. The disk can only be read: {path}"),
                "Set KIRO_HOME to a folder that can be written".to_owned(),
            ),
            Some("busy") => (
                format!("Another Kiro program has kept this lock for too long: {path}"),
                format!("See which one has it (`fuser {path}` on Linux), let it finish or end it, then run the command again"),
            ),
            Some("denied") => (
                format!("The session could not be saved. You may not write here: {path}"),
                "Make the folder yours again (`ls -ld` shows its owner), or set KIRO_HOME to another".to_owned(),
            ),
            _ => (format!("The session could not be saved: {path}"), format!("Check the folder and the disk, then {again}")),
        },
        Code::FileDamaged => match failure.detail.error.as_deref() {
            Some("edited") => (
                format!("Part of the session file was changed or damaged, so it is not used: {path}"),
                "Run `kiro auth login --sso` to sign in anew".to_owned(),
            ),
            Some("too_large") => (
                format!("The session file is too large to be one: {path}"),
                "Move it away, then run `kiro auth login --sso`".to_owned(),
            ),
            Some("unreadable") if subject == crate::commands::logout::LOGOUT => (
                format!("The session file is damaged, and there is no good copy of it: {path}"),
                "Run `kiro auth logout --all` to remove all sessions from this computer".to_owned(),
            ),
            _ => (
                format!("The session file is damaged, and there is no good copy of it: {path}"),
                "Run `kiro auth login --sso`; the damaged file is kept beside the new one".to_owned(),
            ),
        },
        Code::FileNewer => (
            format!("The session file was written by a newer Kiro: {path}"),
            "Update this program, or set KIRO_HOME to a folder of its own".to_owned(),
        ),
        Code::NotPrivate => (
            format!("Other people on this computer could read or change this file: {path}"),
            format!("Make it yours alone: `chmod go= {path}`; if it belongs to somebody else, remove it"),
        ),
        Code::Unreachable if failure.detail.error.as_deref() == Some("unresolved") => (
            format!("The name {host} could not be looked up. You stay signed in if you were."),
            "Check the network and its name servers (DNS), and the spelling of the address, then run the command again".to_owned(),
        ),
        Code::Unreachable => {
            let proxy = facts.proxy.as_ref().map(|proxy| format!(" (through proxy {proxy})")).unwrap_or_default();
            (
                format!("{the_host} cannot be reached{proxy}. You stay signed in if you were."),
                "Check the network or proxy (HTTPS_PROXY), then run the command again".to_owned(),
            )
        }
        Code::Intercepted => (
            match &facts.inspector {
                Some(inspector) => format!("The connection is inspected by \"{inspector}\". Its certificate is not trusted on this computer."),
                None => format!("The connection to {host} is not secure. The certificate is not trusted on this computer."),
            },
            format!("Ask {contact} for the CA file, and name it under [network] ca_file in organizations.toml"),
        ),
        Code::UnsafeConnection => (
            match failure.detail.error.as_deref() {
                Some("certificate_expired") => format!("The certificate of {host} has expired, by this computer's clock."),
                Some("certificate_of_another_host") => format!("The certificate that came from {host} belongs to another address."),
                Some("certificate_revoked") => format!("The certificate of {host} was revoked."),
                Some(_) | None => format!("There is no safe connection to {host}."),
            },
            format!("Check this computer's date, and whether a guest network wants you to sign in first; else send {contact} the details above"),
        ),
        Code::ProxyPassword => (
            format!("The proxy {} asks for a password.", facts.proxy.as_deref().unwrap_or("in between")),
            format!("Put user name and password into HTTPS_PROXY (http://USER:PASSWORD@HOST:PORT), or ask {contact} for a way out without one"),
        ),
        Code::CaFileUnusable => (
            format!("The CA file cannot be used: {path}"),
            format!("Ask {contact} for a PEM file, and name it under [network] ca_file in organizations.toml"),
        ),
        Code::Clock => (
            match facts.skew_seconds {
                Some(seconds) => format!("This computer's clock is {} off.", signed_hours(seconds, ["hours", "minutes", "seconds"])),
                None => "This computer's clock is off.".to_owned(),
            },
            "Correct it, then try again".to_owned(),
        ),
        Code::WrongIssuer => (
            format!("The sign-in server at {host} says it is somebody else{}.", opened(why)),
            "Use the issuer exactly as the server states it, trailing slash included".to_owned(),
        ),
        Code::NotAnIdentityProvider => (
            format!("There is no sign-in server at {host}{}.", opened(why)),
            "Compare the address with your administrator's, the path included".to_owned(),
        ),
        Code::InsecureUrl => (
            format!("The address must be https: {}", text(subject, &host)),
            "Plain http is accepted for this computer alone (localhost, 127.0.0.1, ::1)".to_owned(),
        ),
        Code::NotSignedIn => ("Not signed in".to_owned(), "Run `kiro auth login --sso`".to_owned()),
        Code::SessionEnded if failure.detail.error.as_deref() == Some("interrupted") => (
            format!("Your sign-in has ended. A renewal was cut off before its answer was saved, and {provider} does not accept the earlier token any more."),
            "Run `kiro auth login --sso`".to_owned(),
        ),
        Code::SessionEnded => (
            format!("Your sign-in has ended. {the_provider} stopped accepting it: a new password, a long pause or an administrator may be the reason."),
            "Run `kiro auth login --sso`".to_owned(),
        ),
        Code::EndedByOrg => (
            format!("Your access was removed by {organization}."),
            format!("If this is unexpected, ask {contact}"),
        ),
        Code::RefreshFailed => (
            "The session could not be renewed just now. It is kept.".to_owned(),
            "Try again in a minute".to_owned(),
        ),
        Code::UnknownProfile => (
            format!("There is no profile `{subject}`"),
            "`kiro auth list` shows the profiles there are".to_owned(),
        ),
        Code::NoOrganization => (
            "No organisation is set up on this computer".to_owned(),
            "Ask your administrator for the settings, then run `kiro org add --help`".to_owned(),
        ),
        Code::UnknownOrganization => (
            format!("There is no organisation `{subject}`"),
            match failure.detail.error.as_deref() {
                Some(crate::commands::NONE_SET_UP) => {
                    "None is set up yet. Add it with the settings of your administrator: `kiro org add --help`".to_owned()
                }
                Some(_) | None => "`kiro org list` shows the organisations there are".to_owned(),
            },
        ),
        Code::ChooseOrganization => (
            "There are several organisations, and none was named".to_owned(),
            "Name one: `kiro auth login --sso --org NAME`; `kiro org list` shows them".to_owned(),
        ),
        Code::OrganizationExists => (
            format!("There is an organisation `{subject}` already"),
            format!("Choose another name, or run `kiro org remove {subject}` first"),
        ),
        Code::OrganizationsInvalid if failure.detail.error.as_deref() == Some(crate::commands::NO_SUCH_FILE) => (
            format!("There is no file `{path}`"),
            "Name the file to check; `kiro org export` prints one".to_owned(),
        ),
        Code::OrganizationsInvalid if path.ends_with("settings.toml") => (
            format!("Not all of `{path}` can be used{}", opened(why)),
            "Correct it, or remove it: everything in it may be missing".to_owned(),
        ),
        Code::OrganizationsInvalid => (
            format!("The organisation settings cannot be used{}{}", named(facts.path.as_deref().unwrap_or(subject)), opened(why)),
            "Correct them, then run `kiro org check FILE`".to_owned(),
        ),
        Code::ManagedByOrganization => (
            format!("Your organisation has fixed this{}", named(subject)),
            format!("Ask {contact} if you need it changed"),
        ),
        Code::NotIdentityCenter => (
            format!("Only IAM Identity Center gives AWS credentials, and the profile `{subject}` is signed in elsewhere"),
            "Name another: `--profile NAME`; `kiro auth list` shows them".to_owned(),
        ),
        Code::ModelBlocked => (
            format!("{} cannot be asked. Nothing was sent.", text(subject, "This model")),
            "`kiro models` shows what you may use where".to_owned(),
        ),
        Code::OutsideResidency => (
            format!("What your organisation sends has to stay elsewhere than at {host}. Nothing was sent."),
            format!("Ask {contact}; a variable AWS_ENDPOINT_URL_* of yours may lead there"),
        ),
        Code::ModelNotEnabled => (
            format!("The AWS account of your organisation does not have {}{}", text(subject, "this model"), opened(why)),
            format!("Ask {contact} to enable it in Amazon Bedrock"),
        ),
        Code::RoleRefused => (
            format!("AWS does not let this role ask models: {}{}", text(subject, "unnamed"), opened(why)),
            format!("Ask {contact}, with the details above"),
        ),
        Code::QuestionRefused if withheld(failure) => (
            "A content filter at AWS kept back the answer, or the rest of it".to_owned(),
            "Change the question".to_owned(),
        ),
        Code::QuestionRefused => (
            format!("The model cannot take this question{}", opened(why)),
            "Shorten or change it".to_owned(),
        ),
        Code::ModelBusy => (
            format!("{} could not answer just now{}", text(subject, "The model"), opened(why)),
            match facts.retry_after {
                Some(seconds) => format!("It asks for {seconds} s of patience"),
                None => "Try again in a minute".to_owned(),
            },
        ),
        Code::AnswerCut => (
            format!("The answer of {} was cut off before its end.", text(subject, "the model")),
            "Ask again".to_owned(),
        ),
        Code::Interrupted => ("Interrupted. Nothing changed.".to_owned(), "Run the command again when you are ready".to_owned()),
        Code::Unexpected => (
            format!("Something unexpected happened{}", opened(why)),
            "Run the command again with KIRO_LOG=debug and send the log in ~/.kiro/sso/logs to your administrator".to_owned(),
        ),
    };
    Sentence { error, hint }
}

fn text<'a>(first: &'a str, otherwise: &'a str) -> &'a str {
    if first.is_empty() { otherwise } else { first }
}

fn opened(why: &str) -> String {
    if why.is_empty() {
        String::new()
    } else {
        format!(": {}", why.trim_end().trim_end_matches('.'))
    }
}

fn named(name: &str) -> String {
    if name.is_empty() {
        String::new()
    } else {
        format!(": `{name}`")
    }
}

fn list(ports: &[u16]) -> String {
    let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
    if ports.is_empty() {
        "3128 and nine more".to_owned()
    } else {
        ports.join(", ")
    }
}
