// A SAML identity provider of another code base (Auth0's samlp), for the tests that must not only talk to ourselves.
//
//     node tests/peers/saml-idp.mjs --port 7100 --key idp.key --cert idp.crt --users users.json
//         [--issuer http://127.0.0.1:7100/metadata] [--host 127.0.0.1] [--sign assertion|response|both]
//         [--acs URL] [--audience ENTITY-ID]
//
// Prints "listening on http://127.0.0.1:7100" once it answers; --port 0 takes a free one. SIGTERM ends it.
// --key and --cert are PEM files; users.json is a list of
//     {"id": "u-1", "email": "dana@northwind.example", "firstName": "Dana", "lastName": "Reyes", "groups": ["staff"]}
//
//     GET  /metadata               what a manager pastes into "metadata URL"
//     GET  /sso?SAMLRequest=…      a page with one button for each user; with &user=<email> it answers at once
//     POST /sso                    what the button sends
//     GET  /unsolicited?user=…     a response that nobody asked for, to --acs and --audience
//
// The answer goes to the request's AssertionConsumerServiceURL, or to --acs if given; its audience is the request's
// issuer. It arrives by a page that submits itself and also has a button, for browsers without JavaScript.

import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import express from "express";
import samlp from "samlp";

const { values: options } = parseArgs({
  options: {
    host: { type: "string", default: "127.0.0.1" },
    port: { type: "string", default: "7100" },
    issuer: { type: "string" },
    key: { type: "string" },
    cert: { type: "string" },
    users: { type: "string" },
    acs: { type: "string" },
    audience: { type: "string" },
    sign: { type: "string", default: "assertion" },
  },
});
for (const name of ["key", "cert", "users"]) {
  if (!options[name]) {
    console.error(`--${name} is missing; the top of this file says how to start it.`);
    process.exit(2);
  }
}

const key = readFileSync(options.key);
const cert = readFileSync(options.cert);
const users = JSON.parse(readFileSync(options.users, "utf8"));

const app = express();
app.use(express.urlencoded({ extended: false }));

const server = app.listen(Number(options.port), options.host, () => {
  const origin = `http://${options.host}:${server.address().port}`;
  addRoutes(options.issuer ?? `${origin}/metadata`);
  console.log(`listening on ${origin}`);
});
// What samlp asks about a user: the name identifier and the attributes of the assertion.
class Profile {
  constructor(user) {
    this.user = user;
  }

  getClaims() {
    const { email, firstName, lastName, groups } = this.user;
    return { email, firstName, lastName, groups };
  }

  getNameIdentifier() {
    return {
      nameIdentifier: this.user.id,
      nameIdentifierFormat: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
    };
  }
}
// samlp calls it without `new` for users, and reads the announced attributes from its prototype.
function toProfile(user) {
  return new Profile(user);
}
toProfile.prototype.metadata = [];

function addRoutes(issuer) {
  const shared = {
    issuer,
    key,
    cert,
    profileMapper: toProfile,
    signAssertion: options.sign !== "response",
    signResponse: options.sign !== "assertion",
    signatureAlgorithm: "rsa-sha256",
    digestAlgorithm: "sha256",
    lifetimeInSeconds: 300,
    getUserFromRequest: (request) => findUser(request),
    responseHandler: (response, settings, request, reply) =>
      reply.type("html").send(
        answerPage({
          url: settings.postUrl,
          response: response.toString("base64"),
          relayState: parameter(request, "RelayState"),
        }),
      ),
  };

  app.get(
    "/metadata",
    samlp.metadata({ ...shared, redirectEndpointPath: "/sso", postEndpointPath: "/sso", logoutEndpointPaths: {} }),
  );

  // samlp takes Destination and Recipient as fixed settings, so each answer has a middleware of its own.
  const answer = ({ acs, audience }) =>
    samlp.auth({
      ...shared,
      audience,
      destination: acs,
      recipient: acs,
      getPostURL: (_audience, _document, _request, done) => done(null, acs),
    });

  app.all("/sso", (request, reply, next) => {
    samlp.parseRequest({ query: { SAMLRequest: parameter(request, "SAMLRequest") } }, (error, parsed) => {
      if (error || !parsed) {
        reply.status(400).type("text").send("There is no SAMLRequest that can be read.");
      } else if (!findUser(request)) {
        reply.type("html").send(choicePage(request));
      } else {
        const acs = options.acs ?? parsed.assertionConsumerServiceURL;
        answer({ acs, audience: parsed.issuer })(request, reply, next);
      }
    });
  });

  app.get("/unsolicited", (request, reply, next) => {
    answer({ acs: options.acs, audience: options.audience })(request, reply, next);
  });
}

function parameter(request, name) {
  return request.body?.[name] ?? request.query[name] ?? "";
}

function findUser(request) {
  return users.find((user) => user.email === parameter(request, "user"));
}

function escapeHtml(text) {
  return String(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function hidden(name, value) {
  return `<input type="hidden" name="${name}" value="${escapeHtml(value)}">`;
}

function page(title, body) {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title><h1>${title}</h1>${body}</html>`;
}

function choicePage(request) {
  const carried = ["SAMLRequest", "RelayState", "SigAlg", "Signature"]
    .filter((name) => parameter(request, name))
    .map((name) => hidden(name, parameter(request, name)))
    .join("");
  const buttons = users
    .map((user) => escapeHtml(user.email))
    .map((email) => `<p><button name="user" value="${email}">Sign in as ${email}</button></p>`)
    .join("");
  return page("Peer identity provider", `<form method="post" action="/sso">${carried}${buttons}</form>`);
}

function answerPage({ url, response, relayState }) {
  const fields = hidden("SAMLResponse", response) + (relayState ? hidden("RelayState", relayState) : "");
  return page(
    "Signing you in",
    `<form method="post" action="${escapeHtml(url)}">${fields}<button>Continue</button></form>
     <script>document.forms[0].submit()</script>`,
  );
}
