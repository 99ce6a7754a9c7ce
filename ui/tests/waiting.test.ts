import { fireEvent, screen } from "@testing-library/svelte";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { NOW, views } from "../src/preview/fixtures";
import { heading, press, settled, shown, waiting } from "./shown";

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
    const looks = async (seconds = 30) => {
      let times = 0;
      for (let second = 0; second < seconds; second++) {
        clock.mockClear();
        await pass(1);
        if (clock.mock.calls.length > 0) times++;
      }
      return times;
    };
    expect(await looks()).toBe(30);
    await push(views("en")["signed-in"]!);
    await pass(1);
    expect(await looks(600)).toBe(10);
    await push(views("en")["first-run"]!);
    await pass(1);
    expect(await looks()).toBe(0);
  });

  test("what is left is told anew in the second in which it is another number", async () => {
    const view = views("en")["signed-in"]!;
    if (view.account.state !== "signed_in") throw new Error("nobody is signed in");
    const at = (seconds: number) => new Date(NOW + seconds * 1000).toISOString();
    const who = { ...view.account.who, expires_at: at(150), session_expires_at: at(7300) };
    await shown({ ...view, account: { state: "signed_in", who } }, { time });
    const left = () => [...document.querySelectorAll(".end.figures")].map((each) => each.textContent);
    const told = async (seconds: number) => (await pass(seconds), left());
    expect(await told(0)).toEqual(["in 2 min", "2 hours"]);
    expect(await told(30)).toEqual(["in 2 min", "2 hours"]);
    expect(await told(1)).toEqual(["in 1 min", "2 hours"]);
    expect(await told(59)).toEqual(["in 1 min", "2 hours"]);
    expect(await told(1)).toEqual(["in 59 s", "2 hours"]);
    expect(await told(1)).toEqual(["in 58 s", "2 hours"]);
    expect(await told(8)).toEqual(["in 50 s", "2 hours"]);
    expect(await told(1)).toEqual(["in 49 s", "1 hour"]);
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
