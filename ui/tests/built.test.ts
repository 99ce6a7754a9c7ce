// @vitest-environment node
// The window's policy allows no inline script and no inline style (src-tauri/tauri.conf.json), so the page may have none.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";

const INLINE = [
  / style\s*=\s*["'\\]/, // in the page or in a template
  /<style\b/,
  /<script(?![^>]*\ssrc=)/,
  /setAttribute\(["'`]style["'`]/,
  / on(?:click|load|error)\s*=\s*["'\\]/,
  /\beval\(|new Function\(/,
  /javascript:|data:text/,
];
const inline = (text: string) => INLINE.filter((each) => each.test(text)).map(String);

test.each([
  ['<p style="color:red">', 1],
  ["var t=`<p style='x'>`", 1],
  ["<script>alert(1)</script>", 1],
  ['<script type="module" src="./a.js"></script>', 0],
  ['e.setAttribute("style",x)', 1],
  [".style.color=1;font-style:normal", 0],
])("%s", (text, expected) => expect(inline(text)).toHaveLength(expected));

test("nothing in the built page is inline", { timeout: 120_000 }, () => {
  const out = mkdtempSync(join(tmpdir(), "page-"));
  onTestFinished(() => rmSync(out, { recursive: true }));
  const vite = fileURLToPath(new URL("../node_modules/vite/bin/vite.js", import.meta.url));
  execFileSync(process.execPath, [vite, "build", "--logLevel", "error", "--outDir", out, "--emptyOutDir"], {
    cwd: fileURLToPath(new URL("..", import.meta.url)),
    env: { PATH: process.env["PATH"] }, // not the test's own, which change what is built
  });
  const files = readdirSync(out, { recursive: true, encoding: "utf8" }).filter((file) => /\.\w+$/.test(file));
  expect(files.map((file) => file.replace(/.*\./, "")).sort()).toEqual(["css", "html", "js"]);
  for (const file of files) {
    const text = readFileSync(join(out, file), "utf8");
    expect(inline(text), file).toEqual([]);
    expect(text, `${file} holds the preview`).not.toContain("Hohenstein");
  }
});

test("the policy has no exception", () => {
  const { app } = JSON.parse(readFileSync(new URL("../../src-tauri/tauri.conf.json", import.meta.url), "utf8"));
  expect(app.security.csp).toContain("default-src 'none'");
  expect(app.security.csp).not.toMatch(/unsafe|\*|data:/);
});
