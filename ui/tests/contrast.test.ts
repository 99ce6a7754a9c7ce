// @vitest-environment node
// UX.md §8 a and d, by WCAG 2.2's formula over the tokens themselves: 4.5 for text, 3 for controls, marks and the focus ring.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const css = readFileSync(new URL("../src/app.css", import.meta.url), "utf8");
const tokens = (selector: string): Record<string, string> => {
  const [, block = ""] = css.split(`${selector} {`, 2);
  return Object.fromEntries(
    [...block.split("}")[0]!.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map((m) => [m[1], m[2]]),
  );
};
const light = tokens("\n:root");
const themes = { light, dark: { ...light, ...tokens('\n:root[data-theme="dark"]') } };

const luminance = (colour: string): number => {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const contrast = (one: string, other: string): number => {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
};

test("the formula", () => {
  expect(contrast("#000000", "#ffffff")).toBe(21);
  expect(contrast("#777777", "#ffffff")).toBeCloseTo(4.48, 2);
});

const TEXT = [
  ["text", "window surface sunken raised"],
  ["text-2", "window surface sunken"],
  ["accent", "window surface accent-soft"],
  ["on-fill", "fill fill-push"],
  ["warn", "window surface warn-soft"],
  ["bad", "window surface bad-soft"],
] as const;
/** The accent is the focus ring as well. */
const MARKS = [
  ["control", "window surface"],
  ["accent", "window surface sunken track"],
  ["fill", "window"],
  ["warn", "warn-soft"],
  ["bad", "bad-soft"],
] as const;

test.each(["light", "dark"] as const)("what is said and what marks a control stands out, %s", (theme) => {
  const colour = (name: string) => themes[theme][name] ?? expect.fail(`no --${name}`);
  const faint = (pairs: readonly (readonly [string, string])[], needed: number) =>
    pairs.flatMap(([front, grounds]) =>
      grounds
        .split(" ")
        .map((ground) => [`${front} on ${ground}`, contrast(colour(front), colour(ground))] as const)
        .filter(([, found]) => found < needed),
    );
  expect(faint(TEXT, 4.5)).toEqual([]);
  expect(faint(MARKS, 3)).toEqual([]);
});

test("the system’s dark is the chosen dark", () => {
  const [, system = ""] = css.split("@media (prefers-color-scheme: dark)", 2);
  for (const [name, value] of Object.entries(tokens('\n:root[data-theme="dark"]')))
    expect(system, name).toContain(`--${name}: ${value};`);
});
