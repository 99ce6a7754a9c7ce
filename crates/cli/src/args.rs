//! The command line's grammar. What each verb does stands in the file of its name under `commands/`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell as CompletionShell;
use kiro_models::Region;
use kiro_sign_in::{ProfileName, Settings};
use url::Url;

/// What to type first.
const FIRST: &str = "\
Start here:
  kiro auth login --sso      sign in through your browser
  kiro auth status           who is signed in
  kiro org add --help        set up an organisation, with your administrator's settings";

/// The three ways to sign in.
const WAYS: &str = "\
Examples:
  kiro auth login --sso                 this computer has a browser
  kiro auth login --sso --device        over SSH: enter a code in a browser anywhere
  kiro auth login --sso --no-browser    over SSH: paste the address you end at

Exit codes: 0 signed in, 4 denied or failed, 5 server unreachable, 6 keyring or file, 7 settings, 130 interrupted";

/// How AWS tools find the credentials.
const AWS: &str = "\
In ~/.aws/config (`kiro org export --aws-config` prints it for all your roles):
  [profile acme]
  credential_process = kiro auth aws-credentials --account 111122223333 --role Developer
  region = eu-central-1";

/// What stands in AWS's cache then.
const AWS_CACHE: &str = "\
The file in ~/.aws/sso/cache holds the access token in the clear, as AWS's tools keep it, and no refresh token:
run this again when it has ended. `aws sso logout` ends the session. Prefer `kiro auth aws-credentials`.";

/// Where the question comes from.
const ASK: &str = "\
Examples:
  kiro ask \"What is a monad?\"
  git diff | kiro ask \"What does this change?\" -

One region is asked, and no other, whatever happens. What it took is told on stderr.
Exit codes: 0 answered, 4 refused (`kiro models --why MODEL`), 5 unreachable, busy or cut off, 130 interrupted";

/// What the doctor does and does not.
const DOCTOR: &str = "\
It changes nothing and sends nothing anywhere; it asks only the sign-in servers that are set up.

Exit codes: 0 fine or warnings, else the worst problem's: 4 ports, 5 server or clock, 6 keyring or file, 7 settings";

/// Sign in to Kiro with your organisation's identity provider
#[derive(Debug, Parser)]
#[command(
    name = "kiro",
    bin_name = "kiro",
    version,
    disable_help_subcommand = true,
    arg_required_else_help = true,
    max_term_width = 100,
    help_template = "{about-with-newline}\n{before-help}{usage-heading} {usage}\n\n{all-args}{after-help}",
    before_help = FIRST
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Sign in, sign out, and see who is signed in
    #[command(subcommand)]
    Auth(Auth),
    /// The organisations you can sign in to
    #[command(subcommand)]
    Org(Org),
    /// The models you may use, in which region, and why not
    Models(Models),
    /// Ask a model; the answer comes on stdout
    Ask(Ask),
    /// What is wrong on this computer, and the remedy
    Doctor(Doctor),
    /// Short for `kiro auth login`
    Login(Login),
    /// Short for `kiro auth logout`
    Logout(Logout),
    /// Who is signed in, in one line
    Whoami(Status),
    /// Print a completion script for your shell
    Completions(Completions),
    /// Write the manual's pages into a folder, as the packages do
    #[command(hide = true)]
    Man(Man),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Auth {
    /// Sign in through the browser; does nothing when you are signed in
    Login(Login),
    /// Who is signed in; exit code 3 unless somebody is
    Status(Status),
    /// All profiles
    List(Listing),
    /// Make another profile the active one
    Switch(Switch),
    /// Sign out of this computer, the desktop app included
    Logout(Logout),
    /// Print the access token alone, renewed when due; never asks anything
    Token(Token),
    /// Print AWS credentials for AWS tools (a credential_process); never asks anything
    AwsCredentials(AwsCredentials),
    /// Write the access token to AWS's own token cache, for tools that know only that
    AwsTokenCache(AwsTokenCache),
}

#[derive(Args, Debug)]
#[command(after_help = WAYS)]
pub(crate) struct Login {
    /// Sign in with SSO (the only way there is; accepted for clarity)
    #[arg(long)]
    pub(crate) sso: bool,
    /// The organisation, as `kiro org list` names it
    #[arg(long, value_name = "NAME")]
    pub(crate) org: Option<String>,
    /// Show a code to enter in a browser on any device
    #[arg(long, conflicts_with_all = ["no_browser", "select_account"])]
    pub(crate) device: bool,
    /// Show the address instead of opening it, and take the answer pasted from the address bar
    #[arg(long)]
    pub(crate) no_browser: bool,
    /// Let the identity provider ask which account to use
    #[arg(long)]
    pub(crate) select_account: bool,
    /// Sign in anew even when signed in
    #[arg(long)]
    pub(crate) force: bool,
    /// The profile to fill, instead of the organisation's own or a free one
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<ProfileName>,
    /// Seal the session with a passphrase, where there is no system keyring
    #[arg(long, conflicts_with = "insecure_storage")]
    pub(crate) passphrase: bool,
    /// Keep the key in a plain file: whoever can read your files can then use your session
    #[arg(long)]
    pub(crate) insecure_storage: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Status {
    /// The profile, instead of the active one
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<ProfileName>,
    /// For programs: one JSON object, never translated
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Listing {
    /// For programs: one JSON object, never translated
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Switch {
    /// The profile, as `kiro auth list` names it
    #[arg(value_name = "PROFILE")]
    pub(crate) profile: ProfileName,
}

#[derive(Args, Debug)]
pub(crate) struct Logout {
    /// Sign out of every profile, and destroy the keys
    #[arg(long, conflicts_with = "profile")]
    pub(crate) all: bool,
    /// Also end the session in the browser (opens it)
    #[arg(long)]
    pub(crate) idp: bool,
    /// The profile, instead of the active one
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<ProfileName>,
}

#[derive(Args, Debug)]
pub(crate) struct Token {
    /// The profile, instead of the active one
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<ProfileName>,
}

#[derive(Args, Debug)]
#[command(after_help = AWS)]
pub(crate) struct AwsCredentials {
    /// The AWS account: twelve digits
    #[arg(long, value_name = "ID", value_parser = account)]
    pub(crate) account: String,
    /// The role, as the AWS access portal names it
    #[arg(long, value_name = "NAME")]
    pub(crate) role: String,
    /// The profile, instead of the active one
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<ProfileName>,
}

#[derive(Args, Debug)]
#[command(after_help = AWS_CACHE)]
pub(crate) struct AwsTokenCache {
    /// The sso_session of ~/.aws/config; without it, a profile's sso_start_url is what finds the token
    #[arg(long, value_name = "NAME")]
    pub(crate) sso_session: Option<String>,
    /// The profile, instead of the active one
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<ProfileName>,
}

fn account(text: &str) -> Result<String, String> {
    if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err("an AWS account has twelve digits".to_owned())
    }
}

/// An address as it is pasted; what lacks its beginning is told so, and not in a parser's words.
fn address(text: &str) -> Result<Url, String> {
    let text = text.trim();
    Url::parse(text).map_err(|error| {
        if error == url::ParseError::RelativeUrlWithoutBase {
            format!("write it whole: https://{text}")
        } else {
            error.to_string()
        }
    })
}

#[derive(Args, Debug)]
pub(crate) struct Export {
    /// Print profiles for ~/.aws/config instead: one for each role that the signed-in person may use
    #[arg(long)]
    pub(crate) aws_config: bool,
    /// With --aws-config: the profile, instead of the active one
    #[arg(long, value_name = "NAME", requires = "aws_config")]
    pub(crate) profile: Option<ProfileName>,
}

#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Models {
    #[command(subcommand)]
    pub(crate) choose: Option<Choose>,
    /// Why this model can or cannot be used, region by region
    #[arg(long, value_name = "MODEL")]
    pub(crate) why: Option<String>,
    /// The profile, instead of the active one
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<ProfileName>,
    /// For programs: one JSON object, never translated
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Choose {
    /// Ask models in this region from now on, in the desktop app as well
    Use(UseRegion),
}

#[derive(Args, Debug)]
pub(crate) struct UseRegion {
    /// The region; without one, your organisation's again
    pub(crate) region: Option<Region>,
    /// The profile, instead of the active one
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<ProfileName>,
}

#[derive(Args, Debug)]
#[command(after_help = ASK)]
pub(crate) struct Ask {
    /// The model, as `kiro models` names it, instead of the first
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: Option<String>,
    /// The region, instead of yours or your organisation's
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<Region>,
    /// The profile, instead of the active one
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<ProfileName>,
    /// The question; without it stdin is, and after a last `-` stdin follows
    #[arg(value_name = "QUESTION")]
    pub(crate) question: Vec<String>,
}

#[derive(Args, Debug)]
#[command(after_help = DOCTOR)]
pub(crate) struct Doctor {
    /// For programs: one JSON object, never translated
    #[arg(long)]
    pub(crate) json: bool,
    /// Write the report, the settings and the redacted logs into a new ZIP file, and show what is in it
    #[arg(long, value_name = "FILE")]
    pub(crate) export: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub(crate) shell: CompletionShell,
}

#[derive(Args, Debug)]
pub(crate) struct Man {
    /// The folder
    #[arg(value_name = "FOLDER")]
    pub(crate) folder: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Org {
    /// Check an organisation's settings against its sign-in server, and keep them
    #[command(subcommand)]
    Add(Box<Add>),
    /// All organisations
    List(Listing),
    /// One organisation's settings, and the redirect URIs to register
    Show(Named),
    /// Check a file for roll-out, as it would stand in /etc/kiro/organizations.toml
    Check(CheckFile),
    /// Print all organisations as such a file, or profiles for AWS tools
    Export(Export),
    /// Forget an organisation
    Remove(Named),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Add {
    /// Okta, with the org or a custom authorization server
    Okta {
        #[command(flatten)]
        common: AddCommon,
        /// The issuer: https://DOMAIN or https://DOMAIN/oauth2/ID
        #[arg(long, value_name = "URL", value_parser = address)]
        issuer: Url,
        /// The client ID of the native application
        #[arg(long, value_name = "ID")]
        client_id: String,
        /// A further scope; may be repeated
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<String>,
    },
    /// Microsoft Entra ID
    Entra {
        #[command(flatten)]
        common: AddCommon,
        /// The directory (tenant) ID or its domain, or `organizations`
        #[arg(long, value_name = "ID")]
        tenant: String,
        /// The application (client) ID
        #[arg(long, value_name = "ID")]
        client_id: String,
        /// The authority of a national cloud
        #[arg(
            long,
            value_name = "URL",
            value_parser = address,
            default_value = "https://login.microsoftonline.com"
        )]
        authority: Url,
        /// With `--tenant organizations`: a tenant whose people may sign in; may be repeated
        #[arg(long = "allowed-tenant", value_name = "ID")]
        allowed_tenants: Vec<String>,
        /// A further scope, such as api://APP-ID/name; may be repeated
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<String>,
    },
    /// AWS IAM Identity Center
    IdentityCenter {
        #[command(flatten)]
        common: AddCommon,
        /// The address of the AWS access portal
        #[arg(long, value_name = "URL", value_parser = address)]
        start_url: Url,
        /// The region Identity Center is in
        #[arg(long, value_name = "REGION")]
        region: String,
        /// Another address of the service than AWS's own
        #[arg(long, value_name = "URL", value_parser = address)]
        endpoint: Option<Url>,
    },
}

impl Add {
    /// What is common to all providers, and the provider's own settings.
    pub(crate) fn settings(self) -> (AddCommon, Settings) {
        match self {
            Add::Okta {
                common,
                issuer,
                client_id,
                scopes,
            } => (
                common,
                Settings::Okta {
                    issuer,
                    client_id,
                    scopes,
                },
            ),
            Add::Entra {
                common,
                tenant,
                client_id,
                authority,
                allowed_tenants,
                scopes,
            } => (
                common,
                Settings::Entra {
                    tenant,
                    client_id,
                    authority,
                    allowed_tenants,
                    scopes,
                },
            ),
            Add::IdentityCenter {
                common,
                start_url,
                region,
                endpoint,
            } => (
                common,
                Settings::IdentityCenter {
                    start_url,
                    region,
                    endpoint,
                    scopes: Vec::new(),
                },
            ),
        }
    }
}

#[derive(Args, Debug)]
pub(crate) struct AddCommon {
    /// A short name: a-z, 0-9 and -
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// Whom people ask for help, such as it-help@example.com
    #[arg(long, value_name = "TEXT")]
    pub(crate) support_contact: Option<String>,
    /// Use this organisation when none is named
    #[arg(long)]
    pub(crate) default: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Named {
    /// The organisation, as `kiro org list` names it
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
}

#[derive(Args, Debug)]
pub(crate) struct CheckFile {
    /// The file
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_without_its_beginning_is_told_so() {
        let check = |text: &str, expected: Result<&str, &str>| {
            let read = address(text).map(String::from);
            let expected = expected.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(read, expected, "{text}");
        };
        check(" https://acme.okta.com ", Ok("https://acme.okta.com/"));
        check(
            "acme.okta.com",
            Err("write it whole: https://acme.okta.com"),
        );
        check("https://", Err("empty host"));
    }
}
