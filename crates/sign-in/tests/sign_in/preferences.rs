//! `settings.toml`: what the person prefers, and what the administrator has fixed.

use kiro_relying_party::{Network, Proxy};
use kiro_sign_in::{Code, Language, Preference, Preferences, prefer};

use crate::world::World;

fn settings(world: &World) -> std::path::PathBuf {
    world.folder.path().join("home/settings.toml")
}

#[test]
fn a_change_is_read_back_and_the_rest_of_the_file_stays() {
    let world = World::new();
    let (context, home) = (&world.context, world.context.store.home());
    assert_eq!(Preferences::load(home), Preferences::default());
    prefer(context, &Preference::Notifications(false)).unwrap();
    let text = std::fs::read_to_string(settings(&world)).unwrap();
    std::fs::write(settings(&world), format!("# mine\nlater = 1\n{text}")).unwrap();
    prefer(context, &Preference::Language(Some(Language::Ja))).unwrap();
    prefer(
        context,
        &Preference::Proxy("http://10.1.1.1:3128".parse().unwrap()),
    )
    .unwrap();
    let read = Preferences::load(home);
    assert_eq!(
        (read.language, read.notifications),
        (Some(Language::Ja), false)
    );
    assert_eq!(context.network().proxy.to_string(), "http://10.1.1.1:3128");
    prefer(context, &Preference::Language(None)).unwrap();
    prefer(context, &Preference::Proxy(Proxy::System)).unwrap();
    assert_eq!(Preferences::load(home).language, None);
    let text = std::fs::read_to_string(settings(&world)).unwrap();
    assert!(
        text.contains("# mine") && text.contains("later = 1"),
        "{text}"
    );
}

#[test]
fn a_damaged_file_counts_as_empty_and_is_not_written_over() {
    let world = World::new();
    prefer(&world.context, &Preference::Notifications(true)).unwrap();
    std::fs::write(settings(&world), "language = ").unwrap();
    assert_eq!(
        Preferences::load(world.context.store.home()),
        Preferences::default()
    );
    let failure = prefer(&world.context, &Preference::Notifications(false)).unwrap_err();
    assert_eq!(failure.code, Code::OrganizationsInvalid);
    assert_eq!(
        std::fs::read_to_string(settings(&world)).unwrap(),
        "language = "
    );
}

#[test]
fn one_value_that_cannot_be_used_takes_no_other_with_it() {
    let world = World::new();
    prefer(&world.context, &Preference::Notifications(false)).unwrap();
    let check = |wrong: &str| {
        let text = format!(
            "notifications = false\n{wrong}\n[network]\nproxy = \"http://10.1.1.1:3128\"\n"
        );
        std::fs::write(settings(&world), text).unwrap();
        let read = Preferences::load(world.context.store.home());
        assert_eq!(
            (read.language, read.notifications),
            (None, false),
            "{wrong}"
        );
        let proxy = world.context.network().proxy.to_string();
        assert_eq!(proxy, "http://10.1.1.1:3128", "{wrong}");
    };
    for wrong in [
        "language = \"de\"",
        "language = 7",
        "models = 1",
        "[models]\nregion = \"nowhere\"",
    ] {
        check(wrong);
    }
}

#[test]
fn what_the_administrator_has_fixed_stays_and_what_cannot_work_is_refused() {
    let mut world = World::new();
    let managed = world.folder.path().join("managed.toml");
    world.context.managed_organizations = managed.clone();
    let check = |change: Preference, expected: Code| {
        assert_eq!(
            prefer(&world.context, &change).unwrap_err().code,
            expected,
            "{change:?}"
        );
    };
    let manual = |address: &str| Preference::Proxy(address.parse().unwrap());
    check(
        Preference::CaFile(Some("/nowhere.pem".into())),
        Code::CaFileUnusable,
    );

    prefer(&world.context, &manual("http://10.1.1.1:3128")).unwrap();
    std::fs::write(
        &managed,
        "locks = { proxy = true, ca = true }\nnetwork = { proxy = \"none\" }\n[organizations]\n",
    )
    .unwrap();
    check(manual("http://10.1.1.2:3128"), Code::ManagedByOrganization);
    check(Preference::CaFile(None), Code::ManagedByOrganization);
    let locked = Network {
        proxy: Proxy::None,
        extra_ca: None,
    };
    assert_eq!(
        world.context.network(),
        locked,
        "the lock wins over the person's file"
    );
}

#[test]
fn the_first_variable_that_is_not_empty_gives_the_system_s_language() {
    let check = |[all, messages, lang]: [&str; 3], expected: Language| {
        let value = |name: &str| match name {
            "LC_ALL" => Some(all.to_owned()),
            "LC_MESSAGES" => Some(messages.to_owned()),
            "LANG" => Some(lang.to_owned()),
            _ => None,
        };
        let read = Language::of_system(value);
        assert_eq!(read, expected, "{all} {messages} {lang}");
    };
    check(["", "", ""], Language::En);
    check(["", "", "ja_JP.UTF-8"], Language::Ja);
    check(["", "ja_JP", "en_GB.UTF-8"], Language::Ja);
    check(["", "en_GB.UTF-8", "ja_JP.UTF-8"], Language::En);
    check(["C", "ja_JP.UTF-8", "ja_JP.UTF-8"], Language::En);
    check(["ja", "C", "C"], Language::Ja);
    check(["JA@x", "", ""], Language::Ja);
    check(["jam_JM", "", ""], Language::En);
    assert_eq!(Language::of_system(|_| None), Language::En);
}

#[test]
fn no_profile_s_renewal_stands_in_the_way_of_a_change() {
    let world = World::new();
    let home = world.context.store.home();
    home.ensure().unwrap();
    let renewing = ["settings", "organizations"].map(|profile| {
        profile.parse::<kiro_sign_in::ProfileName>().unwrap();
        kiro_credentials::FileLock::try_acquire(&home.locks().join(profile)).unwrap()
    });
    assert!(renewing.iter().all(Option::is_some));
    prefer(&world.context, &Preference::Notifications(false)).unwrap();
    kiro_sign_in::add(&world.context, &crate::world::okta()).unwrap();
}
