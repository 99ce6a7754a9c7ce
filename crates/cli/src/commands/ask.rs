//! `kiro ask`: the question to the model, the answer to stdout as it comes; what it took to stderr.

use std::io::{IsTerminal, Read, Write};

use kiro_sign_in::{
    Answer, Begun, Code, Context, Failure, Piece, Question, Usage, grounds, prepare,
};

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
    match shell::block_on(context, tell(shell, context, args, &question)) {
        Err(failure) if failure.code == Code::ModelBlocked => {
            why(shell, context, args)?;
            Err(failure)
        }
        asked => asked.map(|()| Exit::Done),
    }
}

/// The words of the command line, else stdin's; after a last word `-`, stdin's follow the others. `None` where nobody asks
/// anything.
fn text(args: &Ask) -> Option<String> {
    let stdin = std::io::stdin();
    let (words, reads) = match args.question.split_last() {
        Some((last, words)) if last == "-" => (words, true),
        Some(_) => (args.question.as_slice(), false),
        None => (args.question.as_slice(), !stdin.is_terminal()),
    };
    let mut text = words.join(" ");
    if reads {
        let mut bytes = Vec::new();
        let _ = stdin.lock().take(LONGEST).read_to_end(&mut bytes);
        if !text.is_empty() {
            text.push_str("\n\n");
        }
        text.push_str(&String::from_utf8_lossy(&bytes));
    }
    (!text.trim().is_empty()).then_some(text)
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
        let seen: String = "a\u{1b}[2J\u{9b}b\r\u{202e}c\td\n"
            .chars()
            .filter(|&c| harmless(c))
            .collect();
        assert_eq!(seen, "a[2Jbc\td\n");
    }
}
