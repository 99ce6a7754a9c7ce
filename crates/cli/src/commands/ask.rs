//! `kiro ask`: the question to the model, the answer to stdout as it comes; what it took to stderr.

use std::io::{IsTerminal, Read, Write};

use kiro_sign_in::{
    Answer, Begun, Code, Context, Failure, Grounds, Piece, Question, Usage, grounds, prepare,
};

use super::{models, tell_recovered};
use crate::{args::Ask, exit::Exit, shell, shell::Shell, signals, words::Whose};

/// What is piped in is no longer than this, in bytes.
const LONGEST: u64 = 4 * 1024 * 1024;

pub(crate) fn run(shell: &Shell, context: &Context, args: &Ask) -> Result<Exit, Failure> {
    tell_recovered(shell, context);
    let text = match text(args) {
        Ok(text) => text,
        Err(unasked) => {
            shell.say(&shell.words.unasked(&unasked));
            return Ok(Exit::Usage);
        }
    };
    let question = Question {
        text,
        model: args.model.clone(),
        region: args.region.clone(),
    };
    match shell::block_on(context, tell(shell, context, args, &question)) {
        Err(failure) if failure.code == Code::ModelBlocked => {
            why(shell, context, args)?;
            Err(failure)
        }
        asked => asked.map(|()| Exit::Done),
    }
}

/// Why there is nothing to ask.
#[derive(Debug)]
pub(crate) enum Unasked {
    /// Nobody asks anything.
    Nothing,
    /// It is longer than a question may be. A part of it would be another question.
    TooLong,
    /// What was piped in could not be read to its end.
    Unreadable(std::io::Error),
}

/// The words of the command line, else stdin's; after a last word `-`, stdin's follow the others.
fn text(args: &Ask) -> Result<String, Unasked> {
    let stdin = std::io::stdin();
    let (words, reads) = match args.question.split_last() {
        Some((last, words)) if last == "-" => (words, true),
        Some(_) => (args.question.as_slice(), false),
        None => (args.question.as_slice(), !stdin.is_terminal()),
    };
    let mut text = words.join(" ");
    if reads {
        let mut bytes = Vec::new();
        let read = stdin.lock().take(LONGEST + 1).read_to_end(&mut bytes);
        if read.map_err(Unasked::Unreadable)? as u64 > LONGEST {
            return Err(Unasked::TooLong);
        }
        if !text.is_empty() {
            text.push_str("\n\n");
        }
        text.push_str(&String::from_utf8_lossy(&bytes));
    }
    if text.trim().is_empty() {
        return Err(Unasked::Nothing);
    }
    Ok(text)
}

async fn tell(
    shell: &Shell,
    context: &Context,
    args: &Ask,
    question: &Question,
) -> Result<(), Failure> {
    // The session may be renewed on the way to the credentials.
    let prepared = prepare(context, args.profile.as_ref(), question);
    let mut asking = signals::held_back(shell, context, prepared).await?;
    let answer = loop {
        match stoppable(context, asking.begin()).await? {
            Begun::Answer(answer) => break *answer,
            Begun::Refused(refused) => {
                asking = signals::held_back(shell, context, refused.with_others()).await?;
            }
        }
    };
    let endpoint = answer.endpoint.clone();
    if let Some(usage) = stoppable(context, print(answer)).await? {
        shell.say(&shell.words.took(&endpoint, usage));
    }
    Ok(())
}

/// The same, until a signal asks the command to stop.
async fn stoppable<T>(
    context: &Context,
    task: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::select! {
        biased;
        () = signals::stop() => Err(signals::interrupted(context)),
        done = task => done,
    }
}

/// Prints the answer as it comes. What it took; `None` where the reader went away (`| head`), which is no error of ours.
async fn print(mut answer: Answer) -> Result<Option<Usage>, Failure> {
    let mut stdout = Told::default();
    let mut took = Usage::default();
    while let Some(piece) = answer.next().await? {
        match piece {
            Piece::Text(text) if !stdout.tell(&text) => return Ok(None),
            Piece::Text(_) => {}
            Piece::Usage(usage) => took = usage,
        }
    }
    Ok(Some(took))
}

/// What was told so far.
#[derive(Default)]
struct Told {
    /// The cursor stands at the end of a line, which nobody ended.
    open: bool,
}

impl Told {
    /// Whether somebody still reads. On a terminal, nothing of a model's makes it do anything.
    fn tell(&mut self, text: &str) -> bool {
        let mut stdout = std::io::stdout().lock();
        let plain: String = match stdout.is_terminal() {
            true => text.chars().filter(|&c| harmless(c)).collect(),
            false => text.to_owned(),
        };
        if let Some(last) = plain.chars().last() {
            self.open = last != '\n';
        }
        stdout
            .write_all(plain.as_bytes())
            .and_then(|()| stdout.flush())
            .is_ok()
    }
}

/// However it ends: what follows begins a line.
impl Drop for Told {
    fn drop(&mut self) {
        if self.open {
            let _ = writeln!(std::io::stdout());
        }
    }
}

fn harmless(c: char) -> bool {
    let bidi = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    matches!(c, '\n' | '\t') || !(c.is_control() || bidi)
}

/// What stands in the way, as `kiro models --why` says it, on stderr.
fn why(shell: &Shell, context: &Context, args: &Ask) -> Result<(), Failure> {
    let (who, mut grounds) = grounds(context, args.profile.as_ref())?;
    if let Some(region) = &args.region {
        grounds.region = Some(region.clone());
    }
    let model = args.model.as_deref().unwrap_or_else(|| meant(&grounds));
    let whose = Whose::of(&who, &grounds);
    for line in models::tree(shell, &grounds, &whose, model) {
        shell.say(&line);
    }
    Ok(())
}

/// The model that is meant where nobody names one, as `prepare` means it.
fn meant(grounds: &Grounds) -> &str {
    let Grounds {
        account,
        policy,
        catalogue,
        region,
        ..
    } = grounds;
    let region = region.as_ref();
    let meant = region.and_then(|region| kiro_models::model(account, policy, catalogue, region));
    meant.map_or("", |model| &model.id)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn an_answer_cannot_rewrite_the_terminal() {
        let seen: String = "a\u{1b}[2J\u{9b}b\r\u{202e}c\td\n"
            .chars()
            .filter(|&c| harmless(c))
            .collect();
        assert_eq!(seen, "a[2Jbc\td\n");
    }

    #[test]
    fn the_reasons_are_those_of_the_model_that_is_meant() {
        let model = |id: &str, region: &str| {
            format!(
                "[[models]]\nid = \"{id}\"\ntitle = \"T\"\nvendor = \"V\"\n[[models.offers]]\nregion = \"{region}\"\nstatus = \"available\"\nmethods = [\"okta\"]\nidentifiers = [\"v.m\"]\n"
            )
        };
        let text =
            model("a", "us-east-1") + &model("b", "eu-central-1") + &model("c", "eu-central-1");
        let catalogue = kiro_models::Catalogue::parse(&text).unwrap();
        let mut grounds = Grounds {
            account: kiro_models::Account::of(kiro_models::Method::Okta),
            policy: kiro_models::Policy::default(),
            catalogue,
            region: "eu-central-1".parse().ok(),
            contact: None,
        };
        assert_eq!(meant(&grounds), "b", "the first that is offered there");
        grounds.region = "eu-west-1".parse().ok();
        assert_eq!(meant(&grounds), "a", "none is");
        grounds.region = None;
        assert_eq!(meant(&grounds), "");
    }
}
