// Signs in through the service's pages in Chromium, without scripts, and lets another site try: what a browser makes of our headers.
// ADDRESS (of /oauth2/authorize), USER_NAME, PASSWORD and CODE come by the environment; one line of JSON says where it ended.
import { chromium } from "playwright-core";

const { ADDRESS, USER_NAME, PASSWORD, CODE } = process.env;
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox"],
});
const context = await browser.newContext({ javaScriptEnabled: false });
const said = [];
let back = "";
await context.route(
  "http://127.0.0.1:7/**",
  (route) => ((back = route.request().url()), route.fulfill({ body: "back" })),
);
const page = await context.newPage();
page.on("console", (message) => ["error", "warning"].includes(message.type()) && said.push(message.text()));
page.setDefaultTimeout(10_000);
await page.goto(ADDRESS);
const id = new URL(page.url()).pathname.split("/")[2];

// Another site's form, in the same browser: top-level, so that a `Lax` cookie would not even be needed to be tried.
const stranger = await context.newPage();
await context.route("http://evil.example/", (route) =>
  route.fulfill({
    contentType: "text/html",
    body: `<form method="post" action="${new URL(page.url()).origin}/sign-in/${id}/name"><input name="user_name" value="evil"><button>go</button></form>`,
  }),
);
await stranger.goto("http://evil.example/");
const [answer] = await Promise.all([
  stranger.waitForResponse((found) => found.url().includes("/sign-in/")),
  stranger.click("button"),
]);
const forged = answer.status();
await stranger.close();

const send = async (name, value) => {
  await page.fill(`[name=${name}]:visible >> nth=0`, value);
  await page.press(`[name=${name}]:visible >> nth=0`, "Enter");
};
await send("user_name", USER_NAME);
await page.waitForSelector("[name=password]");
await send("password", PASSWORD);
await page.waitForSelector("[name=code]");
await send("code", CODE);
await page.waitForSelector("[value=allow]");
const color = await page.locator("[value=allow]").evaluate((button) => getComputedStyle(button).backgroundColor);
await page.click("[value=allow]");
await page.waitForURL("http://127.0.0.1:7/**");
await browser.close();
console.log(JSON.stringify({ back, forged, said, color }));
