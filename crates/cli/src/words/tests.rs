#![expect(clippy::expect_used, reason = "tests")]

use kiro_sign_in::{Code, Failure};

use super::{Language, plain};

/// Every code by its stable word; a word that is no code fails to parse, and a new code fails to compile in both catalogues.
const CODES: &str = "not_assigned policy_device policy_blocked account_problem wrong_tenant step_up_needed login_required \
    consent_missing client_setup redirect_uri cancelled denied server_error no_answer browser_not_opened scheme_taken \
    ports_taken untrusted_answer malformed_answer wrong_region device_flow_not_offered device_code_expired keyring_locked \
    no_keyring key_gone passphrase_needed wrong_passphrase could_not_save file_damaged file_newer not_private unreachable \
    intercepted unsafe_connection proxy_password ca_file_unusable clock wrong_issuer not_an_identity_provider insecure_url not_signed_in session_ended ended_by_org \
    refresh_failed unknown_profile no_organization unknown_organization choose_organization organization_exists \
    organizations_invalid managed_by_organization not_identity_center model_blocked outside_residency \
    model_not_enabled role_refused question_refused model_busy answer_cut interrupted unexpected";

#[test]
fn every_code_has_an_error_and_a_hint_in_both_languages() {
    for word in CODES.split_whitespace() {
        let code: Code = serde_json::from_str(&format!("\"{word}\"")).expect("a code");
        let failure = Failure::new(code, jiff::Timestamp::UNIX_EPOCH);
        let (english, japanese) = (
            Language::English.failure(&failure),
            Language::Japanese.failure(&failure),
        );
        for text in [&english.error, &english.hint] {
            assert!(
                text.len() > 5
                    && !text.contains('!')
                    && text.chars().all(|c| c.is_ascii() || c == '·'),
                "{word}: {text}"
            );
        }
        let begins_small = |sentence: &str| sentence.starts_with(|c: char| c.is_ascii_lowercase());
        assert!(
            !english.error.split(". ").any(begins_small),
            "{word}: {}",
            english.error
        );
        for text in [&japanese.error, &japanese.hint] {
            assert!(
                text.chars().any(|c| ('\u{3040}'..='\u{30ff}').contains(&c)),
                "{word}: {text}"
            );
        }
    }
}

#[test]
fn a_role_that_the_service_cannot_give_is_told_apart_from_one_that_is_not_assigned() {
    let told = |code| {
        let mut failure = Failure::new(code, jiff::Timestamp::UNIX_EPOCH);
        failure.facts.subject = Some("Developer (111122223333)".to_owned());
        failure.detail.description = Some("STS is not configured: ask elsewhere".to_owned());
        [Language::English, Language::Japanese].map(|language| {
            let said = language.failure(&failure);
            format!("{}\n{}", said.error, said.hint)
        })
    };
    for (lacks, cannot) in told(Code::NotAssigned)
        .into_iter()
        .zip(told(Code::ClientSetup))
    {
        assert!(!lacks.contains("STS"), "{lacks}");
        for word in ["Developer (111122223333)", "STS is not configured", "docs/"] {
            assert!(cannot.contains(word), "{cannot}");
        }
    }
}

#[test]
fn lc_all_wins_over_the_choice_and_the_choice_over_the_system() {
    use kiro_sign_in::Language::{En, Ja};
    let check = |chosen, all: &str, lang: &str, expected: Language| {
        let value = |name: &str| match name {
            "LC_ALL" => Some(all.to_owned()),
            "LANG" => Some(lang.to_owned()),
            _ => None,
        };
        let read = Language::of(chosen, value);
        assert_eq!(read, expected, "{chosen:?} {all} {lang}");
    };
    check(None, "", "ja_JP.UTF-8", Language::Japanese);
    check(None, "", "en_GB.UTF-8", Language::English);
    check(Some(Ja), "", "en_GB.UTF-8", Language::Japanese);
    check(Some(En), "", "ja_JP.UTF-8", Language::English);
    check(Some(Ja), "C", "ja_JP.UTF-8", Language::English);
    check(Some(En), "ja_JP.UTF-8", "C", Language::Japanese);
}

#[test]
fn a_name_cannot_rewrite_the_terminal() {
    assert_eq!(plain("a\u{1b}[2Jb\u{202e}c\u{2066}d\ne"), "a[2Jbcd e");
}

#[test]
fn a_japanese_word_before_a_particle_keeps_no_space() {
    let check = |text: &str, expected: &str| assert_eq!(super::unspaced(text), expected);
    check("このアカウント に Kiro が", "このアカウントに Kiro が");
    check("aiko@acme.com に Kiro が", "aiko@acme.com に Kiro が");
    check("アクセス トークン", "アクセス トークン");
    check("plain words", "plain words");
}

#[test]
fn columns_count_wide_characters_twice() {
    let check = |text: &str, expected: &str| assert_eq!(super::padded(text, 6), expected);
    check("ab", "ab    ");
    check("組織", "組織  ");
    check("longer than that", "longer than that");
}
