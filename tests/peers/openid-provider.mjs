// An OpenID provider of another code base (panva's oidc-provider), for the tests that must not only talk to ourselves.
//
//     node tests/peers/openid-provider.mjs --port 7101 --redirect-uri URI --users users.json
//         [--client-id platform] [--client-secret secret] [--host 127.0.0.1] [--alg RS256|ES256|PS256]
//
// Prints "listening on http://127.0.0.1:7101", its issuer, once it answers; --port 0 takes a free one. SIGTERM ends it.
// users.json is a list of
//     {"id": "u-1", "email": "rosa@gmail.com", "email_verified": true, "hd": "", "name": "Rosa Keller"}
//
// Whoever arrives says who they are by a button; consent is given for them. PKCE is required. The claims stand in the ID
// token, as Google has them.

import { generateKeyPairSync, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { parseArgs } from "node:util";
import Provider, { interactionPolicy } from "oidc-provider";

const { values: options } = parseArgs({
  options: {
    host: { type: "string", default: "127.0.0.1" },
    port: { type: "string", default: "7101" },
    "client-id": { type: "string", default: "platform" },
    "client-secret": { type: "string", default: "secret" },
    "redirect-uri": { type: "string" },
    users: { type: "string" },
    alg: { type: "string", default: "RS256" },
  },
});
for (const name of ["redirect-uri", "users"]) {
  if (!options[name]) {
    console.error(`--${name} is missing; the top of this file says how to start it.`);
    process.exit(2);
  }
}

const users = JSON.parse(readFileSync(options.users, "utf8"));
const server = createServer();
server.listen(Number(options.port), options.host, () => {
  const issuer = `http://${options.host}:${server.address().port}`;
  server.on("request", answer(makeProvider(issuer)));
  console.log(`listening on ${issuer}`);
});
process.on("SIGTERM", () => process.exit(0));

function makeProvider(issuer) {
  const policy = interactionPolicy.base();
  policy.add(new interactionPolicy.Prompt({ name: "select_account", requestable: true }), 0);
  return new Provider(issuer, {
    clients: [
      {
        client_id: options["client-id"],
        client_secret: options["client-secret"],
        redirect_uris: [options["redirect-uri"]],
        id_token_signed_response_alg: options.alg,
      },
    ],
    jwks: { keys: [signingKey()] },
    cookies: { keys: [randomBytes(32).toString("hex")] },
    claims: { openid: ["sub"], email: ["email", "email_verified", "hd"], profile: ["name"] },
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false } },
    interactions: { policy, url: (_context, interaction) => `/interaction/${interaction.uid}` },
    ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
    findAccount: (_context, id) => ({ accountId: id, claims: () => claimsOf(users.find((user) => user.id === id)) }),
    loadExistingGrant: async (context) => {
      const { client, session, provider } = context.oidc;
      const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
      grant.addOIDCScope("openid email profile");
      await grant.save();
      return grant;
    },
  });
}

function signingKey() {
  const isRsa = !options.alg.startsWith("ES");
  const { privateKey } = isRsa
    ? generateKeyPairSync("rsa", { modulusLength: 2048 })
    : generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { ...privateKey.export({ format: "jwk" }), use: "sig", alg: options.alg };
}

function claimsOf({ id, email, email_verified, hd, name }) {
  return { sub: id, email, email_verified, name, ...(hd ? { hd } : {}) };
}

function answer(provider) {
  const handle = provider.callback();
  return async (request, reply) => {
    const { pathname, searchParams } = new URL(request.url, provider.issuer);
    if (!pathname.startsWith("/interaction/")) {
      handle(request, reply);
    } else if (searchParams.has("user")) {
      const login = { accountId: searchParams.get("user") };
      await provider.interactionFinished(request, reply, { select_account: {}, login });
    } else {
      reply.setHeader("content-type", "text/html; charset=utf-8");
      reply.end(choicePage(pathname));
    }
  };
}

function escapeHtml(text) {
  return String(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function choicePage(path) {
  const buttons = users
    .map((user) => [escapeHtml(user.id), escapeHtml(user.email)])
    .map(([id, email]) => `<p><button name="user" value="${id}">Sign in as ${email}</button></p>`)
    .join("");
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Peer</title><h1>Peer OpenID provider</h1>
    <form action="${path}">${buttons}</form></html>`;
}
