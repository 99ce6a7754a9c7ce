// Who opens kiro:// links: lent to the demonstration, and given back to whoever had them.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";

const SCHEME = "x-scheme-handler/kiro";
const LAUNCHER = "kiro-sign-in.desktop";

const data = (env) => env.XDG_DATA_HOME || path.join(env.HOME, ".local/share");
const config = (env) => env.XDG_CONFIG_HOME || path.join(env.HOME, ".config");
const contents = (file) => (fs.existsSync(file) ? fs.readFileSync(file, "utf8") : null);
const ask = (env, ...args) => execFileSync("xdg-mime", args, { env, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();

function put(file, text) {
  if (text === null) return fs.rmSync(file, { force: true });
  fs.mkdirSync(path.dirname(file), { recursive: true });
  return fs.writeFileSync(file, text);
}

/** Gives the links back as `record` remembers them, if it does; a run that was killed is mended by the next one. */
export function giveBack(record, env) {
  if (!fs.existsSync(record)) return;
  const { launcher, previous, before, after } = JSON.parse(fs.readFileSync(record, "utf8"));
  put(path.join(data(env), "applications", LAUNCHER), launcher);
  const file = path.join(config(env), "mimeapps.list");
  const now = contents(file);
  // Nobody has written there meanwhile: byte for byte as it was. Otherwise our line alone is taken back.
  if (now === after) put(file, before);
  else if (previous) ask(env, "default", previous, SCHEME);
  else put(file, now && now.replace(new RegExp(`^${SCHEME}=${LAUNCHER};?\n`, "m"), ""));
  refresh(env);
  fs.rmSync(record);
}

/** Lends the links to `command`, remembering in `record` who had them. Returns the previous owner's launcher, or "". */
export function lend(record, command, env) {
  giveBack(record, env);
  const launcher = path.join(data(env), "applications", LAUNCHER);
  const list = path.join(config(env), "mimeapps.list");
  const previous = ask(env, "query", "default", SCHEME);
  const owned = { previous, launcher: contents(launcher), before: contents(list) };
  fs.writeFileSync(record, JSON.stringify(owned));
  put(
    launcher,
    `[Desktop Entry]\nType=Application\nName=Kiro Sign-In (demonstration)\nExec=${command} %u\nNoDisplay=true\nMimeType=${SCHEME};\n`,
  );
  refresh(env);
  ask(env, "default", LAUNCHER, SCHEME);
  fs.writeFileSync(record, JSON.stringify({ ...owned, after: contents(list) }));
  return previous;
}

function refresh(env) {
  try {
    execFileSync("update-desktop-database", [path.join(data(env), "applications")], { env, stdio: "ignore" });
  } catch {
    // A cache only; not every system has the tool.
  }
}
