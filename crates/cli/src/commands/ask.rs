//! `kiro ask`: the question to the model, the answer to stdout as it comes; what it took to stderr.

use std::io::{IsTerminal, Read, Write};

use kiro_sign_in::{Code, Context, Failure, Piece, Question, Usage, grounds};

use super::{models, tell_recovered};
use crate::{args::Ask, exit::Exit, shell, shell::Shell, signals, words::Whose};

/// A question is no longer than this, in bytes.
const LONGEST: u64 = 4 * 1024 * 1024;

pub(crate) fn run(shell: &Shell, context: &Context, args: &Ask) -> Result<Exit, Failure> {
    tell_recovered(shell, context);
    let Some(text) = text(args) else {
        shell.say(shell.words.nothing_asked());
        return Ok(Exit::Usage);
    };
    let question = Question {
        text,
        model: args.model.clone(),
        region: args.region.clone(),
    };
    let asked = shell::block_on(context, async {
        tokio::select! {
            biased;
            () = signals::stop() => Err(signals::interrupted(context)),
            told = tell(shell, context, args, &question) => told,
        }
    });
    match asked {
        Err(failure) if failure.code == Code::ModelBlocked => {
            why(shell, context, args)?;
            Err(failure)
        }
        asked => asked.map(|()| Exit::Done),
    }
}

/// The words of the command line, else stdin's; with `-` among them, stdin's follow. `None` where nobody asks anything.
fn text(args: &Ask) -> Option<String> {
    let mut text = args.question.join(" ");
    let mut stdin = std::io::stdin();
    if text.is_empty() || text == "-" {
        text.clear();
        if !stdin.is_terminal() || args.question.iter().any(|word| word == "-") {
            let mut bytes = Vec::new();
            let _ = Read::by_ref(&mut stdin).take(LONGEST).read_to_end(&mut bytes);
            text = String::from_utf8_lossy(&bytes).into_owned();
        }
    }
    (!text.trim().is_empty()).then_some(text)
}

async fn tell(
    shell: &Shell,
    context: &Context,
    args: &Ask,
    question: &Question,
) -> Result<(), Failure> {
    let mut answer = kiro_sign_in::ask(context, args.profile.as_ref(), question).await?;
    let mut stdout = Told::default();
    let mut took = Usage::default();
    loop {
        match answer.next().await {
            Ok(Some(Piece::Text(text))) => {
                if !stdout.tell(&text) {
                    return Ok(()); // the reader went away (`| head`)
                }
            }
            Ok(Some(Piece::Usage(usage))) => took = usage,
            Ok(None) => break,
            Err(failure) => {
                stdout.end();
                return Err(failure);
            }
        }
    }
    stdout.end();
    shell.say(&shell.words.took(&answer.endpoint, took));
    Ok(())
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

    fn end(&mut self) {
        if std::mem::take(&mut self.open) {
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
    let models = grounds.catalogue.models.iter();
    let model = args.model.clone();
    let model = model.or_else(|| models.map(|model| model.id.clone()).next());
    let whose = Whose::of(&who, &grounds);
    for line in models::tree(shell, &grounds, &whose, &model.unwrap_or_default()) {
        shell.say(&line);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_cannot_rewrite_the_terminal() {
        let seen: String = "a\u{1b}[2J\u{9b}b\r\u{202e}c\td\n".chars().filter(|&c| harmless(c)).collect();
        assert_eq!(seen, "a[2Jbc\td\n");
    }
}
