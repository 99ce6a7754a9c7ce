//! The system's dialog that asks for a file.

use std::path::PathBuf;

/// The file that the person chose; `None` if they closed the dialog.
#[cfg(target_os = "linux")]
pub(crate) async fn ask(app: &tauri::AppHandle, title: String) -> Option<PathBuf> {
    dialog(app, title, None).await
}

/// Where the person wants a new file; `name` is offered. `None` if they closed the dialog.
#[cfg(target_os = "linux")]
pub(crate) async fn save(app: &tauri::AppHandle, title: String, name: &str) -> Option<PathBuf> {
    dialog(app, title, Some(name.to_owned())).await
}

#[cfg(target_os = "linux")]
async fn dialog(app: &tauri::AppHandle, title: String, new: Option<String>) -> Option<PathBuf> {
    use gtk::prelude::{FileChooserExt, NativeDialogExt};

    let (done, answer) = tokio::sync::oneshot::channel();
    let app_handle = app.clone();
    app.run_on_main_thread(move || {
        let parent = crate::window::of(&app_handle).and_then(|window| window.gtk_window().ok());
        let dialog = gtk::FileChooserNative::new(
            Some(&title),
            parent.as_ref(),
            if new.is_some() {
                gtk::FileChooserAction::Save
            } else {
                gtk::FileChooserAction::Open
            },
            None,
            None,
        );
        dialog.set_modal(true);
        if let Some(name) = new {
            dialog.set_current_name(&name);
        }
        let kept = std::cell::RefCell::new(Some((done, dialog.clone()))); // the dialog lives until it is answered
        dialog.connect_response(move |_, response| {
            if let Some((done, dialog)) = kept.borrow_mut().take() {
                let chosen = (response == gtk::ResponseType::Accept)
                    .then(|| dialog.filename())
                    .flatten();
                let _ = done.send(chosen);
            }
        });
        dialog.show();
    })
    .ok()?;
    answer.await.ok()?
}

/// The file that the person chose; `None` if they closed the dialog.
#[cfg(not(target_os = "linux"))]
pub(crate) async fn ask(_: &tauri::AppHandle, title: String) -> Option<PathBuf> {
    Some(
        rfd::AsyncFileDialog::new()
            .set_title(title)
            .pick_file()
            .await?
            .path()
            .to_owned(),
    )
}

/// Where the person wants a new file; `name` is offered. `None` if they closed the dialog.
#[cfg(not(target_os = "linux"))]
pub(crate) async fn save(_: &tauri::AppHandle, title: String, name: &str) -> Option<PathBuf> {
    let dialog = rfd::AsyncFileDialog::new()
        .set_title(title)
        .set_file_name(name);
    Some(dialog.save_file().await?.path().to_owned())
}
