//! `kiro models`: which model where, and why not. From files alone, no key, no network.

use kiro_models::{Endpoint, Model, Reason, Region, Status, decide};
use kiro_sign_in::{Context, Failure, Grounds, Preference, grounds, prefer};
use serde_json::{Value, json};

use super::tell_recovered;
use crate::args::{Choose, Models, UseRegion};
use crate::{exit::Exit, shell::Shell, shell::marked, words, words::Whose};

pub(crate) fn run(shell: &Shell, context: &Context, args: &Models) -> Result<Exit, Failure> {
    tell_recovered(shell, context);
    if let Some(Choose::Use(args)) = &args.choose {
        return choose(shell, context, args);
    }
    let (who, grounds) = grounds(context, args.profile.as_ref())?;
    let whose = Whose::of(&who, &grounds);
    let ids: Vec<&str> = match &args.why {
        Some(id) => vec![id],
        None => grounds
            .catalogue
            .models
            .iter()
            .map(|model| model.id.as_str())
            .collect(),
    };
    if args.json {
        let models: Vec<Value> = ids.iter().map(|id| model_json(&grounds, id)).collect();
        let policy = &grounds.policy;
        let object = json!({
            "region": grounds.region, "region_fixed": policy.region_fixed, "residency": policy.residency,
            "managed": policy.managed, "models": models,
        });
        shell.data(&object.to_string());
    } else if let Some(id) = &args.why {
        for line in tree(shell, &grounds, &whose, id) {
            shell.data(&line);
        }
    } else {
        table(shell, &grounds);
        shell.say(&shell.words.asked_in(&whose, grounds.region.as_ref()));
    }
    let usable = |id: &&str| {
        places(&grounds, id)
            .iter()
            .any(|place| place.decision.is_ok())
    };
    Ok(match &args.why {
        Some(id) if !usable(&id.as_str()) => Exit::Denied,
        Some(_) | None => Exit::Done,
    })
}

/// Chooses the region for both programs. One in which no model can be asked is not chosen.
fn choose(shell: &Shell, context: &Context, args: &UseRegion) -> Result<Exit, Failure> {
    let (who, mut meant) = grounds(context, args.profile.as_ref())?;
    if let Some(region) = &args.region {
        meant.region = Some(region.clone());
        let whose = Whose::of(&who, &meant);
        let models = || meant.catalogue.models.iter().map(|model| model.id.as_str());
        let open = |id: &str| {
            let mut places = places(&meant, id).into_iter();
            places.any(|place| place.region == region && place.decision.is_ok())
        };
        if !models().any(open) {
            for line in models().flat_map(|id| tree(shell, &meant, &whose, id)) {
                shell.say(&line);
            }
            shell.say(&shell.words.nothing_there(region));
            return Ok(Exit::Denied);
        }
    }
    prefer(context, &Preference::Region(args.region.clone()))?;
    let (who, chosen) = grounds(context, args.profile.as_ref())?;
    let whose = Whose::of(&who, &chosen);
    let said = shell
        .words
        .asked_from_now_on(&whose, chosen.region.as_ref());
    shell.mark('✓', &said);
    Ok(Exit::Done)
}

/// A model in a region, and the decision about it.
struct Place<'a> {
    region: &'a Region,
    /// `None` where the model is not offered.
    status: Option<Status>,
    decision: Result<Endpoint, Vec<Reason>>,
}

/// Where the model is offered, and the region that would be asked.
fn places<'a>(grounds: &'a Grounds, id: &str) -> Vec<Place<'a>> {
    let offers = grounds
        .catalogue
        .find(id)
        .map(|model| model.offers.as_slice());
    let offers = offers.unwrap_or_default();
    let offered = offers
        .iter()
        .map(|offer| (&offer.region, Some(offer.status)));
    let asked = grounds.region.iter().map(|region| (region, None));
    let asked = asked.filter(|(region, _)| offers.iter().all(|offer| offer.region != **region));
    offered
        .chain(asked)
        .map(|(region, status)| Place {
            region,
            status,
            decision: decide(
                &grounds.account,
                &grounds.policy,
                &grounds.catalogue,
                id,
                region,
            ),
        })
        .collect()
}

fn table(shell: &Shell, grounds: &Grounds) {
    let mut rows = Vec::new();
    for model in &grounds.catalogue.models {
        for place in places(grounds, &model.id) {
            let Some(status) = place.status else { continue };
            let mark = if grounds.region.as_ref() == Some(place.region) {
                "* "
            } else {
                "  "
            };
            let standing = match &place.decision {
                Ok(_) => shell.words.usable().to_owned(),
                Err(reasons) => shell.words.not_usable(reasons),
            };
            rows.push(vec![
                format!("{mark}{}", model.id),
                words::plain(&model.title),
                place.region.to_string(),
                shell.words.status(status).to_owned(),
                standing,
            ]);
        }
    }
    shell.table(&rows);
}

/// The model, each region below it, and below that what stands in the way and who can change it.
pub(crate) fn tree(shell: &Shell, grounds: &Grounds, whose: &Whose, id: &str) -> Vec<String> {
    let words = shell.words;
    let title = |model: &Model| format!("{id} · {} ({})", model.title, model.vendor);
    let title = grounds
        .catalogue
        .find(id)
        .map_or_else(|| id.to_owned(), title);
    let mut lines = vec![words::plain(&title)];
    let places = places(grounds, id);
    for (at, place) in places.iter().enumerate() {
        let last = at + 1 == places.len();
        let (branch, below) = if last {
            ("└─", "   ")
        } else {
            ("├─", "│  ")
        };
        let status = place
            .status
            .map_or_else(String::new, |status| format!(" · {}", words.status(status)));
        let mark = if place.decision.is_ok() { '✓' } else { '✗' };
        let region = marked(mark, &format!("{}{status}", place.region));
        lines.push(format!("{branch} {region}"));
        let reasons = place.decision.as_ref().err().map(Vec::as_slice);
        let reasons = reasons.unwrap_or_default();
        for (at, reason) in reasons.iter().enumerate() {
            let branch = if at + 1 == reasons.len() {
                "└─"
            } else {
                "├─"
            };
            let sentence = words.reason(reason, whose, place.region);
            lines.push(format!("{below}{branch} {}", words::plain(&sentence)));
        }
    }
    lines
}

fn model_json(grounds: &Grounds, id: &str) -> Value {
    let model = grounds.catalogue.find(id);
    let places: Vec<Value> = places(grounds, id)
        .iter()
        .map(|place| {
            json!({
                "region": place.region, "status": place.status, "usable": place.decision.is_ok(),
                "identifier": place.decision.as_ref().ok().map(|endpoint| &endpoint.identifier),
                "reasons": place.decision.as_ref().err(),
            })
        })
        .collect();
    json!({
        "id": id, "title": model.map(|model| &model.title), "vendor": model.map(|model| &model.vendor),
        "regions": places,
    })
}
