// A W3C WebDriver client in as few words as the demonstration needs; speaks to WebKitWebDriver and to chromedriver.
import { spawn } from "node:child_process";
import net from "node:net";

const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";

export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

export const freePort = () =>
  new Promise((done) => {
    const server = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });

/** Calls `attempt` until it answers something, or fails with what it failed with last. */
export async function eventually(what, attempt, ms = 30_000) {
  const end = Date.now() + ms;
  for (let last; ; await pause(100)) {
    try {
      const answer = await attempt();
      if (answer) return answer;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) throw new Error(`${what}: not within ${ms / 1000} s${last ? ` (${last.message})` : ""}`);
  }
}

/** Starts a driver and a session; `capabilities` as the driver defines them. */
export async function drive(driver, capabilities, env) {
  const port = await freePort();
  const child = spawn(driver, [`--port=${port}`], { env, stdio: "ignore", detached: true });
  const base = `http://127.0.0.1:${port}`;
  const call = async (method, path, body) => {
    const ask = async (signal) => {
      const answer = await fetch(base + path, { method, body: body && JSON.stringify(body), signal });
      return [answer, await answer.json()];
    };
    const [answer, { value }] = await ask(AbortSignal.timeout(60_000)).catch((error) => {
      if (error.name !== "TimeoutError") throw error;
      throw new Error(`${driver} did not answer ${method} ${path} within 60 s`);
    });
    if (!answer.ok) throw new Error(`${value.error}: ${value.message}`);
    return value;
  };
  await eventually(driver, () => call("GET", "/status"));
  const { sessionId } = await call("POST", "/session", { capabilities: { alwaysMatch: capabilities } });
  const session = `/session/${sessionId}`;
  const find = async (xpath) => {
    const found = await call("POST", `${session}/element`, { using: "xpath", value: xpath });
    return `${session}/element/${found[ELEMENT]}`;
  };
  return {
    shows: (text) => eventually(`“${text}”`, () => find(`//body//*[contains(normalize-space(), "${text}")]`)),
    click: async (xpath) => call("POST", `${await eventually(xpath, () => find(xpath))}/click`, {}),
    type: async (xpath, text) => call("POST", `${await eventually(xpath, () => find(xpath))}/value`, { text }),
    text: async (xpath) => call("GET", `${await eventually(xpath, () => find(xpath))}/text`),
    goto: (url) => call("POST", `${session}/url`, { url }),
    picture: async () => Buffer.from(await call("GET", `${session}/screenshot`), "base64"),
    windows: () => call("GET", `${session}/window/handles`),
    focus: (handle) => call("POST", `${session}/window`, { handle }),
    end: async () => {
      await call("DELETE", session).catch(() => {});
      process.kill(-child.pid);
    },
  };
}
