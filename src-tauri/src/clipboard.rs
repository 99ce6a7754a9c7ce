//! The clipboard, written and read by the shell: the page never holds a sign-in's address.

/// Puts the text on the clipboard; says whether it is there.
#[cfg(target_os = "linux")]
pub(crate) async fn write(app: &tauri::AppHandle, text: String) -> bool {
    let (done, answer) = tokio::sync::oneshot::channel();
    let asked = app.run_on_main_thread(move || {
        let clipboard = gtk::Clipboard::get(&gtk::gdk::SELECTION_CLIPBOARD);
        clipboard.set_text(&text);
        let _ = done.send(());
    });
    asked.is_ok() && answer.await.is_ok()
}

/// The text on the clipboard.
#[cfg(target_os = "linux")]
pub(crate) async fn read(app: &tauri::AppHandle) -> Option<String> {
    let (done, answer) = tokio::sync::oneshot::channel();
    app.run_on_main_thread(move || {
        gtk::Clipboard::get(&gtk::gdk::SELECTION_CLIPBOARD).request_text(move |_, text| {
            let _ = done.send(text.map(str::to_owned));
        });
    })
    .ok()?;
    // An owner of the clipboard that does not answer must not hold up the window.
    tokio::time::timeout(std::time::Duration::from_secs(3), answer)
        .await
        .ok()?
        .ok()?
}

/// Puts the text on the clipboard; says whether it is there.
#[cfg(not(target_os = "linux"))]
pub(crate) async fn write(_: &tauri::AppHandle, text: String) -> bool {
    arboard::Clipboard::new()
        .and_then(|mut clipboard| clipboard.set_text(text))
        .is_ok()
}

/// The text on the clipboard.
#[cfg(not(target_os = "linux"))]
pub(crate) async fn read(_: &tauri::AppHandle) -> Option<String> {
    arboard::Clipboard::new()
        .and_then(|mut clipboard| clipboard.get_text())
        .ok()
}
