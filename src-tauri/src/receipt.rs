//! The receipt of a sign-out, for as long as it tells how things stand.

use jiff::Timestamp;
use kiro_sign_in::{Account, Failure, ProfileName, Receipt};

/// A session, told from every other by when it began.
type Session = (ProfileName, Timestamp);

/// A receipt, and the session that was left: none, or another account's.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) receipt: Receipt,
    left: Option<Session>,
}

impl Kept {
    /// `account` is what the sign-out left.
    pub(crate) fn new(receipt: Receipt, account: &Result<Account, Failure>) -> Kept {
        Kept {
            receipt,
            left: session(account),
        }
    }

    /// Nobody has signed in since, wherever that would have been, and no other account was chosen.
    pub(crate) fn stands(&self, account: &Result<Account, Failure>) -> bool {
        session(account).is_none_or(|now| self.left.as_ref() == Some(&now))
    }
}

fn session(account: &Result<Account, Failure>) -> Option<Session> {
    match account {
        Ok(Account::SignedIn(who)) => Some((who.profile.clone(), who.signed_in_at)),
        Ok(Account::SignedOut { .. } | Account::SigningIn(_) | Account::NeedsAttention { .. })
        | Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::fixtures::somebody;
    use kiro_sign_in::{Code, Provider, Revoked};

    fn kept(account: &Result<Account, Failure>) -> Kept {
        let receipt = Receipt {
            profile: ProfileName::default(),
            removed: true,
            provider: Provider::Okta,
            host: "login.acme.com".to_owned(),
            revoked: Revoked::Yes,
            end_session: None,
            contact: None,
        };
        Kept::new(receipt, account)
    }

    #[test]
    fn it_gives_way_to_a_session_that_was_not_there_when_it_came() {
        let nobody = || Ok(Account::SignedOut { reason: None });
        let aiko = || somebody(1);
        let signed_in = |who| Ok(Account::SignedIn(who));
        let alone = kept(&nobody());
        assert!(alone.stands(&nobody()));
        assert!(!alone.stands(&signed_in(aiko())));
        let beside = kept(&signed_in(aiko()));
        assert!(beside.stands(&signed_in(aiko())), "another account's");
        assert!(!beside.stands(&signed_in(somebody(2))), "it began anew");
        let mut ben = aiko();
        ben.profile = "ben".parse().unwrap_or_default();
        assert!(!beside.stands(&signed_in(ben)), "it was chosen");
        assert!(beside.stands(&nobody()), "that one ended as well");
        let failure = Failure::new(Code::SessionEnded, Timestamp::UNIX_EPOCH);
        assert!(alone.stands(&Err(failure.clone())));
        let ended = Account::NeedsAttention {
            reason: failure,
            who: aiko(),
        };
        assert!(alone.stands(&Ok(ended)));
    }
}
