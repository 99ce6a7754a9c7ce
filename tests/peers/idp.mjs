// What okta.mjs and entra.mjs share: oidc-provider (a certified OpenID Provider) under a path, a sign-in page,
// and a control port for the tests. Prints one line of JSON when ready and ends when its stdin does.
import fs from "node:fs";
import http from "node:http";
import { createSign, generateKeyPairSync, randomBytes, randomUUID } from "node:crypto";
import Provider, { interactionPolicy } from "oidc-provider";

// stdout has the ready line alone: whoever reads it may close it afterwards, and oidc-provider's notices must not end us
console.info = console.warn;

export const TEN_PORTS = [3128, 4649, 6588, 8008, 9091, 49153, 50153, 51153, 52153, 53153];
const TENANT_PEOPLE = {
  aiko: { name: "Aiko Tanaka", given_name: "Aiko", family_name: "Tanaka", email: "aiko@acme.com" },
  ben: { name: "Ben Carter", given_name: "Ben", family_name: "Carter", email: "ben@acme.com" },
  maya: { name: "Maya Okafor", given_name: "Maya", family_name: "Okafor", email: "maya@acme.com" },
};
const PASSWORD = "demo";
const STYLE = fs.readFileSync(new URL("page.css", import.meta.url), "utf8");
// Another service that signs people in here: confidential, and it comes from any port of this computer.
const SERVICE = { id: "identity-center", redirect: /^http:\/\/127\.0\.0\.1:\d+\/federation\/oidc\/[a-z0-9-]+\/[a-z0-9-]+\/callback$/ };
const OFFLINE = "held_offline";
const inward = (scope) => scope?.replace(/\boffline_access\b/, OFFLINE);
// Entra ID knows claims of the access token alone; oidc-provider wants an ID token's beside them.
const answerable = (claims) => { try { const asked = JSON.parse(claims); return JSON.stringify(asked.userinfo || asked.id_token ? asked : { id_token: {}, ...asked }); } catch { return claims; } };
const now = () => Math.floor(Date.now() / 1000);
const html = (s) => String(s ?? "").replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
const newKey = (kid) => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { privateKey, jwk: { ...privateKey.export({ format: "jwk" }), kid, use: "sig", alg: "RS256" } };
};
const publicJwk = ({ kty, n, e, kid, use, alg }) => ({ kty, n, e, kid, use, alg });
const listen = (server, port) => new Promise((ok) => server.listen(port, "127.0.0.1", () => ok(server.address().port)));
const readBody = async (req) => { const parts = []; for await (const p of req) parts.push(p); return Buffer.concat(parts).toString(); };

/**
 * options(origin) → { issuer, mount, client, routes, redirects(uri), leeway (s; Infinity: old tokens stay valid),
 *   prompts, claims(person), document(doc, url), rewrite(url), tokenError(body), stripIss, notAssigned, kind, domain (of the names
 *   that the second client is told), tenants }
 */
export async function serve(flavour) {
  let app;
  const server = http.createServer((req, res) => app(req, res));
  const port = await listen(server, +(process.env.PORT ?? 0));
  const origin = process.env.ORIGIN ?? `http://127.0.0.1:${port}`; // another, where something in TLS stands before it
  const options = flavour(origin);
  const { issuer, mount, client } = options;
  let key = newKey("k1"), other = newKey("k1"), rotated = false;
  const state = { at_ttl: +(process.env.AT_TTL ?? 3600), next_token: [], tamper: null, authorize_error: null, jwks_status: null, discovery_status: null, pause_token: false, device_ttl: 600, interval: 1, clock: 0, unreachable: false };
  const seen = { grants: {}, token_requests: 0, authorize: 0, revocations: 0, introspections: 0, logouts: 0, discovery: 0, jwks: 0, device: 0, device_polls: [], authorize_queries: [] };
  const secrets = new Set(), grants = new Map();
  const service = { client_id: SERVICE.id, client_secret: `${randomBytes(24).toString("base64")}%~` };
  const redirectAllowed = (id, uri) => (id === SERVICE.id ? SERVICE.redirect.test(uri) : options.redirectAllowed(uri));

  const policy = interactionPolicy.base();
  policy.get("consent").checks.remove("native_client_prompt");
  // A class that was not reached is said as it is, and is for who asked to judge.
  for (const check of ["essential_acr", "essential_acrs"]) policy.get("login").checks.remove(check);
  for (const name of options.prompts ?? []) policy.add(new interactionPolicy.Prompt({ name, requestable: true }), 0);
  const scopes = ["openid", "profile", "email", "offline_access", OFFLINE, ...(options.scopes ?? [])];

  const provider = new Provider(issuer, {
    clients: [{
      client_id: client.id, application_type: "native", token_endpoint_auth_method: "none", response_types: ["code"],
      redirect_uris: client.redirects, post_logout_redirect_uris: client.after,
      grant_types: ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
    }, {
      ...service, application_type: "native", token_endpoint_auth_method: options.secretBy ?? "client_secret_basic", response_types: ["code"],
      redirect_uris: ["http://127.0.0.1/federation/oidc/acme/okta/callback"], grant_types: ["authorization_code"],
    }],
    jwks: { keys: [key.jwk] }, cookies: { keys: ["kiro-tests"] }, pkce: { required: () => true }, scopes, conformIdTokenClaims: false,
    claims: { openid: ["sub", "tid", "oid"], profile: ["name", "given_name", "family_name", "preferred_username"], email: ["email"] },
    features: {
      devInteractions: { enabled: false }, deviceFlow: { enabled: true }, revocation: { enabled: options.revocation ?? true }, introspection: { enabled: options.revocation ?? true },
      rpInitiatedLogout: { enabled: true }, claimsParameter: { enabled: true },
    },
    routes: options.routes, interactions: { policy, url: (ctx, i) => `${mount}/interaction/${i.uid}` },
    rotateRefreshToken: true,
    // oidc-provider drops `offline_access` without prompt=consent; Okta and Entra ID do not: it travels inside under another name
    issueRefreshToken: async (ctx, c, code) => code.scopes.has(OFFLINE),
    ttl: { AccessToken: () => state.at_ttl, IdToken: 3600, RefreshToken: 86400, DeviceCode: () => state.device_ttl, AuthorizationCode: 60, Session: 3600, Grant: 86400, Interaction: 600 },
    async loadExistingGrant(ctx) {
      const known = ctx.oidc.session.grantIdFor(ctx.oidc.client.clientId);
      const found = known && await ctx.oidc.provider.Grant.find(known);
      if (found && found.accountId === ctx.oidc.session.accountId) return found;
      const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
      grant.addOIDCScope(scopes.join(" "));
      await grant.save();
      return grant;
    },
    findAccount: async (ctx, sub) => TENANT_PEOPLE[sub] && {
      accountId: sub,
      claims: async () => {
        const name = ctx.oidc.client?.clientId === SERVICE.id ? `${sub}@${options.domain}` : TENANT_PEOPLE[sub].email;
        return { sub, preferred_username: name, ...TENANT_PEOPLE[sub], ...options.claims?.(sub) };
      },
    },
  });
  provider.proxy = origin.startsWith("https:");
  provider.Client.prototype.redirectUriAllowed = function allowed(uri) { return redirectAllowed(this.clientId, uri); };
  const find = provider.RefreshToken.find.bind(provider.RefreshToken);
  provider.RefreshToken.find = async (...args) => {
    const token = await find(...args);
    if (token?.consumed && options.leeway > 0 && now() - token.consumed <= options.leeway) token.consumed = undefined;
    return token;
  };
  provider.on("refresh_token.saved", (t) => grants.set(t.grantId, t.accountId));
  provider.on("access_token.saved", (t) => grants.set(t.grantId, t.accountId));
  provider.on("server_error", (ctx, e) => console.error("server_error", e));

  const sign = (token) => {
    const [h, p] = token.split(".").slice(0, 2).map((x) => JSON.parse(Buffer.from(x, "base64url")));
    if (state.tamper === "issuer") p.iss = "https://evil.example";
    if (state.tamper === "nonce") p.nonce = "not-the-nonce-of-this-sign-in";
    if (state.tamper === "aud") p.aud = "somebody-else";
    if (state.tamper === "expired") { p.exp = now() - 7200; p.iat = now() - 10800; }
    if (state.tamper === "tenant") { p.tid = "99999999-9999-4999-8999-999999999999"; p.iss = p.iss.replace(/[0-9a-f-]{36}/, p.tid); }
    if (typeof state.tamper === "object") Object.assign(p, state.tamper); // any claims, rightly signed
    h.kid = key.jwk.kid;
    const text = [h, p].map((x) => Buffer.from(JSON.stringify(x)).toString("base64url")).join(".");
    const signer = state.tamper === "signature" ? other : key;
    return `${text}.${createSign("RSA-SHA256").update(text).sign(signer.privateKey, "base64url")}`;
  };

  const page = (ctx, d, problem) => {
    ctx.type = "html";
    ctx.body = `<!doctype html><html lang="en"><title>Sign in · ${html(options.title)}</title><style>${STYLE}</style><main><h1>${html(options.title)}</h1>
<p>A demonstration: aiko, ben (not assigned) or maya; the password is ${PASSWORD}.</p><p role="alert">${html(problem)}</p>
<form method="post"><label>User name <input name="username" autofocus value="${html(d.params.login_hint)}"></label>
<label>Password <input name="password" type="password"></label><button id="sign-in">Sign in</button>
<button id="cancel" name="cancel" value="1">Cancel</button></form></main>`;
  };
  provider.use(async (ctx, next) => {
    if (!ctx.path.startsWith("/interaction/")) {
      await next();
      if (ctx.body && typeof ctx.body === "object" && !Buffer.isBuffer(ctx.body)) {
        if (ctx.body.id_token && (state.tamper || rotated)) ctx.body.id_token = sign(ctx.body.id_token);
        if (ctx.body.user_code) ctx.body.interval = state.interval; // Okta and Entra ID say 5
        for (const name of ["access_token", "refresh_token", "id_token", "device_code"]) if (ctx.body[name]) secrets.add(ctx.body[name]);
        if (typeof ctx.body.scope === "string") ctx.body.scope = ctx.body.scope.replace(OFFLINE, "offline_access");
        if (ctx.body.error) options.tokenError?.(ctx.body);
      }
      return undefined;
    }
    const d = await provider.interactionDetails(ctx.req, ctx.res);
    if (ctx.method !== "POST") return page(ctx, d, "");
    const form = new URLSearchParams(ctx.req.body_text);
    if (form.get("cancel")) return provider.interactionFinished(ctx.req, ctx.res, { error: "access_denied", error_description: options.cancelled }, {});
    const user = (form.get("username") ?? "").split("@")[0].toLowerCase();
    if (!TENANT_PEOPLE[user] || form.get("password") !== PASSWORD) return page(ctx, d, "Unable to sign in");
    const result = user === "ben"
      ? { error: "access_denied", error_description: options.notAssigned }
      : { login: { accountId: user, amr: ["pwd"] }, ...Object.fromEntries((options.prompts ?? []).map((p) => [p, {}])) };
    return provider.interactionFinished(ctx.req, ctx.res, result, { mergeWithLastSubmission: false });
  });

  const inner = provider.callback();
  const json = (res, status, body) => { res.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" }); res.end(JSON.stringify(body)); };
  app = async (req, res) => {
    if (state.unreachable) return req.socket.destroy();
    if (provider.proxy) req.headers["x-forwarded-proto"] = "https";
    req.originalUrl = req.url;
    const rewritten = options.rewrite ? options.rewrite(req.url) : req.url;
    if (!rewritten.startsWith(mount)) return json(res, 404, { error: "not_found" });
    // oidc-provider reads the mount path from the difference of these two
    req.originalUrl = rewritten;
    req.url = rewritten.slice(mount.length) || "/";
    const path = req.url.split("?")[0];
    if (req.method === "POST") { req.body_text = await readBody(req); req.body = Object.fromEntries(new URLSearchParams(req.body_text)); if (req.body.scope) req.body.scope = inward(req.body.scope); if (req.body.claims) req.body.claims = answerable(req.body.claims); }
    const headers = res.setHeader.bind(res);
    res.setHeader = (name, value) => {
      if (name.toLowerCase() === "location" && typeof value === "string") {
        let url; try { url = new URL(value, origin); } catch { return headers(name, value); }
        if (url.searchParams.get("code")) secrets.add(url.searchParams.get("code"));
        if (options.stripIss && url.searchParams.has("iss")) { url.searchParams.delete("iss"); return headers(name, url.href); }
      }
      return headers(name, value);
    };
    if (path === "/.well-known/openid-configuration") {
      seen.discovery += 1;
      if (state.clock) res.setHeader("date", new Date(Date.now() - state.clock * 1000).toUTCString()); // theirs is ahead by so much
      if (state.discovery_status) return json(res, state.discovery_status, { error: "temporarily_unavailable" });
      const end = res.end.bind(res);
      res.end = (chunk, ...rest) => {
        const doc = JSON.parse(chunk.toString()); doc.scopes_supported = doc.scopes_supported?.filter((x) => x !== OFFLINE); options.document?.(doc);
        if (state.tamper === "discovery_issuer") doc.issuer = "https://evil.example";
        const text = JSON.stringify(doc); res.setHeader("content-length", Buffer.byteLength(text)); return end(text, ...rest);
      };
    }
    if (path === options.routes.jwks) {
      seen.jwks += 1;
      if (state.jwks_status) return json(res, state.jwks_status, { error: "temporarily_unavailable" });
      return json(res, 200, { keys: [publicJwk(key.jwk)] });
    }
    if (path === options.routes.authorization && req.method === "GET") {
      seen.authorize += 1;
      const query = Object.fromEntries(new URL(req.url, origin).searchParams);
      seen.authorize_queries.push(query);
      secrets.add(query.state); secrets.add(query.nonce);
      if (state.authorize_error && redirectAllowed(query.client_id, query.redirect_uri)) {
        const to = new URL(query.redirect_uri);
        for (const [k, v] of Object.entries({ state: query.state, ...(options.stripIss ? {} : { iss: issuer }), ...state.authorize_error })) to.searchParams.set(k, v);
        res.writeHead(302, { location: to.href }); return res.end();
      }
    }
    if (path === options.routes.authorization && req.url.includes("claims=")) {
      const url = new URL(req.url, origin), claims = url.searchParams.get("claims");
      if (claims) { url.searchParams.set("claims", answerable(claims)); req.url = url.pathname + url.search; req.originalUrl = mount + req.url; }
    }
    if (path === options.routes.authorization && req.url.includes("offline_access")) { req.originalUrl = inward(req.originalUrl); req.url = inward(req.url); }
    if (path === options.routes.device_authorization) seen.device += 1;
    if (path === options.routes.introspection) seen.introspections += 1;
    if (path === options.routes.revocation) seen.revocations += 1;
    if (path === options.routes.end_session) seen.logouts += 1;
    if (path === options.routes.token) {
      seen.token_requests += 1;
      const grant = req.body.grant_type; seen.grants[grant] = (seen.grants[grant] ?? 0) + 1;
      for (const name of ["code_verifier"]) if (req.body[name]) secrets.add(req.body[name]);
      if (req.body.device_code) seen.device_polls.push(Date.now());
      const forced = state.next_token.shift();
      if (forced?.slow_ms) await new Promise((ok) => setTimeout(ok, forced.slow_ms));
      if (forced?.drop) return req.socket.destroy();
      if (forced?.status) return json(res, forced.status, forced.body ?? { error: "server_error" });
    }
    return inner(req, res);
  };

  const control = http.createServer(async (req, res) => {
    const asked = JSON.parse((await readBody(req)) || "{}");
    for (const [name, value] of Object.entries(asked)) {
      if (name === "rotate_keys") { key = newKey(`k${randomUUID().slice(0, 8)}`); rotated = true; }
      else if (name === "revoke_user") {
        for (const [grant, account] of grants) if (account === value) {
          await provider.RefreshToken.revokeByGrantId(grant); await provider.AccessToken.revokeByGrantId(grant);
          await (await provider.Grant.find(grant))?.destroy(); grants.delete(grant);
        }
      } else if (name in state) state[name] = value;
      else return json(res, 400, { error: `no such control: ${name}` });
    }
    return json(res, 200, { ...seen, secrets: [...secrets].filter((s) => s && s.length >= 16), leeway: options.leeway });
  });
  const controlPort = await listen(control, 0);
  process.stdin.resume().on("end", () => process.exit(0)).on("error", () => process.exit(0));
  console.log(JSON.stringify({ ready: true, origin, port, issuer: options.announced ?? issuer, client_id: client.id, control: `http://127.0.0.1:${controlPort}/control`, upstream: { kind: options.kind, issuer: options.announced ?? issuer, ...service, tenants: options.tenants ?? [] } }));
}
