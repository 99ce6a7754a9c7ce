import { fireEvent } from "@testing-library/svelte";
import { afterEach, expect, test } from "vitest";
import { failureKey, failureValues, keptKey, say, words, type Key } from "../src/lib/say";
import { neutral } from "../src/lib/neutral";
import { letters } from "../src/lib/letters";
import { commandName, complete, regionOf, typed } from "../src/lib/organization";
import { clock, dateAndTime, offBy, span } from "../src/lib/time";
import { fakeShell } from "../src/preview/fake-shell";
import { checkup, failure, NOW, placeOf, views } from "../src/preview/fixtures";
import { speakPseudo } from "../src/preview/pseudo";
import { settled, shown } from "./shown";

const CODES =
  "not_assigned policy_device policy_blocked account_problem wrong_tenant step_up_needed login_required consent_missing client_setup redirect_uri cancelled denied server_error no_answer browser_not_opened scheme_taken ports_taken untrusted_answer malformed_answer wrong_region device_flow_not_offered device_code_expired keyring_locked no_keyring key_gone passphrase_needed wrong_passphrase could_not_save file_damaged file_newer not_private unreachable intercepted unsafe_connection proxy_password ca_file_unusable clock wrong_issuer not_an_identity_provider insecure_url not_signed_in session_ended ended_by_org refresh_failed unknown_profile no_organization unknown_organization choose_organization organization_exists organizations_invalid managed_by_organization not_identity_center model_blocked outside_residency model_not_enabled role_refused question_refused model_busy answer_cut interrupted unexpected".split(
    " ",
  );

test.each(CODES)("%s has its own title and remedy in both languages", (code) => {
  for (const part of ["title", "todo"] as const) {
    expect(failureKey(failure(code), part)).toBe(`failure.${code}.${part}`);
    for (const language of ["en", "ja"] as const)
      expect(say(language, `failure.${code}.${part}` as Key).length).toBeGreaterThan(2);
  }
});

test("a code of a later version is something unexpected", () => {
  expect(failureKey(failure("not_yet_invented"), "title")).toBe("failure.unexpected.title");
});

/** Title, what follows it, reason and remedy, as the person reads them. */
function read(
  code: string,
  language: "en" | "ja",
  facts = {},
  error: string | null = null,
  aadsts: number | null = null,
) {
  const one = failure(code, facts);
  one.provider = aadsts ? "entra" : one.provider;
  one.detail = { ...one.detail, error, aadsts, time: new Date(NOW).toISOString() };
  const values = failureValues(one, language, NOW);
  return (["title", "after", "why", "todo"] as const)
    .map((part) => failureKey(one, part))
    .map((key) => key && say(language, key, values))
    .filter((text) => text)
    .join(" | ");
}

// UX.md §3 is final.
test.each([
  [
    "not_assigned",
    read("not_assigned", "en"),
    "You do not have access yet | Okta signed you in, but Kiro is not assigned to aiko@acme.example. | Ask it-help@acme.example to assign it.",
  ],
  [
    "not_assigned ja",
    read("not_assigned", "ja"),
    "まだアクセス権がありません | Okta でのサインインは成功しましたが、aiko@acme.example に Kiro が割り当てられていません。 | it-help@acme.example に割り当てを依頼してください。",
  ],
  [
    "policy_device",
    read("policy_device", "en", {}, null, 53000),
    "This computer does not meet your company’s rules | Microsoft Entra ID requires a registered, compliant device (53000). | Use a managed browser (Microsoft Edge on Linux) or ask it-help@acme.example.",
  ],
  [
    "no_answer",
    read("no_answer", "en"),
    "No answer came back | The browser did not return in time. | If the browser showed an error about the redirect address, ask your administrator to register kiro://kiro.oauth/callback. Otherwise try again without the app link.",
  ],
  [
    "cancelled",
    read("cancelled", "en"),
    "Sign-in was cancelled in the browser | Nothing changed. | Try again when you are ready.",
  ],
  [
    "keyring_locked",
    read("keyring_locked", "en", { seconds_left: 50 }),
    "The system keyring is locked | Kiro keeps the key to your session there. | Unlock it and continue; your sign-in is kept for 0:50.",
  ],
  [
    "keyring_locked ja",
    read("keyring_locked", "ja", { seconds_left: 50 }),
    "システムのキーリングがロックされています | セッションの鍵を保管しているため、ロックを解除して続けてください。サインインは 50 秒間保持されます。",
  ],
  [
    "unreachable",
    read("unreachable", "en", { proxy: "10.1.1.1:3128" }),
    "id.acme.example cannot be reached | (through proxy 10.1.1.1:3128) | You stay signed in if you were. | Check the network or proxy, then try again.",
  ],
  [
    "unreachable, no proxy",
    read("unreachable", "ja"),
    "id.acme.example\u00a0に接続できません | サインイン済みの状態は保たれます。 | ネットワークまたはプロキシを確認して、もう一度お試しください。",
  ],
  [
    "intercepted",
    read("intercepted", "en", { inspector: "Acme Web Gateway" }),
    "The connection is inspected by “Acme Web Gateway” | Its certificate is not trusted on this computer. | Ask it-help@acme.example for the CA file.",
  ],
  [
    "intercepted ja",
    read("intercepted", "ja", { inspector: "Acme Web Gateway" }),
    "通信が「Acme Web Gateway」\u2060で検査されています | この証明書は PC に信頼されていません。 | CA ファイルを it-help@acme.example に依頼してください。",
  ],
  [
    "ended_by_org",
    read("ended_by_org", "en"),
    "Your access was removed | by Acme on 23 Nov, 15:04 | If this is unexpected, ask it-help@acme.example.",
  ],
  [
    "a session that ended",
    read("session_ended", "en"),
    "Your sign-in has ended | Okta stopped accepting your sign-in today at 15:04. A new password, a long pause or an administrator may be the reason. | Sign in again. Until then, neither this app nor the kiro command can use it.",
  ],
  [
    "a session that ended ja",
    read("session_ended", "ja"),
    "サインインが終了しました | 本日 15:04 から、Okta が前回のサインインを受け付けていません。パスワードの変更、長い中断、管理者の操作などが考えられます。 | もう一度サインインしてください。それまで、このアプリと kiro コマンドでは使えません。",
  ],
  [
    "an interrupted renewal",
    read("session_ended", "en", {}, "interrupted"),
    "Your sign-in has ended | A renewal was cut off before its answer was saved, and Okta does not accept the earlier token any more. | Sign in again. Until then, neither this app nor the kiro command can use it.",
  ],
  [
    "ended_by_org ja",
    read("ended_by_org", "ja"),
    "アクセス権が取り消されました | （Acme、11月23日 15:04） | 心当たりがない場合は it-help@acme.example に確認してください。",
  ],
  [
    "scheme_taken",
    read("scheme_taken", "en", { other_app: "Kiro IDE" }),
    "Another app opens kiro:// links | (Kiro IDE) | Signing in through localhost instead. | Sign in through localhost.",
  ],
  [
    "clock",
    read("clock", "en", { skew_seconds: -93600 }),
    "This computer’s clock is 26 hours off | Correct it, then try again.",
  ],
  ["clock, unknown", read("clock", "en"), "This computer’s clock is off | Correct it, then try again."],
  [
    "clock ja",
    read("clock", "ja", { skew_seconds: 93600 }),
    "この PC の時計が 26 時間ずれています | 修正してからもう一度試してください。",
  ],
  [
    "disk full",
    read("could_not_save", "en", {}, "disk_full"),
    "The session could not be saved | The disk is full. | Free some space, then sign in again.",
  ],
  [
    "read only",
    read("could_not_save", "en", { path: "/k" }, "read_only"),
    "The session could not be saved | /k is on a disk that can only be read. | Make it writable, then sign in again.",
  ],
  [
    "denied",
    read("could_not_save", "en", { path: "/k" }, "denied"),
    "The session could not be saved | You are not allowed to write to /k. | Make the folder yours again, then sign in again.",
  ],
  [
    "not known why",
    read("could_not_save", "en", { path: "/k" }, "io"),
    "The session could not be saved | /k could not be written. | Check the folder and the disk, then sign in again.",
  ],
])("the words of %s", (_, was, expected) => expect(was).toBe(expected));

test("a sign-in that is no longer kept is not promised", () => {
  const one = failure("keyring_locked", { seconds_left: 50 });
  one.detail.time = new Date(NOW - 51_000).toISOString();
  expect(say("en", "failure.keyring_locked.todo", failureValues(one, "en", NOW))).toBe("Unlock it and continue.");
});

test.each([
  ["policy_device", false, "err.kept"],
  ["session_ended", true, "att.kept"],
  ["keyring_locked", true, "att.session"],
  ["proxy_password", true, "att.session"],
  ["cancelled", false, null],
] as const)("what is kept after %s", (code, attention, expected) => expect(keptKey(code, attention)).toBe(expected));

test("the catalogues have the same keys", () => {
  expect(Object.keys(words.ja)).toEqual(Object.keys(words.en));
});

test("times", () => {
  expect(clock(582)).toBe("9:42");
  expect(clock(8)).toBe("0:08");
  expect(span(93600, "en")).toBe("1 day");
  expect(span(7200, "ja")).toBe("2 時間");
  expect(offBy(93600, "en")).toBe("26 hours");
  expect(offBy(93600, "ja")).toBe("26 時間");
  expect(offBy(95, "en")).toBe("1 min");
  expect(dateAndTime("2026-11-23T18:40:00Z", "ja")).toBe("11月23日 18:40");
});

test("characters that disguise a name are removed", () => {
  expect(neutral({ name: "a\u202eb\u0000c\u2066" })).toEqual({ name: "abc" });
});

test.each([
  ["Maya Lindqvist", "ML"],
  ["佐藤 美咲", "佐"],
  ["  aiko", "A"],
])("the letters of %s", (name, expected) => expect(letters(name)).toBe(expected));

test.each([
  ["Acme", "https://id.acme.example", "acme"],
  ["Acme, Inc. (EU)", "https://id.acme.example", "acme-inc-eu"],
  ["株式会社ひのき", "https://id.hinoki.example:8443/x", "id-hinoki-example-8443"],
  ["株式会社ひのき", "not an address", ""],
  ["  ", "https://id.acme.example", ""],
  [`${"a".repeat(62)} b`, "", "a".repeat(62)],
])("the name in commands of %s at %s", (name, issuer, expected) => {
  const made = commandName({ provider: "okta", name, issuer });
  expect(made).toBe(expected);
  expect(made).toMatch(/^(?:[a-z0-9][a-z0-9-]{0,62})?$/);
});

test("only the fields of the chosen provider are sent", () => {
  const form = {
    name: " Acme ",
    issuer: "https://id.acme.example",
    client_id: " 1 ",
    tenant: "t",
    region: "eu-west-1",
  };
  expect(typed({ ...form, provider: "entra" })).toEqual({
    provider: "entra",
    name: "Acme",
    tenant: "t",
    client_id: "1",
  });
  expect(complete({ ...form, provider: "okta" })).toBe(true);
  expect(complete({ ...form, provider: "okta", issuer: "id.acme.example" })).toBe(false);
  expect(complete({ ...form, provider: "identity-center" })).toBe(false);
});

test.each([
  ["https://acme.portal.eu-central-1.app.aws", "eu-central-1"],
  ["https://d-1.us-west-2.portal.amazonaws.com/start", "us-west-2"],
  ["https://d-0000000000.awsapps.com/start", null],
])("the region of %s", (url, expected) => expect(regionOf(url)).toBe(expected));

// Every word on every screen is the catalogue's, or a name, a time or an address that came with the view.
let plain = () => {};
afterEach(() => plain());
const SCREENS: [string, string, string[]][] = [
  ...Object.keys(views("en")).map((name): [string, string, string[]] => [name, name, []]),
  ["the checkup", "settings", ["[data-checkup]"]],
  ["the browsers", "error", ["[data-primary]"]],
  ["what is to be confirmed", "first-run", ["[data-primary]"]],
  ["what was exported", "settings", ["[data-diagnostics]"]],
  ["the ways out of waiting", "waiting-localhost", ["[aria-expanded=false]"]],
  ["the browser's session ending", "receipt", [".links .plain"]],
  ["the ways to sign out", "signed-in", ["[aria-expanded=false]"]],
];
test.each(SCREENS)("nothing on %s is left out of the catalogues", async (_, name, presses) => {
  plain = speakPseudo();
  const view = views("en")[name]!;
  await shown(view, { start: placeOf(name) ?? undefined });
  for (const selector of presses) {
    await fireEvent.click(document.querySelector(selector)!);
    await settled();
  }
  const { shell } = fakeShell(view);
  const told = [view, checkup(), await shell.browsers(), await shell.openOrganizationFile()];
  const given = JSON.stringify(neutral([...told, await shell.exportDiagnostics()]));
  const found: string[] = [];
  const walker = document.createTreeWalker(document.querySelector("main")!, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = node.textContent!.trim().replace(/^· | ·$/, "");
    const around = node.parentElement!.closest(
      "p, h1, h2, button, summary, .what, .why, .fix, .end, dd, dt, label, li, div",
    )!;
    const translated = /^\[[^]*\]$/.test(around.textContent!.trim());
    const data =
      given.includes(JSON.stringify(text).slice(1, -1)) ||
      node.parentElement!.closest(".facts, .letter, .face, bdi") !== null;
    const known =
      /^(?:·|\d+:\d\d|Okta|Microsoft Entra ID|IAM Identity Center|English|日本語|[a-z]{2}(?:-[a-z]+)+-\d)$/.test(text);
    if (text && !translated && !data && !known && !/\[/.test(text)) found.push(text);
  }
  expect(found).toEqual([]);
});
