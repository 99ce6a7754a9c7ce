// Signs in at an identity provider in Chromium, without scripts, twice: the second time the provider knows the person and sends the
// browser straight back, so that one form's redirects lead through three servers. ADDRESS (of /oauth2/authorize), USER_NAME and
// PASSWORD come by the environment; one line of JSON says where each walk ended and what the browser complained of.
import { chromium } from "playwright-core";

const { ADDRESS, USER_NAME, PASSWORD } = process.env;
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox"],
});
const context = await browser.newContext({ javaScriptEnabled: false });
const said = [];
const back = [];
await context.route("http://127.0.0.1:7/**", (route) => {
  back.push(route.request().url());
  return route.fulfill({ body: "back" });
});
const page = await context.newPage();
page.on("console", (message) => ["error", "warning"].includes(message.type()) && said.push(message.text()));
page.setDefaultTimeout(10_000);

await page.goto(ADDRESS);
await page.fill("[name=user_name]", USER_NAME);
await page.press("[name=user_name]", "Enter");
await page.waitForSelector("[name=password]");
const hinted = await page.inputValue("[name=username]");
const referrer = await page.evaluate(() => document.referrer);
await page.fill("[name=password]", PASSWORD);
await page.click("#sign-in");
await page.waitForURL("http://127.0.0.1:7/**");

// Whoever is signed in here already chooses another account, and is sent to the provider again.
await page.goto(`${ADDRESS}&prompt=select_account`);
await page.fill("[name=user_name]", USER_NAME);
await page.press("[name=user_name]", "Enter");
await page.waitForURL("http://127.0.0.1:7/**");
await browser.close();
console.log(JSON.stringify({ back, hinted, referrer, said }));
