//! What reading costs: `kiro auth token` with a valid session, and `kiro auth status`, as the system sees them.

use kiro_tests::Peer;

use crate::paste::{said, signed_in};

#[tokio::test]
async fn reading_a_valid_token_locks_nothing_writes_nothing_and_knows_no_network() {
    let world = signed_in(&Peer::okta(30)).await;
    for words in [&["auth", "token"][..], &["auth", "status", "--json"]] {
        let (output, log) = world.traced_kiro(&[], words);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        let calls: Vec<&str> = log
            .lines()
            .filter_map(|line| Some(line.split_once(' ')?.1.trim_start()))
            .collect();
        for call in &calls {
            let name = call.split('(').next().unwrap();
            let forbidden = [
                "flock",
                "socket",
                "connect",
                "clone",
                "clone3",
                "fork",
                "rename",
                "unlink",
                "fsync",
                "ftruncate",
                "mkdir",
                "link",
                "epoll_create1",
                "inotify_init1",
            ];
            assert!(!forbidden.contains(&name), "{words:?}: {call}");
            let writes = ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC"];
            assert!(
                name != "openat" || !writes.iter().any(|flag| call.contains(flag)),
                "{words:?}: {call}"
            );
            let trust = ["/ssl", "ca-certificates", "resolv.conf", "nsswitch"];
            assert!(
                !trust.iter().any(|part| call.contains(part)),
                "{words:?}: {call}"
            );
        }
        let opened = |file: &str| {
            let end = format!("/kiro/{file}\"");
            let opens = calls.iter().filter(|call| call.starts_with("openat("));
            opens.filter(|call| call.contains(&end)).count()
        };
        if words.contains(&"token") {
            assert_eq!(opened("credentials.json"), 1, "read once");
            assert_eq!(opened("key"), 1);
        } else {
            assert_eq!(opened("key"), 0, "who is signed in needs no key");
        }
    }
}
