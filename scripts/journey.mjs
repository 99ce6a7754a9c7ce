// The demonstration's journey where nobody looks on: the real window, a real browser, the real links. Leaves
// pictures, index.html and transcript.txt in target/demo.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { drive, eventually, freePort, pause } from "./webdriver.mjs";

const html = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

/**
 * Runs the journey at the organisation's provider; returns how many pictures it left. `walk` gets a person through its pages (walk.mjs);
 * `startUrl` is its own page, if it is an Identity Center.
 */
export async function journey({ env, demo, origins, walk, startUrl }) {
  const browser = await systemBrowser(env, demo, origins);
  const story = []; // pictures and commands, as they happened
  let pictures = 0;
  const folder = path.join(demo, "pictures");
  fs.mkdirSync(folder, { recursive: true });
  const keep = async (session, caption) => {
    const name = `${String((pictures += 1)).padStart(2, "0")}.png`;
    await pause(500); // a screen fades in
    fs.writeFileSync(path.join(folder, name), await session.picture());
    story.push({ name, caption });
  };
  const terminal = (command) => {
    const ran = spawnSync("sh", ["-c", command], { env, encoding: "utf8" });
    story.push({ command, said: `${ran.stdout}${ran.stderr}(exit code ${ran.status})` });
  };
  const app = await drive(
    "WebKitWebDriver",
    { "webkitgtk:browserOptions": { binary: path.join(env.CARGO_TARGET_DIR, "debug/kiro-desktop"), args: [] } },
    // WebDriver takes pictures of what the graphics driver paints alone; the app itself does without.
    { ...env, TAURI_WEBVIEW_AUTOMATION: "true", WEBKIT_DISABLE_DMABUF_RENDERER: "0", GDK_GL: "" },
  );
  let web = null; // the one browser, at its newest tab
  const seen = [];
  const signIn = async (person, button) => {
    await app.click(`//button[contains(., '${button}')]`);
    await app.shows("Continue in your browser");
    await keep(app, `${person}: the window waits for the browser`);
    web ??= await browser.attach();
    const tab = await eventually("a tab", async () => (await web.windows()).find((each) => !seen.includes(each)));
    seen.push(tab);
    await web.focus(tab);
    await walk(web, person, keep);
  };

  try {
    terminal("kiro org list");
    terminal("kiro auth status");
    await app.shows("Sign in with SSO");
    await keep(app, "The window, signed out");

    await signIn("aiko", "Sign in with SSO");
    await app.shows("Sign out of this computer");
    await keep(app, "Aiko is signed in");
    await app.click("//summary[contains(., 'Region and models')]");
    await keep(app, "Which model she may use where, and why not");
    if (startUrl) {
      await keep(web, "aiko: what the browser says at the end");
      await web.goto(startUrl);
      await keep(web, "aiko: the organisation's start page, with her accounts and roles");
    }
    terminal("kiro auth status");
    terminal("kiro auth token | wc --bytes");
    terminal("kiro models");
    terminal("kiro models --why opus-4.6");
    terminal('kiro ask "What is a monad?"');
    if (startUrl) terminal("kiro org export --aws-config");
    terminal("kiro auth logout");
    await app.shows("Sign in to Kiro");
    await keep(app, "Signed out by the kiro command, and the window knows");

    // Aiko is signed in at the provider still.
    const another = "Use another account";
    if (startUrl) {
      await signIn("maya", another);
      await app.shows("Sign out of this computer");
      await keep(app, "Maya is signed in");
      terminal("kiro auth logout");
    } else {
      await signIn("ben", another);
      await app.shows("You do not have access yet");
      await keep(app, "Ben is not assigned: what happened, why, and what to do");
      terminal("kiro auth status");
    }
  } catch (error) {
    await keep(app, `Where it stopped: ${error.message}`).catch(() => {});
    throw error;
  } finally {
    await app.end();
    await web?.end();
    browser.end();
    const line = (each) => (each.name ? `[${each.name}] ${each.caption}` : `$ ${each.command}\n${each.said}`);
    fs.writeFileSync(path.join(demo, "transcript.txt"), `${story.map(line).join("\n\n")}\n`);
    fs.writeFileSync(path.join(demo, "index.html"), page(story));
  }
  return pictures;
}

/** Chromium as the system browser of the virtual desktop, told to hand kiro:// over without asking. */
async function systemBrowser(env, demo, origins) {
  const port = await freePort();
  const settings = path.join(demo, "home/browser-settings.json");
  const pid = path.join(demo, "home/browser.pid");
  const program = path.join(demo, "bin/browser");
  const flags = [
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking",
    "--disable-component-update --disable-sync --password-store=basic --window-size=900,860",
    `--remote-debugging-port=${port}`,
  ].join(" ");
  const profile = path.join(demo, "home/browser"); // one for the whole journey: who is signed in there stays
  const lines = [
    "#!/bin/sh",
    // Without a display a second Chromium does not hand its address over to the first.
    `[ -e ${pid} ] && exec node -e 'fetch("http://127.0.0.1:${port}/json/new?" + encodeURIComponent(process.argv[1]), { method: "PUT" })' "$1"`,
    `echo $$ >${pid}`,
    `mkdir -p ${profile}/Default && cp ${settings} ${profile}/Default/Preferences`,
    `exec chromium ${flags} --user-data-dir=${profile} "$@" >/dev/null 2>&1`,
  ];
  fs.writeFileSync(program, `${lines.join("\n")}\n`, { mode: 0o755 });
  const allowed = Object.fromEntries(origins.map((origin) => [origin, { kiro: true }]));
  fs.writeFileSync(settings, JSON.stringify({ protocol_handler: { allowed_origin_protocol_pairs: allowed } }));
  const applications = path.join(env.XDG_DATA_HOME, "applications");
  fs.mkdirSync(applications, { recursive: true });
  const launcher = `[Desktop Entry]\nType=Application\nName=Browser\nExec=${program} %u\nMimeType=x-scheme-handler/http;x-scheme-handler/https;\n`;
  fs.writeFileSync(path.join(applications, "demonstration-browser.desktop"), launcher);
  for (const scheme of ["http", "https"]) {
    spawnSync("xdg-mime", ["default", "demonstration-browser.desktop", `x-scheme-handler/${scheme}`], { env });
  }
  const address = `127.0.0.1:${port}`;
  return {
    attach: async () => {
      await eventually("the browser", () => fetch(`http://${address}/json/version`), 60_000);
      return drive("chromedriver", { "goog:chromeOptions": { debuggerAddress: address } }, env);
    },
    end: () => {
      if (!fs.existsSync(pid)) return;
      try {
        process.kill(Number(fs.readFileSync(pid, "utf8")), "SIGKILL");
      } catch {
        // Has ended already.
      }
      fs.rmSync(pid);
    },
  };
}

const shown = (each) =>
  each.name
    ? `<figure><img src="pictures/${each.name}" alt=""><figcaption>${html(each.caption)}</figcaption></figure>`
    : `<figure><pre><b>$ ${html(each.command)}</b>\n${html(each.said)}</pre></figure>`;

const page = (story) => `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Kiro Sign-In: the demonstration</title>
<style>body{font:15px/1.5 system-ui,sans-serif;margin:32px auto;max-width:1000px;padding:0 24px;background:#f6f8f7;color:#15201d}
ol{list-style:none;margin:0;padding:0;display:grid;gap:32px;counter-reset:step}
li{display:grid;grid-template-columns:4ch minmax(0,1fr);counter-increment:step}li::before{content:counter(step);color:#5b6b66}
figure{margin:0}figcaption{order:-1;margin-bottom:8px;font-weight:600}figure{display:flex;flex-direction:column}
img{max-width:min(100%,720px);align-self:start;border:1px solid #dce2df;border-radius:10px}
pre{margin:0;background:#15201d;color:#e6efec;border-radius:10px;padding:16px;overflow:auto}</style>
<h1>Kiro Sign-In: the demonstration</h1>
<p>What happened, from top to bottom: the window, the provider’s page in the system browser, and the terminal.</p>
<ol>${story.map((each) => `<li>${shown(each)}</li>`).join("\n")}</ol>
</html>
`;
