//! Three instances, their database, and the balancer in front of them.

use std::fs::File;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;

use jiff::Timestamp;
use kiro_identity_center::client::{Client, Details, Grant, Wire};
use kiro_identity_center::directory::{Organization, Profile};
use kiro_identity_center::id::{GroupId, UserId};
use kiro_identity_center::store::Store;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::balancer::balance;
use crate::program::{Program, command};
use crate::server::Server;

/// How many.
pub(super) const INSTANCES: usize = 3;
/// Their organisation.
pub(crate) const ORGANIZATION: &str = "acme";
/// Its application, which has no secret. It is open to one group.
pub(crate) const APPLICATION: &str = "app";

/// The database with the organisation in it, the balancer, and what instances are started with.
pub(super) struct Cluster {
    /// What every instance knows.
    pub(super) store: Store,
    /// Who may use the application.
    pub(super) group: GroupId,
    /// Where the balancer answers.
    pub(super) balancer: SocketAddr,
    /// Where each instance answers while it runs.
    pub(super) instances: Vec<SocketAddr>,
    started: watch::Sender<u64>,
    balancing: JoinHandle<()>,
    database: String,
    folder: TempDir,
    _server: Server,
}

impl Cluster {
    pub(super) async fn new() -> Cluster {
        let server = Server::start(None);
        let database = server.database("kiro");
        let store = Store::postgres(&database).await.unwrap();
        let group = furnish(&store).await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let instances: Vec<SocketAddr> = (2..).take(INSTANCES).map(free).collect();
        let (started, seen) = watch::channel(0);
        Cluster {
            store,
            group,
            balancer: listener.local_addr().unwrap(),
            instances: instances.clone(),
            started,
            balancing: tokio::spawn(balance(listener, instances, seen)),
            database,
            folder: tempfile::tempdir().unwrap(),
            _server: server,
        }
    }

    /// Starts the instance of this number, and returns once it answers. Called where waiting is allowed.
    pub(super) fn start(&self, number: usize) -> Program {
        let data = self.folder.path().join(number.to_string());
        let (listen, url) = (
            self.instances[number].to_string(),
            format!("http://{}", self.balancer),
        );
        let more = [
            "--store",
            &self.database,
            "--listen",
            &listen,
            "--url",
            &url,
        ];
        let mut command = command(&data, &more);
        let log = File::options()
            .append(true)
            .create(true)
            .open(self.log(number));
        command
            .env("KIRO_MASTER_KEY", format!("{}=", "A".repeat(43)))
            .env("KIRO_LOG", "warn")
            .stderr(log.unwrap());
        let program = Program::of(command);
        self.started.send_modify(|count| *count += 1);
        program
    }

    /// A new person, who may use the application.
    pub(super) async fn joined_by(&self, user_name: &str) -> UserId {
        let now = Timestamp::now();
        let profile = Profile {
            user_name: user_name.to_owned(),
            display_name: user_name.to_owned(),
            ..Profile::default()
        };
        let made = self.store.create_user(ORGANIZATION, profile, now).await;
        let user = made.unwrap().unwrap().id;
        let joined = self.store.add_member(self.group, user, now).await;
        joined.unwrap().unwrap();
        user
    }

    fn log(&self, number: usize) -> PathBuf {
        self.folder.path().join(format!("{number}.log"))
    }

    /// What the instances wrote.
    pub(super) fn logs(&self) -> String {
        let read = |number| std::fs::read_to_string(self.log(number)).unwrap_or_default();
        (0..INSTANCES).map(read).collect()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.balancing.abort();
    }
}

/// A port of an address of this computer's that nobody connects from: while its instance is down nobody gets the port.
fn free(last: u8) -> SocketAddr {
    let address = IpAddr::from(Ipv4Addr::new(127, 0, 0, last));
    TcpListener::bind((address, 0))
        .unwrap()
        .local_addr()
        .unwrap()
}

async fn furnish(store: &Store) -> GroupId {
    let now = Timestamp::now();
    let organization = Organization {
        name: ORGANIZATION.to_owned(),
        title: "Acme".to_owned(),
        contact: String::new(),
        second_factor: true,
    };
    let made = store.create_organization(organization, now).await;
    made.unwrap().unwrap();
    let made = store
        .create_group(ORGANIZATION, "Engineers", None, now)
        .await;
    let group = made.unwrap().unwrap().id;
    let application = application(vec![group]);
    store.put_client(application, now).await.unwrap();
    group
}

/// The application, open to these groups.
pub(crate) fn application(groups: Vec<GroupId>) -> Client {
    Client {
        id: APPLICATION.to_owned(),
        organization: Some(ORGANIZATION.to_owned()),
        wire: Wire::Oidc,
        secret: None,
        name: "An application".to_owned(),
        details: Details {
            grants: vec![
                Grant::AuthorizationCode,
                Grant::RefreshToken,
                Grant::DeviceCode,
            ],
            scopes: vec!["openid".to_owned(), "offline_access".to_owned()],
            groups,
            ..Details::default()
        },
        issued_at: Timestamp::now(),
        expires_at: None,
    }
}
