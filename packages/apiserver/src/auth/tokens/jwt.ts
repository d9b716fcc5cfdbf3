/**
 * JSON Web Tokens signed with ES256, and only those: a token that names another algorithm or key is not
 * looked at further. Time and audience are for the caller to judge.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto'

export interface SigningKey {
  /** Tells a server's own tokens from others'. */
  readonly id: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

export type Claims = Readonly<Record<string, unknown>>

/** r and s one after the other (RFC 7518), not the DER that OpenSSL writes. */
const ENCODING = 'ieee-p1363'
const MAX_TOKEN_LENGTH = 16 * 1024

export function createSigningKey(): SigningKey {
  return signingKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
}

/** The key of an earlier run, in PEM (PKCS #8). */
export const loadSigningKey = (pem: string): SigningKey => signingKey(createPrivateKey(pem))

export const signingKeyPem = ({ privateKey }: SigningKey): string =>
  privateKey.export({ type: 'pkcs8', format: 'pem' }) as string

function signingKey(privateKey: KeyObject): SigningKey {
  const publicKey = createPublicKey(privateKey)
  const der = publicKey.export({ type: 'spki', format: 'der' })
  return { id: createHash('sha256').update(der).digest('base64url'), privateKey, publicKey }
}

export function signToken(key: SigningKey, claims: Claims): string {
  const signed = `${encode({ alg: 'ES256', kid: key.id, typ: 'JWT' })}.${encode(claims)}`
  const signature = sign('sha256', Buffer.from(signed), { key: key.privateKey, dsaEncoding: ENCODING })
  return `${signed}.${signature.toString('base64url')}`
}

/** The claims of a token that was signed with this key, or undefined. */
export function verifyToken(key: SigningKey, token: string): Claims | undefined {
  if (token.length > MAX_TOKEN_LENGTH) return undefined
  const [header, claims, signature, ...rest] = token.split('.')
  if (header === undefined || claims === undefined || signature === undefined || rest.length > 0)
    return undefined
  const { alg, kid } = decode(header) ?? {}
  if (alg !== 'ES256' || kid !== key.id) return undefined
  const genuine = verify(
    'sha256',
    Buffer.from(`${header}.${claims}`),
    { key: key.publicKey, dsaEncoding: ENCODING },
    Buffer.from(signature, 'base64url'),
  )
  return genuine ? decode(claims) : undefined
}

const encode = (value: Claims): string => Buffer.from(JSON.stringify(value)).toString('base64url')

function decode(part: string): Claims | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Claims)
      : undefined
  } catch {
    return undefined
  }
}
