//! How Rust source is written here, where no lint of the compiler says it.

/// A file past this is to be split along a word of the domain.
const LONGEST: usize = 500;

fn complaints(path: &str, text: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    let lines = text.lines().count();
    if lines > LONGEST {
        complaints.push(format!("{path}: {lines} lines, more than {LONGEST}"));
    }
    if path.ends_with("/auth.rs") {
        complaints.push(format!("{path}: a name that says nothing"));
    }
    for (index, line) in text.lines().enumerate() {
        let code = line.trim_start();
        if code.starts_with("//") {
            continue;
        }
        let mut refuse = |what: &str| complaints.push(format!("{path}:{}: {what}", index + 1));
        if code.starts_with("#[allow(") || code.starts_with("#![allow(") {
            refuse("`allow`: say `expect` with a reason");
        }
        if (code.starts_with("#[expect(") || code.starts_with("#![expect("))
            && !reason_follows(text, index)
        {
            refuse("`expect` without a reason");
        }
        if code.starts_with("#[ignore]") {
            refuse("a test ignored without a reason");
        }
        if code.contains(concat!("env!(\"", "CARGO_MANIFEST_DIR\")")) {
            refuse("the checkout's path is baked in: read the variable at run time");
        }
        for stub in ["todo!(", "unimplemented!("] {
            if code.starts_with(stub) {
                refuse("a stub");
            }
        }
        let declared = ["struct ", "enum ", "trait ", "type ", "mod "]
            .iter()
            .find_map(|keyword| code.trim_start_matches("pub ").strip_prefix(keyword));
        if let Some(declared) = declared {
            let name: String = declared
                .chars()
                .take_while(|&c| c.is_alphanumeric() || c == '_')
                .collect();
            let lower = name.to_lowercase();
            for empty in ["manager", "service", "helper", "helpers", "util", "utils"] {
                if lower.ends_with(empty) {
                    refuse(&format!("`{name}`: a name that says nothing"));
                }
            }
        }
    }
    complaints
}

/// Whether the attribute that begins in this line names a reason before it ends.
fn reason_follows(text: &str, index: usize) -> bool {
    text.lines()
        .skip(index)
        .scan(false, |ended, line| {
            let go_on = !*ended;
            *ended = line.trim_end().ends_with(']');
            go_on.then_some(line)
        })
        .any(|line| line.contains("reason"))
}

#[test]
fn source_keeps_the_rules() {
    let paths = super::files("*.rs");
    assert!(paths.len() > 10, "{paths:?}");
    let found: Vec<String> = paths
        .iter()
        .flat_map(|path| complaints(path, &super::read(path)))
        .collect();
    super::none(&found);
}

#[test]
fn each_rule_refuses_its_bad_example() {
    let check = |path: &str, text: &str, expected: &[&str]| {
        assert_eq!(complaints(path, text), expected, "{text}");
    };
    check("a.rs", "fn good() {}\n", &[]);
    check("a.rs", &"\n".repeat(500), &[]);
    check(
        "a.rs",
        &"\n".repeat(501),
        &["a.rs: 501 lines, more than 500"],
    );
    check(
        "src/auth.rs",
        "",
        &["src/auth.rs: a name that says nothing"],
    );
    check(
        "a.rs",
        "#[allow(dead_code)]",
        &["a.rs:1: `allow`: say `expect` with a reason"],
    );
    check(
        "a.rs",
        "\n#![allow(x)]",
        &["a.rs:2: `allow`: say `expect` with a reason"],
    );
    check(
        "a.rs",
        "#[expect(x)]",
        &["a.rs:1: `expect` without a reason"],
    );
    check(
        "a.rs",
        "#[expect(\n x,\n)]\n\"reason\"",
        &["a.rs:1: `expect` without a reason"],
    );
    check("a.rs", "#[expect(x, reason = \"y\")]", &[]);
    check("a.rs", "#[expect(\n    x,\n    reason = \"y\"\n)]", &[]);
    check(
        "a.rs",
        "#[ignore]",
        &["a.rs:1: a test ignored without a reason"],
    );
    check(
        "a.rs",
        concat!("let path = env!(\"", "CARGO_MANIFEST_DIR\");"),
        &["a.rs:1: the checkout's path is baked in: read the variable at run time"],
    );
    check("a.rs", "    todo!()", &["a.rs:1: a stub"]);
    check("a.rs", "    unimplemented!(\"later\")", &["a.rs:1: a stub"]);
    check("a.rs", "// todo!() is refused", &[]);
    check(
        "a.rs",
        "pub struct TokenManager;",
        &["a.rs:1: `TokenManager`: a name that says nothing"],
    );
    check(
        "a.rs",
        "mod utils;",
        &["a.rs:1: `utils`: a name that says nothing"],
    );
}

/// What reads to its first match closes the pipe, and the writer ends by that, or not, as the processor has it.
#[test]
fn no_script_judges_a_command_by_a_reader_that_leaves_early() {
    let complaints = |path: &str, text: &str| -> Vec<String> {
        let early = ["| grep -q", "| grep --quiet", "| head"];
        let lines = text.lines().zip(1..);
        lines
            .filter(|(line, _)| early.iter().any(|reader| line.contains(reader)))
            .map(|(line, number)| format!("{path}:{number}: {}", line.trim()))
            .collect()
    };
    assert_eq!(complaints("x", "true\nps | grep -q me").len(), 1);
    let places = [
        "scripts/*",
        ".ci/*",
        "*/packaging/*",
        "fuzz/run",
        "icons/generate",
    ];
    let scripts = places.map(super::files).concat();
    assert!(scripts.len() > 30, "{scripts:?}");
    let found: Vec<String> = scripts
        .iter()
        .flat_map(|path| complaints(path, &super::read(path)))
        .collect();
    super::none(&found);
}
