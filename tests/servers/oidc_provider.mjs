// A certified OpenID Connect provider: `node oidc_provider.mjs PORT ISSUER DEITA ACCOUNTS [CERTIFICATE KEY]`. ACCOUNTS is
// a file with each account's claims by its number, read at each sign-in; any password will do. With a certificate it speaks
// TLS, and not to this machine alone.
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import Provider from "oidc-provider";

const [port, issuer, deita, accounts, certificate, key] = process.argv.slice(2);
const provider = new Provider(issuer, {
  clients: [{
    client_id: "deita",
    client_secret: "only-for-this-test-0123456789",
    redirect_uris: [`${deita}/hub/oauth_callback`],
    post_logout_redirect_uris: [`${deita}/hub/login`],
  }],
  claims: { email: ["email", "email_verified"], profile: ["preferred_username", "name"] },
  pkce: { required: () => true },
  findAccount: (context, sub) => ({
    accountId: sub,
    claims: () => ({ ...JSON.parse(readFileSync(accounts, "utf8"))[sub], sub }),
  }),
  async loadExistingGrant(context) {
    const { client, session } = context.oidc;
    const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
    grant.addOIDCScope("openid email profile");
    await grant.save();
    return grant;
  },
});
if (certificate) {
  createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, provider.callback()).listen(Number(port), "0.0.0.0");
} else {
  provider.listen(Number(port), "127.0.0.1");
}
