//! `kiro ask`: the way of an answer's first byte from the model's server to who reads it.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::process::Stdio;
use std::time::{SystemTime, UNIX_EPOCH};

use kiro_tests::{Peer, World, program};
use serde_json::json;

use crate::{Figure, median};

const TIMES: usize = 20;
const ROLE: &str =
    "\n[organizations.acme.inference]\naccount = \"111122223333\"\nrole = \"Kiro\"\n";

pub(crate) async fn measure(world: &World, figures: &mut Vec<Figure>) {
    let aws = Peer::bedrock();
    let file = world.path("kiro/organizations.toml");
    let mut file = OpenOptions::new().append(true).open(file).unwrap();
    file.write_all(ROLE.as_bytes()).unwrap();
    let mut ways = Vec::new();
    for _ in 0..TIMES {
        let mut kiro = world
            .command(program("kiro").to_str().unwrap())
            .args(["ask", "--profile", "plain", "What is a monad?"])
            .env("AWS_ENDPOINT_URL_STS", aws.word("origin"))
            .env("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", aws.word("origin"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut answer = kiro.stdout.take().unwrap();
        answer.read_exact(&mut [0]).expect("a model answers");
        let read_at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        answer.read_to_end(&mut Vec::new()).unwrap();
        assert!(kiro.wait().unwrap().success());
        let told_at = aws.control(json!({})).await["told_at"].as_f64().unwrap();
        ways.push((read_at.as_secs_f64() - told_at) * 1000.0);
    }
    let what = "`kiro ask`: an answer's first byte, after the server's";
    figures.push(Figure::new(what, median(ways), "ms", Some(50.0)));
}
