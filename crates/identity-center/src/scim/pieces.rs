//! A body that is written piece by piece, as fast as its reader takes it and no faster: no more of it is in memory than a piece, and
//! what the next one is written from.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes};
use hyper::body::Frame;
use kiro_scim::json::Object;
use serde_json::Value;
use tokio::sync::mpsc;

use super::answer::Fault;

/// A piece goes once it is so long, in bytes.
pub(super) const PIECE: usize = 32 * 1024;

type Writing = Pin<Box<dyn Future<Output = Result<(), Fault>> + Send>>;

/// What is being written.
pub(super) struct Pieces {
    /// Until it has ended.
    writing: Option<Writing>,
    written: mpsc::Receiver<Bytes>,
}

/// What it is written with.
pub(super) struct Pen {
    piece: Vec<u8>,
    written: mpsc::Sender<Bytes>,
}

impl Pieces {
    /// What `write` writes; it begins when the first piece is asked for.
    pub(super) fn of<F>(write: impl FnOnce(Pen) -> F) -> Pieces
    where
        F: Future<Output = Result<(), Fault>> + Send + 'static,
    {
        let (pen, written) = mpsc::channel(1);
        let pen = Pen {
            piece: Vec::new(),
            written: pen,
        };
        Pieces {
            writing: Some(Box::pin(write(pen))),
            written,
        }
    }

    /// The body, once its first piece is there: what comes in one piece has a length, and what fails before is a refusal.
    pub(super) async fn body(mut self) -> Result<Body, Fault> {
        let first = poll_fn(|context| self.poll(context)).await;
        let first = first.transpose()?.unwrap_or_default();
        Ok(match &self.writing {
            None if self.written.is_empty() => Body::from(first),
            None | Some(_) => Body::new(Rest {
                first: Some(first),
                pieces: self,
            }),
        })
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Fault>>> {
        if let Some(writing) = &mut self.writing
            && let Poll::Ready(ended) = writing.as_mut().poll(context)
        {
            self.writing = None;
            if let Err(fault) = ended {
                self.written.close();
                return Poll::Ready(Some(Err(fault)));
            }
        }
        self.written.poll_recv(context).map(|piece| piece.map(Ok))
    }
}

/// A body of several pieces. What fails in the middle breaks off, so that nobody takes it for the whole.
struct Rest {
    first: Option<Bytes>,
    pieces: Pieces,
}

impl hyper::body::Body for Rest {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        let piece = ready!(self.pieces.poll(context));
        Poll::Ready(piece.map(|piece| match piece {
            Ok(piece) => Ok(Frame::data(piece)),
            Err(fault) => {
                let why = fault.refusal().to_string();
                tracing::warn!(%why, "provisioning: an answer broke off");
                Err(std::io::Error::other(why))
            }
        }))
    }
}

impl Pen {
    /// Writes this. Where a piece is full, it waits until somebody takes it.
    pub(super) async fn write(&mut self, text: &[u8]) {
        self.piece.extend_from_slice(text);
        if self.piece.len() >= PIECE {
            self.end().await;
        }
    }

    pub(super) async fn object(&mut self, object: &Object) {
        let text = serde_json::to_vec(object).unwrap_or_default();
        self.write(&text).await;
    }

    /// Gives what is written. Whoever does not want it any more asks for nothing more, and nothing more is written.
    pub(super) async fn end(&mut self) {
        let piece = std::mem::take(&mut self.piece);
        drop(self.written.send(piece.into()).await);
    }
}

/// What stands before and behind the values of one of an object's lists.
pub(super) fn around(object: &Object, list: &str) -> (Vec<u8>, Vec<u8>) {
    let (mut before, mut behind) = (b"{".to_vec(), b"]".to_vec());
    let mut is_behind = false;
    for (name, value) in object {
        let name_text = Value::from(name.as_str()).to_string();
        if name == list {
            before.extend_from_slice(format!("{name_text}:[").as_bytes());
            is_behind = true;
        } else if is_behind {
            behind.extend_from_slice(format!(",{name_text}:{value}").as_bytes());
        } else {
            before.extend_from_slice(format!("{name_text}:{value},").as_bytes());
        }
    }
    behind.push(b'}');
    (before, behind)
}
