import type {
  AttemptView,
  Checkup,
  Facts,
  FailureView,
  Language,
  ModelsView,
  OrganizationView,
  View,
  Who,
} from "../lib/bindings";

/** The moment every preview shows: 23 November 2026, 15:04 UTC. */
export const NOW = Date.parse("2026-11-23T15:04:00Z");
const at = (seconds: number) => new Date(NOW + seconds * 1000).toISOString().replace(".000", "");

const acme: OrganizationView = {
  name: "acme",
  title: "Acme",
  provider: "okta",
  host: "id.acme.example",
  region: null,
  managed: false,
  redirect_uris: [],
  returning: null,
};
const fjordlys: OrganizationView = {
  ...acme,
  name: "fjordlys",
  title: "Fjordlys",
  provider: "identity-center",
  host: "fjordlys.awsapps.com",
  region: "eu-central-1",
  managed: true,
};
const hinoki: OrganizationView = {
  ...acme,
  name: "hinoki",
  title: "Hinoki Works",
  provider: "entra",
  host: "login.microsoftonline.com",
};
const attempt: AttemptView = {
  id: "1",
  organization: "acme",
  step: "waiting",
  via: "deep_link",
  app_link: true,
  host: "id.acme.example",
  expires_at: at(581),
  extensions_left: 10,
  ours: true,
  browser_opened: true,
};

export function failure(code: string, facts: Partial<Facts> = {}): FailureView {
  return {
    code,
    organization: "acme",
    organization_title: "Acme",
    provider: "okta",
    host: "id.acme.example",
    account: "aiko@acme.example",
    contact: "it-help@acme.example",
    facts,
    detail: {
      error: "access_denied",
      description: null,
      aadsts: null,
      correlation_id: "7f3c2a90-51de-4b7e-9c1a-0d6e2f8b4a15",
      time: "2026-11-23T14:05:12Z",
    },
  };
}
/** A failure that Entra ID names by number. */
function entra(code: string, aadsts: number): FailureView {
  const one = failure(code);
  return {
    ...one,
    organization: "hinoki",
    organization_title: "Hinoki Works",
    provider: "entra",
    detail: { ...one.detail, aadsts },
  };
}
/** A failure of this computer: nothing that a server said. */
function local(code: string, facts: Partial<Facts>, error: string | null = null): FailureView {
  const one = failure(code, facts);
  return { ...one, detail: { ...one.detail, error, correlation_id: null, time: at(0) } };
}

type Region = ModelsView["regions"][number];
type Reason = Region["reasons"][number];
/** What stands in the way of a model. */
function no(reason: string, other: Partial<Reason> = {}): Reason {
  return { reason, administrator: true, methods: [], region: null, ...other };
}
/** The two regions of the catalogue, closed for these reasons. */
function regions(chosen: string, us: Reason[], eu: Reason[]): Region[] {
  const region = (name: string, experimental: boolean, reasons: Reason[]): Region => {
    const open = reasons.length === 0;
    const models = [{ title: "Claude Opus 4.6", experimental, usable: open, reasons: [] }];
    return { name, chosen: name === chosen, open, models, reasons };
  };
  const both = [region("us-east-1", false, us), region("eu-central-1", true, eu)];
  return [...both.filter(({ open }) => open), ...both.filter(({ open }) => !open)];
}
const onlyCenter = no("sign_in_method", { methods: ["identity-center"] });
const openRegions: ModelsView = {
  residency: null,
  managed: false,
  regions: regions("us-east-1", [], [onlyCenter]),
};
const onlyEu: ModelsView = {
  residency: "eu",
  managed: true,
  regions: regions("eu-central-1", [no("outside_residency")], []),
};
const notSetUp: ModelsView = {
  residency: null,
  managed: false,
  regions: regions("us-east-1", [no("no_role")], [onlyCenter, no("no_role")]),
};

const notInPlan: ModelsView = {
  residency: null,
  managed: true,
  regions: regions("eu-central-1", [no("not_in_plan")], [no("not_in_plan")]),
};

export function views(language: Language): Record<string, View> {
  const name = language === "ja" ? "佐藤 美咲" : "Maya Lindqvist";
  const email = language === "ja" ? "misaki.sato@acme.example" : "maya.lindqvist@acme.example";
  const who: Who = {
    profile: "default",
    name,
    email,
    organization: "acme",
    organization_title: "Acme",
    provider: "okta",
    host: "id.acme.example",
    expires_at: at(2280),
    signed_in_at: at(-3600),
    session_expires_at: null,
    key_source: "os-keyring",
  };
  const base: View = {
    language,
    account: { state: "signed_out", reason: null },
    offline: false,
    organizations: [acme],
    chosen: "acme",
    locks: { own_organizations: false, proxy: false, ca: false },
    attempt: null,
    failure: null,
    receipt: null,
    profiles: [],
    models: null,
    no_models: null,
    settings: {
      language: null,
      notifications: true,
      starts_at_login: false,
      proxy: "system",
      ca_file: null,
      links: { ours: true, other: null, former: null },
      version: "0.1.0",
    },
  };
  const three = [acme, fjordlys, hinoki];
  return {
    "first-run": { ...base, organizations: [], chosen: null },
    "add-okta": { ...base, organizations: [], chosen: null },
    "add-okta-again": base,
    "sign-in": base,
    "coming-back": {
      ...base,
      organizations: [{ ...acme, returning: { name, email } }],
      account: { state: "signed_out", reason: failure("session_ended") },
    },
    "sign-in-not-assigned": { ...base, account: { state: "signed_out", reason: failure("not_assigned") } },
    "choose-organisation": { ...base, organizations: three, chosen: null },
    "first-run-locked": { ...base, organizations: [], chosen: null, locks: { ...base.locks, own_organizations: true } },
    "sign-in-managed": { ...base, organizations: three, chosen: "fjordlys" },
    "waiting-scheme-taken": {
      ...base,
      attempt: { ...attempt, via: "loopback", app_link: false },
      failure: local("scheme_taken", { other_app: "Kiro IDE" }),
    },
    waiting: { ...base, attempt },
    "waiting-localhost": { ...base, attempt: { ...attempt, via: "loopback" } },
    "waiting-loopback": { ...base, attempt: { ...attempt, via: "loopback", browser_opened: false } },
    "waiting-last-minute": { ...base, attempt: { ...attempt, expires_at: at(48) } },
    "waiting-finishing": { ...base, attempt: { ...attempt, step: "finishing" } },
    "signed-in": {
      ...base,
      account: { state: "signed_in", who },
      profiles: [{ name: "default", title: "Acme", active: true }],
      models: openRegions,
    },
    "signed-in-eu": {
      ...base,
      account: {
        state: "signed_in",
        who: { ...who, organization: "fjordlys", organization_title: "Fjordlys", provider: "identity-center" },
      },
      models: onlyEu,
    },
    "signed-in-no-models": { ...base, account: { state: "signed_in", who }, models: notSetUp },
    "signed-in-nowhere": {
      ...base,
      account: { state: "signed_in", who },
      models: { ...onlyEu, regions: [] },
    },
    "signed-in-not-in-plan": {
      ...base,
      account: { state: "signed_in", who: { ...who, provider: "identity-center" } },
      models: notInPlan,
    },
    "signed-in-offline": { ...base, offline: true, account: { state: "signed_in", who } },
    "signed-in-long": {
      ...base,
      account: {
        state: "signed_in",
        who: {
          ...who,
          name: "Maximiliana \u202eAlexandrina von Hohenstein-Lindqvist",
          email: `${"maya.".repeat(48)}m@acme.example`,
          provider: "identity-center",
          session_expires_at: at(590000),
        },
      },
    },
    "signed-in-rtl": {
      ...base,
      account: {
        state: "signed_in",
        who: { ...who, name: "שירה כהן-מזרחי", email: "shira@acme.example", organization_title: "حلول أكمي" },
      },
      profiles: [{ name: "default", title: "حلول أكمي", active: true }],
    },
    settings: base,
    "settings-manual": {
      ...base,
      organizations: [],
      settings: {
        ...base.settings,
        language,
        notifications: false,
        starts_at_login: true,
        proxy: "http://proxy.acme.example:3128",
        ca_file: "/home/maya/Documents/certificates/acme-web-gateway-2026.pem",
        links: { ours: true, other: null, former: "Kiro IDE" },
      },
    },
    "settings-managed": {
      ...base,
      organizations: three,
      locks: { own_organizations: true, proxy: true, ca: true },
      settings: { ...base.settings, links: { ours: false, other: "Kiro IDE", former: null } },
    },
    receipt: {
      ...base,
      receipt: { provider: "okta", host: "id.acme.example", revoked: "yes", can_end_session: true, contact: null },
    },
    "receipt-offline": {
      ...base,
      receipt: {
        provider: "okta",
        host: "id.acme.example",
        revoked: "offline",
        can_end_session: false,
        contact: "it-help@acme.example",
      },
    },
    "receipt-ended": {
      ...base,
      receipt: {
        provider: "entra",
        host: "login.microsoftonline.com",
        revoked: "not_offered",
        can_end_session: false,
        contact: null,
      },
    },
    "receipt-center": {
      ...base,
      receipt: {
        provider: "identity-center",
        host: "fjordlys.awsapps.com",
        revoked: "yes",
        can_end_session: false,
        contact: null,
      },
    },
    error: { ...base, organizations: three, failure: entra("policy_device", 53000) },
    "error-not-assigned": { ...base, organizations: three, failure: failure("not_assigned") },
    "error-no-answer": { ...base, organizations: three, failure: local("no_answer", {}) },
    "error-cancelled": { ...base, failure: failure("cancelled") },
    "error-keyring": { ...base, failure: local("keyring_locked", { seconds_left: 50 }) },
    "error-unreachable": { ...base, failure: local("unreachable", { proxy: "10.1.1.1:3128" }) },
    "error-intercepted": { ...base, failure: local("intercepted", { inspector: "Acme Web Gateway" }) },
    "error-clock": { ...base, failure: local("clock", { skew_seconds: -93600 }) },
    "error-disk-full": { ...base, failure: local("could_not_save", { path: "/home/maya/.kiro/sso" }, "disk_full") },
    "error-damaged": {
      ...base,
      failure: local("file_damaged", { path: "/home/maya/.kiro/sso/credentials.json" }, "unreadable"),
    },
    attention: { ...base, account: { state: "needs_attention", who, reason: failure("session_ended") } },
    "attention-removed": { ...base, account: { state: "needs_attention", who, reason: failure("ended_by_org") } },
    "attention-keyring": { ...base, account: { state: "needs_attention", who, reason: local("keyring_locked", {}) } },
    "attention-proxy": {
      ...base,
      account: { state: "needs_attention", who, reason: local("proxy_password", { proxy: "10.1.1.1:3128" }) },
    },
    "attention-cut-off": {
      ...base,
      account: { state: "needs_attention", who, reason: local("session_ended", {}, "interrupted") },
    },
  };
}

/** Where the person has gone by themselves on the screen of this name. */
export const placeOf = (name: string) =>
  (["add", "portal", "settings"] as const).find((place) => name.startsWith(place)) ?? null;

/** What a look at a computer with two problems found; the sentences are the shell's. */
export function checkup(): Checkup {
  const line = (subject: string, state: string, fix: string | null = null) => ({ subject, state, fix });
  const file = "/home/maya/.kiro/sso/credentials.json";
  return {
    contact: "it-help@acme.example",
    findings: [
      { level: "problem", en: line("Key", ""), ja: line("鍵", ""), failure: local("keyring_locked", {}) },
      {
        level: "problem",
        en: line("Files", `${file}: others may use it (mode 0644)`, `chmod 600 ${file}`),
        ja: line("ファイル", `${file}: ほかのユーザーがアクセスできます (モード 0644)`, `chmod 600 ${file}`),
        failure: null,
      },
      {
        level: "warning",
        en: line(
          "kiro:// links",
          "nobody opens them",
          "quit and start the desktop app; the `kiro` command does not need these links",
        ),
        ja: line(
          "kiro:// リンク",
          "開くアプリがありません",
          "デスクトップ アプリを終了し、もう一度起動してください（`kiro` コマンドでは不要です）",
        ),
        failure: null,
      },
      {
        level: "good",
        en: line("localhost", "a browser reaches Kiro here"),
        ja: line("localhost", "ブラウザーから Kiro に届きます"),
        failure: null,
      },
      {
        level: "good",
        en: line(
          "id.acme.example",
          "TLS 1.3, issuer DigiCert Inc, proxy none, 84 ms · discovery ok, issuer equal, PKCE S256, device flow no, revocation yes",
        ),
        ja: line(
          "id.acme.example",
          "TLS 1.3、証明書の発行元 DigiCert Inc、プロキシ なし、84 ms · 設定は正常、発行者は一致、PKCE S256、デバイス フロー なし、失効 あり",
        ),
        failure: null,
      },
    ],
  };
}
