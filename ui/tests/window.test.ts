import { fireEvent, screen } from "@testing-library/svelte";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { CheckedOrganization, Checkup, NewOrganization, View } from "../src/lib/bindings";
import { checkup, failure, NOW, views } from "../src/preview/fixtures";
import { settled, shown } from "./shown";

const press = async (name: string | RegExp) => {
  await fireEvent.click(screen.getByRole("button", { name }));
  await settled();
};
const fill = async (label: string, value: string) => {
  await fireEvent.input(screen.getByLabelText(label), { target: { value } });
  await settled();
};
const heading = () => screen.getByRole("heading", { level: 1 }).textContent;
const waiting = (change: Partial<NonNullable<View["attempt"]>>): View => {
  const view = views("en")["waiting"]!;
  return { ...view, attempt: { ...view.attempt!, ...change } };
};

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

describe("regions and models", () => {
  const rows = () =>
    [...document.querySelectorAll(".region")].map((row) => row.textContent!.replace(/\s+/g, " ").trim());

  test("an open region can be chosen, a closed one says why and who decides", async () => {
    const view = views("en")["signed-in"]!;
    const both = view.models!.regions.map((region) => ({ ...region, open: true, reasons: [] }));
    const { asked, push } = await shown({ ...view, models: { ...view.models!, regions: both } });
    await fireEvent.click(screen.getByRole("radio", { name: /Frankfurt/ }));
    expect(asked).toEqual(['prefer {"what":"region","to":"eu-central-1"}']);

    await push(view);
    expect(screen.getAllByRole("radio").length).toBe(1);
    expect(rows()).toEqual([
      "US East (N. Virginia) Claude Opus 4.6 us-east-1",
      "Europe (Frankfurt) Claude Opus 4.6Experimental eu-central-1 Only for sign-ins through IAM Identity Center, not Okta. An administrator decides this.",
    ]);
  });

  test("where the data stays is said, with a lock where the organisation has fixed it", async () => {
    const view = views("en")["signed-in-eu"]!;
    const { push } = await shown(view);
    const summary = () => screen.getByText("Region and models").closest("summary")!;
    expect(summary().textContent).toBe("Region and modelseu-central-1EU only");
    expect(summary().querySelector(".tag svg")).toBeTruthy();
    expect(rows()[1]).toContain("Fjordlys keeps all requests in the EU. An administrator decides this.");

    const own = { ...view.models!, managed: false, residency: "us" };
    await push({ ...view, models: own });
    expect(summary().textContent).toContain("USA only");
    expect(summary().querySelector(".tag svg")).toBeNull();
    await push({ ...view, models: null });
    expect(screen.queryByText("Region and models")).toBeNull();
  });

  test("who can change it is said once for all reasons, and an unknown reason is one", async () => {
    const view = views("en")["signed-in-no-models"]!;
    const { push } = await shown(view);
    expect(rows()[1]).toContain(
      "Only for sign-ins through IAM Identity Center, not Okta. Acme has not set up models yet. An administrator decides this.",
    );
    const later = view.models!.regions.map((region) => ({
      ...region,
      reasons: [{ reason: "of_a_later_version", administrator: false, methods: [], region: null }],
    }));
    await push({ ...view, models: { ...view.models!, regions: later } });
    expect(rows()[0]).toContain("It cannot be used here. Your own settings decide this.");
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
});

describe("links of another app", () => {
  test("are told while waiting, and taken at the person’s word", async () => {
    const taken = views("en")["waiting-scheme-taken"]!;
    const { asked, push } = await shown(taken);
    const notice = () => document.querySelector(".notice")!.textContent!.trim();
    expect(notice()).toMatch(
      /^Another app opens kiro:\/\/ links \(Kiro IDE\)\. Signing in through localhost instead\./,
    );
    expect(asked).toEqual([]);
    await press("Use Kiro Sign-In for these links");
    expect(asked).toEqual(["take_links"]);
    await push({ ...taken, failure: null, attempt: { ...taken.attempt!, app_link: true } });
    expect(notice()).toBe("Kiro Sign-In opens kiro:// links now.");
    await press("Nothing happening?");
    await press(/Use the app link instead/);
    expect(asked).toEqual(["take_links", "sign_in acme any deep_link"]);
  });
});

describe("waiting", () => {
  let now = NOW;
  beforeEach(() => {
    now = NOW;
    vi.useFakeTimers();
  });
  afterEach(() => vi.useRealTimers());
  const pass = async (seconds: number) => {
    now += seconds * 1000;
    await vi.advanceTimersByTimeAsync(seconds * 1000);
    await settled();
  };
  const time = () => now;
  const open = () => screen.getByRole("button", { name: "Nothing happening?" }).getAttribute("aria-expanded");

  test("a screen looks at the clock as often as it shows another time", async () => {
    const clock = vi.fn(time);
    const { push } = await shown(waiting({}), { time: clock });
    const looks = async () => {
      let times = 0;
      for (let second = 0; second < 30; second++) {
        clock.mockClear();
        await pass(1);
        if (clock.mock.calls.length > 0) times++;
      }
      return times;
    };
    expect(await looks()).toBe(30);
    await push(views("en")["signed-in"]!);
    await pass(1);
    expect(await looks()).toBe(3);
    await push(views("en")["first-run"]!);
    await pass(1);
    expect(await looks()).toBe(0);
  });

  test("“Nothing happening?” opens after 20 s, whatever is pushed in the meantime", async () => {
    const { push } = await shown(waiting({}), { time });
    for (let passed = 0; passed < 15; passed += 5) {
      await pass(5);
      await push(waiting({}));
    }
    await pass(4.9);
    expect(open()).toBe("false");
    await pass(0.2);
    expect(open()).toBe("true");
  });

  test("“Nothing happening?” stays as the person left it", async () => {
    const { push } = await shown(waiting({}), { time });
    await press("Nothing happening?");
    await push(waiting({ extensions_left: 9 }));
    expect(open()).toBe("true");
    await pass(21);
    await press("Nothing happening?");
    await push(waiting({}));
    await pass(30);
    expect(open()).toBe("false");
  });

  test("“Nothing happening?” begins anew when the focus changes and with another sign-in", async () => {
    const { push } = await shown(waiting({}), { time });
    await pass(19);
    await fireEvent.blur(window);
    await pass(19);
    expect(open()).toBe("false");
    await pass(2);
    expect(open()).toBe("true");
    await push(waiting({ id: "2" }));
    expect(open()).toBe("false");
    await push(waiting({ id: "2", browser_opened: false }));
    expect(open()).toBe("true");
  });

  test("5 minutes, 1 minute and 10 seconds are said once each, and the timer is silent", async () => {
    const { push } = await shown(waiting({}), { time });
    const status = screen.getAllByRole("status")[0]!;
    const said: string[] = [];
    const seen = new MutationObserver(() => said.push(status.textContent!));
    seen.observe(status, { childList: true, characterData: true, subtree: true });
    for (let i = 0; i < 290; i++) {
      await pass(2); // every second second: a tick may be late
      if (i % 7 === 0) await push(waiting({}));
    }
    expect(said).toEqual(["5 minutes left", "1 minute left", "10 seconds left"]);
    expect(screen.getByRole("timer").getAttribute("aria-live")).toBe("off");
    expect(screen.getByRole("timer").textContent).toContain("0:01");
    seen.disconnect();
  });

  test("what is long past when the window opens is not said, and 10 minutes more begin anew", async () => {
    const until = (seconds: number) => ({ expires_at: new Date(now + seconds * 1000).toISOString() });
    const { push } = await shown(waiting(until(200)), { time });
    const status = screen.getAllByRole("status")[0]!;
    expect(status.textContent).toBe("");
    await pass(141);
    expect(status.textContent).toBe("1 minute left");
    await push(waiting(until(600)));
    expect(status.textContent).toBe("");
    await pass(301);
    expect(status.textContent).toBe("5 minutes left");
  });

  test("finishing is shown when it takes longer than 300 ms", async () => {
    const { push } = await shown(waiting({}), { time });
    await push(waiting({ step: "finishing" }));
    await pass(0.2);
    await push(waiting({ step: "finishing" }));
    expect(heading()).toBe("Continue in your browser");
    await pass(0.11);
    expect(heading()).toBe("Almost there");
  });

  test("finishing is not shown when it is done sooner, nor too early the next time", async () => {
    const { push } = await shown(waiting({}), { time });
    await push(waiting({ step: "finishing" }));
    await pass(0.2);
    await push(views("en")["signed-in"]!);
    await push(waiting({ id: "2" }));
    await pass(1);
    await push(waiting({ id: "2", step: "finishing" }));
    await pass(0.2);
    expect(heading()).toBe("Continue in your browser");
  });
});

describe("the way back", () => {
  test.each([
    ["deep_link", true, /Try without the app link/, "loopback"],
    ["loopback", true, /Use the app link instead/, "deep_link"],
  ] as const)("waiting by %s offers the other way", async (via, app_link, other, way) => {
    const { asked } = await shown(waiting({ via, app_link }));
    await press("Nothing happening?");
    await press(other);
    expect(asked).toEqual([`sign_in acme any ${way}`]);
  });

  test("where the links are another app’s, the app link is not offered", async () => {
    await shown(waiting({ via: "loopback", app_link: false }));
    await press("Nothing happening?");
    expect(screen.queryByRole("button", { name: /app link/ })).toBeNull();
  });
});

describe("settings", () => {
  const change = (settings: Partial<View["settings"]>, locks: Partial<View["locks"]> = {}): View => {
    const view = views("en")["settings"]!;
    return { ...view, settings: { ...view.settings, ...settings }, locks: { ...view.locks, ...locks } };
  };

  test("are reached before signing in, and left again by Escape", async () => {
    await shown("sign-in");
    await press("Settings");
    expect(heading()).toBe("Settings");
    expect(document.activeElement?.tagName).toBe("H1");
    await fireEvent.keyDown(document.body, { key: "Escape" });
    await settled();
    expect(heading()).toBe("Sign in to Kiro");
  });

  test("what Settings can mend leads there, and back to the error", async () => {
    for (const [view, name] of [
      ["error-unreachable", "Proxy settings"],
      ["error-intercepted", "Add CA file…"],
    ] as const) {
      const { unmount } = await shown(view);
      await press(name);
      expect(screen.getByRole("heading", { level: 1 }).textContent).toBe("Settings");
      expect(screen.getByText("Further CA file").closest("details")?.open).toBe(true);
      await press("Back");
      expect(screen.getByRole("button", { name })).toBeTruthy();
      unmount();
    }
    await shown("error-cancelled");
    expect(screen.queryByRole("button", { name: "Proxy settings" })).toBeNull();
  });

  test("are reached from an error and lead back to it, and not offered while waiting", async () => {
    const { push } = await shown("error-unreachable");
    await press("Settings");
    await press("Back");
    expect(screen.getByRole("alert").textContent).toContain("cannot be reached");
    await push(views("en")["waiting"]!);
    expect(screen.queryByRole("button", { name: "Settings" })).toBeNull();
  });

  test("switches and choices ask the shell at once", async () => {
    const { asked } = await shown(change({}), { start: "settings" });
    await fireEvent.click(screen.getByRole("switch", { name: /Start in the tray/ }));
    await fireEvent.click(screen.getByRole("switch", { name: /Notifications/ }));
    await fireEvent.click(screen.getByRole("radio", { name: "None" }));
    await fireEvent.click(screen.getByRole("radio", { name: "日本語" }));
    expect(asked.map((each) => JSON.parse(each.slice("prefer ".length)))).toEqual([
      { what: "start_at_login", to: true },
      { what: "notifications", to: false },
      { what: "proxy", to: "none" },
      { what: "language", to: "ja" },
    ]);
  });

  test("a proxy is used when it is an address, and told when it is not", async () => {
    const { asked } = await shown(change({}), { start: "settings" });
    await fireEvent.click(screen.getByRole("radio", { name: "Manual" }));
    await settled();
    expect(asked).toEqual([]);
    for (const wrong of ["socks5://10.1.1.1", "http://aiko:secret@10.1.1.1", "http://p.example/x", "two words"]) {
      await fill("Address of the proxy", wrong);
      await press("Use");
      expect(screen.getByText(/An address such as/)).toBeTruthy();
    }
    expect(asked).toEqual([]);
    await fill("Address of the proxy", "10.1.1.1:3128");
    expect(screen.queryByText(/An address such as/)).toBeNull();
    await press("Use");
    expect(asked).toEqual(['prefer {"what":"proxy","to":"10.1.1.1:3128"}']);
  });

  test("what the administrator has fixed cannot be changed and says so", async () => {
    await shown(change({ ca_file: "/etc/acme.pem" }, { proxy: true, ca: true }), { start: "settings" });
    expect((screen.getByRole("radio", { name: "Manual" }) as HTMLInputElement).disabled).toBe(true);
    expect(screen.queryByRole("button", { name: /Add…|Remove/ })).toBeNull();
    expect(screen.getByText("Set by your administrator")).toBeTruthy();
  });

  test("links are taken and given back", async () => {
    const { asked, push } = await shown(change({ links: { ours: false, other: "Kiro IDE", former: null } }), {
      start: "settings",
    });
    await press("Use Kiro Sign-In for these links");
    await push(change({ links: { ours: true, other: null, former: "Kiro IDE" } }));
    await press("Give back to Kiro IDE");
    expect(asked).toEqual(["take_links", "give_links_back"]);
  });

  test("diagnostics say what is in the file that was written", async () => {
    await shown(change({}), { start: "settings" });
    await press(/Export diagnostics/);
    expect(screen.getByText("Written: report.json, organizations.toml, logs/desktop.log")).toBeTruthy();
  });

  test("about names every server that is asked", async () => {
    await shown("settings-managed", { start: "settings" });
    for (const host of ["id.acme.example", "fjordlys.awsapps.com", "login.microsoftonline.com"])
      expect(screen.getByText(host)).toBeTruthy();
  });
});

describe("choosing a browser", () => {
  test("from a device’s refusal: the sign-in begins again, in the one that is pressed", async () => {
    const { asked } = await shown("error");
    await press("Choose browser…");
    expect(heading()).toBe("Choose a browser");
    expect(screen.getByRole("button", { name: /Firefox ESR/ }).textContent).toContain("The usual one");
    await press(/Microsoft Edge/);
    expect(asked).toEqual(["sign_in hinoki any best microsoft-edge.desktop"]);
  });

  test("Escape leads back to the refusal; without any browser it says so", async () => {
    await shown("error", { shell: { browsers: async () => [] } });
    await press("Choose browser…");
    expect(screen.getByText("No browser was found on this computer.")).toBeTruthy();
    expect(screen.getByRole("button", { name: "Try again" })).toBeTruthy();
    await fireEvent.keyDown(document.body, { key: "Escape" });
    await settled();
    expect(screen.getByRole("alert").textContent).toContain("does not meet your company’s rules");
  });
});

describe("checking the computer", () => {
  const found = checkup();
  const fine = { contact: null, findings: found.findings.filter((each) => each.level === "good") };

  test("from Settings: told while it lasts, then every finding with its remedy, in the language of the moment", async () => {
    let done = (_: Checkup) => {};
    const checkComputer = () => new Promise<Checkup>((resolve) => (done = resolve));
    await shown("settings", { start: "settings", shell: { checkComputer } });
    await press(/Check my computer/);
    expect(heading()).toBe("Check my computer");
    expect(screen.getByText(/Looking at this computer/).getAttribute("role")).toBe("status");
    expect((screen.getByRole("button", { name: "Check again" }) as HTMLButtonElement).disabled).toBe(true);
    done(found);
    await settled();
    expect(
      screen.getByText("Problems: 2 · Worth knowing: 1. Send the diagnostics to it-help@acme.example."),
    ).toBeTruthy();
    const rows = screen.getAllByRole("listitem").map((row) => row.textContent!.replace(/\s+/g, " ").trim());
    expect(rows[0]).toBe(
      "KeyProblemThe system keyring is locked. Kiro keeps the key to your session there.Unlock it and continue.",
    );
    expect(rows[1]).toContain("others may use it (mode 0644)");
    expect(rows[1]).toContain("chmod 600 /home/maya/.kiro/sso/credentials.json");
    expect(rows[3]).toBe("localhostin ordera browser reaches Kiro here");
    await press("日本語");
    expect(screen.getAllByRole("listitem")[0]!.textContent).toContain("システムのキーリングがロックされています。");
    await press("戻る");
    expect(heading()).toBe("設定");
  });

  test("again: a mended computer is said to be as it should be", async () => {
    let asked = 0;
    const checkComputer = async () => (asked++ ? fine : found);
    await shown("settings", { start: "settings", shell: { checkComputer } });
    await press(/Check my computer/);
    await press("Check again");
    expect(screen.getByText("Everything is as it should be.")).toBeTruthy();
    expect(screen.queryByText("Problem")).toBeNull();
  });

  test("beside a sign-in, which goes on: Escape leads back, its answer ends the checking", async () => {
    const { asked, push, view } = await shown(waiting({}));
    await press("Nothing happening?");
    await press(/Check my computer/);
    await push({ ...view, attempt: { ...view.attempt!, extensions_left: 9 } });
    expect(heading()).toBe("Check my computer");
    await fireEvent.keyDown(document.body, { key: "Escape" });
    await settled();
    expect([heading(), asked]).toEqual(["Continue in your browser", []]);
    await press("Nothing happening?");
    await press(/Check my computer/);
    await push(views("en")["signed-in"]!);
    expect(heading()).toBe("Maya Lindqvist");
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

describe("adding an organisation", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());
  const found: CheckedOrganization = { host: "id.acme.example", redirect_uris: ["kiro://kiro.oauth/callback"] };
  const rest = async () => {
    await vi.advanceTimersByTimeAsync(700);
    await settled();
  };
  async function form(checkOrganization: (organization: NewOrganization) => Promise<CheckedOrganization>) {
    const added: NewOrganization[] = [];
    await shown("add-okta", {
      start: "add",
      shell: { checkOrganization, addOrganization: async (organization) => void added.push(organization) },
    });
    await fill("Name", "Acme, Inc.");
    await fill("Issuer URL", "https://id.acme.example");
    await fill("Client ID", "0oa1");
    return added;
  }

  test("the name in commands is shown, and the server is looked for once the typing rests", async () => {
    const checked: NewOrganization[] = [];
    await form(async (organization) => (checked.push(organization), found));
    expect(document.getElementById("name-says")!.textContent!.trim()).toBe("In commands: acme-inc");
    expect(checked).toEqual([]);
    await rest();
    expect(checked).toEqual([
      { provider: "okta", name: "Acme, Inc.", issuer: "https://id.acme.example", client_id: "0oa1" },
    ]);
    expect(document.getElementById("issuer-says")!.textContent!.trim()).toBe("Sign-in server found");
    await fill("Issuer URL", "https://id.acme.exampl");
    expect(document.getElementById("issuer-says")!.textContent!.trim()).toBe("");
  });

  test("a server that is not found is told beside its address", async () => {
    await form(() => Promise.reject(failure("not_an_identity_provider")));
    await rest();
    expect(document.getElementById("issuer-says")!.textContent!.trim()).toBe("No sign-in server was found there");
    expect(heading()).toBe("Set up your organisation");
  });

  test("Enter submits once, and only what was confirmed is added", async () => {
    let checks = 0;
    const added = await form(() => (checks++, new Promise((done) => setTimeout(() => done(found), 100))));
    const add = document.getElementById("add")!;
    await fireEvent.keyDown(screen.getByLabelText("Client ID"), { key: "Enter" });
    await fireEvent.keyDown(screen.getByLabelText("Okta"), { key: "Enter" });
    expect(checks).toBe(0); // the form's own submission follows, and nothing besides
    await fireEvent.submit(add);
    await fireEvent.submit(add);
    await vi.advanceTimersByTimeAsync(200);
    await settled();
    expect(checks).toBe(1);
    expect(heading()).toBe("Is this your organisation?");
    expect(added).toEqual([]);
    await press("Add organisation");
    expect(added).toHaveLength(1);
  });

  test("a form that lacks something takes the person there", async () => {
    await shown("add-okta", { start: "add" });
    await fill("Name", "Acme");
    await fireEvent.submit(document.getElementById("add")!);
    expect(document.activeElement).toBe(screen.getByLabelText("Issuer URL"));
  });

  test("a name that is taken is not checked", async () => {
    const { asked } = await shown("sign-in", { start: "add" });
    await fill("Name", "ACME");
    await fill("Issuer URL", "https://other.example");
    await fill("Client ID", "1");
    expect(document.getElementById("name-says")!.textContent!.trim()).toMatch(/^Already in use here: acme\./);
    await fireEvent.submit(document.getElementById("add")!);
    expect([heading(), asked]).toEqual(["Set up your organisation", []]);
  });

  test("a refused check leads back to the form as it was", async () => {
    await form(() => Promise.reject(failure("unreachable")));
    await fireEvent.submit(document.getElementById("add")!);
    await settled();
    expect(heading()).toBe("id.acme.example cannot be reached");
    await press("Try again");
    expect(screen.getByLabelText<HTMLInputElement>("Client ID").value).toBe("0oa1");
  });
});
