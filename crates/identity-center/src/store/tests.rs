//! The same tests on both databases: on PostgreSQL where `KIRO_TEST_POSTGRES` names a server.

use super::*;

#[test]
fn t() {
    let dir = tempfile::tempdir().unwrap();
    let _store = Store::sqlite(&dir.path().join("store.db")).unwrap();
}
