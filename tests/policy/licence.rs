//! SPDX licence expressions: is there a way to satisfy one with the licences we accept?

/// Whether `accepted` satisfies the expression. `OR` needs one side, `AND` both; `/` is the old spelling of `OR`.
pub(crate) fn satisfied(expression: &str, accepted: &dyn Fn(&str) -> bool) -> bool {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Reader { words: &words };
    reader.any(accepted) && reader.words.is_empty()
}

struct Reader<'a> {
    words: &'a [&'a str],
}

impl<'a> Reader<'a> {
    fn take(&mut self) -> Option<&'a str> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        Some(first)
    }

    fn took(&mut self, word: &str) -> bool {
        let is_next = self.words.first() == Some(&word);
        if is_next {
            self.words = &self.words[1..];
        }
        is_next
    }

    fn any(&mut self, accepted: &dyn Fn(&str) -> bool) -> bool {
        let mut result = self.all(accepted);
        while self.took("OR") {
            result |= self.all(accepted);
        }
        result
    }

    fn all(&mut self, accepted: &dyn Fn(&str) -> bool) -> bool {
        let mut result = self.one(accepted);
        while self.took("AND") {
            result &= self.one(accepted);
        }
        result
    }

    fn one(&mut self, accepted: &dyn Fn(&str) -> bool) -> bool {
        if self.took("(") {
            return self.any(accepted) & self.took(")");
        }
        let Some(name) = self.take() else {
            return false;
        };
        if self.took("WITH") {
            let exception = self.take().unwrap_or_default();
            return accepted(&format!("{name} WITH {exception}"));
        }
        accepted(name)
    }
}

#[test]
fn expressions_are_read_as_spdx_does() {
    let accepted = |name: &str| ["MIT", "Zlib", "Apache-2.0 WITH LLVM-exception"].contains(&name);
    let check = |expression: &str, expected: bool| {
        assert_eq!(satisfied(expression, &accepted), expected, "{expression}");
    };
    check("MIT", true);
    check("GPL-3.0-only", false);
    check("GPL-3.0-only OR MIT", true);
    check("GPL-3.0-only/MIT", true);
    check("GPL-3.0-only AND MIT", false);
    check("GPL-3.0-only AND MIT OR Zlib", true);
    check("GPL-3.0-only AND (MIT OR Zlib)", false);
    check("(MIT OR GPL-3.0-only) AND Zlib", true);
    check("Apache-2.0 WITH LLVM-exception", true);
    check("Apache-2.0", false);
    check("", false);
    check("MIT MIT", false);
    check("(MIT", false);
    check("MIT OR", true);
}
