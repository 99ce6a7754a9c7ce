//! An application that is busy: it remembers what it was answered, and finds fault with every answer that does not go with it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use kiro_identity_center::id::UserId;
use kiro_identity_center::store::Granted;
use serde_json::Value;
use tokio::join;

use super::{Dice, Tally};
use crate::instances::cluster::{APPLICATION, Cluster};
use crate::instances::person::{approves, signs_in};
use crate::instances::wire::{TOKEN, poll, post, redemption, renewal, text};

/// What it was given.
struct Held {
    /// The code, where it came by one.
    code: Option<String>,
    /// The newest answer.
    refresh: String,
    access: String,
    /// What was rotated away: only the last of these may be presented again.
    used: Vec<String>,
}

impl Held {
    fn of(code: Option<String>, tokens: &Value) -> Held {
        Held {
            code,
            refresh: text(tokens, "refresh_token"),
            access: text(tokens, "access_token"),
            used: Vec::new(),
        }
    }
}

pub(super) struct Application {
    cluster: Arc<Cluster>,
    tally: Arc<Tally>,
    user: UserId,
    dice: Dice,
    /// Sessions that live, as far as it was told.
    live: Vec<Held>,
    /// Sessions that were ended, and their end acknowledged.
    over: Vec<Held>,
}

impl Application {
    pub(super) fn new(
        cluster: Arc<Cluster>,
        tally: Arc<Tally>,
        user: UserId,
        dice: Dice,
    ) -> Application {
        Application {
            cluster,
            tally,
            user,
            dice,
            live: Vec::new(),
            over: Vec::new(),
        }
    }

    /// Does this and that until so many requests of all have been answered.
    pub(super) async fn works(mut self, answers: u64) -> Application {
        while *self.tally.answered.borrow() < answers {
            match self.dice.below(24) {
                0..=3 => self.redeems().await,
                4 => self.redeems_twice().await,
                5..=6 => self.connects_a_device().await,
                7..=16 => self.renews().await,
                17..=21 => self.looks().await,
                _ => self.signs_out().await,
            }
        }
        self
    }

    /// Asks everything again once nothing is killed any more.
    pub(super) async fn still_has_what_it_was_given(&mut self) {
        for held in std::mem::take(&mut self.live) {
            self.successor(&held.refresh).await;
            assert!(self.is_active(&held.access).await, "a grant was lost");
            let Some(code) = &held.code else { continue };
            let again = self.ask(TOKEN, &redemption(code)).await.unwrap();
            assert_eq!(again.0, 400, "a code was redeemed twice: {}", again.1);
            assert!(
                !self.is_active(&held.access).await,
                "a replayed code ends what it gave"
            );
        }
        for held in std::mem::take(&mut self.over) {
            let refused = self.ask(TOKEN, &renewal(&held.refresh)).await.unwrap();
            assert_eq!(refused.0, 400, "a revocation was lost: {}", refused.1);
            assert!(!self.is_active(&held.access).await, "a revocation was lost");
        }
    }

    /// A code that got no answer is presented again. If it had been redeemed, that ends what it gave: the person signs in anew.
    async fn redeems(&mut self) {
        let code = signs_in(&self.cluster.store, self.user).await;
        let mut asked = 0;
        loop {
            asked += 1;
            match self.ask(TOKEN, &redemption(&code)).await {
                Some((200, tokens)) => return self.live.push(Held::of(Some(code), &tokens)),
                Some(other) => return assert!(asked > 1, "a fresh code was refused: {other:?}"),
                None => {}
            }
        }
    }

    async fn redeems_twice(&mut self) {
        let code = signs_in(&self.cluster.store, self.user).await;
        let form = redemption(&code);
        let (one, other) = join!(self.ask(TOKEN, &form), self.ask(TOKEN, &form));
        let both_answered = one.is_some() && other.is_some();
        let mut granted: Vec<Value> = [one, other]
            .into_iter()
            .flatten()
            .filter_map(|(status, tokens)| (status == 200).then_some(tokens))
            .collect();
        assert!(granted.len() < 2, "a code was redeemed twice");
        if both_answered {
            let tokens = granted.pop().unwrap();
            self.over.push(Held::of(None, &tokens));
        }
    }

    /// A device's code that was redeemed without an answer is spent: the person begins anew.
    async fn connects_a_device(&mut self) {
        let begin = [
            ("client_id", APPLICATION),
            ("scope", "openid offline_access"),
        ];
        let begun = loop {
            if let Some((status, begun)) = self.ask("/oauth2/device_authorization", &begin).await {
                assert_eq!(status, 200, "{begun}");
                break begun;
            }
        };
        let (device_code, user_code) = (text(&begun, "device_code"), text(&begun, "user_code"));
        let approved = approves(&self.cluster.store, self.user, &user_code).await;
        assert_eq!(approved, Granted::Yes);
        let form = poll(&device_code);
        let (one, other) = join!(self.ask(TOKEN, &form), self.ask(TOKEN, &form));
        let granted: Vec<Value> = [one, other]
            .into_iter()
            .flatten()
            .filter_map(|(status, tokens)| (status == 200).then_some(tokens))
            .collect();
        assert!(granted.len() < 2, "a device code was redeemed twice");
        self.live
            .extend(granted.iter().map(|tokens| Held::of(None, tokens)));
    }

    /// Renews a session, now and then from two processes at once.
    async fn renews(&mut self) {
        let Some(at) = self.any() else { return };
        let mut held = self.live.swap_remove(at);
        let tokens = if self.dice.below(4) == 0 {
            let both = join!(self.successor(&held.refresh), self.successor(&held.refresh));
            let (one, other) = (
                text(&both.0, "refresh_token"),
                text(&both.1, "refresh_token"),
            );
            assert_eq!(one, other, "two successors of one token");
            both.0
        } else {
            self.successor(&held.refresh).await
        };
        let used = std::mem::replace(&mut held.refresh, text(&tokens, "refresh_token"));
        held.used.push(used);
        held.access = text(&tokens, "access_token");
        self.live.push(held);
    }

    /// What takes a refresh token's place, asked for until it is answered.
    async fn successor(&self, refresh: &str) -> Value {
        loop {
            match self.ask(TOKEN, &renewal(refresh)).await {
                Some((200, tokens)) => return tokens,
                Some(refused) => panic!("somebody is locked out: {refused:?}"),
                None => {}
            }
        }
    }

    async fn looks(&mut self) {
        if let Some(at) = self.any() {
            assert!(
                self.is_active(&self.live[at].access).await,
                "a grant was lost"
            );
        }
        if let Some(held) = self.over.last() {
            assert!(!self.is_active(&held.access).await, "a revocation was lost");
        }
    }

    /// Ends a session: by revocation, or because somebody else presents an old token of it.
    async fn signs_out(&mut self) {
        let Some(at) = self.any() else { return };
        let held = self.live.swap_remove(at);
        let old = held.used.iter().rev().nth(1).cloned();
        let (path, form, expected) = match &old {
            Some(old) if self.dice.below(2) == 0 => (TOKEN, renewal(old), 400),
            Some(_) | None => {
                let form = vec![("client_id", APPLICATION), ("token", &*held.refresh)];
                ("/oauth2/revoke", form, 200)
            }
        };
        loop {
            if let Some((status, said)) = self.ask(path, &form).await {
                assert_eq!(status, expected, "{said}");
                break;
            }
        }
        self.over.push(held);
    }

    async fn is_active(&self, access: &str) -> bool {
        let form = [("client_id", APPLICATION), ("token", access)];
        loop {
            if let Some((status, said)) = self.ask("/oauth2/introspect", &form).await {
                assert_eq!(status, 200, "{said}");
                return said["active"] == true;
            }
        }
    }

    fn any(&mut self) -> Option<usize> {
        let count = self.live.len() as u64;
        (count > 0).then(|| self.dice.below(count) as usize)
    }

    async fn ask(&self, path: &str, form: &[(&str, &str)]) -> Option<(u16, Value)> {
        let answer = post(self.cluster.balancer, path, form).await;
        match &answer {
            Some((status, said)) => {
                assert!(*status < 500, "{path}: {status} {said}");
                self.tally
                    .answered
                    .send_modify(|count| *count = count.saturating_add(1));
            }
            None => {
                self.tally.unanswered.fetch_add(1, Ordering::Relaxed);
            }
        }
        answer
    }
}
