//! Lists: filters, order, pages by number and by cursor, searches.

use std::collections::BTreeSet;

use super::*;

async fn people(endpoint: &Endpoint, count: usize) {
    for number in 0..count {
        endpoint
            .user(
                json!({ "userName": format!("u{number:03}"), "title": format!("t{}", number % 3) }),
            )
            .await;
    }
}

#[tokio::test]
async fn pages_by_number_have_a_total_and_a_stable_order() {
    let endpoint = Endpoint::start(Manner::Rfc).await;
    people(&endpoint, 7).await;
    let check = async |query: &str, start: u64, expected: &[&str]| {
        let list = endpoint.get(&format!("/Users?{query}")).await.json();
        assert_eq!(names(&list), expected, "{query}");
        assert_eq!(list["schemas"], json!([LIST]), "{query}");
        assert_eq!(
            (
                &list["totalResults"],
                &list["startIndex"],
                &list["itemsPerPage"]
            ),
            (&json!(7), &json!(start), &json!(expected.len())),
            "{query}"
        );
    };
    check("count=3", 1, &["u000", "u001", "u002"]).await;
    check("startIndex=4&count=3", 4, &["u003", "u004", "u005"]).await;
    check("startIndex=7&count=3", 7, &["u006"]).await;
    check("startIndex=8&count=3", 8, &[]).await;
    check("count=0", 1, &[]).await;
    check("count=-4", 1, &[]).await;
    check("startIndex=-3&count=1", 1, &["u000"]).await;
    check("startIndex=0&count=1", 1, &["u000"]).await;
    check(
        "sortBy=userName&sortOrder=descending&count=2",
        1,
        &["u006", "u005"],
    )
    .await;
    check(
        "sortBy=title&startIndex=2&count=3",
        2,
        &["u003", "u006", "u001"],
    )
    .await;
    check(
        "SORTBY=title&sortOrder=Descending&Count=2",
        1,
        &["u002", "u005"],
    )
    .await;
    let all = endpoint
        .get("/Users?count=999999999999999999999999")
        .await
        .json();
    assert_eq!(names(&all).len(), 7);
    let far = endpoint
        .get("/Users?startIndex=99999999999999999999")
        .await
        .json();
    assert_eq!((names(&far).len(), &far["totalResults"]), (0, &json!(7)));
}

/// Whoever was there when a walk began is met once, whoever comes meanwhile.
#[tokio::test]
async fn a_walk_meets_everybody_once_while_others_come() {
    let endpoint = Endpoint::start(Manner::Rfc).await;
    people(&endpoint, 250).await;
    let filters = [
        "",
        "&filter=title+sw+%22t%22",
        "&filter=userName+sw+%22u%22",
    ];
    for (round, filter) in filters.into_iter().enumerate() {
        let (mut met, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let page = endpoint
                .get(&format!("/Users?cursor={cursor}&count=40{filter}"))
                .await
                .json();
            assert!(page["startIndex"].is_null());
            met.extend(names(&page).into_iter().map(str::to_owned));
            let newcomer = format!("u{}", 900 + 30 * round + pages);
            endpoint
                .user(json!({ "userName": newcomer, "title": "t" }))
                .await;
            pages += 1;
            match page["nextCursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => break,
            }
            assert!(pages < 30, "the walk ends");
        }
        let once: BTreeSet<&str> = met.iter().map(String::as_str).collect();
        assert_eq!(once.len(), met.len(), "nobody twice");
        for number in 0..250 {
            assert!(once.contains(format!("u{number:03}").as_str()), "{number}");
        }
    }
    let (mut met, mut start) = (BTreeSet::new(), 1);
    loop {
        let page = endpoint
            .get(&format!("/Users?startIndex={start}&count=100"))
            .await
            .json();
        start += names(&page).len();
        met.extend(names(&page).into_iter().map(str::to_owned));
        endpoint
            .user(json!({ "userName": format!("v{start}") }))
            .await;
        if names(&page).len() < 100 {
            break;
        }
    }
    assert!((0..250).all(|number| met.contains(&format!("u{number:03}"))));
}

#[tokio::test]
async fn a_cursor_is_good_for_the_question_that_it_answers_and_no_other() {
    let endpoint = Endpoint::start(Manner::Rfc).await;
    people(&endpoint, 5).await;
    let first = endpoint.get("/Users?cursor&count=2").await.json();
    let cursor = first["nextCursor"].as_str().unwrap();
    let next = endpoint
        .get(&format!("/Users?cursor={cursor}&count=9"))
        .await
        .json();
    assert_eq!(
        (names(&next), &next["nextCursor"]),
        (vec!["u002", "u003", "u004"], &json!(null))
    );
    let refused = [
        format!("/Groups?cursor={cursor}"),
        format!("/Users?cursor={cursor}&sortBy=userName"),
        format!("/Users?cursor={cursor}&filter=title+pr"),
        format!("/Users?cursor={cursor}x"),
        format!("/Users?cursor={}", &cursor[1..]),
        format!("/Users?cursor={}", "A".repeat(513)),
        "/Users?cursor=%00".to_owned(),
        "/Users?cursor=..%2F..".to_owned(),
        "/Users?cursor=MTIzNA".to_owned(),
    ];
    for at in refused {
        assert_refused(&endpoint.get(&at).await, 400, Some("invalidCursor"), &at);
    }
    let both = endpoint
        .get(&format!("/Users?cursor={cursor}&startIndex=1"))
        .await;
    assert_refused(&both, 400, Some("invalidValue"), "both");
    // In an order, by places.
    let first = endpoint
        .get("/Users?cursor&count=2&sortBy=userName&sortOrder=descending")
        .await
        .json();
    let cursor = first["nextCursor"].as_str().unwrap();
    let next = endpoint
        .get(&format!(
            "/Users?cursor={cursor}&count=2&sortBy=userName&sortOrder=descending"
        ))
        .await
        .json();
    assert_eq!(
        (names(&first), names(&next)),
        (vec!["u004", "u003"], vec!["u002", "u001"])
    );
}

#[tokio::test]
async fn searches_are_lists_by_post() {
    let endpoint = Endpoint::start(Manner::Rfc).await;
    people(&endpoint, 4).await;
    let team = endpoint.group("Team", &[]).await;
    let search = async |at: &str, mut body: Value| {
        body["schemas"] = json!([SEARCH]);
        let answer = endpoint.give("POST", at, &body).await;
        assert_eq!(answer.status, 200, "{body}: {}", answer.text());
        answer.json()
    };
    let some = json!({ "filter": "title eq \"t0\"", "attributes": ["userName"], "sortBy": "userName", "sortOrder": "descending", "count": 1 });
    let some = search("/Users/.search", some).await;
    assert_eq!(
        (names(&some), &some["totalResults"]),
        (vec!["u003"], &json!(2))
    );
    assert_eq!(some["Resources"][0]["title"], json!(null));
    let groups = search("/Groups/.search", json!({ "filter": "displayName pr" })).await;
    assert_eq!(names(&groups), ["Team"]);
    // Over both types: people, then groups; what a type does not have is absent.
    let both = search("/.search", json!({ "startIndex": 4, "count": 2 })).await;
    assert_eq!(
        (names(&both), &both["totalResults"]),
        (vec!["u003", "Team"], &json!(5))
    );
    let full = search("/.search", json!({ "startIndex": 3, "count": 2 })).await;
    assert_eq!(names(&full), ["u002", "u003"], "no more than asked for");
    let both = search(
        "/.search",
        json!({ "filter": "userName eq \"U001\" or displayName eq \"TEAM\"" }),
    )
    .await;
    assert_eq!(names(&both), ["u001", "Team"]);
    assert_eq!(both["Resources"][1]["id"], team["id"]);
    let root = endpoint.find("/", "displayName pr").await;
    assert_eq!(names(&root), ["Team"]);
    let plain = endpoint.get("").await.json();
    assert_eq!(plain["totalResults"], json!(5));
    let cursor = endpoint.get("/?cursor").await;
    assert_refused(&cursor, 400, Some("invalidValue"), "a cursor over types");
}

/// What an answer shows can be asked for.
#[tokio::test]
async fn addresses_that_are_shown_are_found() {
    let endpoint = Endpoint::start(Manner::Rfc).await;
    let ben = endpoint.user(json!({ "userName": "ben" })).await;
    let team = endpoint.group("Team", &[&ben]).await;
    let at = |one: &Value| one["meta"]["location"].as_str().unwrap().to_owned();
    let check = async |path: &str, filter: String, expected: &str| {
        assert_eq!(
            names(&endpoint.find(path, &filter).await),
            [expected],
            "{filter}"
        );
    };
    check(
        "/Users",
        format!("meta.location eq \"{}\"", at(&ben)),
        "ben",
    )
    .await;
    check("/Users", format!("groups.$ref eq \"{}\"", at(&team)), "ben").await;
    check(
        "/Groups",
        format!("members.$ref eq \"{}\"", at(&ben)),
        "Team",
    )
    .await;
    let version = endpoint.get(&path(&ben)).await.json()["meta"]["version"].to_string();
    check("/Users", format!("meta.version eq {version}"), "ben").await;
    check("/Users", "meta.resourceType eq \"User\"".to_owned(), "ben").await;
}
