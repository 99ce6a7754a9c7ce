import { fireEvent, screen } from "@testing-library/svelte";
import { describe, expect, test } from "vitest";
import { views } from "../src/preview/fixtures";
import { shown } from "./shown";

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

  test("a model that alone is shut says why below its name", async () => {
    const view = views("en")["signed-in"]!;
    const [first, second] = view.models!.regions;
    const why = [{ reason: "not_approved", administrator: true, methods: [], region: null }];
    const shut = { title: "Other", experimental: false, usable: false, reasons: why };
    const regions = [{ ...first!, models: [...first!.models, shut] }, second!];
    await shown({ ...view, models: { ...view.models!, regions } });
    expect(rows()[0]).toBe(
      "US East (N. Virginia) Claude Opus 4.6 Other Acme has not approved it. An administrator decides this. us-east-1",
    );
  });

  test("without a model, or without a list of them, it is said so", async () => {
    const view = views("en")["signed-in-eu"]!;
    const { push } = await shown({ ...view, models: { ...view.models!, regions: [] } });
    const summary = screen.getByText("Region and models").closest("summary")!;
    expect(summary.textContent).toBe("Region and modelsEU only");
    expect(screen.getByText("No model is offered here.")).toBeTruthy();
    const no_models = { code: "organizations_invalid", path: "/etc/kiro/models.toml" };
    await push({ ...view, models: null, no_models });
    expect(screen.getByText("The organisation file cannot be used: /etc/kiro/models.toml")).toBeTruthy();
  });

  test("whose groups lack a model is told whose plan it is", async () => {
    await shown("signed-in-not-in-plan");
    expect(screen.queryByRole("radio")).toBeNull();
    expect(rows()[0]).toContain("Acme gives it to none of your groups. An administrator decides this.");
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
