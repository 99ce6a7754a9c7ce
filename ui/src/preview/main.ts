import { mount } from "svelte";
import App from "../App.svelte";
import "../app.css";
import { fakeShell } from "./fake-shell";
import { NOW, views } from "./fixtures";

const asked = new URLSearchParams(location.search);
const name = asked.get("view") ?? "sign-in";
const view = views(asked.get("lang") === "ja" ? "ja" : "en")[name];
document.documentElement.dataset.theme = asked.get("theme") ?? "light";
const target = document.getElementById("window");
if (target && view)
  mount(App, {
    target,
    props: { shell: fakeShell(view).shell, time: () => NOW, start: name.startsWith("add") ? "add" : null },
  });
