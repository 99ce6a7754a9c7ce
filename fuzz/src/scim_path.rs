//! A path of a PATCH.

use kiro_scim::{LONGEST, Path};

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match Path::parse(text) {
        Ok(path) => {
            assert!(text.len() <= LONGEST);
            let printed = path.to_string();
            if printed.len() <= LONGEST {
                assert_eq!(Path::parse(&printed).as_ref(), Ok(&path), "{printed}");
            }
            drop(path.clone());
        }
        Err(refusal) => {
            let told = refusal.detail();
            assert!(told.len() < 512 && told.is_ascii(), "{told}");
        }
    }
}
