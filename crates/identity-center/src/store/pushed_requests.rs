//! Pushed authorization requests and DPoP proofs in the store: each is taken once, whichever instance it comes to.

use jiff::Timestamp;

use super::{Store, StoreError, values};
use crate::authorization::Request;
use crate::secret::Digest;

impl Store {
    /// Keeps a request until its browser comes.
    pub async fn keep_pushed_request(
        &self,
        name: Digest,
        client: String,
        request: Request,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let request = serde_json::to_string(&request)
            .map_err(|error| StoreError::Corrupt(error.to_string()))?;
        self.write(move |tx| {
            let (client, request) = (client.clone(), request.clone());
            Box::pin(async move {
                let sql = "INSERT INTO pushed_requests (digest, client_id, request, expires_at) VALUES ($1, $2, $3, $4)";
                tx.execute(sql, values![name, client, request, expires_at])
                    .await?;
                Ok(())
            })
        })
        .await
    }

    /// The request that this application pushed under this name, once.
    pub async fn take_pushed_request(
        &self,
        name: Digest,
        client: &str,
        now: Timestamp,
    ) -> Result<Option<Request>, StoreError> {
        let client = client.to_owned();
        self.write(move |tx| {
            let client = client.clone();
            Box::pin(async move {
                let sql = "DELETE FROM pushed_requests WHERE digest = $1 AND client_id = $2 RETURNING request, expires_at";
                let Some(row) = tx.row(sql, values![name, client]).await? else {
                    return Ok(None);
                };
                (now < row.time(1)?).then(|| row.json(0)).transpose()
            })
        })
        .await
    }

    /// Whether a proof of this name was not taken before; it is now. Remembered until `until`.
    pub async fn first_use_of_proof(
        &self,
        name: Digest,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                let sql = "INSERT INTO dpop_proofs (digest, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING";
                Ok(tx.execute(sql, values![name, until]).await? == 1)
            })
        })
        .await
    }
}
