//! A provider that lives in memory: it answers what the test says and notes what it was asked.

use std::sync::Mutex;

use async_trait::async_trait;
use kiro_relying_party::{HttpClient, HttpError};

pub(crate) type Request = http::Request<Vec<u8>>;
pub(crate) type Response = http::Response<Vec<u8>>;

type Answer = Box<dyn Fn(&Request) -> Result<Response, HttpError> + Send + Sync>;

pub(crate) struct Peer {
    answer: Answer,
    asked: Mutex<Vec<Request>>,
}

impl Peer {
    pub(crate) fn new(
        answer: impl Fn(&Request) -> Result<Response, HttpError> + Send + Sync + 'static,
    ) -> Peer {
        Peer {
            answer: Box::new(answer),
            asked: Mutex::new(Vec::new()),
        }
    }

    /// Always this answer, as JSON.
    pub(crate) fn json(status: u16, body: impl Into<Vec<u8>>) -> Peer {
        let body = body.into();
        Peer::new(move |_| Ok(json(status, body.clone())))
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    /// The form of the last request.
    pub(crate) fn form(&self) -> Vec<(String, String)> {
        let asked = self.asked.lock().unwrap();
        url::form_urlencoded::parse(asked.last().unwrap().body())
            .into_owned()
            .collect()
    }

    /// A header of the last request.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let asked = self.asked.lock().unwrap();
        let value = asked.last().unwrap().headers().get(name)?;
        Some(value.to_str().unwrap().to_owned())
    }

    /// The address of the last request.
    pub(crate) fn address(&self) -> String {
        self.asked.lock().unwrap().last().unwrap().uri().to_string()
    }
}

#[async_trait]
impl HttpClient for Peer {
    async fn send(&self, request: Request) -> Result<Response, HttpError> {
        let answer = (self.answer)(&request);
        self.asked.lock().unwrap().push(request);
        tokio::task::yield_now().await; // others get their turn, as they do on a network
        answer
    }
}

pub(crate) fn json(status: u16, body: impl Into<Vec<u8>>) -> Response {
    http::Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .body(body.into())
        .unwrap()
}

/// The variant's name, or `ok`.
pub(crate) fn told<T, E: std::fmt::Debug>(outcome: &Result<T, E>) -> String {
    match outcome {
        Ok(_) => "ok".to_owned(),
        Err(error) => {
            let text = format!("{error:?}");
            text.chars()
                .take_while(char::is_ascii_alphanumeric)
                .collect()
        }
    }
}
