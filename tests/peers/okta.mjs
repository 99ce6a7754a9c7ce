// Like Okta with a custom authorization server: the path-style issuer, redirect URIs matched exactly (the port included),
// rotating refresh tokens with a leeway (LEEWAY seconds, default 30) and reuse detection after it, revocation, device grant.
import { serve, TEN_PORTS } from "./idp.mjs";

const redirects = ["kiro://kiro.oauth/callback", ...TEN_PORTS.map((p) => `http://localhost:${p}/oauth/callback`)];
const mount = "/oauth2/default";
await serve((origin) => ({
  kind: "okta", domain: "okta.acme.example", title: "Acme · Okta", issuer: `${origin}${mount}`, mount,
  client: { id: "0oakiro", redirects, after: [] },
  redirectAllowed: (uri) => redirects.includes(uri),
  routes: {
    authorization: "/v1/authorize", token: "/v1/token", jwks: "/v1/keys", revocation: "/v1/revoke", introspection: "/v1/introspect", end_session: "/v1/logout",
    device_authorization: "/v1/device/authorize", code_verification: "/v1/activate", userinfo: "/v1/userinfo",
  },
  leeway: +(process.env.LEEWAY ?? 30), scopes: ["kiro"],
  notAssigned: "User is not assigned to the client application.", cancelled: "The resource owner or authorization server denied the request.",
}));
