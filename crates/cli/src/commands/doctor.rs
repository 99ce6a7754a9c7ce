//! `kiro doctor`: what is wrong, and the remedy.

use std::path::Path;

use kiro_sign_in::doctor::{Finding, Level, Report, examine, export};
use kiro_sign_in::{Context, Failure};
use serde_json::Value;

use crate::{
    args::Doctor,
    exit::Exit,
    shell,
    shell::{Shell, marked},
    signals,
    words::{padded, width},
};

pub(crate) fn run(shell: &Shell, context: &Context, args: &Doctor) -> Result<Exit, Failure> {
    let report = shell::block_on(context, async {
        tokio::select! {
            biased;
            () = signals::stop() => Err(signals::interrupted(context)),
            report = examine(context) => Ok(report),
        }
    })?;
    let object = report.json(concat!("kiro/", env!("CARGO_PKG_VERSION")));
    if args.json {
        shell.data(&object.to_string());
    } else {
        print(shell, &report);
    }
    if let Some(path) = &args.export {
        write(shell, context, &object, path)?;
    } else if !args.json {
        let contact = report.contact.as_deref();
        shell.say(&shell.words.verdict(
            report.count(Level::Problem),
            report.count(Level::Warning),
            contact,
        ));
    }
    Ok(exit(&report))
}

fn print(shell: &Shell, report: &Report) {
    let lines: Vec<_> = report
        .findings
        .iter()
        .map(|finding| (finding.level(), shell.words.finding(finding)))
        .collect();
    let columns = lines
        .iter()
        .map(|(_, line)| width(&line.subject))
        .max()
        .unwrap_or_default();
    for (level, line) in lines {
        let mark = match level {
            Level::Good => '✓',
            Level::Warning => '!',
            Level::Problem => '✗',
        };
        shell.data(&marked(
            mark,
            &format!("{}  {}", padded(&line.subject, columns), line.state),
        ));
        if let Some(fix) = line.fix {
            let indent = " ".repeat(columns + 4);
            shell.data(&format!("{indent}{}", shell.words.fix(&fix)));
        }
    }
}

fn write(shell: &Shell, context: &Context, report: &Value, path: &Path) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(report).unwrap_or_default();
    let parts = export(context, &text, path)?;
    shell.mark('✓', &shell.words.exported(&path.display().to_string()));
    for part in parts {
        shell.say(&format!("  {:>8}  {}", part.length, part.name));
    }
    Ok(())
}

/// 0 without a problem, else the code of the worst one.
fn exit(report: &Report) -> Exit {
    report
        .findings
        .iter()
        .filter_map(Finding::code)
        .map(Exit::from)
        .max_by_key(|exit| *exit as u8)
        .unwrap_or(Exit::Done)
}
