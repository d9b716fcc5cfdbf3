import 'reflect-metadata'
import type { webcrypto } from 'node:crypto'
import {
  BasicConstraintsExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'

const KEY = { name: 'ECDSA', namedCurve: 'P-256' } as const
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' } as const

export interface Pem {
  cert: string
  key: string
}

/** An authority for a test, and what it signs. */
export class TestAuthority {
  readonly #certificate: X509Certificate
  readonly #keys: webcrypto.CryptoKeyPair

  private constructor(certificate: X509Certificate, keys: webcrypto.CryptoKeyPair) {
    this.#certificate = certificate
    this.#keys = keys
  }

  static async create(): Promise<TestAuthority> {
    const keys = await crypto.subtle.generateKey(KEY, true, ['sign', 'verify'])
    const certificate = await X509CertificateGenerator.createSelfSigned({
      name: 'CN=test authority',
      signingAlgorithm: SIGNATURE,
      keys,
      extensions: [new BasicConstraintsExtension(true, undefined, true)],
    })
    return new TestAuthority(certificate, keys)
  }

  get ca(): string {
    return this.#certificate.toString('pem')
  }

  /** `names`: DNS names and IP addresses of a server; none for a client. Valid for `days`, from a day ago. */
  async issue(commonName: string, names: readonly string[] = [], days = 2): Promise<Pem> {
    const keys = await crypto.subtle.generateKey(KEY, true, ['sign', 'verify'])
    const dayMs = 24 * 3600 * 1000
    const from = Date.now() - dayMs - (days < 0 ? dayMs * -days : 0)
    const certificate = await X509CertificateGenerator.create({
      subject: `CN=${commonName}`,
      issuer: this.#certificate.subject,
      notBefore: new Date(from),
      notAfter: new Date(from + dayMs * Math.abs(days)),
      publicKey: keys.publicKey,
      signingKey: this.#keys.privateKey,
      signingAlgorithm: SIGNATURE,
      extensions: names.length === 0 ? [] : [alternativeNames(names)],
    })
    const key = PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY')
    return { cert: certificate.toString('pem'), key }
  }
}

const alternativeNames = (names: readonly string[]) =>
  new SubjectAlternativeNameExtension(
    names.map(value => ({ type: /^[\d.]+$|:/.test(value) ? ('ip' as const) : ('dns' as const), value })),
  )
