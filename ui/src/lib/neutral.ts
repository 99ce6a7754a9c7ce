// Names and addresses come from an identity provider, and a name may hold characters that reorder or hide the text
// around it: controls, bidirectional marks and overrides, line separators.
const HARMFUL = /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g;

/** The same value with every string in it freed of characters that could disguise what is shown. */
export function neutral<T>(value: T): T {
  if (typeof value === "string") return value.replace(HARMFUL, "") as T;
  if (Array.isArray(value)) return value.map(neutral) as T;
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, neutral(inner)])) as T;
  }
  return value;
}
