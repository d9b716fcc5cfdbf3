/** `POST …/serviceaccounts/NAME/token`: the subresource that issues tokens. */
import type { Connection, ReadableStorage, StoredObject } from '../../registry/definition.ts'
import { type FieldError, invalid as invalidField } from '../../registry/field-error.ts'
import { DecodeError, decodeBuiltIn } from '../../rest/decode-built-in.ts'
import { builtinSchema } from '../../schema/builtin/builtin-schema.ts'
import { badRequest, conflict, invalid, notFound } from '../../status/failures.ts'
import { BINDABLE, type Bindable, boundObject, NODE } from './bound-objects.ts'
import type { ServiceAccountTokens } from './service-account-tokens.ts'

const GROUP = 'authentication.k8s.io'
const KIND = 'TokenRequest'
const DEFAULT_SECONDS = 3600
const MIN_SECONDS = 600
const MAX_SECONDS = 2 ** 32

interface TokenRequestSpec {
  readonly audiences?: readonly string[] | null
  readonly expirationSeconds?: number | null
  readonly boundObjectRef?: BoundObjectRef | null
}

interface BoundObjectRef {
  readonly kind?: string
  readonly apiVersion?: string
  readonly name?: string
  readonly uid?: string
}

/** The `token` subresource of serviceaccounts. */
export function tokenConnection(tokens: ServiceAccountTokens): Connection {
  return {
    name: 'token',
    group: GROUP,
    version: 'v1',
    kind: KIND,
    verbs: ['create'],
    call: (_verb, account, body, { now, storage }) => {
      const spec = readSpec(body)
      const expirationSeconds = spec.expirationSeconds ?? DEFAULT_SECONDS
      const boundObjectRef = spec.boundObjectRef ?? null
      const errors = expirationErrors(expirationSeconds)
      if (errors.length > 0) throw invalid(GROUP, KIND, '', errors)
      const bound = boundObjectRef === null ? undefined : resolve(boundObjectRef, account, storage)
      const audiences = spec.audiences?.length ? spec.audiences : [tokens.issuer]
      const node = bound === undefined ? undefined : nodeOf(bound.object, storage)
      const { token, expires } = tokens.issue({
        account,
        audiences,
        expirationSeconds,
        ...(bound && { bound }),
        ...(node && { node }),
      })
      const { name, namespace, uid } = account.metadata
      return {
        kind: KIND,
        apiVersion: `${GROUP}/v1`,
        metadata: { name, namespace, uid, creationTimestamp: seconds(now) },
        spec: { audiences, expirationSeconds, boundObjectRef },
        status: { token, expirationTimestamp: seconds(expires) },
      } as unknown as StoredObject // never stored: it has no resourceVersion
    },
  }
}

/** Checks types. Throws 400. */
function readSpec(body: object = {}): TokenRequestSpec {
  try {
    const { object } = decodeBuiltIn(builtinSchema(GROUP, 'v1', KIND), { ...body }, KIND)
    return (object.spec ?? {}) as TokenRequestSpec
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    throw badRequest(`${KIND} in version "v1" cannot be handled as a ${KIND}: ${error.message}`)
  }
}

function expirationErrors(value: number): FieldError[] {
  const field = 'spec.expirationSeconds'
  if (value < MIN_SECONDS) {
    return [invalidField(field, value, 'may not specify a duration less than 10 minutes')]
  }
  if (value > MAX_SECONDS) {
    return [invalidField(field, value, 'may not specify a duration larger than 2^32 seconds')]
  }
  return []
}

function resolve(
  ref: BoundObjectRef,
  account: StoredObject,
  storage: ReadableStorage,
): { to: Bindable; object: StoredObject } {
  const { kind = '', apiVersion = '', name = '', uid = '' } = ref
  const to = apiVersion === 'v1' ? BINDABLE.get(kind) : undefined
  if (to === undefined) {
    const [group = '', version = ''] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion]
    throw badRequest(`cannot bind token to object of type ${group}/${version}, Kind=${kind}`)
  }
  const object = boundObject(storage, to, account.metadata.namespace ?? '', name)
  if (object === undefined) throw notFound(to.key, name)
  if (uid !== '' && uid !== object.metadata.uid) {
    throw conflict(
      { group: '', plural: kind },
      name,
      `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    )
  }
  const runsAs = (object.spec as { serviceAccountName?: string } | undefined)?.serviceAccountName ?? ''
  if (to.claim === 'pod' && runsAs !== account.metadata.name) {
    throw badRequest(
      `cannot bind token for serviceaccount "${account.metadata.name}" to pod running with serviceaccount "${runsAs}"`,
    )
  }
  return { to, object }
}

/** The Node that a Pod runs on, if it runs on one that exists. */
function nodeOf(object: StoredObject, storage: ReadableStorage): StoredObject | undefined {
  const nodeName = (object.spec as { nodeName?: string } | undefined)?.nodeName
  return nodeName === undefined ? undefined : boundObject(storage, NODE, '', nodeName)
}

const seconds = (time: Date): string => `${time.toISOString().slice(0, 19)}Z`
