import type { AttemptView, FailureView, Language, OrganizationView, View, Who } from "../lib/bindings";

/** The moment every preview shows: 23 November 2026, 15:04 UTC. */
export const NOW = Date.parse("2026-11-23T15:04:00Z");
const at = (seconds: number) => new Date(NOW + seconds * 1000).toISOString();

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
  host: "id.acme.example",
  expires_at: at(581),
  extensions_left: 10,
  ours: true,
  browser_opened: true,
};

export function failure(code: string): FailureView {
  return {
    code,
    organization: "hinoki",
    provider: "entra",
    host: "login.hinoki.example",
    account: "aiko@hinoki.example",
    contact: "it-help@hinoki.example",
    facts: { skew_seconds: 93600, ports: [3128, 4649], seconds_left: 50 },
    detail: {
      error: "access_denied",
      description: null,
      aadsts: 53000,
      correlation_id: "7f3c2a90-51de-4b7e-9c1a-0d6e2f8b4a15",
      time: "2026-11-23T14:05:12Z",
    },
  };
}

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
    organizations: [acme],
    chosen: "acme",
    locks: { own_organizations: false },
    attempt: null,
    failure: null,
    receipt: null,
    profiles: [],
  };
  const three = [acme, fjordlys, hinoki];
  return {
    "first-run": { ...base, organizations: [], chosen: null },
    "add-okta": { ...base, organizations: [], chosen: null },
    "sign-in": base,
    "coming-back": {
      ...base,
      organizations: [{ ...acme, returning: { name, email } }],
      account: { state: "signed_out", reason: { ...failure("session_ended"), provider: "okta" } },
    },
    "choose-organisation": { ...base, organizations: three },
    waiting: { ...base, attempt },
    "waiting-loopback": { ...base, attempt: { ...attempt, via: "loopback", browser_opened: false } },
    "waiting-last-minute": { ...base, attempt: { ...attempt, expires_at: at(48) } },
    "waiting-finishing": { ...base, attempt: { ...attempt, step: "finishing" } },
    "signed-in": {
      ...base,
      account: { state: "signed_in", who },
      profiles: [{ name: "default", title: "Acme", active: true }],
    },
    "signed-in-long": {
      ...base,
      account: {
        state: "signed_in",
        who: {
          ...who,
          name: "Maximiliana \u202eAlexandrina von Hohenstein-Lindqvist",
          email: `${"maya.".repeat(45)}@acme.example`,
          provider: "identity-center",
          session_expires_at: at(590000),
        },
      },
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
    error: { ...base, organizations: three, failure: failure("policy_device") },
    "error-not-assigned": { ...base, organizations: three, failure: failure("not_assigned") },
    "error-no-answer": {
      ...base,
      organizations: three,
      failure: { ...failure("no_answer"), provider: "okta", organization: "acme" },
    },
    attention: {
      ...base,
      account: {
        state: "needs_attention",
        who,
        reason: { ...failure("session_ended"), provider: "okta", organization: "acme" },
      },
    },
    "attention-keyring": { ...base, account: { state: "needs_attention", who, reason: failure("keyring_locked") } },
  };
}
