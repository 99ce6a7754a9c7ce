//! The ten registered loopback ports are one thing for the whole computer: who may use any of them shares a file's lock, who takes
//! some away holds it alone. It works in every test runner, since the kernel keeps it.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};

/// Okta compares redirect URIs with their port: these are registered, in this order.
pub const REGISTERED: [u16; 10] = [
    3128, 4649, 6588, 8008, 9091, 49153, 50153, 51153, 52153, 53153,
];

/// A place among those who use the registered ports.
pub(crate) struct Place(File);

impl Place {
    /// Waits until nobody takes ports away.
    pub(crate) fn shared() -> Place {
        let file = open();
        file.lock_shared().unwrap();
        Place(file)
    }

    /// Waits until nobody else uses them.
    pub(crate) fn alone(self) -> Place {
        self.0.unlock().unwrap();
        self.0.lock().unwrap();
        self
    }
}

fn open() -> File {
    let path = std::env::temp_dir().join("kiro-tests-registered-ports.lock");
    File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .unwrap()
}

/// Takes these ports. One that another program of this computer holds is taken already.
pub(crate) fn take(ports: &[u16]) -> Vec<TcpListener> {
    ports
        .iter()
        .filter_map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).ok())
        .collect()
}
