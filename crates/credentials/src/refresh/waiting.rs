//! Waiting for the refresh that another process makes, without a part in it: nothing is locked, asked or written.

use std::time::{Duration, Instant};

use super::{BRIEFLY, Call, Clock, RefreshWhen, Standing};
use crate::FileLock;
use crate::profile::ProfileName;
use crate::session::Session;
use crate::store::Store;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(4);

impl Store {
    /// The session, unless it is for this process to renew it: it is not due, or another process renews it right now and is
    /// waited for. After some seconds a token that is good as it is serves. `None` also when what came of that has to be told;
    /// [`Store::refresh`] tells it.
    ///
    /// For a program that starts faster than one that could refresh by itself.
    pub fn session_unless_due(&self, profile: &ProfileName, clock: &dyn Clock) -> Option<Session> {
        let lock = self.home().locks().join(profile.as_str());
        let begun = Instant::now();
        let mut seen = self.stamps(profile);
        let (session, nonce) = self.session_and_nonce(profile).ok()??;
        let call = Call {
            when: RefreshWhen::Due,
            began: clock.now(),
            nonce,
        };
        while FileLock::is_held_elsewhere(&lock).ok()? {
            if begun.elapsed() > BRIEFLY {
                return self.good(&session, clock.now()).then_some(session);
            }
            clock.pause(PAUSE);
            let now = self.stamps(profile);
            if std::mem::replace(&mut seen, now) == seen {
                continue;
            }
            if let Standing::Answered(answer) = self.known(profile, &call, clock)? {
                return answer.ok();
            }
        }
        match self.known(profile, &call, clock)? {
            Standing::Answered(answer) => answer.ok(),
            Standing::Open { .. } => None,
        }
    }

    fn known(&self, profile: &ProfileName, call: &Call, clock: &dyn Clock) -> Option<Standing> {
        self.standing(profile, call, clock.now()).ok()
    }
}
