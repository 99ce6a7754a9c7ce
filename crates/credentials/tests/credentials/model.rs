//! Any number of processes over one home, against a model of ten lines a verb.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use jiff::{SignedDuration, Timestamp};
use kiro_credentials::{
    Fresh, RefreshError, RefreshWhen, Refusal, RefusalKind, Renewal, Session, Store,
};
use proptest::prelude::*;
use secrecy::{ExposeSecret as _, SecretString};

use crate::refresh::At;
use crate::scratch::{Scratch, access, name, noon, public, tokens};

const PROFILES: [&str; 2] = ["default", "work"];
const PROCESSES: usize = 3;

/// What one process does to one profile.
#[derive(Clone, Copy, Debug)]
enum Verb {
    SignIn,
    SignOut,
    SignOutAll,
    Switch,
    /// It dies before it could say that it had asked.
    RefreshAndDie,
    Refresh(Answer),
    /// While this one's token request is under way, another process does something.
    RefreshMeanwhile(Answer, Meanwhile),
}

#[derive(Clone, Copy, Debug)]
enum Answer {
    /// New tokens; the refresh token is rotated.
    Renewed,
    Refused(RefusalKind),
}

#[derive(Clone, Copy, Debug)]
enum Meanwhile {
    SignIn,
    SignOut,
    Switch,
}

#[derive(Clone, Copy, Debug)]
struct Step {
    process: usize,
    profile: usize,
    verb: Verb,
    /// Seconds that pass before it.
    pass: i64,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let answer = || {
        prop_oneof![
            3 => Just(Answer::Renewed),
            1 => Just(Answer::Refused(RefusalKind::Ended)),
            1 => Just(Answer::Refused(RefusalKind::Temporary)),
        ]
    };
    let meanwhile = prop_oneof![
        Just(Meanwhile::SignIn),
        Just(Meanwhile::SignOut),
        Just(Meanwhile::Switch)
    ];
    let verb = prop_oneof![
        3 => Just(Verb::SignIn),
        1 => Just(Verb::SignOut),
        1 => Just(Verb::SignOutAll),
        1 => Just(Verb::Switch),
        1 => Just(Verb::RefreshAndDie),
        4 => answer().prop_map(Verb::Refresh),
        2 => (answer(), meanwhile).prop_map(|(answer, verb)| Verb::RefreshMeanwhile(answer, verb)),
    ];
    let step = (
        0..PROCESSES,
        0..PROFILES.len(),
        verb,
        prop_oneof![Just(0), Just(4), Just(6), Just(29), Just(31)],
    );
    let step = step.prop_map(|(process, profile, verb, pass)| Step {
        process,
        profile,
        verb,
        pass,
    });
    prop::collection::vec(step, 1..25)
}

/// What ought to be so.
#[derive(Debug, Default)]
struct Model {
    profiles: BTreeMap<usize, Slot>,
    active: usize,
    records: BTreeMap<usize, Record>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Slot {
    revision: u64,
    /// Tells one pair of tokens from every other.
    mark: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Record {
    revision: u64,
    refused: Option<(RefusalKind, i64)>,
    finished: bool,
    interrupted: bool,
}

impl Model {
    fn sign_in(&mut self, profile: usize, mark: usize) {
        let revision = self
            .profiles
            .get(&profile)
            .map_or(1, |slot| slot.revision + 1);
        self.profiles.insert(profile, Slot { revision, mark });
        self.active = profile;
    }

    fn sign_out(&mut self, profile: usize) {
        let was_active = self.active == profile;
        if self.profiles.remove(&profile).is_some() && was_active {
            self.active = self.profiles.keys().next().copied().unwrap_or_default();
        }
        self.records.remove(&profile);
    }

    fn switch(&mut self, profile: usize) {
        if self.profiles.contains_key(&profile) {
            self.active = profile;
        }
    }

    /// The refusal that is adopted, else the request that is begun.
    fn begin(&mut self, profile: usize, now: i64) -> Option<Result<Slot, RefusalKind>> {
        let slot = *self.profiles.get(&profile)?;
        let last = self.records.get(&profile).copied();
        let last = last.filter(|record| record.revision == slot.revision);
        if let Some(Record {
            refused: Some((kind, at)),
            ..
        }) = last
            && now - at < speaks(kind)
        {
            return Some(Err(kind));
        }
        let interrupted = last.is_some_and(|record| record.interrupted || !record.finished);
        self.records.insert(
            profile,
            Record {
                revision: slot.revision,
                refused: None,
                finished: false,
                interrupted,
            },
        );
        Some(Ok(slot))
    }

    /// The answer to the request begun for this slot; what the caller gets.
    fn end(&mut self, profile: usize, began: Slot, answer: Answer, mark: usize, now: i64) -> Word {
        let Some(slot) = self.profiles.get_mut(&profile) else {
            return Word::NotSignedIn;
        };
        if *slot != began {
            return Word::Token(slot.mark);
        }
        match answer {
            Answer::Renewed => {
                slot.revision += 1;
                slot.mark = mark;
                self.finish(profile, began, None);
                Word::Token(mark)
            }
            Answer::Refused(kind) => {
                self.finish(profile, began, Some((kind, now)));
                Word::Refused(kind)
            }
        }
    }

    fn finish(&mut self, profile: usize, began: Slot, refused: Option<(RefusalKind, i64)>) {
        let record = self.records.get(&profile).copied();
        let interrupted = record.is_some_and(|record| record.interrupted);
        self.records.insert(
            profile,
            Record {
                revision: began.revision,
                refused,
                finished: true,
                interrupted,
            },
        );
    }
}

/// For how many seconds: what may be over is tried again by who cannot go on.
fn speaks(kind: RefusalKind) -> i64 {
    match kind {
        RefusalKind::Ended | RefusalKind::Interaction => 30,
        RefusalKind::Temporary | RefusalKind::Other => 5,
    }
}

/// What the caller of a refresh is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Token(usize),
    Refused(RefusalKind),
    NotSignedIn,
    Died,
}

/// The real thing, with processes that keep what they have loaded.
struct Real {
    scratch: Scratch,
    processes: Vec<Store>,
    now: i64,
}

impl Real {
    fn new() -> Real {
        let scratch = Scratch::new();
        let processes = (0..PROCESSES).map(|_| scratch.store()).collect();
        Real {
            scratch,
            processes,
            now: 0,
        }
    }

    fn clock(&self) -> At {
        At(noon() + SignedDuration::from_secs(self.now))
    }

    fn sign_in(&self, process: usize, profile: usize, mark: usize) {
        let (public, tokens) = (public(), tokens(&mark.to_string()));
        let saved = self.processes[process].save(&name(PROFILES[profile]), public, tokens);
        saved.unwrap();
    }

    fn sign_out(&self, process: usize, profile: usize) {
        let removed = self.processes[process].remove(&name(PROFILES[profile]));
        removed.unwrap();
    }

    fn switch(&self, process: usize, profile: usize) {
        // There may be no such profile.
        let _ = self.processes[process].switch(&name(PROFILES[profile]));
    }

    /// `answer` is called where the IdP would be.
    fn refresh(
        &self,
        process: usize,
        profile: usize,
        answer: &mut dyn FnMut(&Session) -> Result<Renewal, Refusal>,
    ) -> Word {
        let (store, profile) = (&self.processes[process], name(PROFILES[profile]));
        let refreshed = catch_unwind(AssertUnwindSafe(|| {
            store.refresh(&profile, RefreshWhen::Always, &self.clock(), answer)
        }));
        match refreshed {
            Ok(Ok(Fresh { session, unsaved })) => {
                assert!(unsaved.is_none());
                Word::Token(mark(&session))
            }
            Ok(Err(RefreshError::Refused(refusal))) => Word::Refused(refusal.kind),
            Ok(Err(RefreshError::NotSignedIn)) => Word::NotSignedIn,
            Ok(Err(error)) => panic!("{error}"),
            Err(_) => Word::Died,
        }
    }

    /// Everything that is on the disk, as the model has it.
    fn compare(&self, model: &Model) {
        let store = self.scratch.store();
        let snapshot = store.read().unwrap();
        assert_eq!(snapshot.recovered, None);
        assert_eq!(snapshot.active, name(PROFILES[model.active]));
        assert_eq!(snapshot.profiles.len(), model.profiles.len());
        for (profile, text) in PROFILES.iter().enumerate() {
            let session = store.session(&name(text)).unwrap();
            let slot = session.map(|session| Slot {
                revision: session.public.revision,
                mark: mark(&session),
            });
            assert_eq!(slot, model.profiles.get(&profile).copied(), "{text}");
            let record = store.refresh_record(&name(text)).unwrap();
            let record = record.map(|record| Record {
                revision: record.revision,
                refused: record
                    .refusal
                    .map(|refusal| (refusal.kind, seconds(record.finished_at.unwrap()))),
                finished: record.finished_at.is_some(),
                interrupted: record.interrupted,
            });
            assert_eq!(record, model.records.get(&profile).copied(), "{text}");
        }
    }
}

fn seconds(at: Timestamp) -> i64 {
    at.duration_since(noon()).as_secs()
}

/// Both tokens are of the same answer.
fn mark(session: &Session) -> usize {
    let mark = access(&session.tokens).strip_prefix("access-").unwrap();
    let refresh = session.tokens.refresh.as_ref().unwrap().expose_secret();
    assert_eq!(refresh.strip_prefix("refresh-"), Some(mark));
    mark.parse().unwrap()
}

fn answered(answer: Answer, mark: usize) -> Result<Renewal, Refusal> {
    match answer {
        Answer::Renewed => Ok(Renewal {
            access: SecretString::from(format!("access-{mark}")),
            refresh: Some(SecretString::from(format!("refresh-{mark}"))),
            id: None,
            expires_at: noon() + SignedDuration::from_hours(2),
            session_expires_at: None,
            scopes: None,
            models: None,
        }),
        Answer::Refused(kind) => Err(super::refresh::refusal(kind)),
    }
}

/// Does it to both, and compares what the callers were told.
fn apply(real: &mut Real, model: &mut Model, step: Step, mark: usize) {
    let Step {
        process, profile, ..
    } = step;
    real.now += step.pass;
    let now = real.now;
    let (answer, meanwhile) = match step.verb {
        Verb::SignIn => {
            real.sign_in(process, profile, mark);
            return model.sign_in(profile, mark);
        }
        Verb::SignOut => {
            real.sign_out(process, profile);
            return model.sign_out(profile);
        }
        Verb::SignOutAll => {
            real.processes[process].remove_all().unwrap();
            *model = Model::default();
            return;
        }
        Verb::Switch => {
            real.switch(process, profile);
            return model.switch(profile);
        }
        Verb::RefreshAndDie => (None, None),
        Verb::Refresh(answer) => (Some(answer), None),
        Verb::RefreshMeanwhile(answer, verb) => (Some(answer), Some(verb)),
    };
    let other = (process + 1) % PROCESSES;
    let told = real.refresh(process, profile, &mut |session| {
        assert_eq!(
            self::mark(session),
            model.profiles[&profile].mark,
            "the newest token is sent"
        );
        match meanwhile {
            Some(Meanwhile::SignIn) => real.sign_in(other, profile, mark + 1),
            Some(Meanwhile::SignOut) => real.sign_out(other, profile),
            Some(Meanwhile::Switch) => real.switch(other, profile),
            None => {}
        }
        match answer {
            Some(answer) => answered(answer, mark),
            None => std::panic::resume_unwind(Box::new(())),
        }
    });
    let expected = match (model.begin(profile, now), answer) {
        (None, _) => Word::NotSignedIn,
        (Some(Err(kind)), _) => Word::Refused(kind),
        (Some(Ok(_)), None) => Word::Died,
        (Some(Ok(began)), Some(answer)) => {
            match meanwhile {
                Some(Meanwhile::SignIn) => model.sign_in(profile, mark + 1),
                Some(Meanwhile::SignOut) => model.sign_out(profile),
                Some(Meanwhile::Switch) => model.switch(profile),
                None => {}
            }
            model.end(profile, began, answer, mark, now)
        }
    };
    assert_eq!(told, expected, "{step:?}");
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if std::env::var_os("KIRO_SOAK").is_some() { 2000 } else { 60 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_number_of_processes_over_one_home_do_as_the_model(steps in steps()) {
        let (mut real, mut model) = (Real::new(), Model::default());
        let mut generation = 0;
        for (number, step) in steps.into_iter().enumerate() {
            let before = real.scratch.store().read().unwrap().profiles;
            apply(&mut real, &mut model, step, 2 * number);
            real.compare(&model);
            let snapshot = real.scratch.store().read().unwrap();
            let forgotten = matches!(step.verb, Verb::SignOutAll);
            prop_assert!(forgotten || snapshot.generation >= generation, "it never falls");
            prop_assert!(forgotten || snapshot.generation > generation || snapshot.profiles == before);
            generation = snapshot.generation;
        }
    }
}
