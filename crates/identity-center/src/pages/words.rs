//! What the pages say, in each language the same.

mod en;
mod ja;

pub(super) use en::EN;
pub(super) use ja::JA;

use crate::directory::is_invisible;

/// Declares the words, and lists them for the tests.
macro_rules! words {
    ($($name:ident),* $(,)?) => {
        /// The sentences of one language. `{x}` stands for a value.
        pub(super) struct Words { $(pub(super) $name: &'static str),* }

        impl Words {
            #[cfg(test)]
            fn all(&self) -> Vec<(&'static str, &'static str)> {
                vec![$((stringify!($name), self.$name)),*]
            }
        }
    };
}

words! {
    tongue, state_signing_in, state_signed_in, state_signed_out, state_attention,
    next, cancel, why, what_to_do, details, correlation,
    name_title, name_lead, name_lead_plain, name_label, name_missing,
    account_title, account_lead, account_other,
    password_title, password_label, password_button, password_wrong, not_you,
    locked, one_second, seconds, minutes,
    code_title, code_lead, code_label, code_button, code_wrong, recovery_question, recovery_label, recovery_button,
    enrol_title, enrol_lead, enrol_picture, enrol_key, enrol_label, enrol_button,
    kept_title, kept_lead, kept_anew, kept_button, kept_gone,
    consent_title, consent_lead, consent_program, consent_to, consent_you, consent_here, consent_app, consent_uses, consent_accounts,
    consent_administration,
    consent_learns, consent_profile, consent_email, consent_identity, allow, deny,
    device_title, device_lead, device_label, device_wrong, device_unknown,
    device_ask_title, device_ask_lead, device_application, device_place, device_time,
    device_done_title, device_done_lead, device_denied_title, device_denied_lead,
    sessions_title, sessions_lead, sessions_none, sessions_since, sessions_unknown, sessions_end, sessions_all, sessions_all_why,
    own_title, own_left, anew_password, anew_code, anew_wrong, anew_wrong_password,
    change_title, change_lead, change_button, changed_title, changed_lead, renew_title, renew_lead, renew_button,
    start_nobody, start_you, start_accounts, start_none, start_more, start_programs, start_address, start_region,
    nowhere_title, nowhere_why, nowhere_do,
    request_title, request_why, request_do, sign_out_title, sign_out_lead,
    out_title, out_lead, out_again,
    over_title, over_why, over_do,
    link_over_title, link_over_why, link_over_do,
    setup_title, setup_lead, setup_lead_owner, setup_name, setup_password, setup_again, setup_short, setup_long, setup_guessable, setup_differ,
    setup_taken, setup_no_name,
    inactive_title, inactive_why, inactive_do, inactive_do_nobody,
    unassigned_title, unassigned_why, unassigned_do, unassigned_do_nobody,
    forged_title, forged_why, forged_do,
    unreadable_title, unreadable_why, unreadable_do,
    gone_title, gone_why, gone_do,
    away_title, away_why, away_do,
    busy_title, busy_why, busy_do,
    answer, again,
    trial_title, trial_lead, trial_done_title, trial_done_lead, trial_there, trial_id, trial_here, trial_nobody,
    unprovisioned_title, unprovisioned_why, unprovisioned_do, unprovisioned_do_nobody,
    declined_title, declined_why, declined_do, declined_do_nobody,
    tenant_title, tenant_why, tenant_do,
    provider_away_title, provider_away_why, provider_away_do,
    untrusted_title, untrusted_why, untrusted_do, untrusted_do_nobody,
    set_up_title, set_up_why, set_up_do, set_up_do_nobody,
    saml_unknown, saml_failed, saml_denied, saml_elsewhere, saml_own, saml_request, saml_name_id,
}

/// The sentence with its values, each shut off from the text around it (Unicode Bidirectional Algorithm, isolates).
pub(super) fn fill(sentence: &str, values: &[(&str, &str)]) -> String {
    values
        .iter()
        .fold(sentence.to_owned(), |text, (name, value)| {
            text.replace(
                &format!("{{{name}}}"),
                &format!("\u{2068}{}\u{2069}", shown(value)),
            )
        })
}

/// Somebody else's text, fit to be shown: nothing invisible, nothing endless.
pub(super) fn shown(text: &str) -> String {
    const LONGEST: usize = 200;
    let mut visible: String = text
        .chars()
        .filter(|character| !is_invisible(*character))
        .take(LONGEST)
        .collect();
    if text.chars().nth(LONGEST).is_some() {
        visible.push('…');
    }
    visible
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placeholders(text: &str) -> Vec<&str> {
        let mut names: Vec<&str> = text
            .split('{')
            .skip(1)
            .filter_map(|rest| Some(rest.split_once('}')?.0))
            .collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn both_languages_say_the_same_with_the_same_values() {
        for ((name, english), (_, japanese)) in EN.all().into_iter().zip(JA.all()) {
            assert_eq!(placeholders(english), placeholders(japanese), "{name}");
            assert!(!english.is_empty() && !japanese.is_empty(), "{name}");
            assert!(
                !english.contains('!') && !japanese.contains('！'),
                "{name}: no blame, no shouting"
            );
        }
    }

    #[test]
    fn what_others_wrote_cannot_turn_the_text_around_it() {
        let filled = fill(
            "Allow {app}?",
            &[("app", "\u{202e}evil\u{2066}\u{0}\u{200b}")],
        );
        assert_eq!(filled, "Allow \u{2068}evil\u{2069}?");
        assert_eq!(shown(&"あ".repeat(300)).chars().count(), 201);
        assert_eq!(fill("{a}{b}", &[("a", "x")]), "\u{2068}x\u{2069}{b}");
    }
}
