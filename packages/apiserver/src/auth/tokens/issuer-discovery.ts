/** Where others learn how to check this server's tokens: OpenID Connect discovery, as kube-apiserver has it. */
import type { PathAnswer } from '../../http/server.ts'
import type { ServiceAccountTokens } from './service-account-tokens.ts'

const CONFIGURATION = '/.well-known/openid-configuration'
const KEYS = '/openid/v1/jwks'

export function issuerDiscovery(tokens: ServiceAccountTokens): PathAnswer {
  return async exchange => {
    if (exchange.method !== 'GET') return false
    if (exchange.path === KEYS) {
      await exchange.send(200, 'application/jwk-set+json', JSON.stringify({ keys: [tokens.publicKey()] }))
      return true
    }
    if (exchange.path !== CONFIGURATION) return false
    const host = exchange.header(':authority') ?? exchange.header('host') ?? ''
    const configuration = {
      issuer: tokens.issuer,
      jwks_uri: `https://${host}${KEYS}`,
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256'],
    }
    await exchange.send(200, 'application/json', JSON.stringify(configuration))
    return true
  }
}
