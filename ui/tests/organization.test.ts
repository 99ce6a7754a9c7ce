import { fireEvent, screen } from "@testing-library/svelte";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { CheckedOrganization, NewOrganization } from "../src/lib/bindings";
import { failure } from "../src/preview/fixtures";
import { fill, heading, press, settled, shown } from "./shown";

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
