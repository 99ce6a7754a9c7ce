//! What to do about an error of the service's, where there is something to do: the `hint:` of the administrator's command.

use std::error::Error;

use crate::back_up::BackUpError;
use crate::configuration::{ConfigurationError, INSTALLED, PREFIX};
use crate::demonstration::DemonstrationError;
use crate::folder::FolderError;
use crate::master_key::MasterKeyError;
use crate::serve::ServeError;
use crate::store::secrets::SecretsError;
use crate::store::{CopyError, StoreError};

/// The remedy, as an imperative.
pub(super) fn of(error: &(dyn Error + 'static)) -> Option<String> {
    let is = error;
    is.downcast_ref()
        .and_then(configuration)
        .or_else(|| is.downcast_ref().and_then(serve))
        .or_else(|| is.downcast_ref().and_then(folder))
        .or_else(|| is.downcast_ref().and_then(secrets))
        .or_else(|| is.downcast_ref().and_then(master_key))
        .or_else(|| is.downcast_ref().and_then(store))
        .or_else(|| is.downcast_ref().and_then(back_up))
        .or_else(|| is.downcast_ref().and_then(copy))
}

fn configuration(error: &ConfigurationError) -> Option<String> {
    let said = match error {
        ConfigurationError::Unreadable { .. } => {
            "Name another file with --settings, or give --data DIR".to_owned()
        }
        ConfigurationError::PasswordInArgument => {
            format!("Write it into the settings file or {PREFIX}STORE")
        }
        ConfigurationError::Exposed { path, .. } => {
            format!("Run `chmod 640 {}`, or 600", path.display())
        }
        ConfigurationError::HalfTls => "Set both, or neither".to_owned(),
        ConfigurationError::NoData => format!(
            "Give --data DIR or --settings FILE, or make {INSTALLED} by `kiro-identity-center init`"
        ),
        ConfigurationError::NotLoopback(_) => {
            "Set `tls_certificate` and `tls_key`, or `trusted_proxies` that speak TLS for it"
                .to_owned()
        }
        ConfigurationError::NoUrl => "Set `url` in the settings, or give --url".to_owned(),
        // These say what is expected there.
        ConfigurationError::Malformed { .. }
        | ConfigurationError::Unknown { .. }
        | ConfigurationError::Value { .. } => return None,
    };
    Some(said)
}

fn serve(error: &ServeError) -> Option<String> {
    match error {
        ServeError::NotHere => {
            Some("Let it listen at a loopback address, and set no `url`".to_owned())
        }
        ServeError::Listen { .. } => {
            Some("Name another with --listen, or end what listens there".to_owned())
        }
        ServeError::Tls(_) => {
            Some("Check `tls_certificate` and `tls_key` in the settings".to_owned())
        }
        ServeError::Folder(error) => folder(error),
        ServeError::Secrets(error) => secrets(error),
        ServeError::Demonstration(DemonstrationError::Directory(_)) => {
            Some("Remove the folder, and start again".to_owned())
        }
        ServeError::Demonstration(DemonstrationError::Store(error)) => store(error),
        ServeError::Demonstration(
            DemonstrationError::Upstreams(_)
            | DemonstrationError::Connect(_)
            | DemonstrationError::Provisioning(_)
            | DemonstrationError::Sealed(_),
        )
        | ServeError::Figures(_)
        | ServeError::Ended(_) => None,
    }
}

fn folder(error: &FolderError) -> Option<String> {
    match error {
        FolderError::Unusable { .. } => {
            Some("Check the path, and that this user may use it".to_owned())
        }
        FolderError::NoMasterKey { .. } => {
            Some("Put the key back from where it was kept apart from the data".to_owned())
        }
        FolderError::NoSharedKey { .. } => Some(
            "Copy the master key of the other instances there; for the first one, run `kiro-identity-center init`"
                .to_owned(),
        ),
        FolderError::Foreign { owner, .. } => Some(format!(
            "Run this as {owner}: `runuser -u {owner} -- kiro-identity-center …`"
        )),
        FolderError::MasterKey(error) => master_key(error),
        FolderError::Store(error) => store(error),
    }
}

fn secrets(error: &SecretsError) -> Option<String> {
    match error {
        SecretsError::MasterKey(error) => master_key(error),
        SecretsError::Store(error) => store(error),
    }
}

fn master_key(error: &MasterKeyError) -> Option<String> {
    match error {
        MasterKeyError::Unreadable { .. } => {
            Some("Check `master_key` in the settings, and that this user may read it".to_owned())
        }
        MasterKeyError::Exposed { path, .. } => Some(format!("Run `chmod 600 {}`", path.display())),
        MasterKeyError::Wrong { .. } => {
            Some("Give the right one, or both where the store's is being replaced".to_owned())
        }
        MasterKeyError::Command { .. } | MasterKeyError::Malformed { .. } => None,
    }
}

fn store(error: &StoreError) -> Option<String> {
    match error {
        StoreError::InUse => {
            Some("Stop the service first: what it changes meanwhile would be missing".to_owned())
        }
        StoreError::Newer { .. } => Some("Use that version, or a newer one".to_owned()),
        StoreError::Address(_) => {
            Some("Write it as postgresql://USER@HOST/DATABASE?sslmode=verify-full".to_owned())
        }
        StoreError::Unavailable(_)
        | StoreError::Taken
        | StoreError::Corrupt(_)
        | StoreError::Refused(_) => None,
    }
}

fn back_up(error: &BackUpError) -> Option<String> {
    match error {
        BackUpError::OnServer => {
            Some("Use pg_dump and pg_restore, as docs/identity-center.md says".to_owned())
        }
        BackUpError::There(_) => {
            Some("Name another file, or move it away: nothing is overwritten".to_owned())
        }
        BackUpError::Unusable { .. } => {
            Some("Check the path, and that this user may use it".to_owned())
        }
        BackUpError::Unfit { .. } => None,
        BackUpError::Folder(error) => folder(error),
        BackUpError::Secrets(error) => secrets(error),
        BackUpError::Store(error) => store(error),
    }
}

fn copy(error: &CopyError) -> Option<String> {
    match error {
        CopyError::NotEmpty(_) => Some("Make a new database, and copy the store there".to_owned()),
        CopyError::Store(error) => store(error),
    }
}
