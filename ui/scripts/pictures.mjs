// Draws every screen in both languages and themes: node scripts/pictures.mjs OUTDIR
// Fails on an axe finding and on sideways overflow at 440 px and at 320 and 220 px (220: 200 % text).
import { AxeBuilder } from "@axe-core/playwright";
import { mkdirSync } from "node:fs";
import { chromium } from "playwright-core";
import { build, preview } from "vite";

const out = process.argv[2] ?? "pictures";
mkdirSync(out, { recursive: true });
await build({ mode: "preview", logLevel: "error" });
const server = await preview({ mode: "preview", preview: { port: 0, host: "127.0.0.1" }, logLevel: "error" });
const base = `http://127.0.0.1:${server.httpServer.address().port}/preview.html`;
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox"],
});
const screens =
  "first-run add-okta sign-in coming-back choose-organisation waiting waiting-loopback waiting-last-minute waiting-finishing signed-in signed-in-long receipt receipt-offline error error-not-assigned error-no-answer attention attention-keyring".split(
    " ",
  );
const findings = [];
const context = await browser.newContext({
  viewport: { width: 440, height: 640 },
  timezoneId: "UTC",
  reducedMotion: "reduce",
});
const page = await context.newPage();
page.on("pageerror", (error) => findings.push(`${page.url()}: ${error.message}`));
for (const view of screens)
  for (const lang of ["en", "ja"])
    for (const theme of ["light", "dark"]) {
      const name = `${view}-${lang}-${theme}`;
      await page.setViewportSize({ width: 440, height: 640 });
      await page.goto(`${base}?view=${view}&lang=${lang}&theme=${theme}`);
      await page.waitForSelector("h1");
      await page.screenshot({ path: `${out}/${name}.png` });
      const { violations } = await new AxeBuilder({ page }).analyze();
      for (const v of violations)
        findings.push(
          `${name}: ${v.id}: ${v.nodes
            .map((n) => n.html)
            .join(" | ")
            .slice(0, 200)}`,
        );
      if (theme === "light")
        for (const [width, height] of [
          [440, 640],
          [320, 640],
          [220, 320],
        ]) {
          await page.setViewportSize({ width, height });
          const wide = await page.evaluate(
            () => document.querySelector("main").scrollWidth - document.querySelector("main").clientWidth,
          );
          if (wide > 0) findings.push(`${name}: ${wide} px too wide at ${width}`);
        }
    }
await browser.close();
await server.close();
for (const finding of findings) console.error(finding);
console.log(`${screens.length * 4} pictures, ${findings.length} findings`);
process.exit(findings.length ? 1 : 0);
