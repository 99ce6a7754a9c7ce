//! What of the EU is inside, and what AWS's hosts end with: one list of each in two programs. The service must not let an administrator
//! decide what every client then refuses, and it depends on nothing of the clients'.

const CLIENTS: &str = "crates/models/src/residency.rs";
const SERVICE: &str = "crates/identity-center/src/inference.rs";

/// What is in this list of the one and not in the other's.
fn complaints(list: &str, clients: &str, service: &str) -> Vec<String> {
    let (clients, service) = (quoted(list, clients), quoted(list, service));
    let mut complaints = Vec::new();
    for (path, here, there) in [(CLIENTS, &clients, &service), (SERVICE, &service, &clients)] {
        if here.is_empty() {
            complaints.push(format!("{path}: no list `{list}`"));
        }
        let alone = here.iter().filter(|region| !there.contains(region));
        complaints.extend(alone.map(|region| format!("{path} alone has {region}")));
    }
    complaints
}

/// What stands between quotes in `const LIST: … = […];`
fn quoted<'a>(list: &str, source: &'a str) -> Vec<&'a str> {
    let list = source
        .split_once(&format!("\nconst {list}: "))
        .and_then(|(_, rest)| rest.split_once(" = ["))
        .and_then(|(_, list)| list.split_once("];"));
    let list = list.map_or("", |(list, _)| list);
    list.split('"').skip(1).step_by(2).collect()
}

#[test]
fn both_programs_have_the_same_regions_inside_and_know_the_same_hosts() {
    let (clients, service) = (crate::read(CLIENTS), crate::read(SERVICE));
    for list in ["EU", "SUFFIXES"] {
        crate::none(&complaints(list, &clients, &service));
    }
}

#[test]
fn a_region_too_many_and_a_list_that_is_gone_are_complained_of() {
    let of = |regions: &str| format!("use x;\nconst EU: [&str; 2] = [{regions}];\n");
    let both = of("\"eu-west-1\", \"eu-west-3\"");
    assert_eq!(complaints("EU", &both, &both), [""; 0]);
    let one = of("\"eu-west-1\"");
    assert_eq!(
        complaints("EU", &one, &both),
        [format!("{SERVICE} alone has eu-west-3")]
    );
    assert_eq!(
        complaints("EU", "", &one),
        [
            format!("{CLIENTS}: no list `EU`"),
            format!("{SERVICE} alone has eu-west-1")
        ]
    );
}
