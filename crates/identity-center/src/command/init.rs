//! `kiro-identity-center init`: the settings, the folder, the keys, the organisation, and a link for its first owner. What is there
//! already stays; no password is ever printed.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use secrecy::ExposeSecret as _;
use url::{Host, Url};

use super::{Failure, Installation};
use crate::administrator::Role;
use crate::center::{Center, Settings};
use crate::clock::{Clock as _, SystemClock};
use crate::configuration::{Configuration, is_address};
use crate::directory::{Organization, is_plain};
use crate::{folder, setup};

/// What is said of every link.
const LOST: &str = "Lost? Run this again with --new-setup-link";
/// Where an installed service keeps its data.
const DATA: &str = "/var/lib/kiro-identity-center";

/// Set an installation up, as the user that the service runs as, and make a link for its first owner
#[derive(Args)]
pub struct Init {
    #[command(flatten)]
    installation: Installation,
    /// The service's address as browsers know it: https, or http on this computer
    #[arg(long)]
    url: Url,
    /// The organisation's short name, part of addresses [default: from the address]
    #[arg(long, value_name = "NAME", alias = "organisation")]
    organization: Option<String>,
    /// What people call the organisation [default: its short name]
    #[arg(long)]
    title: Option<String>,
    /// Whom its people ask for help, such as it-help@acme.example
    #[arg(long)]
    contact: Option<String>,
    /// Make another link for an owner, in place of one that is still good: it was lost, or no owner can sign in any more
    #[arg(long)]
    new_setup_link: bool,
}

impl Init {
    /// Sets the installation up, and says to `out` what was made. `environment` is the value of [`crate::master_key::VARIABLE`].
    ///
    /// # Errors
    /// See [`Failure`]. What was made until then stays, and is found the next time.
    pub async fn run(self, environment: Option<&str>, out: &mut dyn Write) -> Result<(), Failure> {
        if !is_address(&self.url) {
            return Err(
                Failure::new(format!("{} is no address for the service", self.url))
                    .hint("Give an https address without a query; http only on this computer"),
            );
        }
        let name = match &self.organization {
            Some(name) => name.clone(),
            None => derived(&self.url),
        };
        if !is_plain(&name) {
            return Err(Failure::new(format!("`{name}` is no short name"))
                .hint("Name it by lower-case letters, digits and hyphens, at most 63, with --organization"));
        }
        let file = self.installation.file();
        if let Some(path) = file.as_deref().filter(|path| !path.exists()) {
            self.make_settings(path, out)?;
        }
        // Without a file the command line alone has the address.
        let url = file.is_none().then(|| self.url.to_string());
        let configuration = self.installation.read(vec![("url", url)])?;
        if configuration.url.as_ref() != Some(&self.url) {
            let there = configuration.url.as_ref().map_or("none", Url::as_str);
            return Err(
                Failure::new(format!("The settings have another `url`: {there}")).hint(
                    "Change it there; sign-ins that are under way, and clients, know the old one",
                ),
            );
        }
        let opened = folder::create(&configuration, environment).await?;
        for made in opened.made {
            writeln!(out, "Created {made}")?;
        }
        let settings = Settings {
            sts: configuration.sts.clone(),
            ..Settings::new(self.url, &configuration.region)
        };
        let had_keys = opened.store.has_keys().await?;
        let center =
            Center::open(opened.store, Arc::new(SystemClock), settings, opened.master).await?;
        if !had_keys {
            writeln!(out, "Created signing key ES256")?;
        }
        said_of_key(&configuration, out)?;
        let title = self.title.unwrap_or_else(|| name.clone());
        let contact = self.contact.unwrap_or_default();
        organization(&center, &name, title, contact, out).await?;
        let url = &center.settings.url;
        if file.is_none() {
            let serve = self.installation.served(&configuration, url);
            writeln!(out, "No settings are kept: start it by `{serve}`")?;
        } else if let Some(said) = way(url, configuration.listen, configuration.tls.is_some()) {
            writeln!(out, "{said}")?;
        }
        link(&center, &name, self.new_setup_link, out).await
    }

    fn make_settings(&self, path: &Path, out: &mut dyn Write) -> Result<(), Failure> {
        let unusable = |why: io::Error| {
            Failure::new(format!("`{}` cannot be made: {why}", path.display()))
            .hint("Run this as a user who may write there, or name another place with --settings and --data")
        };
        folder::ours(path)?;
        if let Some(folder) = path.parent() {
            let made = DirBuilder::new().recursive(true).mode(0o755).create(folder);
            made.map_err(unusable)?;
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o640)
            .open(path)
            .map_err(unusable)?;
        let text = self.text();
        file.write_all(text.as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(unusable)?;
        writeln!(out, "Created {}", path.display())?;
        Ok(())
    }

    fn text(&self) -> String {
        let mut table = toml::Table::new();
        table.insert("url".to_owned(), self.url.as_str().into());
        // A path in the file is read from wherever the service is started: it is written whole.
        let data = self.installation.data.as_ref().map_or_else(
            || PathBuf::from(DATA),
            |data| std::path::absolute(data).unwrap_or_else(|_| data.into()),
        );
        table.insert("data".to_owned(), data.display().to_string().into());
        for (name, value) in [
            ("store", &self.installation.store),
            ("master_key", &self.installation.master_key),
        ] {
            if let Some(value) = value {
                table.insert(name.to_owned(), value.as_str().into());
            }
        }
        let settings = toml::to_string(&table).unwrap_or_default();
        format!("# Identity Center: docs/identity-center.md has every setting.\n{settings}")
    }
}

impl Installation {
    /// What serves it where no file says how.
    fn served(&self, configuration: &Configuration, url: &Url) -> String {
        let data = configuration.data.display();
        let address = url.as_str().trim_end_matches('/');
        let mut command = format!("kiro-identity-center serve --data {data} --url {address}");
        let port = url
            .port_or_known_default()
            .filter(|_| url.scheme() == "http");
        let listen = port.map(|port| SocketAddr::new(configuration.listen.ip(), port).to_string());
        for (option, value) in [
            ("listen", listen.as_ref()),
            ("store", self.store.as_ref()),
            ("master-key", self.master_key.as_ref()),
        ] {
            if let Some(value) = value {
                command.push_str(&format!(" --{option} {value}"));
            }
        }
        command
    }
}

fn said_of_key(configuration: &Configuration, out: &mut dyn Write) -> io::Result<()> {
    let key = configuration.data.join("master.key");
    if configuration.master_key.is_none() && key.exists() {
        let key = key.display();
        writeln!(
            out,
            "Back up {key} apart from the data: without it the data cannot be read."
        )?;
    }
    Ok(())
}

/// How browsers get from the service's address to where it answers, if they do not by themselves.
fn way(url: &Url, listen: SocketAddr, has_tls: bool) -> Option<String> {
    let port = url.port_or_known_default();
    let address = url.as_str().trim_end_matches('/');
    let way = |how: &str, set: &str| {
        format!(
            "The service answers at {listen}{how}: have a proxy lead {address} there, or set {set} in the settings."
        )
    };
    match url.scheme() {
        "https" if has_tls => None,
        "https" => Some(way(
            " without TLS",
            "`listen`, `tls_certificate` and `tls_key`",
        )),
        _ if port == Some(listen.port()) => None,
        _ => Some(way("", "`listen`")),
    }
}

async fn organization(
    center: &Center,
    name: &str,
    title: String,
    contact: String,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    if center.store.organization(name).await?.is_some() {
        return Ok(());
    }
    let organization = Organization {
        name: name.to_owned(),
        title,
        contact,
        second_factor: true,
    };
    center
        .store
        .create_organization(organization, center.now())
        .await??;
    writeln!(
        out,
        "Created the organisation {name}: {}",
        crate::start_url::of(&center.settings, name)
    )?;
    Ok(())
}

async fn link(center: &Center, name: &str, anew: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let (store, settings) = (&center.store, &center.settings);
    let administrators = store.administrators(name).await?;
    let owners: Vec<_> = administrators
        .iter()
        .filter(|one| one.role == Role::Owner && one.local)
        .map(|one| one.user_name.as_str())
        .collect();
    if !owners.is_empty() && !anew {
        writeln!(
            out,
            "Owner: {}. Nobody can sign in? Run this again with --new-setup-link",
            owners.join(", ")
        )?;
        return Ok(());
    }
    let good = store.owner_link_ends(name, SystemClock.now()).await?;
    if let Some(ends) = good.filter(|_| !anew) {
        writeln!(
            out,
            "First administrator: the link that was made is good until {}. {LOST}",
            ends.strftime("%H:%M UTC")
        )?;
        return Ok(());
    }
    let (url, _) = setup::offer(store, settings, name, None, SystemClock.now()).await?;
    writeln!(
        out,
        "{}: open once, within {} min (sets password and TOTP): {}\n{LOST}",
        if owners.is_empty() {
            "First administrator"
        } else {
            "Another owner"
        },
        setup::OWNER_LIFETIME.as_mins(),
        url.expose_secret(),
    )?;
    Ok(())
}

/// `acme` of `https://id.acme.example`.
pub(super) fn derived(url: &Url) -> String {
    let Some(Host::Domain(host)) = url.host() else {
        return "main".to_owned();
    };
    let labels: Vec<&str> = host.split('.').collect();
    let label = match labels.as_slice() {
        [_, second, _, ..] => second,
        [first, _] => first,
        [] | [_] => "main",
    };
    label.to_owned()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn an_organisation_is_called_as_its_domain() {
        let check = |url: &str, expected: &str| {
            assert_eq!(
                url.parse().as_ref().map(derived),
                Ok(expected.to_owned()),
                "{url}"
            );
        };
        check("https://id.acme.example", "acme");
        check("https://id.acme.co.jp/", "acme");
        check("https://acme.example:8443", "acme");
        check("http://localhost:7465", "main");
        check("http://127.0.0.1:7465", "main");
    }

    #[test]
    fn whose_address_does_not_lead_to_the_service_is_told_where_it_answers() {
        let check = |url: &str, listen: &str, has_tls, expected: Option<&str>| {
            let said = way(&url.parse().unwrap(), listen.parse().unwrap(), has_tls);
            assert_eq!(said.as_deref(), expected, "{url} {listen}");
        };
        let (here, there) = ("127.0.0.1:7465", "0.0.0.0:443");
        check("http://127.0.0.1:7465", here, false, None);
        check("https://id.acme.example", there, true, None);
        check(
            "https://id.acme.example",
            here,
            false,
            Some(
                "The service answers at 127.0.0.1:7465 without TLS: have a proxy lead https://id.acme.example there, or set `listen`, \
                 `tls_certificate` and `tls_key` in the settings.",
            ),
        );
        check(
            "http://localhost:8591",
            here,
            false,
            Some(
                "The service answers at 127.0.0.1:7465: have a proxy lead http://localhost:8591 there, or set `listen` in the settings.",
            ),
        );
    }
}
