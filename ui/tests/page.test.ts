import { fireEvent, render, screen } from "@testing-library/svelte";
import { tick } from "svelte";
import { expect, test } from "vitest";
import App from "../src/App.svelte";
import { failureKey, say, words } from "../src/lib/say";
import { neutral } from "../src/lib/neutral";
import { clock, span } from "../src/lib/time";
import { fakeShell } from "../src/preview/fake-shell";
import { failure, NOW, views } from "../src/preview/fixtures";

const CODES =
  "not_assigned policy_device policy_blocked account_problem wrong_tenant step_up_needed login_required consent_missing client_setup redirect_uri cancelled denied server_error no_answer browser_not_opened scheme_taken ports_taken untrusted_answer malformed_answer wrong_region device_flow_not_offered device_code_expired keyring_locked no_keyring key_gone passphrase_needed wrong_passphrase could_not_save file_damaged file_newer not_private unreachable intercepted clock wrong_issuer not_an_identity_provider insecure_url not_signed_in session_ended ended_by_org refresh_failed unknown_profile no_organization unknown_organization choose_organization organization_exists organizations_invalid managed_by_organization interrupted unexpected".split(
    " ",
  );

async function show(name: string, language: "en" | "ja" = "en") {
  const view = views(language)[name]!;
  const fake = fakeShell(view);
  render(App, { shell: fake.shell, time: () => NOW });
  await tick();
  return { ...fake, view };
}

test.each(CODES)("%s has its own title, reason and remedy in both languages", (code) => {
  for (const part of ["title", "why", "todo"] as const) {
    expect(failureKey(code, part)).toBe(`failure.${code}.${part}`);
    for (const language of ["en", "ja"] as const)
      expect(say(language, failureKey(code, part)).length).toBeGreaterThan(2);
  }
});

test("both catalogues have the same keys and placeholders", () => {
  const holes = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();
  expect(Object.keys(words.ja)).toEqual(Object.keys(words.en));
  for (const key of Object.keys(words.en) as (keyof typeof words.en)[])
    expect(holes(words.ja[key]), key).toEqual(holes(words.en[key]));
});

test("times", () => {
  expect(clock(582)).toBe("9:42");
  expect(clock(8)).toBe("0:08");
  expect(span(93600, "en")).toBe("1 day");
  expect(span(7200, "ja")).toBe("2 時間");
});

test("characters that disguise a name are removed", () => {
  expect(neutral({ name: "a\u202eb\u0000c\u2066" })).toEqual({ name: "abc" });
});

test("Enter presses the primary button", async () => {
  const { asked } = await show("sign-in");
  await fireEvent.keyDown(document.body, { key: "Enter" });
  expect(asked).toEqual(["sign_in acme any deep_link"]);
});

test("Escape cancels while waiting", async () => {
  const { asked } = await show("waiting");
  await fireEvent.keyDown(document.body, { key: "Escape" });
  expect(asked).toEqual(["cancel"]);
});

test("the time left is a timer and 1 minute is said politely", async () => {
  const { show: push, view } = await show("waiting");
  expect(screen.getByRole("timer").textContent).toContain("9:41");
  push({ ...view, attempt: { ...view.attempt!, expires_at: new Date(NOW + 60_000).toISOString() } });
  await tick();
  expect(screen.getByRole("status").textContent).toBe("1 min left");
});

test("a new screen takes the focus to its heading, and an error is an alert", async () => {
  const { show: push, view } = await show("sign-in");
  push({ ...view, failure: failure("not_assigned") });
  await tick();
  await tick();
  await tick();
  expect(document.activeElement?.tagName).toBe("H1");
  expect(screen.getByRole("alert").textContent).toContain("You do not have access yet");
});
