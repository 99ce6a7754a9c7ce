//! What an organisation has decided about models for its people's computers, in the store.

use jiff::Timestamp;
use serde_json::json;

use super::{Row, Store, StoreError, audit, values};
use crate::directory::DirectoryRefusal;
use crate::inference::Inference;

impl Store {
    /// What the organisation has decided.
    pub async fn inference(&self, organization: &str) -> Result<Inference, StoreError> {
        let organization = organization.to_owned();
        self.read(move |tx| {
            let organization = organization.clone();
            Box::pin(async move {
                let sql = "SELECT inference FROM organizations WHERE name = $1";
                let row = tx.row(sql, values![organization]).await?;
                let said = row.map(|row| row.optional(0, Row::json)).transpose()?;
                Ok(said.flatten().unwrap_or_default())
            })
        })
        .await
    }

    /// Decides this instead.
    pub async fn set_inference(
        &self,
        organization: &str,
        inference: Inference,
        now: Timestamp,
    ) -> Result<Result<(), DirectoryRefusal>, StoreError> {
        let organization = organization.to_owned();
        self.write(move |tx| {
            let (organization, inference) = (organization.clone(), inference.clone());
            Box::pin(async move {
                let said = json!(inference);
                let sql = "UPDATE organizations SET inference = $2 WHERE name = $1";
                let row = values![&organization, said.to_string()];
                if tx.execute(sql, row).await? == 0 {
                    return Ok(Err(DirectoryRefusal::NoOrganization));
                }
                let (action, subject) = ("inference.set", "inference");
                audit::of_organization(tx, &organization, action, subject, said, now).await?;
                Ok(Ok(()))
            })
        })
        .await
    }
}
