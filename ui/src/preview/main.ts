import { mount, tick, unmount } from "svelte";
import App from "../App.svelte";
import "../app.css";
import type { Language } from "../lib/bindings";
import { fakeShell } from "./fake-shell";
import { NOW, placeOf, views } from "./fixtures";
import { speakPseudo } from "./pseudo";

const target = document.getElementById("window");
let plain = () => {};
let mounted: Record<string, unknown> | undefined;

/** Puts one screen on the page, then presses what is named. */
async function draw(name: string, tongue: Language | "pseudo", theme: string, press: string[] = []) {
  if (mounted) await unmount(mounted);
  plain();
  plain = tongue === "pseudo" ? speakPseudo() : () => {};
  const language = tongue === "pseudo" ? "en" : tongue;
  const view = views(language)[name];
  if (!target || !view) throw new Error(`no view ${name}`);
  document.documentElement.dataset.theme = theme;
  mounted = mount(App, { target, props: { shell: fakeShell(view).shell, time: () => NOW, start: placeOf(name) } });
  await tick();
  // The finishing screen waits a moment before it comes.
  if (view.attempt?.step === "finishing") await new Promise((done) => setTimeout(done, 350));
  for (const step of press) {
    const [selector = "", value] = step.split("<-");
    const at = document.querySelector<HTMLElement>(selector);
    if (!at) throw new Error(`${name}: no ${selector}`);
    if (value === undefined) at.click();
    else {
      (at as HTMLInputElement).value = value;
      at.dispatchEvent(new Event("input", { bubbles: true }));
    }
    await tick();
    await new Promise((done) => setTimeout(done, 0));
  }
  // The look at a server waits until the typing rests.
  if (press.some((step) => step.includes("<-"))) await new Promise((done) => setTimeout(done, 700));
}

const asked = new URLSearchParams(location.search);
Object.assign(window, { draw, names: Object.keys(views("en")) });
void draw(asked.get("view") ?? "sign-in", asked.get("lang") === "ja" ? "ja" : "en", asked.get("theme") ?? "light");
