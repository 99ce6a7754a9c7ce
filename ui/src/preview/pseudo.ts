import { words } from "../lib/say";

const ACCENTED: Record<string, string> = {
  a: "á",
  e: "é",
  i: "í",
  o: "ó",
  u: "ú",
  A: "Á",
  E: "É",
  I: "Í",
  O: "Ó",
  U: "Ú",
};

/** The sentence in brackets, accented, and 40 % longer; values and marks stay. */
export function pseudo(sentence: string): string {
  if (sentence === "") return "";
  const parts = sentence.split(/(\{\w+\}|`[^`]*`)/);
  const accented = parts.map((part, i) =>
    i % 2 ? part : part.replace(/[aeiouAEIOU]/g, (letter) => ACCENTED[letter]!),
  );
  const more = Math.ceil(sentence.length * 0.4);
  return `[${accented.join("")} ${"ẋẋẋẋẋẋ "
    .repeat(Math.ceil(more / 7))
    .slice(0, more)
    .trim()}]`;
}

/** Makes the English catalogue the pseudo-language until the returned function is called. */
export function speakPseudo(): () => void {
  const before = { ...words.en };
  for (const key of Object.keys(words.en) as (keyof typeof words.en)[]) words.en[key] = pseudo(words.en[key]);
  return () => void Object.assign(words.en, before);
}
