//! The text of a callback, however it came.

use kiro_relying_party::{Answer, RedirectUri, parse_callback};

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(callback) = parse_callback(text) else {
        return;
    };
    assert!(text.len() <= 8192 && !text.contains('#'));
    let address = match callback.redirect {
        RedirectUri::DeepLink => "kiro://kiro.oauth/callback".to_owned(),
        RedirectUri::Loopback { host, port } => format!("http://{host}:{port}/oauth/callback"),
    };
    assert!(callback.redirect.matches(&address));
    assert!(text.starts_with(&address));
    let visible = |text: &str| !text.is_empty() && text.chars().all(|c| !c.is_control());
    assert!(visible(callback.state.secret()));
    match &callback.answer {
        Answer::Code(code) => assert!(visible(code.secret())),
        Answer::Error(error) => {
            assert!(visible(&error.error) && error.error.len() <= 512);
            let described = error.description.as_deref().unwrap_or("-");
            assert!(described.len() <= 512 && described.chars().all(|c| !c.is_control()));
        }
    }
}
