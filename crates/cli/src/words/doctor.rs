//! What `doctor` says.

use kiro_sign_in::doctor::{Fault, Finding, LinkOwner, SKEW_ALLOWED, Server};
use kiro_sign_in::{Code, Failure, KeySource};

use super::{Language, Sentence, plain};

/// One line of the doctor's, and the remedy below it.
#[derive(Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) subject: String,
    pub(crate) state: String,
    pub(crate) fix: Option<String>,
}

impl Language {
    /// The line of a finding.
    pub(crate) fn finding(self, finding: &Finding) -> Line {
        let good = |state: &str| (state.to_owned(), None);
        let (subject, (state, fix)) = match finding {
            Finding::Links { owner } => (
                self.pick("kiro:// links", "kiro:// リンク").to_owned(),
                self.links(owner),
            ),
            Finding::Loopback { fault } => (
                "localhost".to_owned(),
                match fault {
                    None => good(self.pick("a browser reaches Kiro here", "ブラウザーから Kiro に届きます")),
                    Some(fault) if fault.code == Code::PortsTaken => self.failed(fault),
                    Some(fault) => self.blocked(fault),
                },
            ),
            Finding::Key { source, fault } => (
                self.pick("Key", "鍵").to_owned(),
                match fault {
                    Some(fault) => self.failed(fault),
                    None => (self.key(*source).to_owned(), self.key_fix(*source)),
                },
            ),
            Finding::File { path, fault } => (
                self.pick("Files", "ファイル").to_owned(),
                self.file(path, fault),
            ),
            Finding::Files { generation, backup } => (
                self.pick("Files", "ファイル").to_owned(),
                (self.files(*generation, *backup), None),
            ),
            Finding::Organizations { fault, .. } => (
                self.pick("Organisations", "組織").to_owned(),
                match fault {
                    Some(fault) => self.failed(fault),
                    None => (
                        self.pick("none is set up", "設定されていません").to_owned(),
                        Some(self.pick(
                            "ask your administrator for the settings, then see `kiro org add --help`",
                            "管理者に設定値を確認し、`kiro org add --help` をご覧ください",
                        ).to_owned()),
                    ),
                },
            ),
            Finding::Clock { host, skew_seconds } => (
                self.pick("Clock", "時計").to_owned(),
                self.clock(&plain(host), *skew_seconds),
            ),
            Finding::Server(server) => (plain(&server.host), (self.server(server), None)),
            Finding::NoServer { host, fault, .. } => (plain(host), self.failed(fault)),
        };
        Line {
            subject,
            state,
            fix,
        }
    }

    /// The sentence of an error, and its hint as the remedy.
    fn failed(self, failure: &Failure) -> (String, Option<String>) {
        let Sentence { error, hint } = self.sentence(failure);
        (error, Some(hint))
    }

    fn links(self, owner: &LinkOwner) -> (String, Option<String>) {
        let start = self.pick(
            "start the desktop app once; the `kiro` command does not need these links",
            "デスクトップ アプリを一度起動してください（`kiro` コマンドでは不要です）",
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
                Some(self.pick("on Linux, install `xdg-utils`", "Linux では `xdg-utils` をインストールしてください").to_owned()),
            ),
            (Language::English, LinkOwner::Other(name)) => (
                format!("opened by another app: {}", plain(name)),
                Some("nothing: signing in goes through localhost. To change it, use the desktop app's sign-in window".to_owned()),
            ),
            (Language::Japanese, LinkOwner::Other(name)) => (
                format!("別のアプリが開きます: {}", plain(name)),
                Some("このままで問題ありません（サインインは localhost 経由になります）。変更はデスクトップ アプリのサインイン画面で行えます".to_owned()),
            ),
        }
    }

    fn blocked(self, fault: &Failure) -> (String, Option<String>) {
        let why = plain(fault.detail.description.as_deref().unwrap_or_default());
        match self {
            Language::English => (
                format!("a browser cannot reach Kiro here: {why}"),
                Some("allow connections to localhost in the firewall or security program, or sign in with --device".to_owned()),
            ),
            Language::Japanese => (
                format!("ブラウザーから Kiro に接続できません: {why}"),
                Some("ファイアウォールやセキュリティ ソフトで localhost への接続を許可するか、--device でサインインしてください".to_owned()),
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

    fn file(self, path: &str, fault: &Fault) -> (String, Option<String>) {
        let (name, quoted) = (plain(path), quoted(&plain(path)));
        let (english, japanese, fix) = match fault {
            Fault::Refused(failure) => return self.failed(failure),
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
            Language::English => english,
            Language::Japanese => japanese,
        };
        (state, Some(fix))
    }

    fn files(self, generation: Option<u64>, backup: bool) -> String {
        match (self, generation) {
            (_, None) => self
                .pick("nothing is stored yet", "まだ何も保存されていません")
                .to_owned(),
            (Language::English, Some(generation)) => format!(
                "private, generation {generation}, {}",
                if backup { "backup ok" } else { "no backup yet" }
            ),
            (Language::Japanese, Some(generation)) => format!(
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
            Language::English => super::signed_hours(skew, ["hours", "minutes", "s"]),
            Language::Japanese => super::signed_hours(skew, ["時間", "分", "秒"]),
        };
        let state = match self {
            Language::English if skew == 0 => format!("as {host}'s"),
            Language::Japanese if skew == 0 => format!("{host} と一致"),
            Language::English => format!(
                "{size} {} {host} ({SKEW_ALLOWED} s allowed)",
                if skew > 0 { "ahead of" } else { "behind" }
            ),
            Language::Japanese => format!(
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
            .map_or_else(|| self.pick("none", "なし").to_owned(), plain);
        let tls = match (self, server.signer.as_deref().map(plain)) {
            (Language::English, Some(signer)) => format!("TLS, certificate by {signer}"),
            (Language::Japanese, Some(signer)) => format!("TLS、証明書の発行元 {signer}"),
            (_, None) => self.pick("no TLS", "TLS なし").to_owned(),
        };
        let offered = |offered: bool| match (self, offered) {
            (Language::English, true) => "yes",
            (Language::English, false) => "no",
            (Language::Japanese, true) => "あり",
            (Language::Japanese, false) => "なし",
        };
        let (device, revocation) = (offered(server.device_flow), offered(server.revocation));
        let pkce = match (self, server.pkce) {
            (_, Some(true)) => "S256",
            (_, Some(false)) => offered(false),
            (_, None) => self.pick("not announced", "記載なし"),
        };
        match self {
            Language::English => format!(
                "{tls}, proxy {proxy}, {milliseconds} ms · discovery ok, issuer equal, PKCE {pkce}, device flow {device}, revocation {revocation}"
            ),
            Language::Japanese => format!(
                "{tls}、プロキシ {proxy}、{milliseconds} ms · 設定は正常、発行者は一致、PKCE {pkce}、デバイス フロー {device}、失効 {revocation}"
            ),
        }
    }

    /// The remedy's line.
    pub(crate) fn fix(self, fix: &str) -> String {
        match self {
            Language::English => format!("fix: {fix}"),
            Language::Japanese => format!("対処: {fix}"),
        }
    }

    /// The last line: how much is wrong, and where to send the report.
    pub(crate) fn verdict(self, problems: usize, warnings: usize, contact: Option<&str>) -> String {
        let many = |count: usize, word: &str| match count {
            1 => format!("1 {word}"),
            _ => format!("{count} {word}s"),
        };
        match self {
            Language::English if problems + warnings == 0 => {
                "Everything is as it should be".to_owned()
            }
            Language::Japanese if problems + warnings == 0 => {
                "問題は見つかりませんでした".to_owned()
            }
            Language::English => {
                let to = contact.map_or_else(|| "your administrator".to_owned(), plain);
                format!(
                    "{}, {}. Send `kiro doctor --export report.zip` to {to}",
                    many(problems, "problem"),
                    many(warnings, "warning")
                )
            }
            Language::Japanese => {
                let to = contact.map_or_else(|| "管理者".to_owned(), plain);
                super::unspaced(&format!(
                    "問題 {problems} 件、注意 {warnings} 件。`kiro doctor --export report.zip` のファイルを {to} に送ってください"
                ))
            }
        }
    }

    /// The heading of what an export holds.
    pub(crate) fn exported(self, path: &str) -> String {
        match self {
            Language::English => {
                format!("Written to {path}; nothing was sent. In it, without tokens (bytes, name):")
            }
            Language::Japanese => format!(
                "{path} に書き出しました（どこにも送信していません）。内容（トークンは含みません。バイト数、名前）:"
            ),
        }
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
mod tests;
