//! What a sign-in service cannot be faster than here, for `make bench`: `floor sign` answers every request with one token signed by ES256,
//! and says where it listens; `floor insert FILE` says how many durable rows a second SQLite takes, one by one and 64 to a commit, and
//! how many it finds by their key.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement tells its figures, and fails by panicking"
)]

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use kiro_identity_center::jws::PrivateKey;
use serde_json::json;
use tokio::net::TcpListener;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["sign"] => tokio::runtime::Runtime::new().unwrap().block_on(sign()),
        ["insert", file] => insert(Path::new(file)),
        _ => panic!("floor sign | floor insert FILE"),
    }
}

async fn sign() {
    let key = PrivateKey::read(&PrivateKey::generate().unwrap()).unwrap();
    let key = Arc::new(key);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!(
        "{}",
        json!({ "issuer": format!("http://{}", listener.local_addr().unwrap()) })
    );
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let key = Arc::clone(&key);
        tokio::spawn(async move {
            let answer = service_fn(move |_: Request<Incoming>| {
                let claims = json!({ "iss": "https://id.example", "sub": "somebody", "aud": "desktop", "iat": 0, "exp": 3600 });
                let token = key.sign("JWT", "k", &claims).unwrap();
                async { Ok::<_, Infallible>(Response::new(token)) }
            });
            let http = hyper::server::conn::http1::Builder::new();
            drop(http.serve_connection(TokioIo::new(stream), answer).await);
        });
    }
}

fn insert(file: &Path) {
    let mut store = rusqlite::Connection::open(file).unwrap();
    store
        .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE rows (a BLOB, b BLOB); \
                        CREATE TABLE named (name TEXT PRIMARY KEY, b BLOB) WITHOUT ROWID")
        .unwrap();
    let mut each = |together: u32| {
        let (begun, mut rows) = (Instant::now(), 0u32);
        while begun.elapsed() < Duration::from_secs(2) {
            let commit = store.transaction().unwrap();
            for _ in 0..together {
                let sql = "INSERT INTO rows VALUES (randomblob(32), randomblob(200))";
                commit.prepare_cached(sql).unwrap().execute([]).unwrap();
            }
            commit.commit().unwrap();
            rows += together;
        }
        f64::from(rows) / begun.elapsed().as_secs_f64()
    };
    let (alone, together) = (each(1), each(64));
    let selected = select(&mut store);
    println!(
        "{}",
        json!({ "alone": alone, "together": together, "selected": selected })
    );
}

/// Rows found by their key in a second, among 100,000.
fn select(store: &mut rusqlite::Connection) -> f64 {
    let commit = store.transaction().unwrap();
    for number in 0..100_000 {
        let sql = "INSERT INTO named VALUES (?1, randomblob(200))";
        let mut statement = commit.prepare_cached(sql).unwrap();
        statement.execute([format!("p{number}")]).unwrap();
    }
    commit.commit().unwrap();
    let (begun, mut found) = (Instant::now(), 0u32);
    while begun.elapsed() < Duration::from_secs(2) {
        let sql = "SELECT b FROM named WHERE name = ?1";
        let mut statement = store.prepare_cached(sql).unwrap();
        let name = format!("p{}", found % 100_000);
        let row = statement.query_row([name], |row| row.get::<_, Vec<u8>>(0));
        assert_eq!(row.unwrap().len(), 200);
        found += 1;
    }
    f64::from(found) / begun.elapsed().as_secs_f64()
}
