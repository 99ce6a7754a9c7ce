//! Signing everybody out of this computer.

use kiro_sign_in::{Account, Code, account, sign_out, sign_out_all};

use crate::flow::sign_in_with;
use crate::world::World;

#[tokio::test]
async fn a_damaged_file_keeps_nobody_from_signing_out() {
    let world = World::new();
    sign_in_with(&world, "code=c1").await.unwrap();
    // Beside it a registration and credentials of a role.
    let home = world.folder.path().join("home");
    std::fs::create_dir_all(home.join("role-credentials")).unwrap();
    for kept in ["registrations/a.json", "role-credentials/a.json"] {
        kiro_credentials::replace(&home.join(kept), b"{}").unwrap();
    }
    for file in ["credentials.json", "credentials.json.bak"] {
        kiro_credentials::replace(&home.join(file), b"{").unwrap();
    }
    let context = world.another_process();
    let failure = sign_out(&context, None).await.unwrap_err();
    assert_eq!(failure.code, Code::FileDamaged);
    assert_eq!(sign_out_all(&context).await.unwrap(), []);
    for folder in ["registrations", "role-credentials"] {
        assert_eq!(world.files(folder).len(), 0, "{folder}");
    }
    let left = world.files("");
    let names: Vec<_> = left.iter().filter_map(|path| path.file_name()).collect();
    assert!(
        !names
            .iter()
            .any(|name| name.to_string_lossy().starts_with("credentials.json")),
        "{names:?}"
    );
    assert!(matches!(
        account(&context, None).unwrap(),
        Account::SignedOut { .. }
    ));
}
