// What `make bench` measures our service beside: oidc-provider in memory, with the same kinds of token, and refresh tokens to begin
// with (TOKENS of them). Prints one line of JSON when ready and ends when its stdin does.
import { generateKeyPairSync, randomUUID } from "node:crypto";
import http from "node:http";
import Provider from "oidc-provider";

console.info = console.warn;

const server = http.createServer((request, answer) => app(request, answer));
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const issuer = `http://127.0.0.1:${server.address().port}`;
const jwk = { ...generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "jwk" }), kid: "k", use: "sig", alg: "ES256" };
const client = { client_id: "desktop", application_type: "native", token_endpoint_auth_method: "none", redirect_uris: ["http://127.0.0.1/cb"] };
const web = { client_id: "web", client_secret: "a-secret-for-the-load", redirect_uris: ["https://app.example/cb"], response_types: ["code"] };
const provider = new Provider(issuer, {
  clients: [
    { ...client, response_types: ["code"], grant_types: ["authorization_code", "refresh_token"], id_token_signed_response_alg: "ES256" },
    { ...web, grant_types: ["authorization_code"], id_token_signed_response_alg: "ES256" },
  ],
  jwks: { keys: [jwk] },
  cookies: { keys: ["load"] },
  features: { devInteractions: { enabled: false }, introspection: { enabled: true } },
  rotateRefreshToken: true,
  ttl: { AccessToken: 3600, IdToken: 3600, RefreshToken: 86400, Grant: 86400, Session: 86400, Interaction: 3600, AuthorizationCode: 60 },
  claims: { openid: ["sub"], profile: ["name"], email: ["email"] },
  findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, name: "Aiko Tanaka", email: "aiko@acme.example" }) }),
});
const app = provider.callback();
const scope = "openid profile email offline_access";
const begun = await provider.Client.find("desktop");
const tokens = [];
let access;
for (let count = 0; count < Number(process.env.TOKENS ?? 1); count += 1) {
  const grant = new provider.Grant({ clientId: "desktop", accountId: "aiko" });
  grant.addOIDCScope(scope);
  const grantId = await grant.save();
  const shared = { accountId: "aiko", client: begun, grantId, scope, gty: "authorization_code", expiresWithSession: false, sessionUid: randomUUID() };
  tokens.push(await new provider.RefreshToken({ ...shared, rotations: 0, iiat: Math.floor(Date.now() / 1000) }).save());
  access ??= await new provider.AccessToken({ ...shared }).save();
}
process.stdin.resume().on("end", () => process.exit(0));
console.log(JSON.stringify({ issuer, tokens, access, secret: web.client_secret }));
