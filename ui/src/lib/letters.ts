/** What stands for a person or an organisation in its circle: `ML`, 佐. */
export function letters(name: string, most = 2): string {
  const first = (word: string) => [...word][0] ?? "";
  if (/^[\u3040-\u9fff\uac00-\ud7af]/.test(name)) return first(name);
  return name.trim().split(/\s+/).slice(0, most).map(first).join("").toUpperCase();
}
