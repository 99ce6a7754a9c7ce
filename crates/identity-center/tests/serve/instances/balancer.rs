//! What stands in front of the instances: a connection goes to one of those that take it, and waits while there is none.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Answers until it is dropped. `started` changes whenever an instance begins to answer.
pub(super) async fn balance(
    listener: TcpListener,
    instances: Vec<SocketAddr>,
    started: watch::Receiver<u64>,
) {
    let turn = AtomicUsize::new(0);
    let mut connections = JoinSet::new();
    while let Ok((mut client, _)) = listener.accept().await {
        let mut order = instances.clone();
        order.rotate_left(turn.fetch_add(1, Ordering::Relaxed) % instances.len());
        let started = started.clone();
        connections.spawn(async move {
            let mut instance = first(&order, started).await;
            // An instance that dies takes its connections with it; their clients see it.
            drop(copy_bidirectional(&mut client, &mut instance).await);
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn first(order: &[SocketAddr], mut started: watch::Receiver<u64>) -> TcpStream {
    loop {
        started.borrow_and_update();
        for address in order {
            if let Ok(stream) = TcpStream::connect(address).await {
                return stream;
            }
        }
        drop(started.changed().await);
    }
}
