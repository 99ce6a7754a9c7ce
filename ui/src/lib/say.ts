import type { FailureView, Language, ProviderId } from "./bindings";
import { clock, dateAndTime, moment, offBy, secondsUntil } from "./time";
import { en } from "./words/en";
import { ja } from "./words/ja";

export type Key = keyof typeof en;
export type Values = Record<string, string>;
export const words = { en, ja };
export const providers: Record<ProviderId, string> = {
  okta: "Okta",
  entra: "Microsoft Entra ID",
  "identity-center": "IAM Identity Center",
};

/** A sentence of the catalogue with its values in it, as plain text. */
export function say(language: Language, key: Key, values: Values = {}): string {
  return words[language][key].replace(/`|\*\*/g, "").replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? "");
}

/** What a failure's sentences may name; what is not known is named in general words. */
export function failureValues(failure: FailureView, language: Language, now: number): Values {
  const { facts, detail } = failure;
  const general = (key: Key) => say(language, key);
  const kept =
    facts.seconds_left == null
      ? 0
      : facts.seconds_left - secondsUntil(new Date(now).toISOString(), Date.parse(detail.time));
  return {
    provider: failure.provider ? providers[failure.provider] : general("your.provider"),
    account: failure.account ?? general("your.account"),
    contact: failure.contact ?? general("your.contact"),
    host: failure.host ?? general("your.host"),
    org: failure.organization_title ?? general("your.org"),
    number: detail.aadsts == null ? "" : ` (${detail.aadsts})`,
    redirect: facts.redirect_uri ?? "kiro://kiro.oauth/callback",
    app: facts.other_app ?? general("your.app"),
    inspector: facts.inspector ? say(language, "quoted", { name: facts.inspector }) : general("your.inspector"),
    path: facts.path ?? "~/.kiro/sso",
    ports: (facts.ports ?? []).join(", "),
    proxy: facts.proxy ?? "",
    skew: facts.skew_seconds ? ` ${offBy(Math.abs(facts.skew_seconds), language)}` : "",
    kept: kept > 0 ? say(language, "kept", { time: language === "ja" ? String(kept) : clock(kept) }) : "",
    moment: moment(detail.time, now, language),
    date: dateAndTime(detail.time, language),
  };
}

export type Action = "retry" | "settings" | "other_way" | "another_account" | "browser" | "choose" | "add" | "dismiss";

const ACTIONS: Record<string, Action> = {
  intercepted: "settings",
  ca_file_unusable: "settings",
  not_assigned: "another_account",
  account_problem: "another_account",
  wrong_tenant: "another_account",
  policy_device: "browser",
  redirect_uri: "other_way",
  no_answer: "other_way",
  scheme_taken: "other_way",
  device_flow_not_offered: "retry",
  file_newer: "dismiss",
  managed_by_organization: "dismiss",
  organizations_invalid: "dismiss",
  organization_exists: "dismiss",
  no_organization: "add",
  unknown_organization: "choose",
  choose_organization: "choose",
};

const ASKS_IT = ["not_assigned", "policy_blocked", "consent_missing", "client_setup", "redirect_uri"];

/** The primary button of a failure, and whether the second one copies a request for IT instead of the details. */
export function offers(code: string): { first: Action; request: boolean } {
  return { first: ACTIONS[code] ?? "retry", request: ASKS_IT.includes(code) };
}

const IN_SETTINGS: Record<string, Key> = {
  unreachable: "err.proxy",
  proxy_password: "err.proxy",
  intercepted: "err.ca",
  ca_file_unusable: "err.ca",
};

/** What Settings can do about a failure, as the button that leads there says it. */
export function setting(code: string): Key | null {
  return IN_SETTINGS[code] ?? null;
}

const AWAITED =
  "keyring_locked intercepted unsafe_connection proxy_password ca_file_unusable clock malformed_answer wrong_issuer not_an_identity_provider insecure_url refresh_failed file_newer not_private unexpected".split(
    " ",
  );

/** Whether a session that needs attention goes on by itself once this is mended, without a new sign-in. */
export function goesOn(code: string): boolean {
  return AWAITED.includes(code);
}

export type Part = "title" | "after" | "why" | "todo";

/** The sentence for a part of a failure, by its code and cause; `null` where the other parts say it all. */
export function failureKey({ code, facts, detail }: FailureView, part: Part): Key | null {
  const known = `failure.${code}.title` in en ? code : "unexpected";
  const named = ({ unreachable: facts.proxy ?? "", scheme_taken: facts.other_app ?? "" } as Record<string, string>)[
    known
  ];
  if (part === "after" && named !== undefined && !named) return null;
  const key = [`failure.${known}.${detail.error}.${part}`, `failure.${known}.${part}`].find((each) => each in en);
  return (key as Key | undefined) ?? null;
}

/** What became of the session and the settings, where the failure's own sentences do not say it. */
export function keptKey(code: string, attention: boolean): Key | null {
  if (["cancelled", "file_damaged", "unreachable"].includes(code)) return null;
  if (attention && goesOn(code)) return "att.session";
  return attention || ["session_ended", "ended_by_org"].includes(code) ? "att.kept" : "err.kept";
}
