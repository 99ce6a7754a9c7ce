// Draws every screen in both languages and themes: node scripts/pictures.mjs OUTDIR [NAME-PART]
// Fails on a Japanese character without a glyph, on an axe finding, also in forced colours, on anything that moves although calm is asked for, on anything cut, crushed or
// reaching sideways at 440 px, 320 px and 220 px (200 % text), and on what forced colours make unreadable or alike.
import axe from "axe-core";
import { mkdirSync, readFileSync } from "node:fs";
import { chromium } from "playwright-core";
import { build, preview } from "vite";

const [out = "pictures", part = ""] = process.argv.slice(2);
mkdirSync(out, { recursive: true });
const japanese = readFileSync(new URL("../src/lib/words/ja.ts", import.meta.url), "utf8");
await build({ mode: "preview", logLevel: "error" });
const server = await preview({ mode: "preview", preview: { port: 0, host: "127.0.0.1" }, logLevel: "error" });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox"],
});
const context = await browser.newContext({ timezoneId: "UTC", reducedMotion: "reduce" });
const page = await context.newPage();
let findings = 0;
const find = (text) => (findings++, console.error(text));
page.on("pageerror", (error) => find(`page: ${error.message}`));
await page.goto(`http://127.0.0.1:${server.httpServer.address().port}/preview.html`);
await page.waitForSelector("h1");
await page.evaluate(axe.source);

// A screen, or a screen after presses: name, view, selectors to press (`selector<-text` fills a field).
const names = await page.evaluate(() => window.names);
const filled = [
  "#name<-Acme, Inc.",
  "#issuer<-https://id.acme.example/oauth2/default",
  "#client_id<-0oa1b2c3d4e5F6G7h8i9",
];
const screens = [
  ...names.map((name) => [name, name, []]),
  ["add-entra", "add-okta", ["input[value=entra]"]],
  ["add-identity-center", "add-okta", ["input[value=identity-center]"]],
  ["waiting-not-a-callback", "waiting-loopback", ["[data-paste]"]],
  ["sign-out-ways", "signed-in", ["[aria-expanded=false]"]],
  ["receipt-ending", "receipt", [".links .plain"]],
  ["add-found", "add-okta", filled],
  ["add-taken", "add-okta-again", ["#name<-ACME", "#issuer<-id.acme.example"]],
  ["add-redirects", "add-okta", [...filled, "summary"]],
  ["confirm-typed", "add-okta", [...filled, "[data-primary]"]],
  ["confirm-redirects", "add-okta", [...filled, "[data-primary]", "summary"]],
  ["attention-details", "attention", ["summary"]],
  ["accounts", "signed-in", ["details:last-of-type summary"]],
  ["models", "signed-in", ["summary"]],
  ["models-eu", "signed-in-eu", ["summary"]],
  ["models-nowhere", "signed-in-nowhere", ["summary"]],
  ["models-not-in-plan", "signed-in-not-in-plan", ["summary"]],
  ["models-not-set-up", "signed-in-no-models", ["summary"]],
  ["choose-again", "sign-in-managed", [".card .plain"]],
  ["confirm-file", "first-run", ["[data-primary]"]],
  ["settings-network", "settings-manual", ["summary"]],
  ["settings-locked", "settings-managed", ["summary"]],
  ["settings-links", "settings-managed", ["details:nth-of-type(2) summary"]],
  ["settings-exported", "settings", ["[data-diagnostics]"]],
  ["browsers", "error", ["[data-primary]"]],
  ["checkup", "settings", ["[data-checkup]"]],
  ["checkup-waiting", "waiting", ["[aria-expanded=false]", "[data-checkup]"]],
  ["settings-about", "settings", ["details:last-of-type summary"]],
  ["nothing-happening", "waiting", ["[aria-expanded=false]"]],
  ["nothing-happening-localhost", "waiting-localhost", ["[aria-expanded=false]"]],
].filter(([name]) => name.includes(part));

const draw = (view, language, theme, press) =>
  page.evaluate((all) => window.draw(...all), [view, language, theme, press]);
/** What is cut, laid over something else or too small to press, in this size of the window. */
const measure = () => {
  const wrong = [];
  const main = document.querySelector("main");
  for (const box of [document.documentElement, main])
    if (box.scrollWidth > box.clientWidth)
      wrong.push(`${box.tagName} ${box.scrollWidth - box.clientWidth} px too wide`);
  const edge = document.documentElement.clientWidth;
  for (const box of document.querySelectorAll("main *")) {
    const at = box.getBoundingClientRect();
    if (!at.width || box.closest("svg, .said")) continue;
    const style = getComputedStyle(box);
    let inside = box.parentElement;
    while (inside && getComputedStyle(inside).overflowX === "visible") inside = inside.parentElement;
    if (at.right > edge + 1 && (inside === null || inside === main))
      wrong.push(`${box.className || box.tagName} ends at ${at.right}`);
    if (
      box.scrollWidth > box.clientWidth + 1 &&
      style.overflowX !== "visible" &&
      style.textOverflow !== "ellipsis" &&
      !box.matches("input, select") &&
      box.clientWidth
    )
      wrong.push(`${box.className || box.tagName} cuts its content`);
    if (
      style.textOverflow === "ellipsis" &&
      box.scrollWidth > box.clientWidth + 1 &&
      !box.closest("[title]") &&
      !box.closest("button")
    )
      wrong.push(`${box.className || box.tagName} is shortened without its full text in a title`);
    if (box.matches("button, summary, select, input:not([type=radio])") && Math.min(at.height, at.width) < 24)
      wrong.push(`${box.textContent.trim() || box.tagName} is ${Math.round(at.width)} × ${Math.round(at.height)}`);
  }
  const bare = [...document.querySelectorAll(".actions")].find((box) => {
    const { backgroundColor, backgroundImage, position } = getComputedStyle(box);
    return position === "sticky" && backgroundImage === "none" && backgroundColor === "rgba(0, 0, 0, 0)";
  });
  const over = bare?.getBoundingClientRect();
  const texts = document.createTreeWalker(main, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const { currentNode: text } = texts;
    if (!text.data.trim() || text.parentElement.closest(".said") || !text.parentElement.checkVisibility()) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    const lines = [...range.getClientRects()];
    if (innerWidth === 440 && lines.length > 1 && /^[^@\s]+@\S+$/.test(text.data) && text.data.length <= 28)
      wrong.push(`${text.data} is broken`);
    if (lines.length > 2 && lines.every(({ width }) => width < 60))
      wrong.push(`“${text.data.trim()}” is crushed into ${lines.length} lines`);
    if (over && !bare.contains(text) && lines.some(({ top, bottom }) => bottom > over.top + 1 && top < over.bottom - 1))
      wrong.push(`“${text.data.trim()}” shows through the buttons`);
  }
  if (innerWidth === 440 && main.scrollHeight > main.clientHeight)
    wrong.push(`scrolls by ${main.scrollHeight - main.clientHeight} px`);
  return [...new Set(wrong)];
};

/** Finds what looks the same whether it is picked or not. */
const tellsApart = async (name) => {
  for (const label of await page.locator("main label:has([type=radio], [role=switch]):visible").all()) {
    const input = label.locator("input");
    const pick = (checked) => input.evaluate((box, checked) => (box.checked = checked), checked);
    const before = await input.isChecked();
    const looks = [];
    for (const checked of [true, false]) looks.push((await pick(checked), await label.screenshot()));
    if (looks[0].equals(looks[1]))
      find(`${name}: ${(await label.innerText()).split("\n")[0]} looks the same when it is picked`);
    await pick(before);
  }
};

/** The characters of the text for which no font here has a glyph: each is drawn, and compared with one that none has. */
const missing = (text) => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  [canvas.canvas.width, canvas.canvas.height] = [40, 40];
  const drawn = (character) => {
    canvas.clearRect(0, 0, 40, 40);
    canvas.font = `24px ${getComputedStyle(document.body).fontFamily}`;
    canvas.fillText(character, 4, 30);
    return canvas.getImageData(0, 0, 40, 40).data.join();
  };
  const box = drawn("\u{10fffe}");
  return [...new Set(text)].filter((character) => character.trim() && drawn(character) === box);
};
const shoot = (name) => page.screenshot({ path: `${out}/${name}.png` });
const accessible = async (name) => {
  const { violations } = await page.evaluate(() => window.axe.run({ resultTypes: ["violations"] }));
  for (const { id, nodes } of violations)
    find(
      `${name}: ${id}: ${nodes
        .map((node) => node.html)
        .join(" | ")
        .slice(0, 300)}`,
    );
};

let pictures = 0;
const boxes = await page.evaluate(missing, japanese + "\u{e123}");
if (boxes.join() !== "\u{e123}") find(`no glyph for: ${boxes.join(" ")}`);
for (const [name, view, press] of screens)
  for (const language of ["en", "ja"])
    for (const theme of ["light", "dark"]) {
      await page.setViewportSize({ width: 440, height: 640 });
      await draw(view, language, theme, press);
      await shoot(`${name}-${language}-${theme}`);
      pictures++;
      await accessible(`${name}-${language}-${theme}`);
      if (await page.evaluate(() => document.getAnimations().length)) find(`${name}-${language}: something moves`);
      await page.emulateMedia({ forcedColors: "active", colorScheme: theme });
      await accessible(`${name}-${language}, forced colours, ${theme}`);
      for (const wrong of await page.evaluate(measure))
        if (!wrong.startsWith("scrolls")) find(`${name}-${language}, forced colours: ${wrong}`);
      if (language === "en") {
        await shoot(`forced-${name}-${theme}`);
        await tellsApart(`${name}, forced colours, ${theme}`);
      }
      await page.emulateMedia({ forcedColors: "none", colorScheme: null });
      if (theme === "dark") continue;
      if (language === "en") {
        await draw(view, "pseudo", theme, press);
        for (const wrong of (await page.evaluate(measure)).filter((each) => !each.startsWith("scrolls")))
          find(`${name}, 40 % longer: ${wrong}`);
        await shoot(`longer-${name}`);
        await draw(view, language, theme, press);
      }
      for (const [width, height] of [
        [440, 640],
        [320, 640],
        [220, 320],
      ]) {
        await page.setViewportSize({ width, height });
        for (const wrong of await page.evaluate(measure))
          if (press.length === 0 || !wrong.startsWith("scrolls")) find(`${name}-${language} at ${width}: ${wrong}`);
        if (width !== 220) continue;
        await page.setViewportSize({ width, height: 1000 });
        await shoot(`large-${name}-${language}`);
      }
    }
await browser.close();
await server.close();
console.log(`${pictures} pictures, ${findings} findings`);
process.exit(findings ? 1 : 0);
