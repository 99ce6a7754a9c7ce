// Fails unless both catalogues hold the same keys and the same placeholders. (The types hold the keys as well.)
import { readFileSync } from "node:fs";

const read = (language) => {
  const text = readFileSync(new URL(`../src/lib/words/${language}.ts`, import.meta.url), "utf8");
  return Object.fromEntries(
    [...text.matchAll(/^\s+(?:"([^"]+)"|(\w+)):\s*("(?:[^"\\]|\\.)*")/gm)].map((m) => [m[1] ?? m[2], JSON.parse(m[3])]),
  );
};
const [en, ja] = [read("en"), read("ja")];
// A failure's parts share their values: a name may stand in the title of one language and in the reason of the other.
const whole = (words, key) => {
  const of = /^failure\.\w+\./.exec(key)?.[0];
  const parts = of ? Object.keys(words).filter((other) => other.startsWith(of)) : [key];
  return [...new Set(parts.flatMap((part) => [...words[part].matchAll(/\{\w+\}/g)].map(String)))].sort().join();
};
const wrong = [...new Set([...Object.keys(en), ...Object.keys(ja)])].filter(
  (key) => !(key in en && key in ja) || whole(en, key) !== whole(ja, key),
);
if (wrong.length || Object.keys(en).length < 100) {
  console.error("catalogues differ:", wrong);
  process.exit(1);
}
