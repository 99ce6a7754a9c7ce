import { fireEvent, screen } from "@testing-library/svelte";
import { describe, expect, test } from "vitest";
import type { Checkup, View } from "../src/lib/bindings";
import { checkup, views } from "../src/preview/fixtures";
import { fill, heading, press, settled, shown, waiting } from "./shown";

describe("settings", () => {
  const change = (settings: Partial<View["settings"]>, locks: Partial<View["locks"]> = {}): View => {
    const view = views("en")["settings"]!;
    return { ...view, settings: { ...view.settings, ...settings }, locks: { ...view.locks, ...locks } };
  };

  test("what is unfolded is scrolled into view, and what is folded is not", async () => {
    const scrolled: Element[] = [];
    Element.prototype.scrollIntoView = function () {
      scrolled.push(this);
    };
    await shown("settings", { start: "settings" });
    const details = screen.getByText("About").closest("details")!;
    const toggle = async (open: boolean) => {
      await fireEvent.click(screen.getByText("About"));
      details.open = open;
      details.dispatchEvent(new Event("toggle"));
      await new Promise((done) => setTimeout(done, 0));
    };
    await toggle(true);
    expect(scrolled).toEqual([details]);
    await toggle(false);
    expect(scrolled).toEqual([details]);
  });

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

  test("are the first way out of an inspected connection, until a CA file was added: then it is tried again", async () => {
    const { push, view, asked } = await shown("error-intercepted");
    const first = () => document.querySelector<HTMLElement>("[data-primary]")!.textContent;
    expect(first()).toBe("Add CA file…");
    expect(screen.getByRole("button", { name: "Try again" })).toBeTruthy();
    await push({ ...view, settings: { ...view.settings, ca_file: "/etc/acme-ca.pem" } });
    expect(first()).toBe("Try again");
    await press("Try again");
    expect(asked).toEqual(["sign_in acme any best"]);
    const failure = view.failure!;
    await push({ ...view, failure: { ...failure, detail: { ...failure.detail, time: "2026-11-23T16:00:00Z" } } });
    expect(first()).toBe("Add CA file…");
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
    expect(document.querySelector(".lead")!.textContent!.trim()).toBe(
      "Problems: 2 · Worth knowing: 1. Send the diagnostics to it-help@acme.example.",
    );
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
