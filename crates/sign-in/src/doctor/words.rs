//! What is said of a finding, in English and Japanese: the same for both programs, which only set it differently. A
//! failure's sentence is each program's own, because its remedy is: `run …` in a terminal, a button in a window.

use super::{Fault, Finding, LinkOwner, SKEW_ALLOWED, Server};
use crate::{Code, Failure, KeySource, Language, Provider};

/// One line of the report.
#[derive(Clone, Debug, PartialEq)]
pub struct Line<'a> {
    /// What was looked at.
    pub subject: String,
    /// What was seen. It may hold characters from outside, which whoever shows it neutralises.
    pub said: Said<'a>,
}

/// What was seen.
#[derive(Clone, Debug, PartialEq)]
pub enum Said<'a> {
    /// A sentence, and the remedy where there is need of one.
    Sentence {
        /// The sentence, without a full stop.
        state: String,
        /// The remedy.
        fix: Option<String>,
    },
    /// A failure like any other.
    Failure(&'a Failure),
}

impl From<(String, Option<String>)> for Said<'_> {
    fn from((state, fix): (String, Option<String>)) -> Self {
        Said::Sentence { state, fix }
    }
}

impl Finding {
    /// What is said of it.
    pub fn line(&self, language: Language) -> Line<'_> {
        let pick = |english: &str, japanese: &str| language.pick(english, japanese).to_owned();
        let (subject, said) = match self {
            Finding::Links { owner, missing } => (
                pick("kiro:// links", "kiro:// リンク"),
                match missing {
                    Some(program) => language.no_handler(owner, program).into(),
                    None => language.links(owner).into(),
                },
            ),
            Finding::Loopback { fault } => (
                "localhost".to_owned(),
                match fault {
                    None => (
                        pick(
                            "a browser reaches Kiro here",
                            "ブラウザーから Kiro に届きます",
                        ),
                        None,
                    )
                        .into(),
                    Some(fault) if fault.code == Code::PortsTaken => Said::Failure(fault),
                    Some(fault) => language.blocked(fault).into(),
                },
            ),
            Finding::Key { source, fault } => (
                pick("Key", "鍵"),
                match fault {
                    Some(fault) => Said::Failure(fault),
                    None => (language.key(*source).to_owned(), language.key_fix(*source)).into(),
                },
            ),
            Finding::File { path, fault } => {
                (pick("Files", "ファイル"), language.file(path, fault))
            }
            Finding::Files { generation, backup } => (
                pick("Files", "ファイル"),
                (language.files(*generation, *backup), None).into(),
            ),
            Finding::Organizations { fault, .. } => (
                pick("Organisations", "組織"),
                match fault {
                    Some(fault) => Said::Failure(fault),
                    None => language.no_organization().into(),
                },
            ),
            Finding::Clock { host, skew_seconds } => (
                pick("Clock", "時計"),
                language.clock(host, *skew_seconds).into(),
            ),
            Finding::Server(server) => {
                (server.host.clone(), (language.server(server), None).into())
            }
            Finding::NoServer { host, fault, .. } => (host.clone(), Said::Failure(fault)),
        };
        Line { subject, said }
    }
}

impl Language {
    fn pick<'a>(self, english: &'a str, japanese: &'a str) -> &'a str {
        match self {
            Language::En => english,
            Language::Ja => japanese,
        }
    }

    fn no_organization(self) -> (String, Option<String>) {
        let fix = self.pick(
            "ask your administrator for the settings, then set it up in the desktop app or with `kiro org add`",
            "管理者に設定値を確認し、デスクトップ アプリまたは `kiro org add` で設定してください",
        );
        (
            self.pick("none is set up", "設定されていません").to_owned(),
            Some(fix.to_owned()),
        )
    }

    /// The launcher is there and what it starts is not.
    fn no_handler(self, owner: &LinkOwner, program: &str) -> (String, Option<String>) {
        let state = match self {
            Language::En => format!("their program is missing or cannot be started: {program}"),
            Language::Ja => format!("開くプログラムがないか、起動できません: {program}"),
        };
        let fix = match owner {
            LinkOwner::Other(name) => match self {
                Language::En => format!(
                    "install {name} again, or give the links to Kiro Sign-In in the desktop app's Settings; signing in goes through localhost"
                ),
                Language::Ja => format!(
                    "{name} を再インストールするか、デスクトップ アプリの設定でリンクを Kiro サインインに割り当ててください（サインインは localhost 経由になります）"
                ),
            },
            LinkOwner::Us | LinkOwner::Nobody | LinkOwner::Unknown => self
                .pick(
                    "quit and start the desktop app, or install it again; the `kiro` command does not need these links",
                    "デスクトップ アプリを終了してもう一度起動するか、再インストールしてください（`kiro` コマンドでは不要です）",
                )
                .to_owned(),
        };
        (state, Some(fix))
    }

    fn links(self, owner: &LinkOwner) -> (String, Option<String>) {
        let start = self.pick(
            "quit and start the desktop app; the `kiro` command does not need these links",
            "デスクトップ アプリを終了し、もう一度起動してください（`kiro` コマンドでは不要です）",
        );
        match (self, owner) {
            (_, LinkOwner::Us) => (
                self.pick("opened by Kiro Sign-In", "Kiro サインインが開きます").to_owned(),
                None,
            ),
            (_, LinkOwner::Nobody) => (
                self.pick("nobody opens them", "開くアプリがありません").to_owned(),
                Some(start.to_owned()),
            ),
            (_, LinkOwner::Unknown) => (
                self.pick("this system cannot be asked", "このシステムでは確認できません").to_owned(),
                Some(
                    if cfg!(target_os = "linux") {
                        self.pick("install `xdg-utils`", "`xdg-utils` をインストールしてください")
                    } else {
                        self.pick(
                            "nothing: the desktop app takes them when it starts, and the `kiro` command does not need them",
                            "このままで問題ありません（デスクトップ アプリが起動時に設定します。`kiro` コマンドでは不要です）",
                        )
                    }
                    .to_owned(),
                ),
            ),
            (Language::En, LinkOwner::Other(name)) => (
                format!("opened by another app: {}", name),
                Some("nothing: signing in goes through localhost. To change it, use Settings in the desktop app".to_owned()),
            ),
            (Language::Ja, LinkOwner::Other(name)) => (
                format!("別のアプリが開きます: {}", name),
                Some("このままで問題ありません（サインインは localhost 経由になります）。変更はデスクトップ アプリの設定で行えます".to_owned()),
            ),
        }
    }

    fn blocked(self, fault: &Failure) -> (String, Option<String>) {
        let why = fault.detail.description.as_deref().unwrap_or_default();
        match self {
            Language::En => (
                format!("a browser cannot reach Kiro here: {why}"),
                Some("allow connections to localhost in the firewall or security program, or run `kiro auth login --sso --device`".to_owned()),
            ),
            Language::Ja => (
                format!("ブラウザーから Kiro に接続できません: {why}"),
                Some("ファイアウォールやセキュリティ ソフトで localhost への接続を許可するか、`kiro auth login --sso --device` を実行してください".to_owned()),
            ),
        }
    }

    fn key(self, source: KeySource) -> &'static str {
        match source {
            KeySource::OsKeyring => self.pick(
                "in the system keyring, which is open",
                "システムのキーリング（利用できます）",
            ),
            KeySource::Passphrase => self.pick("derived from a passphrase", "パスフレーズから生成"),
            KeySource::Plaintext => self.pick(
                "in a plain file: whoever can read your files can use your session",
                "平文ファイル（ファイルを読める人はセッションを使えます）",
            ),
        }
    }

    fn key_fix(self, source: KeySource) -> Option<String> {
        (source == KeySource::Plaintext).then(|| {
            self.pick(
                "`kiro auth logout --all`, then sign in without --insecure-storage",
                "`kiro auth logout --all` の後、--insecure-storage なしでサインインしてください",
            )
            .to_owned()
        })
    }

    fn file<'a>(self, path: &str, fault: &'a Fault) -> Said<'a> {
        let (name, quoted) = (path, quoted(path));
        let (english, japanese, fix) = match fault {
            Fault::Refused(failure) => return Said::Failure(failure),
            Fault::Open { mode, wanted } => (
                format!("{name}: others may use it (mode {mode:04o})"),
                format!("{name}: ほかのユーザーがアクセスできます (モード {mode:04o})"),
                format!("chmod {wanted:03o} {quoted}"),
            ),
            Fault::Link => (
                format!("{name}: a symbolic link stands in its place"),
                format!("{name}: シンボリック リンクになっています"),
                format!(
                    "cp --remove-destination \"$(readlink -f {quoted})\" {quoted} && chmod 600 {quoted}"
                ),
            ),
            Fault::Foreign => (
                format!("{name}: it belongs to another user"),
                format!("{name}: 別のユーザーが所有しています"),
                format!("sudo chown \"$(id -u)\" {quoted}"),
            ),
            Fault::Kind => (
                format!("{name}: it is not what it should be, a file or a folder"),
                format!("{name}: 通常のファイルやフォルダーではありません"),
                format!("mv {quoted} {quoted}.old"),
            ),
            Fault::Recovered => (
                format!("{name}: damaged; its last good copy is in use"),
                format!("{name}: 破損しています。直前の正常なコピーを使用中です"),
                "kiro auth login --sso --force".to_owned(),
            ),
            Fault::Damaged => (
                format!("{name}: damaged, and there is no good copy"),
                format!("{name}: 破損しており、正常なコピーもありません"),
                "kiro auth login --sso".to_owned(),
            ),
            Fault::Newer => (
                format!("{name}: written by a newer version"),
                format!("{name}: 新しいバージョンで書き込まれています"),
                self.pick("update this program", "このプログラムを更新してください")
                    .to_owned(),
            ),
        };
        let state = match self {
            Language::En => english,
            Language::Ja => japanese,
        };
        Said::Sentence {
            state,
            fix: Some(fix),
        }
    }

    fn files(self, generation: Option<u64>, backup: bool) -> String {
        match (self, generation) {
            (_, None) => self
                .pick("nothing is stored yet", "まだ何も保存されていません")
                .to_owned(),
            (Language::En, Some(generation)) => format!(
                "private, generation {generation}, {}",
                if backup { "backup ok" } else { "no backup yet" }
            ),
            (Language::Ja, Some(generation)) => format!(
                "アクセス権は正常、世代 {generation}、{}",
                if backup {
                    "バックアップあり"
                } else {
                    "バックアップはまだありません"
                }
            ),
        }
    }

    fn clock(self, host: &str, skew: i64) -> (String, Option<String>) {
        let size = match self {
            Language::En => size(skew, ["hours", "minutes", "s"]),
            Language::Ja => size(skew, ["時間", "分", "秒"]),
        };
        let state = match self {
            Language::En if skew == 0 => format!("as {host}'s"),
            Language::Ja if skew == 0 => format!("{host} と一致"),
            Language::En => format!(
                "{size} {} {host} ({SKEW_ALLOWED} s allowed)",
                if skew > 0 { "ahead of" } else { "behind" }
            ),
            Language::Ja => format!(
                "{host} より {size}{}（許容 {SKEW_ALLOWED} 秒）",
                if skew > 0 {
                    "進んでいます"
                } else {
                    "遅れています"
                }
            ),
        };
        let fix = (skew.unsigned_abs() > SKEW_ALLOWED).then(|| {
            self.pick(
                "set the clock, for example with `sudo timedatectl set-ntp true`",
                "時計を合わせてください（例: `sudo timedatectl set-ntp true`）",
            )
            .to_owned()
        });
        (state, fix)
    }

    fn server(self, server: &Server) -> String {
        let milliseconds = server.milliseconds;
        let proxy = server
            .proxy
            .as_deref()
            .unwrap_or_else(|| self.pick("none", "なし"));
        let version = server
            .tls
            .as_deref()
            .map(|version| format!("TLS {version}"));
        let tls = match (self, version, server.signer.as_deref()) {
            (Language::En, Some(tls), Some(signer)) => format!("{tls}, issuer {signer}"),
            (Language::Ja, Some(tls), Some(signer)) => format!("{tls}、証明書の発行元 {signer}"),
            (_, Some(tls), None) => tls,
            (_, None, _) => self.pick("no TLS", "TLS なし").to_owned(),
        };
        let offered = |offered: bool| match (self, offered) {
            (Language::En, true) => "yes",
            (Language::En, false) => "no",
            (Language::Ja, true) => "あり",
            (Language::Ja, false) => "なし",
        };
        let (device, revocation) = (offered(server.device_flow), offered(server.revocation));
        let pkce = match (self, server.pkce) {
            (_, Some(true)) => "S256",
            (_, Some(false)) => offered(false),
            (_, None) => self.pick("not announced", "記載なし"),
        };
        // Identity Center has no discovery document.
        let discovered = match server.provider {
            Provider::Okta | Provider::Entra => {
                self.pick("discovery ok, issuer equal, ", "設定は正常、発行者は一致、")
            }
            Provider::IdentityCenter => "",
        };
        match self {
            Language::En => format!(
                "{tls}, proxy {proxy}, {milliseconds} ms · {discovered}PKCE {pkce}, device flow {device}, revocation {revocation}"
            ),
            Language::Ja => format!(
                "{tls}、プロキシ {proxy}、{milliseconds} ms · {discovered}PKCE {pkce}、デバイス フロー {device}、失効 {revocation}"
            ),
        }
    }
}

/// `26 hours`, `12 minutes`, `40 s`: the size of a skew, whatever its sign.
fn size(seconds: i64, [hours, minutes, short]: [&str; 3]) -> String {
    match seconds.unsigned_abs() {
        size @ 7200.. => format!("{} {hours}", size / 3600),
        size @ 120.. => format!("{} {minutes}", size / 60),
        size => format!("{size} {short}"),
    }
}

/// The path as a shell takes it.
fn quoted(path: &str) -> String {
    let safe = |c: char| c.is_alphanumeric() || "/._-+".contains(c);
    if path.chars().all(safe) {
        path.to_owned()
    } else {
        format!("'{}'", path.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_path_stays_one_word_of_the_command() {
        let check = |path: &str, expected: &str| assert_eq!(super::quoted(path), expected);
        check("/home/aiko/.kiro/sso/key", "/home/aiko/.kiro/sso/key");
        check("/home/a b/key", "'/home/a b/key'");
        check("/home/$(x)'/key", r"'/home/$(x)'\''/key'");
    }
}
