// Fails unless both catalogues hold the same keys and the same placeholders. (The types hold the keys as well.)
import { readFileSync } from "node:fs";

const read = (language) => {
  const text = readFileSync(new URL(`../src/lib/words/${language}.ts`, import.meta.url), "utf8");
  return Object.fromEntries(
    [...text.matchAll(/^\s+(?:"([^"]+)"|(\w+)):\s*("(?:[^"\\]|\\.)*")/gm)].map((m) => [m[1] ?? m[2], JSON.parse(m[3])]),
  );
};
const holes = (text) => [...text.matchAll(/\{\w+\}/g)].map(String).sort().join();
const [en, ja] = [read("en"), read("ja")];
const wrong = [...new Set([...Object.keys(en), ...Object.keys(ja)])].filter(
  (key) => !(key in en && key in ja) || holes(en[key]) !== holes(ja[key]),
);
if (wrong.length || Object.keys(en).length < 100) {
  console.error("catalogues differ:", wrong);
  process.exit(1);
}
