//! 日本語: the sentence of every code, and what to do about it.

use kiro_sign_in::{Code, Failure};

use super::{Parts, Sentence, signed_hours, withheld};

pub(super) fn sentence(failure: &Failure) -> Sentence {
    let Parts {
        organization,
        provider,
        host,
        account,
        contact,
    } = Parts::of(
        failure,
        "組織",
        "ID プロバイダー",
        "サインイン サーバー",
        "このアカウント",
        "管理者",
    );
    let facts = &failure.facts;
    let name = failure.organization.as_deref().unwrap_or("NAME");
    let subject = facts.subject.as_deref().unwrap_or_default();
    let path = facts.path.as_deref().unwrap_or("~/.kiro/sso");
    let why = failure.detail.description.as_deref().unwrap_or_default();
    let again = "もう一度 `kiro auth login --sso` を実行してください";
    let redirect = facts
        .redirect_uri
        .as_deref()
        .unwrap_or("http://localhost:3128/oauth/callback");
    let (error, hint) = match failure.code {
        Code::NotAssigned if !subject.is_empty() => (
            format!("この AWS ロールは使用できません: {subject}"),
            format!("使用できるロールは `kiro org export --aws-config` で確認できます。追加は {contact} に依頼してください"),
        ),
        Code::NotAssigned => (
            format!("まだアクセス権がありません。{provider} でのサインインは成功しましたが、{account} に Kiro が割り当てられていません。"),
            format!("{contact} に割り当てを依頼するか、別のアカウントを使ってください: `kiro auth login --sso --select-account`"),
        ),
        Code::PolicyDevice => {
            let number = failure.detail.aadsts.map(|number| format!(" ({number})")).unwrap_or_default();
            (
                format!("この PC は会社の条件を満たしていません。{provider} は準拠デバイスを要求しています{number}。"),
                format!("管理対象のブラウザー（Linux では Microsoft Edge）を使うか、{contact} に相談してください"),
            )
        }
        Code::PolicyBlocked => (
            format!("サインインが拒否されました。{provider} にある {organization} のルールによるものです。"),
            format!("上の詳細を添えて {contact} に相談してください"),
        ),
        Code::AccountProblem => (
            format!("{account} ではサインインできません。ロックまたは無効化されているか、パスワードの期限が切れています。"),
            format!("{contact} に相談するか、別のアカウントを使ってください: `kiro auth login --sso --select-account`"),
        ),
        Code::WrongTenant => (
            format!("別の組織のアカウントです。{organization} のディレクトリにありません。"),
            "職場のアカウントでサインインするか (`--select-account`)、別の組織を選択してください (`--org`)".to_owned(),
        ),
        Code::StepUpNeeded => (
            format!("追加の確認が必要です。{organization} が追加の認証を求めています。"),
            "`kiro auth login --sso` を実行し、ブラウザーで続けてください".to_owned(),
        ),
        Code::LoginRequired => (
            format!("{provider} が改めてサインインを求めています。"),
            "`kiro auth login --sso --force` を実行してください".to_owned(),
        ),
        Code::ConsentMissing => (
            format!("管理者の承認が必要です。{organization} で Kiro に必要な権限が許可されていません。"),
            format!("{contact} にアプリケーションへの同意を依頼してください"),
        ),
        Code::ClientSetup if !subject.is_empty() => (
            format!("Identity Center から {subject} の AWS 認証情報を取得できません{}。", opened(why)),
            format!("ロールは割り当て済みですが、サービスが AWS から取得できません。STS の設定を {contact} に依頼してください（docs/aws-role-credentials.md）"),
        ),
        Code::ClientSetup => (
            format!("{provider} 側の Kiro の設定が正しくありません。"),
            format!("クライアント ID とスコープを `kiro org show {name}` と照合するよう {contact} に依頼してください"),
        ),
        Code::RedirectUri => (
            format!("{provider} に戻り先のアドレスが登録されていません。"),
            format!("`{redirect}` の登録を {contact} に依頼してください"),
        ),
        Code::Cancelled => (
            "ブラウザーでサインインが取り消されました。変更はありません。".to_owned(),
            "準備ができたら `kiro auth login --sso` を実行してください".to_owned(),
        ),
        Code::Denied => (
            format!("{provider} がサインインを拒否しました。"),
            format!("上の詳細を添えて {contact} に相談してください"),
        ),
        Code::ServerError => (
            format!("{provider} でエラーが発生しました: {host}。サインイン済みの状態は保たれます。"),
            match facts.retry_after {
                Some(seconds) => format!("{seconds} 秒待つように求められています。その後、{again}"),
                None => format!("1 分ほど待ってから、{again}"),
            },
        ),
        Code::NoAnswer => (
            "応答がありませんでした。時間内にブラウザーから戻りませんでした。".to_owned(),
            format!("ブラウザーにリダイレクト URI のエラーが出た場合は、`{redirect}` の登録を {contact} に依頼してください。それ以外の場合は、{again}（この PC にブラウザーがなければ --no-browser）"),
        ),
        Code::BrowserNotOpened => (
            "ブラウザーを開けませんでした。起動できるブラウザーが見つかりません。".to_owned(),
            "アドレスをご自分で開くか、`kiro auth login --sso --no-browser` を実行してください".to_owned(),
        ),
        Code::SchemeTaken => (
            format!("別のアプリ（{}）が kiro:// リンクを開く設定です。", facts.other_app.as_deref().unwrap_or("不明")),
            "操作は不要です。このコマンドは localhost 経由でサインインします".to_owned(),
        ),
        Code::PortsTaken => (
            format!("応答を受け取るポートがすべて使用中です: {}", list(&facts.ports)),
            format!("いずれかを使っているプログラムを終了して（`ss -ltnp` で確認できます）、{again}。--device も使えます"),
        ),
        Code::UntrustedAnswer => (
            format!("{host} からの応答を信頼できないため、使いませんでした。サインイン済みの状態は保たれます。"),
            format!("{again}。繰り返す場合は {contact} に知らせてください"),
        ),
        Code::MalformedAnswer => (
            format!("{host} からの応答を読み取れませんでした。"),
            format!("{again}。繰り返す場合は上の詳細を {contact} に送ってください"),
        ),
        Code::WrongRegion => (
            format!("このリージョンの IAM Identity Center に {} が見つかりません。", text(subject, "この開始 URL")),
            "開始 URL とリージョンを AWS アクセスポータルで確認し、`kiro org add identity-center` で追加し直してください".to_owned(),
        ),
        Code::DeviceFlowNotOffered => (
            format!("{organization} ではコードによるサインインを使えません。"),
            "代わりに `kiro auth login --sso --no-browser` を実行してください".to_owned(),
        ),
        Code::DeviceCodeExpired => (
            "時間内にコードが入力されませんでした。".to_owned(),
            "`kiro auth login --sso --device` で新しいコードを取得してください".to_owned(),
        ),
        Code::KeyringLocked => (
            "システムのキーリングがロックされています。セッションの鍵を保管しています。".to_owned(),
            match facts.seconds_left {
                Some(seconds) => format!("ロックを解除して続けてください。サインインは {seconds} 秒間保持されます"),
                None => "ロックを解除して、もう一度お試しください".to_owned(),
            },
        ),
        Code::NoKeyring => (
            "キーリングがありません。セッションを保護する鍵を保存できません。".to_owned(),
            "代わりにパスフレーズを設定してください: `kiro auth login --sso --passphrase`".to_owned(),
        ),
        Code::KeyGone => (
            "このセッションの鍵がなくなっています。ファイルは残してあります。".to_owned(),
            "`kiro auth login --sso` を実行すると新しい鍵が作られます".to_owned(),
        ),
        Code::PassphraseNeeded => (
            "セッションはパスフレーズで保護されていますが、指定されていません。".to_owned(),
            "パスフレーズを書いたファイルを KIRO_PASSPHRASE_FILE に指定してください。ターミナルでは `kiro auth login` が入力を求めます".to_owned(),
        ),
        Code::WrongPassphrase => (
            "パスフレーズが違います。".to_owned(),
            "もう一度お試しください。忘れた場合は `kiro auth logout --all` のあと、改めてサインインしてください".to_owned(),
        ),
        Code::CouldNotSave if subject == kiro_sign_in::doctor::REPORT => (
            match failure.detail.error.as_deref() {
                Some("exists") => format!("ファイルはすでに存在します（上書きはしません）: {path}"),
                _ => format!("レポートを書き出せませんでした: {path}"),
            },
            "自分のフォルダーにある、まだ存在しないファイル名を指定してください".to_owned(),
        ),
        Code::CouldNotSave => match failure.detail.error.as_deref() {
            Some("disk_full") => (
                format!("セッションを保存できませんでした。ディスクに空きがありません: {path}"),
                format!("空きを作って、{again}"),
            ),
            Some("read_only") => (
                format!("セッションを保存できませんでした。読み取り専用のディスクです: {path}"),
                "書き込めるフォルダーを KIRO_HOME に指定してください".to_owned(),
            ),
            Some("busy") => (
                format!("別の Kiro プログラムがこのロックを長時間保持しています: {path}"),
                format!("そのプログラム（Linux では `fuser {path}` で確認できます）の終了を待つか終了させてから、もう一度コマンドを実行してください"),
            ),
            Some("denied") => (
                format!("セッションを保存できませんでした。書き込む権限がありません: {path}"),
                "フォルダーの所有者を `ls -ld` で確認するか、別のフォルダーを KIRO_HOME に指定してください".to_owned(),
            ),
            _ => (format!("セッションを保存できませんでした: {path}"), format!("フォルダーとディスクを確認して、{again}")),
        },
        Code::FileDamaged => match failure.detail.error.as_deref() {
            Some("edited") => (
                format!("セッション ファイルの一部が変更されたか壊れているため、使用しません: {path}"),
                "`kiro auth login --sso` を実行して、もう一度サインインしてください".to_owned(),
            ),
            Some("too_large") => (
                format!("セッション ファイルが大きすぎます: {path}"),
                "ファイルを別の場所に移してから、`kiro auth login --sso` を実行してください".to_owned(),
            ),
            Some("unreadable") if subject == crate::commands::logout::LOGOUT => (
                format!("セッション ファイルが壊れており、正常なコピーもありません: {path}"),
                "`kiro auth logout --all` を実行すると、この PC のセッションをすべて削除できます".to_owned(),
            ),
            _ => (
                format!("セッション ファイルが壊れており、正常なコピーもありません: {path}"),
                "`kiro auth login --sso` を実行してください。壊れたファイルは別名で保管されます".to_owned(),
            ),
        },
        Code::FileNewer => (
            format!("セッション ファイルは新しいバージョンの Kiro のものです: {path}"),
            "このプログラムを更新するか、別のフォルダーを KIRO_HOME に指定してください".to_owned(),
        ),
        Code::NotPrivate => (
            format!("この PC の他の利用者が読み書きできるファイルです: {path}"),
            format!("`chmod go= {path}` を実行してください。他人のファイルであれば削除してください"),
        ),
        Code::Unreachable if failure.detail.error.as_deref() == Some("unresolved") => (
            format!("{host} の名前を解決できません。サインイン済みの状態は保たれます。"),
            "ネットワークと DNS、アドレスの綴りを確認して、もう一度お試しください".to_owned(),
        ),
        Code::Unreachable => {
            let proxy = facts.proxy.as_ref().map(|proxy| format!("（プロキシ {proxy} 経由）")).unwrap_or_default();
            (
                format!("{host} に接続できません{proxy}。サインイン済みの状態は保たれます。"),
                "ネットワークまたはプロキシ (HTTPS_PROXY) を確認して、もう一度お試しください".to_owned(),
            )
        }
        Code::Intercepted => (
            match &facts.inspector {
                Some(inspector) => format!("通信が「{inspector}」で検査されています。この証明書は PC に信頼されていません。"),
                None => format!("{host} との通信は安全ではありません。証明書が PC に信頼されていません。"),
            },
            format!("CA ファイルを {contact} に依頼し、organizations.toml の [network] ca_file に指定してください"),
        ),
        Code::UnsafeConnection => (
            match failure.detail.error.as_deref() {
                Some("certificate_expired") => format!("この PC の時計では、{host} の証明書は期限切れです。"),
                Some("certificate_of_another_host") => format!("{host} から届いた証明書は別のアドレスのものです。"),
                Some("certificate_revoked") => format!("{host} の証明書は失効しています。"),
                Some(_) | None => format!("{host} と安全に通信できません。"),
            },
            format!("この PC の日付と、ゲスト ネットワークのサインインが必要でないかを確認してください。解決しない場合は、上記の詳細を {contact} に送ってください"),
        ),
        Code::ProxyPassword => (
            format!("プロキシ {} がパスワードを求めています。", facts.proxy.as_deref().unwrap_or("サーバー")),
            format!("ユーザー名とパスワードを HTTPS_PROXY (http://USER:PASSWORD@HOST:PORT) に指定するか、{contact} に相談してください"),
        ),
        Code::CaFileUnusable => (
            format!("CA ファイルを使用できません: {path}"),
            format!("PEM 形式のファイルを {contact} に依頼し、organizations.toml の [network] ca_file に指定してください"),
        ),
        Code::Clock => (
            match facts.skew_seconds {
                Some(seconds) => format!("この PC の時計が {}ずれています。", signed_hours(seconds, ["時間", "分", "秒"])),
                None => "この PC の時計がずれています。".to_owned(),
            },
            "修正してからもう一度試してください".to_owned(),
        ),
        Code::WrongIssuer => (
            format!("{host} のサインイン サーバーは別の発行者を名乗っています{}", opened(why)),
            "発行者 URL は、末尾のスラッシュも含めてサーバーの表記どおりに指定してください".to_owned(),
        ),
        Code::NotAnIdentityProvider => (
            format!("{host} にサインイン サーバーが見つかりません{}", opened(why)),
            "アドレスをパスも含めて管理者に確認してください".to_owned(),
        ),
        Code::InsecureUrl => (
            format!("https のアドレスが必要です: {}", text(subject, &host)),
            "http を使えるのはこの PC 自身 (localhost, 127.0.0.1, ::1) だけです".to_owned(),
        ),
        Code::NotSignedIn => ("サインインしていません".to_owned(), "`kiro auth login --sso` を実行してください".to_owned()),
        Code::SessionEnded if failure.detail.error.as_deref() == Some("interrupted") => (
            format!("サインインが終了しました。更新の結果を保存する前に処理が中断され、{provider} は以前のトークンを受け付けなくなりました。"),
            "`kiro auth login --sso` を実行してください".to_owned(),
        ),
        Code::SessionEnded => (
            format!("サインインが終了しました。{provider} が受け付けていません。パスワードの変更、長い中断、管理者の操作などが考えられます。"),
            "`kiro auth login --sso` を実行してください".to_owned(),
        ),
        Code::EndedByOrg => (
            format!("アクセス権が取り消されました（{organization}）。"),
            format!("心当たりがない場合は {contact} に確認してください"),
        ),
        Code::RefreshFailed => (
            "いまはセッションを更新できませんでした。セッションは保たれています。".to_owned(),
            "1 分ほど待ってから、もう一度お試しください".to_owned(),
        ),
        Code::UnknownProfile => (
            format!("プロファイル `{subject}` はありません"),
            "`kiro auth list` で一覧を確認できます".to_owned(),
        ),
        Code::NoOrganization => (
            "この PC には組織が設定されていません".to_owned(),
            "管理者に設定値を確認し、`kiro org add --help` をご覧ください".to_owned(),
        ),
        Code::UnknownOrganization => (
            format!("組織 `{subject}` はありません"),
            match failure.detail.error.as_deref() {
                Some(crate::commands::NONE_SET_UP) => {
                    "まだ組織がありません。管理者に設定値を確認し、`kiro org add --help` の方法で追加してください".to_owned()
                }
                Some(_) | None => "`kiro org list` で一覧を確認できます".to_owned(),
            },
        ),
        Code::ChooseOrganization => (
            "組織が複数あります。どれを使うか指定してください".to_owned(),
            "`kiro auth login --sso --org NAME` のように指定します。一覧は `kiro org list` で確認できます".to_owned(),
        ),
        Code::OrganizationExists => (
            format!("組織 `{subject}` はすでにあります"),
            format!("別の名前にするか、先に `kiro org remove {subject}` を実行してください"),
        ),
        Code::OrganizationsInvalid if failure.detail.error.as_deref() == Some(crate::commands::NO_SUCH_FILE) => (
            format!("ファイル `{path}` はありません"),
            "確認するファイルを指定してください。形式は `kiro org export` で確認できます".to_owned(),
        ),
        Code::OrganizationsInvalid if path.ends_with("settings.toml") => (
            format!("`{path}` に使用できない値があります{}", opened(why)),
            "修正するか、ファイルを削除してください。すべて省略できます".to_owned(),
        ),
        Code::OrganizationsInvalid => (
            format!("組織の設定を使えません{}{}", named(facts.path.as_deref().unwrap_or(subject)), opened(why)),
            "修正してから `kiro org check FILE` を実行してください".to_owned(),
        ),
        Code::ManagedByOrganization => (
            format!("組織が固定している設定です{}", named(subject)),
            format!("変更が必要な場合は {contact} に相談してください"),
        ),
        Code::NotIdentityCenter => (
            format!("AWS の認証情報を取得できるのは IAM Identity Center のみです。プロファイル `{subject}` は別のプロバイダーでサインインしています"),
            "`--profile NAME` で別のプロファイルを指定してください。一覧は `kiro auth list` で確認できます".to_owned(),
        ),
        Code::ModelBlocked => (
            format!("{} は使用できません。何も送信していません。", text(subject, "このモデル")),
            "使用できるモデルとリージョンは `kiro models` で確認できます".to_owned(),
        ),
        Code::OutsideResidency => (
            format!("{host} は、組織のデータをとどめる地域の外にあります。何も送信していません。"),
            format!("{contact} に相談してください。環境変数 AWS_ENDPOINT_URL_* が設定されていないかも確認してください"),
        ),
        Code::ModelNotEnabled => (
            format!("組織の AWS アカウントで {} が有効になっていません{}", text(subject, "このモデル"), opened(why)),
            format!("Amazon Bedrock での有効化を {contact} に依頼してください"),
        ),
        Code::RoleRefused => (
            format!("この AWS ロールではモデルを使用できません: {}{}", text(subject, "名前なし"), opened(why)),
            format!("上の詳細を添えて {contact} に相談してください"),
        ),
        Code::QuestionRefused if withheld(failure) => (
            "AWS のコンテンツフィルターにより、応答の全部または一部が返されませんでした".to_owned(),
            "質問の内容を変えてください".to_owned(),
        ),
        Code::QuestionRefused => (
            format!("この質問はモデルが受け付けません{}", opened(why)),
            "短くするか、内容を変えてください".to_owned(),
        ),
        Code::ModelBusy => (
            format!("{} はいま応答できません{}", text(subject, "モデル"), opened(why)),
            match facts.retry_after {
                Some(seconds) => format!("{seconds} 秒待つように求められています"),
                None => "1 分ほど待ってから、もう一度お試しください".to_owned(),
            },
        ),
        Code::AnswerCut => (
            format!("{} の応答が途中で切れました。", text(subject, "モデル")),
            "もう一度お試しください".to_owned(),
        ),
        Code::Interrupted => ("中断しました。変更はありません。".to_owned(), "準備ができたら、もう一度実行してください".to_owned()),
        Code::Unexpected => (
            format!("予期しない問題が起きました{}", opened(why)),
            "KIRO_LOG=debug を付けてもう一度実行し、~/.kiro/sso/logs のログを管理者に送ってください".to_owned(),
        ),
    };
    Sentence { error, hint }
}

fn text<'a>(first: &'a str, otherwise: &'a str) -> &'a str {
    if first.is_empty() { otherwise } else { first }
}

fn opened(why: &str) -> String {
    if why.is_empty() {
        String::new()
    } else {
        format!(": {}", why.trim_end())
    }
}

fn named(name: &str) -> String {
    if name.is_empty() {
        String::new()
    } else {
        format!(": `{name}`")
    }
}

fn list(ports: &[u16]) -> String {
    let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
    if ports.is_empty() {
        "3128 など 10 個".to_owned()
    } else {
        ports.join(", ")
    }
}
