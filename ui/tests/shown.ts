import { fireEvent, render, screen } from "@testing-library/svelte";
import { flushSync, tick } from "svelte";
import App from "../src/App.svelte";
import type { Language, View } from "../src/lib/bindings";
import type { Place } from "../src/lib/page.svelte";
import type { Shell } from "../src/lib/shell";
import { fakeShell } from "../src/preview/fake-shell";
import { NOW, views } from "../src/preview/fixtures";

type How = { language?: Language; start?: Place; shell?: Partial<Shell>; time?: () => number };

/** Lets everything that is due be drawn. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 5; i++) await tick();
  flushSync();
}

/** The window with this preview in it, and what was asked of the shell. */
export async function shown(of: string | View, { language = "en", start, shell, time = () => NOW }: How = {}) {
  const view = typeof of === "string" ? views(language)[of] : of;
  if (!view) throw new Error(`no view ${String(of)}`);
  const fake = fakeShell(view);
  const { unmount } = render(App, { shell: { ...fake.shell, ...shell }, time, start: start ?? null });
  await settled();
  const push = async (next: View) => (fake.show(next), settled());
  return { asked: fake.asked, view, push, unmount };
}

/** Presses the button of this name. */
export const press = async (name: string | RegExp) => {
  await fireEvent.click(screen.getByRole("button", { name }));
  await settled();
};

/** Types this into the field of this label. */
export const fill = async (label: string, value: string) => {
  await fireEvent.input(screen.getByLabelText(label), { target: { value } });
  await settled();
};

export const heading = () => screen.getByRole("heading", { level: 1 }).textContent;

/** The view of somebody who waits, with this changed. */
export const waiting = (change: Partial<NonNullable<View["attempt"]>>): View => {
  const view = views("en")["waiting"]!;
  return { ...view, attempt: { ...view.attempt!, ...change } };
};
