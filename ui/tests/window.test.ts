import { fireEvent, screen } from "@testing-library/svelte";
import { describe, expect, test } from "vitest";
import { failure, views } from "../src/preview/fixtures";
import { heading, press, shown } from "./shown";

describe("keys", () => {
  test("Enter presses the primary button, once while it is held", async () => {
    const { asked } = await shown("sign-in");
    await fireEvent.keyDown(document.body, { key: "Enter" });
    await fireEvent.keyDown(document.body, { key: "Enter", repeat: true });
    expect(asked).toEqual(["sign_in acme any best"]);
  });

  test("Enter that ends a Japanese word does not", async () => {
    const { asked } = await shown("sign-in");
    await fireEvent.keyDown(document.body, { key: "Enter", isComposing: true });
    expect(asked).toEqual([]);
  });

  test("Escape cancels while waiting", async () => {
    const { asked } = await shown("waiting");
    await fireEvent.keyDown(document.body, { key: "Escape" });
    expect(asked).toEqual(["cancel"]);
  });

  test("a sign-in is asked for once while it begins", async () => {
    let asked = 0;
    await shown("sign-in", { shell: { signIn: () => (asked++, new Promise(() => {})) } });
    const button = screen.getByRole("button", { name: /Sign in with SSO/ });
    await fireEvent.click(button);
    await fireEvent.click(button);
    await fireEvent.keyDown(document.body, { key: "Enter" });
    expect(asked).toBe(1);
  });
});

describe("words around the screens", () => {
  test("the sign-in button says which host the browser will open", async () => {
    await shown("sign-in");
    const button = screen.getByRole("button", { name: /Sign in with SSO/ });
    const description = document.getElementById(button.getAttribute("aria-describedby")!)!;
    expect(description.textContent!.trim()).toBe("Opens id.acme.example in your browser");
  });

  test("language and title of the page follow the language", async () => {
    await shown("sign-in");
    expect([document.documentElement.lang, document.title]).toEqual(["en", "Kiro Sign-In"]);
    await press("日本語");
    expect([document.documentElement.lang, document.title]).toEqual(["ja", "Kiro サインイン"]);
  });

  test("a new screen takes the focus to its heading, and an error is an alert", async () => {
    const { push, view } = await shown("sign-in");
    expect(document.activeElement).toBe(document.body);
    await push({ ...view, failure: failure("not_assigned") });
    expect(document.activeElement?.tagName).toBe("H1");
    expect(screen.getByRole("alert").textContent).toContain("You do not have access yet");
  });

  test("being offline is a state of who is signed in, and of nobody else", async () => {
    const { push, view } = await shown("signed-in-offline");
    expect(document.querySelector(".state span")!.textContent).toBe("Signed in, no network");
    expect(screen.queryByRole("alert")).toBeNull();
    await push({ ...view, account: { state: "signed_out", reason: null } });
    expect(document.querySelector(".state span")!.textContent).toBe("Signed out");
  });

  test("what needs attention says what is kept", async () => {
    await shown("attention");
    expect(document.querySelector(".kept")!.textContent).toBe("Your organisation and settings are kept.");
  });

  test("what keeps a session from being renewed is tried again, and leads to where it can be mended", async () => {
    const { asked } = await shown("attention-proxy");
    expect(heading()).toBe("The proxy 10.1.1.1:3128 asks for a password");
    expect(document.querySelector(".kept")!.textContent).toBe("Your session is kept.");
    await press("Try again");
    expect(asked).toEqual(["dismiss"]);
    await press("Proxy settings");
    expect(heading()).toBe("Settings");
  });
});

describe("another account", () => {
  test.each(["sign-in", "coming-back", "sign-in-not-assigned"])("can be used from %s", async (of) => {
    const { asked } = await shown(of);
    await press("Use another account");
    expect(asked).toEqual(["sign_in acme select best"]);
  });

  test("without access, whom to ask is said where it is known", async () => {
    const { push, view } = await shown("sign-in-not-assigned");
    const lead = () => document.querySelector(".lead")!.textContent!.trim();
    const why = "Okta signed you in, but Kiro is not assigned to aiko@acme.example.";
    expect(lead()).toBe(`${why} Ask it-help@acme.example to assign it.`);
    const reason = { ...failure("not_assigned"), contact: null };
    await push({ ...view, account: { state: "signed_out", reason } });
    expect(lead()).toBe(why);
  });
});

describe("the browser's session at the provider", () => {
  test("is offered for ending only where there is a page for that", async () => {
    const { unmount } = await shown("signed-in");
    await press("More ways to sign out");
    expect(screen.getByRole("button", { name: /Also sign out at id\.acme\.example/ })).toBeTruthy();
    unmount();
    await shown("signed-in-eu");
    expect(screen.queryByRole("button", { name: "More ways to sign out" })).toBeNull();
  });

  test.each([
    ["receipt", "Browser session at id.acme.example: still open"],
    ["receipt-offline", "Browser session at id.acme.example: still open. Only its own sign-out page ends it."],
    ["receipt-center", "Browser session at fjordlys.awsapps.com: still open. Only its own sign-out page ends it."],
  ])("is still open on the %s", async (of, words) => {
    await shown(of);
    expect(document.querySelector("li:last-of-type .what")!.textContent).toBe(words);
  });

  test("is said to end once the browser was sent there, and to be open when it could not be", async () => {
    const { push, view, asked } = await shown("receipt");
    const words = () => document.querySelector("li:last-of-type .what")!.textContent;
    await press(/Sign out at/);
    expect(asked).toEqual(["end_session"]);
    expect(words()).toBe("Browser session at id.acme.example: ending in your browser");
    await push(view);
    expect(words()).toBe("Browser session at id.acme.example: still open");
  });
});

describe("refusals", () => {
  const refused = () => Promise.reject(failure("unreachable"));
  test.each([
    ["sign_in", "sign-in", { signIn: refused }, /Sign in with SSO/],
    ["copy_link", "waiting-loopback", { copyLink: refused }, /Copy the link/],
    ["open_again", "waiting", { openAgain: refused }, /Open the browser again/],
    ["cancel", "waiting", { cancel: refused }, "Cancel"],
    ["sign_out", "signed-in", { signOut: refused }, "Sign out of this computer"],
    ["take_links", "waiting-scheme-taken", { takeLinks: refused }, "Use Kiro Sign-In for these links"],
    ["dismiss", "receipt", { dismiss: refused }, "Done"],
    ["end_session", "receipt", { endSession: refused }, /Sign out at/],
    ["prefer", "sign-in", { prefer: refused }, "日本語"],
    ["open_organization_file", "first-run", { openOrganizationFile: refused }, /Open organisation file/],
  ])("a rejected %s reaches the person", async (_, view, shell, button) => {
    await shown(view, { shell });
    await press(button);
    expect(screen.getByRole("alert").textContent).toContain("id.acme.example cannot be reached");
  });

  test("“Try again” signs in at the organisation that the failure names", async () => {
    const { asked, push } = await shown("choose-organisation");
    const view = { ...views("en")["choose-organisation"]!, chosen: null };
    await push({
      ...view,
      failure: { ...failure("keyring_locked"), organization: "hinoki", organization_title: "Hinoki Works" },
    });
    await press("Try again");
    expect(asked).toEqual(["sign_in hinoki any best"]);
  });

  test("“Try again” does again what was refused", async () => {
    let asked = 0;
    const signIn = () => (++asked === 1 ? refused() : Promise.resolve());
    await shown("sign-in", { shell: { signIn } });
    await press(/Sign in with SSO/);
    await press("Try again");
    expect(asked).toBe(2);
    expect(heading()).toBe("Sign in to Kiro");
  });

  test("plain text from the window system is something unexpected, with the text in the details", async () => {
    await shown("sign-in", { shell: { signIn: () => Promise.reject("Command sign_in not allowed") } });
    await press(/Sign in with SSO/);
    expect(heading()).toBe("Something unexpected happened");
    expect(document.querySelector(".facts")!.textContent).toContain("Command sign_in not allowed");
  });
});
