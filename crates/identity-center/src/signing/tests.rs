#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn key(id: &str, stage: Stage, active_at: i64) -> Life {
    Life {
        id: id.to_owned(),
        stage,
        published_at: at(active_at) - POLICY.lead,
        active_at: at(active_at),
    }
}

#[test]
fn a_key_is_published_used_retired_and_forgotten_in_its_time() {
    let check = |keys: &[Life], demanded, now, expected: &[Step]| {
        assert_eq!(
            plan(keys, POLICY, demanded, at(now)),
            expected,
            "{keys:?} {demanded} {now}"
        );
    };
    let publish = |active_at| Step::Publish {
        active_at: at(active_at),
    };
    let activate = |id: &str| Step::Activate(id.to_owned());
    let forget = |id: &str| Step::Forget(id.to_owned());
    let retired = |since| Stage::Retired { at: at(since) };

    check(&[], false, 0, &[publish(0)]); // the first is used at once
    let alone = [key("a", Stage::Active, 0)];
    check(&alone, false, 1, &[]);
    check(&alone, true, 1, &[publish(1 + 2 * HOUR)]);
    check(&alone, false, 90 * DAY - 2 * HOUR - 1, &[]);
    check(&alone, false, 90 * DAY - 2 * HOUR, &[publish(90 * DAY)]);
    check(&alone, false, 400 * DAY, &[publish(400 * DAY + 2 * HOUR)]); // the service was off: still not used before its time
    let next = [key("a", Stage::Active, 0), key("b", Stage::Published, 100)];
    check(&next, false, 99, &[]);
    check(&next, true, 99, &[]); // one that waits is enough
    check(&next, false, 100, &[activate("b")]);
    check(&next[1..], false, 1, &[activate("b")]); // none signs: better early than never
    let old = [key("a", retired(0), -9), key("b", Stage::Active, 0)];
    check(&old, false, 8 * DAY - 1, &[]);
    check(&old, false, 8 * DAY, &[forget("a")]);
}

#[test]
fn nothing_is_signed_with_a_key_that_was_not_published_long_before() {
    // A year, hour by hour, with a demand every 40 days: the store's part is played by a list.
    let mut keys: Vec<Life> = Vec::new();
    let mut signed_by: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    for hour in 0..24 * 365 {
        let now = at(hour * HOUR);
        for step in plan(&keys, POLICY, hour % (24 * 40) == 7, now) {
            match step {
                Step::Publish { active_at } => {
                    let stage = if active_at <= now {
                        Stage::Active
                    } else {
                        Stage::Published
                    };
                    keys.push(Life {
                        id: format!("k{hour}"),
                        stage,
                        published_at: now,
                        active_at,
                    });
                }
                Step::Activate(id) => {
                    for key in &mut keys {
                        if key.stage == Stage::Active {
                            key.stage = Stage::Retired { at: now };
                        }
                        if key.id == id {
                            assert!(now >= key.published_at + POLICY.lead);
                            (key.stage, key.active_at) = (Stage::Active, now);
                        }
                    }
                }
                Step::Forget(id) => {
                    let (_, last) = signed_by[&id];
                    assert!(now >= at(last) + POLICY.retired);
                    keys.retain(|key| key.id != id);
                }
            }
        }
        let active: Vec<_> = keys
            .iter()
            .filter(|key| key.stage == Stage::Active)
            .collect();
        assert_eq!(active.len(), 1, "hour {hour}");
        let used = signed_by
            .entry(active[0].id.clone())
            .or_insert((hour * HOUR, 0));
        used.1 = hour * HOUR;
        assert!(keys.len() <= 3);
    }
    assert!(signed_by.len() > 8, "{signed_by:?}");
}
