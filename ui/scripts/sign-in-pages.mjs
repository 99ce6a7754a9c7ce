// Draws the service's pages, as the test `pictures_of_every_page` wrote them, in both themes: node scripts/sign-in-pages.mjs DIR
// Fails on an axe finding, also in forced colours, and on anything cut or reaching sideways at 440 px, 320 px and 220 px (200 % text).
import axe from "axe-core";
import { readdirSync } from "node:fs";
import { resolve } from "node:path";
import { chromium } from "playwright-core";

const [folder = "."] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox"],
});
const context = await browser.newContext({ reducedMotion: "reduce" });
const page = await context.newPage();
let findings = 0;
const find = (text) => (findings++, console.error(text));

/** What is cut or reaches sideways. */
const measure = () => {
  const wrong = [];
  const edge = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > edge)
    wrong.push(`${document.documentElement.scrollWidth - edge} px too wide`);
  for (const box of document.querySelectorAll("main *")) {
    const at = box.getBoundingClientRect();
    if (!at.width || box.closest("svg, .said")) continue;
    if (at.right > edge + 1) wrong.push(`${box.className || box.tagName} ends at ${at.right}`);
    if (
      box.scrollWidth > box.clientWidth + 1 &&
      getComputedStyle(box).overflowX !== "visible" &&
      box.tagName !== "INPUT"
    )
      wrong.push(`${box.className || box.tagName} is cut`);
    const target = box.matches("button, a, input, summary");
    if (target && (at.height < 24 || at.width < 24))
      wrong.push(`${box.className || box.tagName} is ${at.width} × ${at.height}`);
  }
  return wrong;
};

const names = readdirSync(folder)
  .filter((name) => name.endsWith(".html"))
  .map((name) => name.slice(0, -5));
for (const name of names) {
  for (const theme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce", forcedColors: "none" });
    await page.setViewportSize({ width: 440, height: 640 });
    await page.goto(`file://${resolve(folder, name)}.html`);
    await page.evaluate(axe.source);
    for (const forcedColors of theme === "light" ? ["none", "active"] : ["none"]) {
      await page.emulateMedia({ colorScheme: theme, forcedColors });
      const { violations } = await page.evaluate(() =>
        window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"] }),
      );
      for (const { id, nodes } of violations)
        find(`${name} ${theme} ${forcedColors}: ${id} ${nodes.map((node) => node.html).join(" ")}`);
    }
    await page.emulateMedia({ colorScheme: theme, forcedColors: "none" });
    for (const width of [1280, 440, 320, 220]) {
      await page.setViewportSize({ width, height: width > 440 ? 800 : 640 });
      for (const wrong of await page.evaluate(measure)) find(`${name} ${theme} ${width}: ${wrong}`);
      if (width >= 440) await page.screenshot({ path: `${folder}/${name}-${theme}-${width}.png`, fullPage: true });
    }
  }
}
await browser.close();
console.log(`${names.length} pages, ${findings} findings`);
process.exit(findings ? 1 : 0);
