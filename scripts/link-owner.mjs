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
  const { launcher, previous, list } = JSON.parse(fs.readFileSync(record, "utf8"));
  put(path.join(data(env), "applications", LAUNCHER), launcher);
  const file = path.join(config(env), "mimeapps.list");
  const now = contents(file);
  if (previous) ask(env, "default", previous, SCHEME);
  else if (list === null && now?.split("\n").filter((line) => line && !line.startsWith("[")).length === 1) put(file, null);
  else if (now !== null) put(file, now.replace(new RegExp(`^${SCHEME}=${LAUNCHER};?\n`, "m"), ""));
  refresh(env);
  fs.rmSync(record);
}

/** Lends the links to `command`, remembering in `record` who had them. Returns the previous owner's launcher, or "". */
export function lend(record, command, env) {
  giveBack(record, env);
  const file = path.join(data(env), "applications", LAUNCHER);
  const previous = ask(env, "query", "default", SCHEME);
  const list = contents(path.join(config(env), "mimeapps.list"));
  fs.writeFileSync(record, JSON.stringify({ previous, launcher: contents(file), list }));
  put(
    file,
    `[Desktop Entry]\nType=Application\nName=Kiro Sign-In (demonstration)\nExec=${command} %u\nNoDisplay=true\nMimeType=${SCHEME};\n`,
  );
  refresh(env);
  ask(env, "default", LAUNCHER, SCHEME);
  return previous;
}

function refresh(env) {
  try {
    execFileSync("update-desktop-database", [path.join(data(env), "applications")], { env, stdio: "ignore" });
  } catch {
    // A cache only; not every system has the tool.
  }
}
