//! What systemd is told, where it asked to be (`Type=notify`, sd_notify(3)): a unit that was started is ready.

use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// Where it listens: a path, or a name that begins with `@`.
const VARIABLE: &str = "NOTIFY_SOCKET";

/// Tells it this. It may be gone; the service goes on nevertheless.
pub(super) fn tell(state: &str) {
    let Some(at) = std::env::var(VARIABLE).ok().filter(|at| !at.is_empty()) else {
        return;
    };
    if let Err(error) = send(&at, state) {
        tracing::warn!(%error, "systemd was not told {state}");
    }
}

fn send(at: &str, state: &str) -> io::Result<()> {
    let address = match at.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(at)?,
    };
    let sent = UnixDatagram::unbound()?.send_to_addr(state.as_bytes(), &address)?;
    debug_assert_eq!(sent, state.len(), "a datagram goes whole");
    Ok(())
}
