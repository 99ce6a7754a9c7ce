//! The same on PostgreSQL.

use super::*;
use crate::store::Store;
use crate::store::tests::server::Server;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_answers_bad_requests_and_large_ones_alike() {
    let server = Server::start(None);
    let endpoint = async |name| {
        let store = Store::postgres(&server.database(name)).await.unwrap();
        Endpoint::of(Running::start_on(store).await, Manner::Rfc).await
    };
    bad::every(&endpoint("bad").await, bad::Looks::Once).await;
    large::group(&endpoint("large_group").await).await;
    large::list(&endpoint("large_list").await).await;
}
