import type { FailureView, Language, OrganizationView, ProviderId } from "./bindings";
import { moment, span } from "./time";
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
  return words[language][key].replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? "").replaceAll("`", "");
}

/** What a failure's sentences may name; what is not known is named in general words. */
export function failureValues(
  failure: FailureView,
  language: Language,
  organizations: OrganizationView[],
  now: number,
): Values {
  const { facts, detail } = failure;
  const general = (key: Key) => say(language, key);
  const ja = language === "ja";
  const number = detail.aadsts ?? null;
  return {
    provider: failure.provider ? providers[failure.provider] : general("your.provider"),
    account: failure.account ?? general("your.account"),
    contact: failure.contact ?? general("your.contact"),
    host: failure.host ?? general("your.host"),
    org:
      organizations.find((o) => o.name === failure.organization)?.title ?? failure.organization ?? general("your.org"),
    number: number === null ? "" : ` (${number})`,
    redirect: facts.redirect_uri ?? "kiro://kiro.oauth/callback",
    app: facts.other_app ?? general("your.app"),
    inspector: facts.inspector ?? general("your.inspector"),
    path: facts.path ?? "~/.kiro/sso",
    ports: (facts.ports ?? []).join(", "),
    proxy: facts.proxy ? (ja ? `（プロキシ ${facts.proxy} 経由）` : ` through the proxy ${facts.proxy}`) : "",
    skew: span(Math.abs(facts.skew_seconds ?? 0), language),
    kept:
      facts.seconds_left == null
        ? ""
        : ja
          ? `サインインは ${facts.seconds_left} 秒間保持されます。`
          : ` Your sign-in is kept for ${facts.seconds_left} s.`,
    moment: moment(detail.time, now, language),
  };
}

export type Action = "retry" | "other_way" | "another_account" | "choose" | "add" | "dismiss";

const ACTIONS: Record<string, Action> = {
  not_assigned: "another_account",
  account_problem: "another_account",
  wrong_tenant: "another_account",
  redirect_uri: "other_way",
  no_answer: "other_way",
  scheme_taken: "other_way",
  device_flow_not_offered: "retry",
  file_damaged: "dismiss",
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

export function failureKey(code: string, part: "title" | "why" | "todo"): Key {
  const key = `failure.${code}.${part}`;
  return (key in en ? key : `failure.unexpected.${part}`) as Key;
}
