//! A real wire between the programs and the provider in memory, with one fault at one address.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use kiro_relying_party::{HttpClient, HttpError, HttpSettings, Network, Proxy, WebClient};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::world::{Provider, World};

/// So long a request may take here: enough for a busy computer, and what a slow answer costs the test.
const PATIENCE: Duration = Duration::from_secs(3);

/// What happens to a request.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// It never leaves this computer, or fails on its way.
    Error(HttpError),
    /// It is answered with these bytes, and the connection ends.
    Bytes(&'static str),
    /// The answer comes a byte at a time and never ends.
    Drip,
    /// The answer is ten gigabytes long.
    Flood,
}

#[derive(Clone)]
struct Broken {
    path: &'static str,
    fault: Fault,
    /// How often still.
    times: usize,
}

/// The wire.
pub(crate) struct Wire {
    web: WebClient,
    address: SocketAddr,
    broken: Arc<Mutex<Option<Broken>>>,
    /// The path of each request.
    asked: Mutex<Vec<String>>,
}

impl Wire {
    /// How often an address with this end was asked for.
    pub(crate) fn asked(&self, path: &str) -> usize {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|one| one.ends_with(path)).count()
    }

    /// Lays the wire of this world.
    pub(crate) async fn lay(world: &mut World) -> Arc<Wire> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let broken = Arc::new(Mutex::new(None));
        let web = WebClient::new(&HttpSettings {
            network: Network {
                proxy: Proxy::None,
                extra_ca: None,
            },
            total_timeout: PATIENCE,
            ..HttpSettings::default()
        });
        let wire = Arc::new(Wire {
            web: web.unwrap(),
            address: listener.local_addr().unwrap(),
            broken: Arc::clone(&broken),
            asked: Mutex::default(),
        });
        let provider = Arc::clone(&world.provider);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, Arc::clone(&provider), Arc::clone(&broken)));
            }
        });
        world.context.http = Arc::clone(&wire) as Arc<dyn HttpClient>;
        wire
    }

    /// From now on requests to addresses with this end fail so, this often.
    pub(crate) fn cut(&self, path: &'static str, fault: &Fault, times: usize) {
        let fault = fault.clone();
        *self.broken.lock().unwrap() = Some(Broken { path, fault, times });
    }

    pub(crate) fn mend(&self) {
        *self.broken.lock().unwrap() = None;
    }
}

fn met(broken: &Mutex<Option<Broken>>, path: &str, here: bool) -> Option<Fault> {
    let mut broken = broken.lock().unwrap();
    let met = broken.as_mut().filter(|broken| {
        let ours = matches!(broken.fault, Fault::Error(_)) == here;
        ours && path.ends_with(broken.path) && broken.times > 0
    })?;
    met.times -= 1;
    Some(met.fault.clone())
}

#[async_trait]
impl HttpClient for Wire {
    async fn send(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, HttpError> {
        let path = request.uri().path().to_owned();
        self.asked.lock().unwrap().push(path);
        if let Some(Fault::Error(error)) = met(&self.broken, request.uri().path(), true) {
            return Err(error);
        }
        let (mut parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().unwrap();
        parts.uri = format!("http://{}{path}", self.address).parse().unwrap();
        self.web.send(http::Request::from_parts(parts, body)).await
    }
}

async fn answer(
    mut stream: TcpStream,
    provider: Arc<Provider>,
    broken: Arc<Mutex<Option<Broken>>>,
) {
    let Some((path, body)) = question(&mut stream).await else {
        return;
    };
    match met(&broken, &path, false) {
        Some(Fault::Bytes(bytes)) => {
            // Said where an answer is whole, lest the next request be sent to a connection that is over.
            let bytes =
                bytes.replacen("content-length:", "connection: close\r\ncontent-length:", 1);
            let _ = stream.write_all(bytes.as_bytes()).await;
        }
        Some(Fault::Drip) => {
            let mut all = b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n"
                .iter()
                .cycle();
            while stream.write_all(&[*all.next().unwrap()]).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        Some(Fault::Flood) => {
            let head = b"HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n";
            let _ = stream.write_all(head).await;
            while stream.write_all(&[b'{'; 65_536]).await.is_ok() {}
        }
        Some(Fault::Error(_)) | None => {
            let (status, body) = match aws(&path) {
                Some(answer) => (200, answer.into_bytes()),
                None => {
                    let url = format!("https://login.acme.test{path}");
                    let request = http::Request::post(url).body(body).unwrap();
                    let answer = provider.send(request).await.unwrap();
                    (answer.status().as_u16(), answer.into_body())
                }
            };
            let head = format!(
                "HTTP/1.1 {status} X\r\ndate: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                provider.date(),
                body.len()
            );
            let _ = stream.write_all(head.as_bytes()).await;
            let _ = stream.write_all(&body).await;
        }
    }
    let _ = stream.shutdown().await;
}

/// Identity Center, always content.
fn aws(path: &str) -> Option<String> {
    let answer = match path {
        "/client/register" => json!({
            "clientId": "aws-client", "clientSecret": "client-secret-canary",
            "clientIdIssuedAt": 1_790_000_000, "clientSecretExpiresAt": 1_900_000_000,
        }),
        "/token" => {
            json!({"accessToken": "access-aws", "refreshToken": "refresh-aws", "tokenType": "Bearer", "expiresIn": 3600})
        }
        "/device_authorization" => json!({
            "deviceCode": "device-code-canary", "userCode": "WDJB-MJHT", "expiresIn": 600, "interval": 1,
            "verificationUri": "https://device.acme.test/", "verificationUriComplete": "https://device.acme.test/?c",
        }),
        "/" | "/logout" => json!({}),
        "/assignment/accounts" => json!({"accountList": []}),
        _ => return None,
    };
    Some(answer.to_string())
}

/// Path and body of a request.
async fn question(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let end = loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
    let length = head
        .lines()
        .find_map(|line| {
            line.strip_prefix("content-length:")?
                .trim()
                .parse::<usize>()
                .ok()
        })
        .unwrap_or_default();
    while bytes.len() < end + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    let path = head.split(' ').nth(1)?.split('?').next()?.to_owned();
    Some((path, bytes[end..].to_vec()))
}
