// Steps 4 and 5 of `make run`: our Identity Center and stand-ins for Okta and Entra ID, with people in them, and the app in a home
// and keyring of its own.
// With a display the person tries it; without one the same journey runs in a virtual one and leaves pictures.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import readline from "node:readline";
import { journey } from "./journey.mjs";
import { giveBack, lend } from "./link-owner.mjs";
import { code } from "./totp.mjs";
import { atIdentityCenter, atStandIn } from "./walk.mjs";
import { eventually } from "./webdriver.mjs";

const demo = path.resolve("target/demo");
const home = path.join(demo, "home");
const bin = path.join(demo, "bin");
const programs = path.join(process.env.CARGO_TARGET_DIR, "debug");
const lent = path.join(demo, "link-owner.json");
const children = [];
let env = { ...process.env };

let telling = false; // in the terminal's last line, over and over
const say = (text = "") => process.stdout.write(`${telling ? "\r\x1b[K" : ""}${text}\n`);
const script = (name, text) => fs.writeFileSync(path.join(bin, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** A program in a process group of its own, so that Ctrl-C reaches this script alone; ended with it. */
function start(command, args, options = {}) {
  const log = fs.openSync(path.join(demo, "programs.log"), "a");
  const child = spawn(command, args, { env, detached: true, stdio: ["pipe", "pipe", log], ...options });
  children.push(child);
  return child;
}

const firstLine = (child) =>
  new Promise((done, failed) => {
    readline.createInterface({ input: child.stdout }).once("line", done);
    child.once("exit", (code) => failed(new Error(`${child.spawnfile} ended with ${code}; see target/demo/programs.log`)));
  });

let ended = false;
function end(code) {
  if (ended) return;
  ended = true;
  giveBack(lent, env);
  for (const child of children.reverse()) {
    try {
      process.kill(-child.pid);
    } catch {
      // Has ended already.
    }
  }
  process.exit(code);
}
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    if (!ended) say("\nDemonstration ended; kiro:// is given back.");
    end(0);
  });
}

/** A session bus with a keyring that nobody else uses. Returns what a program needs to reach it. */
async function keyring() {
  const runtime = fs.mkdtempSync(path.join(os.tmpdir(), "kiro-demo-"));
  process.on("exit", () => fs.rmSync(runtime, { recursive: true, force: true }));
  const own = { ...env, XDG_RUNTIME_DIR: runtime, XDG_DATA_HOME: path.join(home, "keyring") };
  delete own.GNOME_KEYRING_CONTROL;
  const bus = start("dbus-daemon", ["--session", "--nofork", "--print-address=1"], { env: own });
  const address = await firstLine(bus);
  const daemon = start("gnome-keyring-daemon", ["--foreground", "--unlock", "--components=secrets"], {
    env: { ...own, DBUS_SESSION_BUS_ADDRESS: address },
  });
  daemon.stdin.end("demo");
  const names = ["--print-reply", "--dest=org.freedesktop.DBus", "/", "org.freedesktop.DBus.ListNames"];
  await eventually("keyring", () => {
    const answer = spawnSync("dbus-send", [`--bus=${address}`, ...names], { encoding: "utf8" });
    return answer.stdout.includes("org.freedesktop.secrets");
  });
  return address;
}

/** A display of our own, with a home of its own for the browser and for whoever opens links. */
async function virtualDisplay() {
  const own = path.join(home, "person");
  env = {
    ...env,
    HOME: own,
    XDG_CONFIG_HOME: path.join(own, ".config"),
    XDG_DATA_HOME: path.join(own, ".local/share"),
    XDG_CACHE_HOME: path.join(own, ".cache"),
    GDK_BACKEND: "x11",
    LIBGL_ALWAYS_SOFTWARE: "1",
    NO_AT_BRIDGE: "1",
    LANG: "C.UTF-8",
  };
  for (const name of ["WAYLAND_DISPLAY", "XDG_CURRENT_DESKTOP", "DESKTOP_SESSION", "LC_ALL", "LC_MESSAGES"]) delete env[name];
  fs.mkdirSync(path.join(env.XDG_CONFIG_HOME), { recursive: true });
  const server = start("Xvfb", ["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp", "-noreset"]);
  env.DISPLAY = `:${await firstLine(server)}`;
}

/** What answers like Entra ID by SAML, for Identity Center's people. */
async function bySaml() {
  const options = { env: { ...env, KIND: "entra" } };
  return JSON.parse(await firstLine(start("target/venv/bin/python", ["tests/peers/saml_idp.py"], options)));
}

const ANSWER =
  "This is a stand-in for Amazon Bedrock on this computer: your question came here, signed with the role's credentials, and went nowhere else.";

/** What answers like AWS's STS and Bedrock, in every region. */
async function bedrock() {
  const options = { env: { ...env, REGION: "any", ANSWER } };
  return JSON.parse(await firstLine(start("target/venv/bin/python", ["tests/peers/bedrock.py"], options))).origin;
}

/** The demonstration organisations on loopback: two stand-ins that this project did not write, and our own Identity Center. */
async function organizations(aws) {
  const okta = JSON.parse(await firstLine(start("node", ["tests/peers/okta.mjs"])));
  const entra = JSON.parse(await firstLine(start("node", ["tests/peers/entra.mjs"])));
  const provider = process.env.ENTRA === "saml" ? await bySaml() : entra;
  const store = path.join(home, "identity-center");
  const service = ["serve", "--demo", "--data", store, "--listen", "127.0.0.1:0", "--sts", aws];
  const upstreams = { KIRO_DEMO_UPSTREAMS: JSON.stringify([okta.upstream, provider.upstream]) };
  const program = path.join(programs, "kiro-identity-center");
  const center = JSON.parse(await firstLine(start(program, service, { env: { ...env, ...upstreams } })));
  const tenant = new URL(entra.issuer).pathname.split("/")[1];
  const contact = ["--support-contact", "it-help@acme.com"];
  const add = (...args) => execFileSync("kiro", ["org", "add", ...args, ...contact], { env, stdio: "pipe" });
  add("okta", "acme", "--issuer", okta.issuer, "--client-id", okta.client_id, ...chosen("okta"));
  add("entra", "acme-entra", "--tenant", tenant, "--authority", entra.origin, "--client-id", entra.client_id, ...chosen("entra"));
  const portal = ["--start-url", center.start_url, "--region", center.region, "--endpoint", center.endpoint];
  add("identity-center", "acme-center", ...portal, ...chosen("identity-center"));
  const file = path.join(env.KIRO_HOME, "organizations.toml");
  let text = fs.readFileSync(file, "utf8");
  for (const [name, title] of Object.entries({ acme: "Acme", "acme-entra": "Acme (Entra ID)", "acme-center": "Acme (Identity Center)" })) {
    text = text.replace(new RegExp(`(\\[organizations\\.${name}\\]\ndisplay_name = ).*`), `$1"${title}"`);
    text += `\n[organizations.${name}.inference]\naccount = "111122223333"\nrole = "Developer"\n`;
  }
  fs.writeFileSync(file, text);
  return { origins: [okta.origin, entra.origin, provider.origin, center.endpoint], center };
}

const ORGANIZATIONS = ["okta", "entra", "identity-center"];
const wanted = process.env.ORG || ORGANIZATIONS[0]; // scripts/run takes no other
const chosen = (name) => (name === wanted ? ["--default"] : []);

const AT_A_STAND_IN = [
  "Try:  1 Sign in with SSO  → aiko / demo",
  '      2 another terminal: . target/demo/env && kiro auth status; kiro models; kiro ask "What is a monad?"',
  "      3 Sign out, then Use another account: ben / demo = not assigned (see an error)",
  "      4 in that terminal: kiro auth login --sso --no-browser   (what SSH does)",
  `      5 ${ORGANIZATIONS.filter((name) => name !== wanted).map((name) => `make run ORG=${name}`).join(", ")}`,
];

const atOurs = (center, password) => [
  `Try:  1 Sign in with SSO  → aiko / ${password}, then her code: ${process.stdout.isTTY ? "the last line here" : ". target/demo/env && aiko-code"}`,
  '      2 another terminal: . target/demo/env && kiro auth status; kiro models; kiro ask "What is a monad?"',
  `      3 ${center.start_url} = her accounts; end the session there, and the window knows`,
  "      4 in that terminal: kiro auth login --sso --device --force   (what a machine without a browser does)",
  "      5 Sign out, then Use another account: aiko@okta.acme.example or maya@entra.acme.example = to the company's own Okta or Entra ID (password demo)",
  `      6 Sign out, then Use another account: maya / ${password} = sets up a second step (with an authenticator app on a phone)`,
];

/** Aiko's authenticator app: the code to type, for as long as it is shown. A code is taken once. */
function tellCodes(password, secret) {
  const tell = () => {
    const now = code(secret);
    const digits = `${now.code.slice(0, 3)} ${now.code.slice(3)}`;
    process.stdout.write(`\r\x1b[KIdentity Center: aiko / ${password} / ${digits} (${now.left} s left)`);
  };
  telling = true;
  setInterval(tell, 1000);
  tell();
}

async function main() {
  const display = Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);
  giveBack(lent, env);
  for (const name of ["home", "bin", "pictures", "index.html", "transcript.txt"]) fs.rmSync(path.join(demo, name), { recursive: true, force: true });
  fs.mkdirSync(home, { recursive: true, mode: 0o700 });
  fs.mkdirSync(bin, { recursive: true });

  const person = { ...env };
  const address = await keyring();
  if (!display) await virtualDisplay();
  // A browser that runs already listens on the person's own bus, and so must whoever opens an address in it.
  const before = person.DBUS_SESSION_BUS_ADDRESS;
  script("xdg-open", `${display && before ? `DBUS_SESSION_BUS_ADDRESS=${quote(before)} ` : ""}exec ${quote(which("xdg-open"))} "$@"`);
  const aws = await bedrock();
  const additions = {
    KIRO_HOME: path.join(home, "kiro"),
    AWS_ENDPOINT_URL_STS: aws,
    AWS_ENDPOINT_URL_BEDROCK_RUNTIME: aws,
    DBUS_SESSION_BUS_ADDRESS: address,
    PATH: `${bin}:${programs}:${env.PATH}`,
  };
  Object.assign(env, additions);
  script("kiro-link", Object.entries(additions).map(([key, value]) => `export ${key}=${quote(value)}`).join("\n") +
    `\nexec setsid -f ${quote(path.join(programs, "kiro-desktop"))} "$@"`);
  fs.writeFileSync(
    path.join(demo, "env"),
    `# The demonstration's programs and home in this terminal: . target/demo/env\n` +
      Object.entries({ ...additions, PATH: null })
        .map(([key, value]) => (value ? `export ${key}=${quote(value)}\n` : `export PATH=${quote(`${bin}:${programs}`)}:"$PATH"\n`))
        .join(""),
  );
  const { origins, center } = await organizations(aws);
  const ours = wanted === "identity-center";
  const { password, totp_secret: secret } = center.users.find((user) => user.user_name === "aiko");
  script("aiko-code", `exec node ${quote(path.resolve("scripts/totp.mjs"))} ${secret}`);
  say(`4/5 Demonstration Okta, Entra ID and Identity Center on 127.0.0.1 ✓`);
  const previous = lend(lent, path.join(bin, "kiro-link"), env);

  if (!display) {
    say("5/5 No display: the journey runs in a virtual one");
    const startUrl = ours ? center.start_url : null;
    const walk = startUrl ? atIdentityCenter(center.users) : atStandIn("demo");
    const pictures = await journey({ env, demo, origins, walk, startUrl });
    say(`No display: the journey ran in a virtual one. Look at target/demo/index.html (${pictures} pictures) and transcript.txt`);
    return end(0);
  }
  const app = start(path.join(programs, "kiro-desktop"), [], { stdio: "ignore" });
  app.once("exit", (code) => {
    say(`The app has ended (${code ?? "by a signal"}); kiro:// is given back.`);
    end(code ?? 1);
  });
  say(`5/5 Window open. Demo data: target/demo/home (your ~/.kiro and keyring are untouched).
    kiro:// belongs to the demo until you quit; then back to ${previous || "nobody"}.
${(ours ? atOurs(center, password) : AT_A_STAND_IN).join("\n")}
Quit: Ctrl-C`);
  if (ours && process.stdout.isTTY) tellCodes(password, secret);
  return undefined;
}

const which = (name) => execFileSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).trim();

main().catch((error) => {
  process.stderr.write(`error: The demonstration stopped: ${error.message}\n${error.stderr ?? ""}hint: See target/demo/programs.log\n`);
  end(1);
});
