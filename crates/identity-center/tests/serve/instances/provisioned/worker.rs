//! One of an identity provider's connections: it remembers what it was answered, and asks again where it had no answer.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::{Value, json};
use tokio::join;

use super::super::killed::{Dice, Tally};
use super::super::wire::{tell, text};
use super::{BASE, GROUP, USER, patch};

/// Somebody whom it has made.
struct Person {
    id: String,
    active: bool,
}

pub(super) struct Worker {
    at: SocketAddr,
    token: String,
    tally: Arc<Tally>,
    number: u64,
    dice: Dice,
    made: u64,
    people: BTreeMap<String, Person>,
    /// Its group, once there is one.
    group: String,
    members: BTreeSet<String>,
}

impl Worker {
    pub(super) fn new(
        at: SocketAddr,
        token: String,
        tally: Arc<Tally>,
        number: u64,
        dice: Dice,
    ) -> Worker {
        Worker {
            at,
            token,
            tally,
            number,
            dice,
            made: 0,
            people: BTreeMap::new(),
            group: String::new(),
            members: BTreeSet::new(),
        }
    }

    /// Does this and that until so many requests of all have been answered.
    pub(super) async fn works(mut self, answers: u64) -> Worker {
        let said = json!({ "schemas": [GROUP], "displayName": format!("Group {}", self.number) });
        let filter = format!("displayName eq \"group {}\"", self.number);
        self.group = self.makes("Groups", &said, &filter).await;
        while *self.tally.answered.borrow() < answers {
            match self.dice.below(16) {
                0..=4 => self.hires().await,
                5 => self.hires_twice().await,
                6..=8 => self.changes().await,
                9..=13 => self.moves().await,
                _ => self.dismisses().await,
            }
        }
        self
    }

    /// Its people by name, and whether they are active.
    pub(super) fn people(&self) -> impl Iterator<Item = (String, bool)> {
        let all = self.people.iter();
        all.map(|(name, person)| (name.clone(), person.active))
    }

    pub(super) async fn group_is_as_it_was_told(&self) {
        let path = format!("GET {BASE}/Groups/{}", self.group);
        let (status, group) = self.ask(&path, &json!({})).await.unwrap();
        assert_eq!(status, 200, "{group}");
        let members = group["members"].as_array().into_iter().flatten();
        let members: BTreeSet<String> = members.map(|member| text(member, "value")).collect();
        assert_eq!(members, self.members, "a membership was lost or revived");
    }

    async fn hires(&mut self) {
        let (name, said) = self.newcomer();
        let id = self
            .makes("Users", &said, &format!("userName eq \"{name}\""))
            .await;
        self.people.insert(name, Person { id, active: true });
    }

    /// Two connections make the same person: one does.
    async fn hires_twice(&mut self) {
        let (name, said) = self.newcomer();
        let path = format!("POST {BASE}/Users");
        let (one, other) = join!(self.ask(&path, &said), self.ask(&path, &said));
        let mut statuses: Vec<u16> = [&one, &other]
            .into_iter()
            .flatten()
            .map(|it| it.0)
            .collect();
        statuses.sort_unstable();
        if one.is_some() && other.is_some() {
            assert_eq!(statuses, [201, 409], "{name}");
        }
        let id = self
            .makes("Users", &said, &format!("userName eq \"{name}\""))
            .await;
        self.people.insert(name, Person { id, active: true });
    }

    fn newcomer(&mut self) -> (String, Value) {
        self.made += 1;
        let name = format!("person-{}-{}", self.number, self.made);
        let said = json!({ "schemas": [USER], "userName": name.to_uppercase(), "title": "Guide" });
        (name, said)
    }

    /// The id of what is made: looked for first, as Okta does, and again where there was no answer.
    async fn makes(&self, endpoint: &str, said: &Value, filter: &str) -> String {
        let found = format!(
            "GET {BASE}/{endpoint}?filter={}",
            filter.replace(' ', "+").replace('"', "%22")
        );
        loop {
            let Some((200, list)) = self.ask(&found, &json!({})).await else {
                continue;
            };
            match list["totalResults"].as_u64().unwrap() {
                0 => {}
                1 => return text(&list["Resources"][0], "id"),
                several => panic!("{several} of {filter}"),
            }
            if let Some((status, one)) = self.ask(&format!("POST {BASE}/{endpoint}"), said).await {
                assert_eq!(status, 201, "{one}");
                return text(&one, "id");
            }
        }
    }

    async fn changes(&mut self) {
        let Some((name, id, active)) = self.any() else {
            return;
        };
        let operations = json!([{ "op": "replace", "value": { "active": !active } }]);
        let (status, said) = self
            .surely(&format!("PATCH {BASE}/Users/{id}"), &patch(operations))
            .await;
        assert_eq!((status, &said["active"]), (200, &json!(!active)), "{said}");
        if let Some(person) = self.people.get_mut(&name) {
            person.active = !active;
        }
    }

    /// Somebody comes to the group, or goes.
    async fn moves(&mut self) {
        let Some((_, id, _)) = self.any() else {
            return;
        };
        let goes = self.members.contains(&id);
        let operation = match goes {
            true => json!({ "op": "remove", "path": format!("members[value eq \"{id}\"]") }),
            false => json!({ "op": "add", "path": "members", "value": [{ "value": id }] }),
        };
        let path = format!("PATCH {BASE}/Groups/{}", self.group);
        let (status, said) = self.surely(&path, &patch(json!([operation]))).await;
        assert_eq!(status, 204, "{said}");
        match goes {
            true => self.members.remove(&id),
            false => self.members.insert(id),
        };
    }

    /// Who is removed is gone, also where the first request had no answer.
    async fn dismisses(&mut self) {
        let Some((name, id, _)) = self.any() else {
            return;
        };
        let path = format!("DELETE {BASE}/Users/{id}");
        let mut first = true;
        loop {
            match self.ask(&path, &json!({})).await {
                Some((204, _)) => break,
                Some((404, _)) if !first => break,
                Some(other) => panic!("{name}: {other:?}"),
                None => first = false,
            }
        }
        self.people.remove(&name);
        self.members.remove(&id);
    }

    fn any(&mut self) -> Option<(String, String, bool)> {
        let count = self.people.len() as u64;
        if count == 0 {
            return None;
        }
        let place = self.dice.below(count) as usize;
        let (name, person) = self.people.iter().nth(place)?;
        Some((name.clone(), person.id.clone(), person.active))
    }

    /// What may be asked again until it is answered: it comes to the same.
    async fn surely(&self, request: &str, body: &Value) -> (u16, Value) {
        loop {
            if let Some(answer) = self.ask(request, body).await {
                return answer;
            }
        }
    }

    async fn ask(&self, request: &str, body: &Value) -> Option<(u16, Value)> {
        let answer = tell(self.at, request, &self.token, body).await;
        match &answer {
            Some((status, said)) => {
                assert!(*status < 500, "{request}: {status} {said}");
                let answered = &self.tally.answered;
                answered.send_modify(|count| *count = count.saturating_add(1));
            }
            None => {
                self.tally.unanswered.fetch_add(1, Ordering::Relaxed);
            }
        }
        answer
    }
}
