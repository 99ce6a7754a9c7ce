//! Asking a model: the decision, credentials of the organisation's role, and the answer as it comes
//! (Amazon Bedrock, `ConverseStream`).
//!
//! One region is asked, by one identifier, and both are the decision's: a retry asks the same again, and there is no other
//! way. Before the decision nothing is sent but a renewal of the session that is due: it rests on the authenticated part of
//! the session as it is then, and so do the credentials. Whoever is no longer let in, or no longer given the model, does not
//! ask by what is kept.

mod credentials;
mod fault;

use std::collections::VecDeque;
use std::time::Duration;

use aws_sdk_bedrockruntime::primitives::event_stream::EventReceiver;
use aws_sdk_bedrockruntime::types::error::ConverseStreamOutputError;
use aws_sdk_bedrockruntime::types::{
    ContentBlock, ContentBlockDelta, ConversationRole, ConverseStreamOutput, Message,
};
use fault::Fault;
use kiro_credentials::{ProfileName, Public};
use kiro_models::{Endpoint, Region, Residency, decide};
use secrecy::ExposeSecret;

use crate::flow::blocking;
use crate::grounds::{Grounds, grounds_of};
use crate::role_credentials::{RoleCredentials, passing, session};
use crate::session::held;
use crate::{Code, Context, Failure, aws};

/// How often the same is asked.
const TRIES: u32 = 4;
/// Before the second try; each further one waits twice as long.
const BACK_OFF: Duration = Duration::from_secs(1);
/// A server that wants to be left alone for longer is.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// A model may think; what is silent for so long has gone.
const SILENCE: Duration = Duration::from_secs(120);

type Events = EventReceiver<ConverseStreamOutput, ConverseStreamOutputError>;

/// What is asked, of whom.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// The person's words.
    pub text: String,
    /// The model; else the first that may be asked in the region.
    pub model: Option<String>,
    /// The region; else the person's or the organisation's.
    pub region: Option<Region>,
}

/// A part of an answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Piece {
    /// What follows in the text.
    Text(String),
    /// What it took; comes last.
    Usage(Usage),
}

/// What an answer took.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Usage {
    /// Tokens that were read, and those that were written; `None` where nobody said.
    pub tokens: Option<(u32, u32)>,
    /// The model ended for want of room, and not because it was done.
    pub cut_short: bool,
}

/// An answer on its way. Dropping it ends the connection.
pub struct Answer {
    /// Who answers.
    pub endpoint: Endpoint,
    context: Context,
    events: Events,
    /// What was read to see that the answer has begun.
    first: VecDeque<ConverseStreamOutput>,
    /// What it took as far as that is known; `None` before its end.
    usage: Option<Usage>,
    told: bool,
}

/// A question that may be asked, and the credentials to ask it by. Nothing has been sent to a model yet.
pub struct Asking {
    context: Context,
    profile: ProfileName,
    question: Question,
    /// The session's public part by which it was decided.
    public: Public,
    endpoint: Endpoint,
    residency: Option<Residency>,
    credentials: RoleCredentials,
    renewed: bool,
}

/// What became of a question.
pub enum Begun {
    /// The model answers.
    Answer(Box<Answer>),
    /// AWS does not take the credentials any more: once more, with others ([`Asking::with_others`]).
    Refused(Box<Asking>),
}

/// Asks the model that is meant. Comes back as soon as it begins to answer. A caller that handles signals takes the steps
/// one by one: [`prepare`], [`Asking::begin`], [`Asking::with_others`].
///
/// # Errors
/// Those of the steps.
pub async fn ask(
    context: &Context,
    named: Option<&ProfileName>,
    question: &Question,
) -> Result<Answer, Failure> {
    let mut asking = prepare(context, named, question).await?;
    loop {
        match asking.begin().await? {
            Begun::Answer(answer) => return Ok(*answer),
            Begun::Refused(refused) => asking = refused.with_others().await?,
        }
    }
}

/// Decides whether the question may be asked, and gets credentials for it. The session may be renewed on the way: a caller
/// that handles signals holds them back.
///
/// # Errors
/// `model_blocked` before anything is sent; `outside_residency`, `role_refused`, `not_assigned` with the role as its
/// subject, and those of the session and the network.
pub async fn prepare(
    context: &Context,
    named: Option<&ProfileName>,
    question: &Question,
) -> Result<Asking, Failure> {
    let (profile, _, _) = held(context, named)?;
    decided(context, profile, question.clone()).await
}

/// The decision, and credentials for what was decided.
async fn decided(
    context: &Context,
    profile: ProfileName,
    question: Question,
) -> Result<Asking, Failure> {
    let session = session(context, &profile).await;
    let public = match &session {
        Ok(session) => session.public.clone(),
        // What is kept of the role may serve until somebody can be asked.
        Err(failure) if passing(failure) => {
            let slot = profile.clone();
            let kept = blocking(context, move |context| context.store.session(&slot)).await?;
            kept.ok_or_else(|| context.failure(Code::NotSignedIn))?
                .public
        }
        Err(failure) => return Err(failure.clone()),
    };
    let grounds = grounds_of(context, &public)?;
    let by = credentials::By {
        context,
        profile: &profile,
        public: &public,
        endpoint: &chosen(context, &grounds, &question)?,
        residency: grounds.policy.residency,
    };
    let credentials = by.credentials(session).await?;
    Ok(Asking {
        context: context.clone(),
        endpoint: by.endpoint.clone(),
        residency: by.residency,
        renewed: false,
        profile: profile.clone(),
        public: public.clone(),
        question,
        credentials,
    })
}

/// Whom the question goes to, if it may.
fn chosen(context: &Context, grounds: &Grounds, question: &Question) -> Result<Endpoint, Failure> {
    let Grounds {
        account,
        policy,
        catalogue,
        ..
    } = grounds;
    let blocked = |subject: String| context.failure(Code::ModelBlocked).about(subject);
    let region = question.region.as_ref().or(grounds.region.as_ref());
    let region = region.ok_or_else(|| blocked(question.model.clone().unwrap_or_default()))?;
    let model = match &question.model {
        Some(model) => model.clone(),
        None => kiro_models::model(account, policy, catalogue, region)
            .map(|model| model.id.clone())
            .unwrap_or_default(),
    };
    decide(account, policy, catalogue, &model, region).map_err(|reasons| {
        tracing::info!(%model, %region, ?reasons, "the model is not asked");
        blocked(format!("{model} ({region})"))
    })
}

impl Asking {
    /// Asks until the answer's first event is here: up to then it can be asked again, and nobody has read anything. A busy
    /// model is asked up to four times. May be dropped at any time.
    ///
    /// # Errors
    /// `role_refused`, `model_not_enabled`, `question_refused`, `model_busy`, `answer_cut`, `outside_residency`, `clock`, and
    /// those of the network.
    pub async fn begin(self) -> Result<Begun, Failure> {
        let mut tries = 1;
        loop {
            let fault = match self.once().await {
                Ok((first, events)) => {
                    return Ok(Begun::Answer(Box::new(Answer {
                        context: self.context,
                        endpoint: self.endpoint,
                        events,
                        first: VecDeque::from([first]),
                        usage: None,
                        told: false,
                    })));
                }
                Err(fault) => fault,
            };
            match fault {
                Fault::Credentials(_) if !self.renewed => {
                    return Ok(Begun::Refused(Box::new(self)));
                }
                Fault::Busy(failure) if tries < TRIES => {
                    let Some(wait) = wait(tries, failure.facts.retry_after) else {
                        return Err(failure);
                    };
                    tries += 1;
                    blocking(&self.context, move |context| {
                        context.clock.pause(wait);
                        Ok(())
                    })
                    .await?;
                }
                Fault::Credentials(failure) | Fault::Busy(failure) | Fault::Final(failure) => {
                    return Err(failure);
                }
            }
        }
    }

    /// The same question, decided anew and with new credentials; once. The session may be renewed on the way.
    ///
    /// # Errors
    /// As [`prepare`].
    pub async fn with_others(self) -> Result<Asking, Failure> {
        let by = credentials::By {
            context: &self.context,
            profile: &self.profile,
            public: &self.public,
            endpoint: &self.endpoint,
            residency: self.residency,
        };
        by.forget();
        let again = decided(&self.context, self.profile, self.question).await?;
        Ok(Asking {
            renewed: true,
            ..again
        })
    }

    async fn once(&self) -> Result<(ConverseStreamOutput, Events), Fault> {
        let message = Message::builder()
            .role(ConversationRole::User)
            .content(ContentBlock::Text(self.question.text.clone()))
            .build()
            .map_err(|error| {
                let failure = self.context.failure(Code::Unexpected);
                Fault::Final(failure.because(error.to_string()))
            })?;
        let asked = self
            .client()
            .converse_stream()
            .model_id(&self.endpoint.identifier)
            .messages(message)
            .send();
        let mut events = match tokio::time::timeout(SILENCE, asked).await {
            Ok(Ok(answer)) => answer.stream,
            Ok(Err(error)) => {
                return Err(fault::of_request(&self.context, &self.endpoint, &error));
            }
            Err(_) => return Err(Fault::Final(self.silent())),
        };
        match tokio::time::timeout(SILENCE, events.recv()).await {
            Ok(Ok(Some(first))) => Ok((first, events)),
            Ok(Ok(None)) => Err(Fault::Final(fault::cut(&self.context, &self.endpoint))),
            Ok(Err(error)) => Err(fault::of_stream(&self.context, &self.endpoint, &error)),
            Err(_) => Err(Fault::Final(self.silent())),
        }
    }

    fn client(&self) -> aws_sdk_bedrockruntime::Client {
        let region = &self.endpoint.region;
        let credentials = &self.credentials;
        let endpoint = self.context.aws.inference.as_ref();
        let signed_by = aws_sdk_bedrockruntime::config::Credentials::new(
            &credentials.access_key_id,
            credentials.secret_access_key.expose_secret(),
            Some(credentials.session_token.expose_secret().to_owned()),
            None,
            "kiro",
        );
        let sdk = aws::sdk_in_pieces(&self.context, region.as_str(), endpoint, self.residency);
        let config = aws_sdk_bedrockruntime::config::Builder::from(&sdk.build())
            .credentials_provider(signed_by);
        aws_sdk_bedrockruntime::Client::from_conf(config.build())
    }

    fn silent(&self) -> Failure {
        fault::cut(&self.context, &self.endpoint).error("silence")
    }
}

/// How long to wait after so many tries, with up to a quarter more by chance; `None` where the server wants more than a
/// person at a terminal has.
fn wait(tries: u32, retry_after: Option<u32>) -> Option<Duration> {
    let asked_for = retry_after.map(|seconds| Duration::from_secs(u64::from(seconds)));
    let base = asked_for.unwrap_or(BACK_OFF * 2_u32.pow(tries - 1));
    let chance = getrandom::u32().unwrap_or_default() % 256;
    (base <= LONGEST_WAIT).then(|| base + base / 4 * chance / 256)
}

impl Answer {
    /// The next piece; `None` after the last.
    ///
    /// # Errors
    /// `answer_cut` where the answer ends before its end, `question_refused` where a filter kept it back, `model_busy`, and
    /// those of the network.
    pub async fn next(&mut self) -> Result<Option<Piece>, Failure> {
        loop {
            let event = match self.first.pop_front() {
                Some(first) => Some(first),
                None => self.receive().await?,
            };
            match event {
                Some(ConverseStreamOutput::ContentBlockDelta(block)) => {
                    if let Some(ContentBlockDelta::Text(text)) = block.delta {
                        return Ok(Some(Piece::Text(text)));
                    }
                }
                Some(ConverseStreamOutput::MessageStop(stop)) => {
                    let reason = &stop.stop_reason;
                    let cut_short = fault::cut_short(&self.context, &self.endpoint, reason)?;
                    self.usage = Some(Usage {
                        tokens: None,
                        cut_short,
                    });
                }
                Some(ConverseStreamOutput::Metadata(told)) => {
                    let count = |tokens: i32| u32::try_from(tokens).unwrap_or_default();
                    if let (Some(usage), Some(took)) = (&mut self.usage, told.usage) {
                        usage.tokens = Some((count(took.input_tokens), count(took.output_tokens)));
                    }
                }
                // What begins or ends a block, and what a later service may add.
                Some(_) => {}
                None => {
                    let cut = || fault::cut(&self.context, &self.endpoint);
                    let usage = self.usage.ok_or_else(cut)?;
                    let last = !std::mem::replace(&mut self.told, true);
                    return Ok(last.then_some(Piece::Usage(usage)));
                }
            }
        }
    }

    async fn receive(&mut self) -> Result<Option<ConverseStreamOutput>, Failure> {
        match tokio::time::timeout(SILENCE, self.events.recv()).await {
            Ok(Ok(event)) => Ok(event),
            // All of it is here.
            Ok(Err(_)) | Err(_) if self.usage.is_some() => Ok(None),
            Ok(Err(error)) => {
                Err(fault::of_stream(&self.context, &self.endpoint, &error).failure())
            }
            Err(_) => Err(fault::cut(&self.context, &self.endpoint).error("silence")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_and_a_server_is_obeyed_as_far_as_somebody_waits() {
        let check = |tries, retry_after, expected: Option<(u64, u64)>| {
            let seen = wait(tries, retry_after);
            let fits = match (seen, expected) {
                (Some(seen), Some((least, most))) => {
                    (Duration::from_millis(least)..=Duration::from_millis(most)).contains(&seen)
                }
                (None, None) => true,
                (Some(_), None) | (None, Some(_)) => false,
            };
            assert!(fits, "{tries} {retry_after:?}: {seen:?}");
        };
        check(1, None, Some((1000, 1250)));
        check(2, None, Some((2000, 2500)));
        check(3, None, Some((4000, 5000)));
        check(1, Some(7), Some((7000, 8750)));
        check(1, Some(21), None);
    }
}
