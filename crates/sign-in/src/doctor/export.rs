//! The report as one file that a person sends to their help desk: findings, settings, redacted logs; never a token.

use std::io::Write;
use std::path::Path;

use kiro_credentials::FileError;
use zip::write::SimpleFileOptions;

use crate::log::redact;
use crate::organizations::Organizations;
use crate::session::file_failure;
use crate::{Context, Failure};

/// No log is longer; of one that is, the end is what matters.
const LONGEST: usize = 2 * 1024 * 1024;

/// The subject of a failure to write the report.
pub const REPORT: &str = "report";

/// One part of the file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Exported {
    /// Its name in there.
    pub name: String,
    /// Its length in bytes.
    pub length: usize,
}

/// Writes `report` (JSON), the organisations and the logs into a new ZIP file, and returns what is in it.
///
/// # Errors
/// `could_not_save`, also where the file exists already.
pub fn export(context: &Context, report: &str, path: &Path) -> Result<Vec<Exported>, Failure> {
    let unwritten = |error: FileError| file_failure(context, &error).about(REPORT);
    let path =
        &std::path::absolute(path).map_err(|error| unwritten(FileError::from_io(path, error)))?;
    let mut parts = vec![("report.json".to_owned(), report.to_owned())];
    if let Ok(organizations) = Organizations::load(context) {
        parts.push(("organizations.toml".to_owned(), organizations.export()));
    }
    let mut logs: Vec<_> = std::fs::read_dir(context.home().logs())
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        .collect();
    logs.sort_by_key(std::fs::DirEntry::file_name);
    for log in logs {
        if let Ok(bytes) = std::fs::read(log.path()) {
            let end = &bytes[bytes.len().saturating_sub(LONGEST)..];
            // They were redacted when they were written; once more costs nothing.
            let text = redact(&String::from_utf8_lossy(end));
            parts.push((format!("logs/{}", log.file_name().to_string_lossy()), text));
        }
    }
    let packed = pack(&parts)
        .map_err(|error| unwritten(FileError::from_io(path, std::io::Error::other(error))))?;
    kiro_credentials::create_new(path, &packed).map_err(unwritten)?;
    let exported = |(name, text): (String, String)| Exported {
        length: text.len(),
        name,
    };
    Ok(parts.into_iter().map(exported).collect())
}

fn pack(parts: &[(String, String)]) -> zip::result::ZipResult<Vec<u8>> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in parts {
        archive.start_file(name.as_str(), SimpleFileOptions::default())?;
        archive.write_all(text.as_bytes())?;
    }
    Ok(archive.finish()?.into_inner())
}
