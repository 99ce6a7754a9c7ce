//! Connecting an identity provider: what to fill in there, what to say of it here, and a test sign-in.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use super::print;
use super::remote::{Remote, encoded};
use crate::admin::ProviderKind;
use crate::command::{Failure, Told};
use crate::federation::callback;

/// Which provider, and how it knows this service.
#[derive(Args)]
pub(super) struct Connect {
    #[arg(help = "Okta, Entra ID, or any other OpenID provider")]
    kind: ProviderKind,
    /// What the connection is called here [default: the kind]
    #[arg(long)]
    name: Option<String>,
    #[arg(
        long,
        value_name = "URL",
        help = "The issuer, such as https://acme.okta.com"
    )]
    issuer: Option<String>,
    /// Entra ID: the directory's id or domain, instead of an issuer
    #[arg(long)]
    tenant: Option<String>,
    /// Entra ID: a tenant whose people may sign in, where the issuer is every tenant's; may be given several times
    #[arg(long = "allow-tenant", value_name = "ID")]
    tenants: Vec<String>,
    /// A domain of its people's names; may be given several times
    #[arg(long = "domain", value_name = "DOMAIN")]
    domains: Vec<String>,
    /// This service's client id there; asked for, if it is left out
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// A file with the client secret; asked for, if it is left out
    #[arg(long, value_name = "FILE")]
    client_secret_file: Option<PathBuf>,
    /// What is asked for beyond `openid`, `profile` and `email`
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// SAML 2.0 instead: a file with the provider's metadata
    #[arg(long, value_name = "FILE", conflicts_with_all = ["issuer", "tenant", "client_id", "client_secret_file", "scopes"])]
    metadata: Option<PathBuf>,
    /// SAML 2.0: take sign-ins that begin at the provider, too
    #[arg(long, requires = "metadata")]
    idp_initiated: bool,
    /// Do not offer a test sign-in now
    #[arg(long)]
    no_test: bool,
}

pub(super) async fn connect(remote: &Remote, asked: Connect, json: bool) -> Result<(), Failure> {
    let (word, title) = match asked.kind {
        ProviderKind::Okta => ("okta", "Okta"),
        ProviderKind::Entra => ("entra", "Entra ID"),
        ProviderKind::Oidc => ("oidc", "the identity provider"),
    };
    let name = asked.name.clone().unwrap_or_else(|| word.to_owned());
    let said = match &asked.metadata {
        Some(file) => by_saml(remote, &asked, &name, file).await?,
        None => by_openid(remote, &asked, &name, title).await?,
    };
    let kept = remote
        .put(&format!("/connections/{}", encoded(&name)), &said)
        .await?;
    let seen = match asked.metadata {
        Some(_) => "✓ metadata ✓ signing certificate",
        None => "✓ discovery ✓ issuer ✓ keys ✓ PKCE",
    };
    writeln!(io::stderr().lock(), "{seen}")?;
    if json {
        writeln!(Told, "{kept}")?;
    }
    if !asked.no_test {
        test(remote, &name, io::stderr().is_terminal(), json).await?;
    }
    let stands = if kept["active"] == true {
        "Saved, active as before.".to_owned()
    } else {
        format!(
            "Saved, inactive. `admin idp activate {name}` (keeps one local administrator for emergencies)"
        )
    };
    writeln!(io::stderr().lock(), "{stands}")?;
    Ok(())
}

/// What is said of a provider that speaks OpenID Connect; what is missing is asked for.
async fn by_openid(
    remote: &Remote,
    asked: &Connect,
    name: &str,
    title: &str,
) -> Result<Value, Failure> {
    let callback = callback(&organization(remote).await?, name);
    let base = remote.url.as_str().trim_end_matches('/');
    let create = match asked.kind {
        ProviderKind::Okta => "OIDC · Web Application · Authorization Code",
        ProviderKind::Entra => "App registration · Web · a client secret",
        ProviderKind::Oidc => "a confidential client · authorization code with PKCE",
    };
    writeln!(
        io::stderr().lock(),
        "In {title} create: {create}\n  Sign-in redirect URI   {base}{callback}\n  Sign-out redirect URI  {base}/signed-out"
    )?;
    let client_id = match &asked.client_id {
        Some(id) => id.clone(),
        None => typed("Client ID: ")?,
    };
    let secret = match &asked.client_secret_file {
        Some(file) => read(file)?.trim_end_matches(['\r', '\n']).to_owned(),
        None => hidden("Client secret (hidden): ")?,
    };
    let mut said = json!({
        "kind": asked.kind,
        "client_id": client_id,
        "client_secret": secret,
        "scopes": asked.scopes,
        "tenants": asked.tenants,
        "domains": domains(asked)?,
    });
    for (member, value) in [("issuer", &asked.issuer), ("tenant", &asked.tenant)] {
        if let Some(value) = value {
            said[member] = json!(value);
        }
    }
    Ok(said)
}

/// The same of one that speaks SAML: its metadata says it all.
async fn by_saml(
    remote: &Remote,
    asked: &Connect,
    name: &str,
    file: &Path,
) -> Result<Value, Failure> {
    let organization = organization(remote).await?;
    let base = remote.url.as_str().trim_end_matches('/');
    let ours = format!("{base}/federation/saml/{organization}/{name}");
    writeln!(
        io::stderr().lock(),
        "At the provider:\n  Single sign-on URL (ACS)  {ours}/acs\n  Audience URI (entity id)  {ours}/metadata"
    )?;
    Ok(json!({
        "kind": asked.kind,
        "metadata": read(file)?,
        "idp_initiated": asked.idp_initiated,
        "domains": domains(asked)?,
    }))
}

async fn organization(remote: &Remote) -> Result<String, Failure> {
    let me = remote.get("/me").await?;
    Ok(me["organization"].as_str().unwrap_or_default().to_owned())
}

fn domains(asked: &Connect) -> Result<Vec<String>, Failure> {
    if !asked.domains.is_empty() {
        return Ok(asked.domains.clone());
    }
    let typed = typed("Domains of its people's names (acme.example): ")?;
    let domains = typed.split([',', ' ']).filter(|domain| !domain.is_empty());
    Ok(domains.map(str::to_owned).collect())
}

fn read(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file)
        .map_err(|why| Failure::new(format!("`{}` cannot be read: {why}", file.display())))
}

/// Offers a test sign-in; `wait`: says what comes of it.
pub(super) async fn test(
    remote: &Remote,
    name: &str,
    wait: bool,
    json: bool,
) -> Result<(), Failure> {
    let path = format!("/connections/{}/trial", encoded(name));
    let link = remote.post(&path, &Value::Null).await?;
    if json {
        writeln!(Told, "{link}")?;
    } else {
        writeln!(
            io::stderr().lock(),
            "Test sign-in, until {}:",
            print::time(&link["expires_at"])
        )?;
        writeln!(Told, "{}", link["url"].as_str().unwrap_or_default())?;
    }
    if !wait {
        return Ok(());
    }
    writeln!(
        io::stderr().lock(),
        "Waiting for somebody to come back · Ctrl-C leaves the link as it is"
    )?;
    loop {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let trial = remote.get(&path).await?;
        if trial["done"] == true {
            let text = |member: &str| trial[member].as_str().unwrap_or_default().to_owned();
            let here = match trial["user_name"].as_str() {
                Some(user) => format!("here they are {user}"),
                None => "no such user yet: provision first".to_owned(),
            };
            writeln!(
                io::stderr().lock(),
                "✓ came back as {}; {here}",
                text("shown")
            )?;
            return Ok(());
        }
        let ends = trial["expires_at"]
            .as_str()
            .and_then(|end| end.parse().ok());
        if ends.is_none_or(|ends: jiff::Timestamp| ends <= jiff::Timestamp::now()) {
            return Err(Failure::new("Nobody came back in time")
                .hint(format!("Run `admin idp test {name}` again")));
        }
    }
}

fn typed(question: &str) -> Result<String, Failure> {
    let mut stderr = io::stderr().lock();
    write!(stderr, "{question}")?;
    stderr.flush()?;
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    let line = line.trim().to_owned();
    if line.is_empty() {
        return Err(Failure::new("Nothing was typed")
            .hint("Type it, or say it by an option: `--help` shows them"));
    }
    Ok(line)
}

fn hidden(question: &str) -> Result<String, Failure> {
    if !io::stdin().is_terminal() {
        return typed("").map_err(|_| {
            Failure::new("There is no client secret").hint("Give it with --client-secret-file")
        });
    }
    let secret = dialoguer::Password::new()
        .with_prompt(question.trim_end_matches(": "))
        .interact()
        .map_err(Failure::new)?;
    Ok(secret)
}
