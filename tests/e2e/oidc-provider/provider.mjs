// A provider in memory; arguments: its port and its issuer.
import { generateKeyPairSync } from 'node:crypto';
import Provider from 'oidc-provider';

const [port, issuer] = process.argv.slice(-2);
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const portals = ['oidc-provider', 'oidc-provider-post', 'oidc-provider-session'];
// Whose tokens end while a command still runs.
const short = { id: 'portal-short', life: 12 };

const provider = new Provider(issuer, {
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'stage', use: 'sig', alg: 'RS256' }] },
  clients: [client('portal', portals), client(short.id, ['oidc-provider-short'])],
  features: { devInteractions: { enabled: true } },
  scopes: ['openid', 'email', 'profile', 'offline_access'],
  claims: { email: ['email'], profile: ['name', 'preferred_username'] },
  // The claims stand in the id_token, too, since a portal shows who logged in.
  conformIdTokenClaims: false,
  ttl: {
    IdToken: (_context, _token, { clientId }) => (clientId === short.id ? short.life : 300),
    AccessToken: 300,
    RefreshToken: 3600,
    Interaction: 600,
    Session: 3600,
    Grant: 3600,
  },
  rotateRefreshToken: true,
  issueRefreshToken: async () => true,
  findAccount: async (_context, id) => ({
    accountId: id,
    claims: async () => ({ sub: id, name: id, preferred_username: id, email: `${id}@example.org` }),
  }),
  cookies: { keys: ['not-a-secret-of-anybody'] },
});

function client(id, names) {
  return {
    client_id: id,
    client_secret: `${id}-secret`,
    redirect_uris: names.map((name) => `https://${name}.portal.test:${new URL(issuer).port}/oidc/callback`),
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
  };
}

// TLS ends at the gateway.
provider.proxy = true;
provider.listen(Number(port), '127.0.0.1', () => console.log(`${issuer} on ${port}`));
