// An application by npm's `openid-client`, signing in at the service ISSUER names. Prints what it learned as JSON.
// relying_party.mjs public | confidential | pushed | dpop
import * as client from "openid-client";

const { ISSUER, CLIENT_SECRET } = process.env;
const flow = process.argv[2];
const redirect_uri = "http://127.0.0.1:7/cb";
const scope = "openid profile email offline_access";

async function configured(id, secret) {
  const authentication = secret ? client.ClientSecretBasic(secret) : client.None();
  return client.discovery(new URL(ISSUER), id, secret, authentication, { execute: [client.allowInsecureRequests] });
}

/** The browser: follows the service's own redirects with its cookie, and returns where the application is called back. */
async function browse(url) {
  let cookie = "";
  for (;;) {
    const answer = await fetch(url, { redirect: "manual", headers: cookie ? { cookie } : {} });
    if (answer.status !== 302) throw new Error(`${url.pathname} answered ${answer.status}: ${await answer.text()}`);
    cookie = answer.headers.getSetCookie().map((line) => line.split(";")[0]).join("; ") || cookie;
    url = new URL(answer.headers.get("location"));
    url.pathname = url.pathname.replace(/^\/sign-in\//, "/stand-in/"); // signs the one person in without asking
    if (url.origin !== new URL(ISSUER).origin) return url;
  }
}

/** A request, the sign-in and the callback; the code is not redeemed yet. */
async function signIn(config, options) {
  const verifier = client.randomPKCECodeVerifier();
  const parameters = {
    redirect_uri, scope, code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256",
    state: client.randomState(), nonce: client.randomNonce(),
  };
  const url = flow === "pushed" || options?.DPoP
    ? await client.buildAuthorizationUrlWithPAR(config, parameters, options)
    : client.buildAuthorizationUrl(config, parameters);
  const back = await browse(url);
  const checks = { pkceCodeVerifier: verifier, expectedState: parameters.state, expectedNonce: parameters.nonce, idTokenExpected: true };
  return { back, checks };
}

async function plain() {
  const config = flow === "confidential" ? await configured("confidential", CLIENT_SECRET) : await configured("native");
  const { back, checks } = await signIn(config);
  const tokens = await client.authorizationCodeGrant(config, back, checks);
  const { sub } = tokens.claims();
  const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token);
  if (refreshed.claims().sub !== sub) throw new Error("another person after the refresh");
  const info = await client.fetchUserInfo(config, refreshed.access_token, sub);
  const before = await client.tokenIntrospection(config, refreshed.refresh_token);
  await client.tokenRevocation(config, refreshed.refresh_token);
  const after = await client.tokenIntrospection(config, refreshed.access_token);
  return { sub, email: info.email, active_before: before.active, active_after: after.active };
}

/** The error of something that must fail. */
async function refused(attempt) {
  try {
    const answer = await attempt();
    if (answer instanceof Response) return answer.ok ? "" : `${answer.status} ${answer.headers.get("www-authenticate")}`;
    return "";
  } catch (error) {
    return error.error ?? error.code ?? String(error);
  }
}

async function dpop() {
  const config = await configured("native");
  const handle = async () => client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256"));
  const [mine, thief] = [await handle(), await handle()];
  const { back, checks } = await signIn(config, { DPoP: mine });
  const code_with_another_key = await refused(() => client.authorizationCodeGrant(config, back, checks, {}, { DPoP: thief }));
  const tokens = await client.authorizationCodeGrant(config, back, checks, {}, { DPoP: mine });
  const { sub } = tokens.claims();
  const info = await client.fetchUserInfo(config, tokens.access_token, sub, { DPoP: mine });

  const userinfo = new URL(config.serverMetadata().userinfo_endpoint);
  const stolen_as_bearer = await refused(() => fetch(userinfo, { headers: { authorization: `Bearer ${tokens.access_token}` } }));
  const stolen_with_another_key = await refused(() => client.fetchUserInfo(config, tokens.access_token, sub, { DPoP: thief }));
  let seen;
  config[client.customFetch] = (url, options) => {
    seen = Object.fromEntries(new Headers(options.headers));
    return fetch(url, options);
  };
  await client.fetchUserInfo(config, tokens.access_token, sub, { DPoP: mine });
  if (!seen.dpop) throw new Error("no proof was seen");
  const stolen_proof_replayed = await refused(() => fetch(userinfo, { headers: seen }));
  const refresh_without_proof = await refused(() => client.refreshTokenGrant(config, tokens.refresh_token));
  const refresh_with_another_key = await refused(() => client.refreshTokenGrant(config, tokens.refresh_token, {}, { DPoP: thief }));
  const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token, {}, { DPoP: mine });
  const again = await client.fetchUserInfo(config, refreshed.access_token, sub, { DPoP: mine });
  const told = await client.tokenIntrospection(config, refreshed.access_token);
  return {
    sub: info.sub, token_type: tokens.token_type, code_with_another_key, stolen_as_bearer, stolen_with_another_key, stolen_proof_replayed,
    refresh_without_proof, refresh_with_another_key, thumbprint_told: told.cnf?.jkt === await mine.calculateThumbprint(),
    good_after_the_attacks: again.sub === sub,
  };
}

console.log(JSON.stringify(await (flow === "dpop" ? dpop() : plain())));
