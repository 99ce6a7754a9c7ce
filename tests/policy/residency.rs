//! What of the EU is inside, one list in two programs: the service must not let an administrator decide what every client then
//! refuses, and it depends on nothing of the clients'.

const CLIENTS: &str = "crates/models/src/residency.rs";
const SERVICE: &str = "crates/identity-center/src/inference.rs";

/// The regions of the one that are not the other's.
fn complaints(clients: &str, service: &str) -> Vec<String> {
    let (clients, service) = (regions(clients), regions(service));
    let mut complaints = Vec::new();
    for (path, here, there) in [(CLIENTS, &clients, &service), (SERVICE, &service, &clients)] {
        if here.is_empty() {
            complaints.push(format!("{path}: no list `EU`"));
        }
        let alone = here.iter().filter(|region| !there.contains(region));
        complaints.extend(alone.map(|region| format!("{path} alone has {region}")));
    }
    complaints
}

/// What stands between quotes in `const EU: … = […];`
fn regions(source: &str) -> Vec<&str> {
    let list = source
        .split_once("\nconst EU: ")
        .and_then(|(_, rest)| rest.split_once(" = ["))
        .and_then(|(_, list)| list.split_once("];"));
    let list = list.map_or("", |(list, _)| list);
    list.split('"').skip(1).step_by(2).collect()
}

#[test]
fn both_programs_have_the_same_regions_inside() {
    crate::none(&complaints(&crate::read(CLIENTS), &crate::read(SERVICE)));
}

#[test]
fn a_region_too_many_and_a_list_that_is_gone_are_complained_of() {
    let of = |regions: &str| format!("use x;\nconst EU: [&str; 2] = [{regions}];\n");
    let both = of("\"eu-west-1\", \"eu-west-3\"");
    assert_eq!(complaints(&both, &both), [""; 0]);
    let one = of("\"eu-west-1\"");
    assert_eq!(
        complaints(&one, &both),
        [format!("{SERVICE} alone has eu-west-3")]
    );
    assert_eq!(
        complaints("", &one),
        [
            format!("{CLIENTS}: no list `EU`"),
            format!("{SERVICE} alone has eu-west-1")
        ]
    );
}
