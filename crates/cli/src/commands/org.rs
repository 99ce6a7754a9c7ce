//! `kiro org …`: an organisation's IdP settings, made once for both programs.

use std::path::Path;

use kiro_sign_in::{Code, Context, Failure, Inference, Organization, Organizations, Settings};
use serde_json::{Value, json};

use super::unknown_organization;
use crate::{args::AddCommon, exit::Exit, shell, shell::Shell, words};

pub(crate) fn add(
    shell: &Shell,
    context: &Context,
    common: AddCommon,
    settings: Settings,
) -> Result<Exit, Failure> {
    let known = Organizations::load(context)?;
    if known.list.iter().any(|other| other.name == common.name) {
        let mut failure = Failure::new(Code::OrganizationExists, context.clock.now());
        failure.facts.subject = Some(common.name);
        return Err(failure);
    }
    let mut letters = common.name.chars();
    let title = letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default();
    let organization = Organization {
        display_name: title,
        name: common.name,
        settings,
        support_contact: common.support_contact,
        inference: Inference::default(),
        managed: false,
    };
    let checked = shell::block_on(context, kiro_sign_in::check(context, &organization))?;
    shell.mark('✓', &shell.words.found(&words::plain(&checked.host)));
    kiro_sign_in::add(context, &organization)?;
    if common.default {
        kiro_sign_in::use_last(context, &organization.name)?;
    }
    shell.mark('✓', &shell.words.saved(&organization.name));
    redirects(shell, &organization);
    Ok(Exit::Done)
}

fn redirects(shell: &Shell, organization: &Organization) {
    let uris = organization.redirect_uris();
    if uris.is_empty() {
        shell.say(shell.words.nothing_to_register());
    } else {
        shell.say(&shell.words.register(organization.provider().title()));
    }
    for uri in uris {
        shell.data(&uri);
    }
}

pub(crate) fn list(shell: &Shell, context: &Context, as_json: bool) -> Result<Exit, Failure> {
    let all = Organizations::load(context)?;
    let chosen = all
        .choose(None, context)
        .ok()
        .map(|organization| organization.name.clone());
    let is_default = |organization: &Organization| chosen.as_ref() == Some(&organization.name);
    if as_json {
        let rows: Vec<_> = all
            .list
            .iter()
            .map(|organization| {
                json!({
                    "name": organization.name, "display_name": organization.display_name,
                    "provider": organization.provider(), "host": organization.sign_in_host(),
                    "support_contact": organization.support_contact,
                    "managed": organization.managed, "default": is_default(organization),
                })
            })
            .collect();
        shell.data(&json!({ "organizations": rows }).to_string());
        return Ok(Exit::Done);
    }
    let mut table = Vec::new();
    for organization in &all.list {
        let active = if is_default(organization) { "* " } else { "  " };
        let managed = match &all.managed_path {
            Some(path) if organization.managed => {
                shell.words.managed_by(&path.display().to_string())
            }
            Some(_) | None => String::new(),
        };
        let provider = organization.provider().title();
        table.push(vec![
            format!("{active}{}", organization.name),
            provider.to_owned(),
            organization.sign_in_host(),
            managed,
        ]);
    }
    shell.table(&table);
    if all.list.is_empty() {
        shell.none(&Failure::new(Code::NoOrganization, context.clock.now()));
    }
    Ok(Exit::Done)
}

pub(crate) fn show(shell: &Shell, context: &Context, name: &str) -> Result<Exit, Failure> {
    let all = Organizations::load(context)?;
    let organization = all
        .find(name, context)
        .map_err(|failure| unknown_organization(failure, &all))?;
    shell.data(&format!(
        "{} · {} · {}",
        words::plain(&organization.display_name),
        organization.provider().title(),
        organization.sign_in_host()
    ));
    let settings = serde_json::to_value(&organization.settings).unwrap_or_default();
    for (key, value) in settings
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, value)| {
            !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty())
        })
    {
        let words = |value: &Value| {
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        };
        let value = match value.as_array() {
            Some(list) => list.iter().map(words).collect::<Vec<_>>().join(" "),
            None => words(value),
        };
        shell.data(&format!("{key:<16} {}", words::plain(&value)));
    }
    if let Some(contact) = &organization.support_contact {
        shell.data(&format!(
            "{:<16} {}",
            "support_contact",
            words::plain(contact)
        ));
    }
    decided(shell, organization);
    redirects(shell, organization);
    Ok(Exit::Done)
}

/// What the organisation has decided about models.
fn decided(shell: &Shell, organization: &Organization) {
    let Inference {
        residency,
        region,
        role,
        models,
        managed: _,
    } = &organization.inference;
    let models = models.as_ref().map(|models| {
        let models: Vec<&str> = models.iter().map(String::as_str).collect();
        models.join(" ")
    });
    let lines = [
        (
            "residency",
            residency.map(|residency| residency.as_str().to_owned()),
        ),
        ("inference.region", region.as_ref().map(ToString::to_string)),
        (
            "inference.role",
            role.as_ref()
                .map(|role| format!("{} ({})", role.name, role.account)),
        ),
        ("inference.models", models),
    ];
    for (key, value) in lines {
        if let Some(value) = value {
            shell.data(&format!("{key:<16} {}", words::plain(&value)));
        }
    }
}

pub(crate) fn check(shell: &Shell, context: &Context, path: &Path) -> Result<Exit, Failure> {
    let named = |mut failure: Failure| {
        failure.facts.path = Some(path.display().to_string());
        failure
    };
    let text = std::fs::read_to_string(path).map_err(|error| {
        let mut failure = Failure::new(Code::OrganizationsInvalid, context.clock.now());
        if error.kind() == std::io::ErrorKind::NotFound {
            failure.detail.error = Some(super::NO_SUCH_FILE.to_owned());
        } else {
            failure.detail.description = Some(error.to_string());
        }
        named(failure)
    })?;
    let all = Organizations::parse(&text, context).map_err(named)?;
    shell.mark('✓', &shell.words.file_good(all.list.len()));
    for organization in &all.list {
        shell.data(&format!(
            "{:<12}  {}  {}",
            organization.name,
            organization.provider().title(),
            organization.sign_in_host()
        ));
    }
    Ok(Exit::Done)
}

pub(crate) fn export(shell: &Shell, context: &Context) -> Result<Exit, Failure> {
    shell.data(Organizations::load(context)?.export().trim_end());
    Ok(Exit::Done)
}

pub(crate) fn remove(shell: &Shell, context: &Context, name: &str) -> Result<Exit, Failure> {
    kiro_sign_in::remove(context, name).map_err(|failure| match Organizations::load(context) {
        Ok(all) => unknown_organization(failure, &all),
        Err(_) => failure,
    })?;
    shell.mark('✓', &shell.words.removed(name));
    Ok(Exit::Done)
}
