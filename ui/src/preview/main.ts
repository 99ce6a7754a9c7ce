import { mount, tick, unmount } from "svelte";
import App from "../App.svelte";
import "../app.css";
import type { Language } from "../lib/bindings";
import { fakeShell } from "./fake-shell";
import { NOW, views } from "./fixtures";

const target = document.getElementById("window");
let mounted: Record<string, unknown> | undefined;

/** Puts one screen on the page; the first press of what is named in `press` follows. */
async function draw(name: string, language: Language, theme: string, press: string[] = []) {
  if (mounted) await unmount(mounted);
  const view = views(language)[name];
  if (!target || !view) throw new Error(`no view ${name}`);
  document.documentElement.dataset.theme = theme;
  const start = name.startsWith("add") ? "add" : name.startsWith("portal") ? "portal" : null;
  mounted = mount(App, { target, props: { shell: fakeShell(view).shell, time: () => NOW, start } });
  await tick();
  for (const selector of press) {
    document.querySelector<HTMLElement>(selector)?.click();
    await tick();
    await new Promise((done) => setTimeout(done, 0));
  }
}

const asked = new URLSearchParams(location.search);
Object.assign(window, { draw, names: Object.keys(views("en")) });
void draw(asked.get("view") ?? "sign-in", asked.get("lang") === "ja" ? "ja" : "en", asked.get("theme") ?? "light");
