//! What the `org` verbs say.

use super::Language;

impl Language {
    pub(crate) fn found(self, host: &str) -> String {
        match self {
            Language::English => format!("Sign-in server found: {host}"),
            Language::Japanese => format!("サインイン サーバーが見つかりました: {host}"),
        }
    }

    pub(crate) fn saved(self, name: &str) -> String {
        match self {
            Language::English => format!(
                "Saved as `{name}`, for this command and the desktop app. Sign in: `kiro auth login --sso --org {name}`"
            ),
            Language::Japanese => format!(
                "`{name}` として保存しました（デスクトップ アプリと共有）。サインイン: `kiro auth login --sso --org {name}`"
            ),
        }
    }

    pub(crate) fn register(self, provider: &str) -> String {
        match self {
            Language::English => format!("Redirect URIs to register at {provider}:"),
            Language::Japanese => format!("{provider} に登録が必要なリダイレクト URI:"),
        }
    }

    pub(crate) fn nothing_to_register(self) -> &'static str {
        self.pick(
            "Nothing to register: Identity Center needs no redirect URI.",
            "登録は不要です。Identity Center ではリダイレクト URI の設定はありません。",
        )
    }

    pub(crate) fn removed(self, name: &str) -> String {
        match self {
            Language::English => format!("Removed `{name}`. Who is signed in stays signed in."),
            Language::Japanese => {
                format!("`{name}` を削除しました。サインイン済みの状態は保たれます。")
            }
        }
    }

    pub(crate) fn nothing_listed(self) -> &'static str {
        self.pick("Nothing here yet", "まだ何もありません")
    }

    pub(crate) fn file_good(self, count: usize) -> String {
        match self {
            Language::English => format!(
                "Well formed: {count} organisation{}. The servers were not asked; `kiro org add` does that.",
                if count == 1 { "" } else { "s" }
            ),
            Language::Japanese => format!(
                "ファイルの形式は正しいです（組織 {count} 件）。サーバーへの接続は確認していません（`kiro org add` で確認されます）。"
            ),
        }
    }
}
