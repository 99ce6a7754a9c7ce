import { mount } from "svelte";
import App from "./App.svelte";
import "./app.css";
import { tauriShell } from "./lib/shell";

const target = document.getElementById("window");
if (target) mount(App, { target, props: { shell: tauriShell } });
