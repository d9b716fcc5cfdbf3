/**
 * A certificate authority of one server: signs the server's certificate and those of its users. ECDSA
 * P-256, because a test that starts a server should not wait for an RSA key.
 */
import { randomBytes, type webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
import type * as X509 from '@peculiar/x509'

/** Certificate and private key (PKCS #8), in PEM. */
export interface KeyPair {
  readonly certificate: string
  readonly privateKey: string
}

/** A user as a certificate names it: common name and organizations. */
export interface CertificateUser {
  readonly username: string
  readonly groups: readonly string[]
}

const KEY = { name: 'ECDSA', namedCurve: 'P-256' } as const
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' } as const
const DAY = 24 * 3600 * 1000
/** As long as kubeadm makes them. */
const AUTHORITY_DAYS = 3650
const LEAF_DAYS = 365
/** Peers whose clocks are a little behind must not take a new certificate for one of the future. */
const CLOCK_SKEW = 5 * 60 * 1000

/** Loaded when first used: a server without TLS does not wait for it (it takes some 100 ms). */
async function library(): Promise<typeof X509> {
  await import('reflect-metadata')
  return import('@peculiar/x509')
}

export class CertificateAuthority {
  readonly keyPair: KeyPair
  readonly #x509: typeof X509
  readonly #certificate: X509.X509Certificate
  readonly #privateKey: webcrypto.CryptoKey

  private constructor(
    x509: typeof X509,
    keyPair: KeyPair,
    certificate: X509.X509Certificate,
    privateKey: webcrypto.CryptoKey,
  ) {
    this.#x509 = x509
    this.keyPair = keyPair
    this.#certificate = certificate
    this.#privateKey = privateKey
  }

  /** What clients check the server with, in PEM. */
  get certificate(): string {
    return this.keyPair.certificate
  }

  static async create(commonName = 'kubernetes', now = new Date()): Promise<CertificateAuthority> {
    const x509 = await library()
    const keys = await crypto.subtle.generateKey(KEY, true, ['sign', 'verify'])
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: serialNumber(),
      name: [{ CN: [commonName] }],
      ...validity(now, AUTHORITY_DAYS),
      signingAlgorithm: SIGNATURE,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(
          x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign | x509.KeyUsageFlags.digitalSignature,
          true,
        ),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    })
    const keyPair = {
      certificate: certificate.toString('pem'),
      privateKey: await toPem(x509, keys.privateKey),
    }
    return new CertificateAuthority(x509, keyPair, certificate, keys.privateKey)
  }

  /** The authority of an earlier run, so that its clients go on trusting the server. */
  static async load(keyPair: KeyPair): Promise<CertificateAuthority> {
    const x509 = await library()
    const [der] = x509.PemConverter.decode(keyPair.privateKey)
    if (der === undefined) throw new Error('the private key of the certificate authority is no PEM')
    const privateKey = await crypto.subtle.importKey('pkcs8', der, KEY, true, ['sign'])
    return new CertificateAuthority(x509, keyPair, new x509.X509Certificate(keyPair.certificate), privateKey)
  }

  /** A certificate for a server that is reached under these host names and IP addresses. */
  issueServer(hosts: readonly string[], now = new Date()): Promise<KeyPair> {
    const { SubjectAlternativeNameExtension, ExtendedKeyUsage } = this.#x509
    const names = hosts.map(host => ({ type: isIP(host) ? ('ip' as const) : ('dns' as const), value: host }))
    return this.#issue([{ CN: ['kube-apiserver'] }], ExtendedKeyUsage.serverAuth, now, [
      new SubjectAlternativeNameExtension(names),
    ])
  }

  /** A certificate with which a client is this user, member of these groups. */
  issueClient({ username, groups }: CertificateUser, now = new Date()): Promise<KeyPair> {
    const subject = [...groups.map(group => ({ O: [group] })), { CN: [username] }]
    return this.#issue(subject, this.#x509.ExtendedKeyUsage.clientAuth, now, [])
  }

  async #issue(
    subject: X509.JsonName,
    usage: X509.ExtendedKeyUsage,
    now: Date,
    extensions: X509.Extension[],
  ): Promise<KeyPair> {
    const x509 = this.#x509
    const keys = await crypto.subtle.generateKey(KEY, true, ['sign', 'verify'])
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serialNumber(),
      subject,
      issuer: this.#certificate.subjectName,
      ...validity(now, LEAF_DAYS),
      signingAlgorithm: SIGNATURE,
      publicKey: keys.publicKey,
      signingKey: this.#privateKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([usage]),
        await x509.AuthorityKeyIdentifierExtension.create(this.#certificate.publicKey),
        ...extensions,
      ],
    })
    return { certificate: certificate.toString('pem'), privateKey: await toPem(x509, keys.privateKey) }
  }
}

const validity = (now: Date, days: number): { notBefore: Date; notAfter: Date } => ({
  notBefore: new Date(now.getTime() - CLOCK_SKEW),
  notAfter: new Date(now.getTime() + days * DAY),
})

/** 127 random bits, in hex: positive, as RFC 5280 wants it. */
function serialNumber(): string {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] as number) & 0x7f) | 0x40
  return bytes.toString('hex')
}

const toPem = async (x509: typeof X509, key: webcrypto.CryptoKey): Promise<string> =>
  x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')
