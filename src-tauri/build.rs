//! Generates a permission for each of our own commands, so that the capability file can name them and nothing else.

const COMMANDS: &[&str] = &[
    "watch",
    "sign_in",
    "browsers",
    "cancel",
    "extend",
    "open_again",
    "copy_link",
    "paste",
    "sign_out",
    "end_session",
    "take_links",
    "dismiss",
    "switch_profile",
    "choose_organization",
    "check_organization",
    "add_organization",
    "open_organization_file",
    "confirm_organization_file",
    "prefer",
    "choose_ca_file",
    "give_links_back",
    "check_computer",
    "export_diagnostics",
    "copy_details",
    "copy_request",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let manifest = tauri_build::AppManifest::new().commands(COMMANDS);
    tauri_build::try_build(tauri_build::Attributes::new().app_manifest(manifest))?;
    Ok(())
}
