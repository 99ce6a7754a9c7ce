//! The text of a callback, however it came.

use kiro_relying_party::{Answer, RedirectUri, parse_callback, parse_response};

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    // What comes to a web application is the query alone.
    if let Ok(response) = parse_response(text) {
        assert!(text.len() <= 8192 && !text.contains('#') && !response.state.secret().is_empty());
    }
    let Ok(callback) = parse_callback(text) else {
        return;
    };
    let (_, query) = text.split_once('?').unwrap_or_default();
    assert!(parse_response(query).is_ok_and(|response| response.issuer == callback.issuer));
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
