//! Organisations in the store.

use super::{Store, StoreError, values};

impl Store {
    /// Whether there is an organisation of this name.
    pub async fn has_organization(&self, name: &str) -> Result<bool, StoreError> {
        let name = name.to_owned();
        self.read(move |tx| {
            let name = name.clone();
            Box::pin(async move {
                let sql = "SELECT name FROM organizations WHERE name = $1";
                Ok(tx.row(sql, values![name]).await?.is_some())
            })
        })
        .await
    }
}
