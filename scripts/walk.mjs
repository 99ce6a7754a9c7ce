// How somebody gets through a provider's pages in the system browser.
import { code } from "./totp.mjs";

/** At a stand-in of tests/peers: one page. */
export const atStandIn = (password) => async (page, person, keep) => {
  await page.type("//input[@name='username']", person);
  await keep(page, `${person}: the provider's page in the system browser`);
  await page.type("//input[@name='password']", password);
  // The answer leaves the page for kiro://, so the click's own result is not waited for.
  await page.click("//button[@id='sign-in']").catch(() => {});
};

/** At our own Identity Center: a page for each question. `users` as its line has them. */
export const atIdentityCenter = (users) => async (page, person, keep) => {
  const { user_name: name, password, totp_secret: secret } = users.find((user) => user.user_name === person);
  const first = "//button[contains(@class, 'first')]";
  await page.type("//input[@name='user_name' and not(@readonly)]", name);
  await keep(page, `${person}: Identity Center's page in the system browser`);
  await page.click(first);
  await page.type("//input[@name='password']", password);
  await keep(page, `${person}: the password`);
  await page.click(first);
  if (secret) {
    await page.type("//input[@name='code']", code(secret).code);
    await keep(page, `${person}: the code that her authenticator app shows`);
    await page.click(first);
    return allow(page, person, keep);
  }
  await page.shows("Add a second step");
  await keep(page, `${person}: she has no second step yet, and sets it up`);
  await page.click("//summary");
  await page.type("//input[@name='code']", code(await page.text("//*[@id='key']/code")).code);
  await page.click(first);
  await page.shows("Keep your recovery codes");
  await keep(page, `${person}: her recovery codes, shown once`);
  await page.click(first);
  return allow(page, person, keep);
};

/** The program has registered itself: the person is asked whether it is the one that they started. */
async function allow(page, person, keep) {
  await page.shows("Any program can call itself that");
  await keep(page, `${person}: whether this program may`);
  return page.click("//button[@value='allow']");
}
