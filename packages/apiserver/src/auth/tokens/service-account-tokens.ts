/**
 * Tokens of ServiceAccounts, as kube-apiserver issues and checks them: bound to the account's UID, and
 * if asked to a Pod, Secret or Node. Who deletes one of these revokes the token at once.
 */
import { randomUUID } from 'node:crypto'
import type { ReadableStorage, StoredObject, UserInfo } from '../../registry/definition.ts'
import { quotedList } from '../quoted-list.ts'
import { GROUPS, serviceAccountGroups, serviceAccountUsername } from '../users.ts'
import { BINDABLE, type Bindable, boundObject, SERVICE_ACCOUNTS } from './bound-objects.ts'
import { type Claims, type SigningKey, signToken, verifyToken } from './jwt.ts'

/** Issuer and default audience of kube-apiserver in a cluster with the usual domain. */
export const DEFAULT_ISSUER = 'https://kubernetes.default.svc.cluster.local'

const PRIVATE = 'kubernetes.io'
const EXTRA = 'authentication.kubernetes.io'
/** Clocks differ: a token is good for this much longer than it says. */
const LEEWAY_SECONDS = 60
/** Signatures found good are remembered: checking one takes longer than all else that a request does. */
const REMEMBERED = 1024

export interface Ref {
  readonly name: string
  readonly uid: string
}

export interface TokenSubject {
  readonly account: StoredObject
  readonly audiences: readonly string[]
  readonly expirationSeconds: number
  readonly bound?: { readonly to: Bindable; readonly object: StoredObject }
  /** The Node that a bound Pod runs on. */
  readonly node?: StoredObject
}

export interface TokenOptions {
  readonly storage: ReadableStorage
  readonly key: SigningKey
  readonly issuer?: string
  readonly now?: () => Date
}

/** The token is not good; the message says why, for TokenReview. */
export class InvalidToken extends Error {
  constructor(reason: string) {
    super(reason === '' ? 'invalid bearer token' : `[invalid bearer token, ${reason}]`)
    this.name = 'InvalidToken'
  }
}

export interface VerifiedToken {
  readonly user: UserInfo
  /** Of the audiences asked for, those that the token is for. */
  readonly audiences: readonly string[]
}

export class ServiceAccountTokens {
  readonly issuer: string
  readonly #storage: ReadableStorage
  readonly #key: SigningKey
  readonly #now: () => Date
  readonly #genuine = new Map<string, ServiceAccountClaims>()

  constructor({ storage, key, issuer = DEFAULT_ISSUER, now = () => new Date() }: TokenOptions) {
    this.#storage = storage
    this.#key = key
    this.issuer = issuer
    this.#now = now
  }

  issue({ account, audiences, expirationSeconds, bound, node }: TokenSubject): {
    token: string
    expires: Date
  } {
    const { name, namespace = '' } = account.metadata
    const now = Math.floor(this.#now().getTime() / 1000)
    const claims: ServiceAccountClaims = {
      aud: audiences,
      exp: now + expirationSeconds,
      iat: now,
      iss: this.issuer,
      jti: randomUUID(),
      [PRIVATE]: {
        namespace,
        ...(node && { node: refTo(node) }),
        ...(bound && { [bound.to.claim]: refTo(bound.object) }),
        serviceaccount: refTo(account),
      },
      nbf: now,
      sub: serviceAccountUsername(namespace, name),
    }
    return { token: signToken(this.#key, { ...claims }), expires: new Date(claims.exp * 1000) }
  }

  /** What others check tokens with, as a JSON Web Key (RFC 7517). */
  publicKey(): object {
    return { use: 'sig', alg: 'ES256', kid: this.#key.id, ...this.#key.publicKey.export({ format: 'jwk' }) }
  }

  /** Who a token stands for. Throws InvalidToken. */
  verify(token: string, audiences: readonly string[] = [this.issuer]): VerifiedToken {
    const claims = this.#claims(token)
    const now = this.#now().getTime() / 1000
    if (now > claims.exp + LEEWAY_SECONDS) throw new InvalidToken('service account token has expired')
    if (now < claims.nbf - LEEWAY_SECONDS) throw new InvalidToken('service account token is not valid yet')
    const matching = audiences.filter(audience => claims.aud.includes(audience))
    if (matching.length === 0) {
      throw new InvalidToken(
        `token audiences ${quotedList(claims.aud)} is invalid for the target audiences ${quotedList(audiences)}`,
      )
    }
    this.#checkObjects(claims[PRIVATE])
    return { user: userOf(claims), audiences: matching }
  }

  #claims(token: string): ServiceAccountClaims {
    const remembered = this.#genuine.get(token)
    if (remembered !== undefined) return remembered
    const claims = verifyToken(this.#key, token)
    if (!isServiceAccountClaims(claims) || claims.iss !== this.issuer) throw new InvalidToken('')
    if (this.#genuine.size >= REMEMBERED) this.#genuine.delete(this.#genuine.keys().next().value as string)
    this.#genuine.set(token, claims)
    return claims
  }

  #checkObjects({ namespace, serviceaccount, ...refs }: PrivateClaims): void {
    const account = this.#storage.get(SERVICE_ACCOUNTS, namespace, serviceaccount.name)
    if (account === undefined) throw new InvalidToken(`serviceaccounts "${serviceaccount.name}" not found`)
    if (this.#isDeleted(account)) {
      throw new InvalidToken(`service account ${namespace}/${serviceaccount.name} has been deleted`)
    }
    if (account.metadata.uid !== serviceaccount.uid) {
      throw new InvalidToken(
        `service account UID (${account.metadata.uid}) does not match claim (${serviceaccount.uid})`,
      )
    }
    for (const bindable of BINDABLE.values()) {
      const ref = refs[bindable.claim]
      // A Pod's token names its Node for information: it lives and dies with the Pod.
      if (ref === undefined || (bindable.claim === 'node' && refs.pod !== undefined)) continue
      const object = boundObject(this.#storage, bindable, namespace, ref.name)
      if (object === undefined || this.#isDeleted(object) || object.metadata.uid !== ref.uid) {
        throw new InvalidToken('service account token has been invalidated')
      }
    }
  }

  /** An object may take its time to go; what it stood for ends with the deletion. */
  #isDeleted({ metadata: { deletionTimestamp } }: StoredObject): boolean {
    if (deletionTimestamp === undefined) return false
    return Date.parse(deletionTimestamp) < this.#now().getTime() - LEEWAY_SECONDS * 1000
  }
}

interface PrivateClaims {
  readonly namespace: string
  readonly serviceaccount: Ref
  readonly pod?: Ref
  readonly secret?: Ref
  readonly node?: Ref
}

interface ServiceAccountClaims {
  readonly aud: readonly string[]
  readonly exp: number
  readonly iat: number
  readonly iss: string
  readonly jti: string
  readonly nbf: number
  readonly sub: string
  readonly [PRIVATE]: PrivateClaims
}

/** What was signed here has this shape; a key shared with another issuer may sign others. */
function isServiceAccountClaims(claims: Claims | undefined): claims is Claims & ServiceAccountClaims {
  const own = claims?.[PRIVATE] as Partial<PrivateClaims> | undefined
  return (
    typeof claims?.exp === 'number' &&
    typeof claims.nbf === 'number' &&
    Array.isArray(claims.aud) &&
    typeof own?.namespace === 'string' &&
    typeof own.serviceaccount?.name === 'string'
  )
}

function userOf(claims: ServiceAccountClaims): UserInfo {
  const { namespace, serviceaccount, pod, node } = claims[PRIVATE]
  return {
    username: serviceAccountUsername(namespace, serviceaccount.name),
    uid: serviceaccount.uid,
    groups: [...serviceAccountGroups(namespace), GROUPS.authenticated],
    extra: {
      [`${EXTRA}/credential-id`]: [`JTI=${claims.jti}`],
      ...(node && { [`${EXTRA}/node-name`]: [node.name], [`${EXTRA}/node-uid`]: [node.uid] }),
      ...(pod && { [`${EXTRA}/pod-name`]: [pod.name], [`${EXTRA}/pod-uid`]: [pod.uid] }),
    },
  }
}

const refTo = ({ metadata: { name, uid } }: StoredObject): Ref => ({ name, uid })
