// A real provider, with refresh tokens for one use: a spent one that comes again ends the whole family.
//
//   node server.mjs CERTIFICATE KEY TOKEN_SECONDS
//
// The first line of stdout is the issuer's URL, on a free port of 127.0.0.1. It ends when stdin does. Besides the
// provider's own endpoints:
//   /login    the form that gets the first tokens at the token endpoint, as after somebody's login
//   /counts   how many refreshes were granted and refused, and how many families ended
//   /whoami   200 for an id_token that is good at this second, as an API server sees it; else 401

import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';

import { createLocalJWKSet, jwtVerify } from 'jose';
import Provider from 'oidc-provider';

const [certificate, key, seconds] = process.argv.slice(2);
const tls = { cert: readFileSync(certificate), key: readFileSync(key) };
const server = createServer(tls).listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));
const issuer = `https://127.0.0.1:${server.address().port}`;
const callback = 'https://127.0.0.1/callback';
const client = 'kubernetes';

const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
const use = { kid: 'k1', use: 'sig', alg: 'RS256' };
const provider = new Provider(issuer, {
  jwks: { keys: [{ ...pair.privateKey.export({ format: 'jwk' }), ...use }] },
  clients: [{
    client_id: client,
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    redirect_uris: [callback],
  }],
  cookies: { keys: ['of no importance'] },
  features: { devInteractions: { enabled: false }, revocation: { enabled: true } },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  issueRefreshToken: () => true,
  pkce: { required: () => false },
  rotateRefreshToken: true,
  scopes: ['openid', 'offline_access'],
  ttl: { AccessToken: 60, AuthorizationCode: 60, Grant: 3600, IdToken: Number(seconds), RefreshToken: 3600 },
});

const counts = { granted: 0, refused: 0, ended: 0 };
const isRefresh = (ctx) => ctx.oidc.params?.grant_type === 'refresh_token';
provider.on('grant.success', (ctx) => { counts.granted += isRefresh(ctx); });
provider.on('grant.error', (ctx) => { counts.refused += isRefresh(ctx); });
provider.on('grant.revoked', () => { counts.ended += 1; });
provider.on('server_error', (_, error) => console.error(error));

const keys = createLocalJWKSet({ keys: [{ ...pair.publicKey.export({ format: 'jwk' }), ...use }] });

/** What a login would have left: a consent, and a code for it */
async function firstCode() {
  const grant = new provider.Grant({ accountId: 'ci-bot', clientId: client });
  grant.addOIDCScope('openid offline_access');
  const code = new provider.AuthorizationCode({
    accountId: 'ci-bot',
    client: await provider.Client.find(client),
    grantId: await grant.save(),
    gty: 'authorization_code',
    redirectUri: callback,
    scope: 'openid offline_access',
  });
  return code.save();
}

async function login(response) {
  const code = await firstCode();
  const form = { grant_type: 'authorization_code', client_id: client, redirect_uri: callback, code };
  response.end(JSON.stringify(form));
}

async function whoami(request, response) {
  const token = (request.headers.authorization ?? '').replace('Bearer ', '');
  const good = await jwtVerify(token, keys, { issuer, audience: client }).catch(() => null);
  response.writeHead(good ? 200 : 401).end(good?.payload.sub);
}

const provide = provider.callback();
server.on('request', (request, response) => {
  switch (request.url) {
    case '/login': return login(response);
    case '/counts': return response.end(JSON.stringify(counts));
    case '/whoami': return whoami(request, response);
    default: return provide(request, response);
  }
});
process.stdin.resume().on('end', () => process.exit());
console.log(issuer);
