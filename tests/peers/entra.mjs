// Like Microsoft Entra ID v2.0: any port of http://localhost, no revocation endpoint, `tid` and `oid`, rolling refresh tokens
// whose predecessor stays valid, no `iss` in the answer, AADSTS bodies, a template issuer for `organizations` (TENANT=organizations).
import { randomUUID } from "node:crypto";
import { serve } from "./idp.mjs";

const tid = "11111111-2222-4333-8444-555555555555";
const tenant = process.env.TENANT ?? tid;
const stamp = () => new Date().toISOString().replace("T", " ").slice(0, 19) + "Z";
const numbers = { authorization_pending: 70016, expired_token: 70020, invalid_grant: 70008, invalid_client: 700016, invalid_scope: 70011, authorization_declined: 70018 };
await serve((origin) => ({
  kind: "entra", domain: "entra.acme.example", tenants: [tid], secretBy: "client_secret_post", title: "Acme · Entra ID", issuer: `${origin}/${tid}/v2.0`, announced: `${origin}/${tenant}/v2.0`, mount: `/${tid}`,
  client: { id: "6f0d2b0e-0000-4000-8000-00000000c11e", redirects: ["kiro://kiro.oauth/callback", "http://localhost/oauth/callback"], after: [] },
  redirectAllowed: (uri) => { if (uri === "kiro://kiro.oauth/callback") return true; return /^http:\/\/localhost(:\d+)?\/oauth\/callback$/.test(uri); },
  rewrite: (url) => url.replace(/^\/(organizations|common)\//, `/${tid}/`).replace("/v2.0/.well-known/", "/.well-known/"),
  routes: {
    authorization: "/oauth2/v2.0/authorize", token: "/oauth2/v2.0/token", jwks: "/discovery/v2.0/keys", end_session: "/oauth2/v2.0/logout", revocation: "/none", introspection: "/no-introspection",
    device_authorization: "/oauth2/v2.0/devicecode", code_verification: "/oauth2/deviceauth", userinfo: "/oidc/userinfo",
  },
  revocation: false, stripIss: true, leeway: Infinity, prompts: ["select_account"], scopes: ["api://kiro/access"],
  claims: (sub) => ({ tid, oid: `00000000-0000-4000-8000-${Buffer.from(sub).toString("hex").padStart(12, "0").slice(-12)}` }),
  document: (doc) => {
    delete doc.authorization_response_iss_parameter_supported; delete doc.code_challenge_methods_supported;
    doc.token_endpoint_auth_methods_supported = ["client_secret_post"];
    if (tenant === "organizations" || tenant === "common") {
      doc.issuer = `${origin}/{tenantid}/v2.0`;
      for (const [k, v] of Object.entries(doc)) if (typeof v === "string" && k !== "issuer") doc[k] = v.replace(`/${tid}/`, `/${tenant}/`);
    }
  },
  tokenError: (body) => {
    if (body.error === "access_denied") body.error = "authorization_declined"; // the device flow's word for it
    const code = numbers[body.error] ?? 90002;
    delete body.iss;
    Object.assign(body, {
      error_description: `AADSTS${code}: ${body.error_description}. Trace ID: ${randomUUID()} Correlation ID: ${randomUUID()} Timestamp: ${stamp()}`,
      error_codes: [code], timestamp: stamp(), trace_id: randomUUID(), correlation_id: randomUUID(), error_uri: `https://login.microsoftonline.com/error?code=${code}`,
    });
  },
  notAssigned: `AADSTS50105: Your administrator has configured the application Kiro to block users unless they are specifically granted ('assigned') access. Trace ID: ${randomUUID()} Correlation ID: ${randomUUID()} Timestamp: ${stamp()}`,
  cancelled: "AADSTS65004: User declined to consent to access the app.",
}));
