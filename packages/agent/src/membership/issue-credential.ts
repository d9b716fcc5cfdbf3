import {
  type ApiAccess,
  type Credential,
  errorOf,
  type KubernetesObject,
  LABEL_READER,
  READER_SLOTS,
  readerName,
  SECRETS,
} from '@isthmus/api'
import { freeSlot, slotOf } from '@isthmus/core'
import { type ClusterClient, isAlreadyExists, isConflict, isNotFound } from '@isthmus/kube'
import { absentIfNotFound, applyObjects } from '../install/apply-objects.ts'
import { ROLE_BINDINGS, ROLES, SERVICE_ACCOUNTS } from '../install/resource-types.ts'
import { ERRORS } from './errors.ts'
import { layCredential, type RegistryTarget } from './lay-credential.ts'
import {
  ANNOTATION_ISSUED_FOR,
  ANNOTATION_MADE_FOR,
  ANNOTATION_RELINKED,
  type Reader,
  readerAccount,
  readerBinding,
  readerRole,
  readerSecret,
} from './reader-objects.ts'
import { isSame, readerOf, removeLeftovers, removeReader } from './remove-reader.ts'
import { requestToken } from './request-token.ts'

/** What is needed of a client to make a reader's objects. */
export type IssuingClient = Pick<
  ClusterClient,
  'server' | 'get' | 'list' | 'create' | 'update' | 'patch' | 'delete' | 'raw'
>

export interface IssueOptions {
  /** Of the publisher's cluster. */
  readonly client: IssuingClient
  readonly exchangeNamespace: string
  /** Cluster id. */
  readonly publisher: string
  /** How readers reach the publisher. */
  readonly access: ApiAccess
  readonly reader: Reader
  /** The request to link anew that this answers. */
  readonly relinkRequested?: string | undefined
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly signal?: AbortSignal | undefined
}

export interface DeliverOptions extends IssueOptions {
  readonly registry: RegistryTarget
}

/** How often what someone else changed at the same time is looked at again. */
const ATTEMPTS = 5

/**
 * Gives a reader an account of its own in the exchange, if it has none yet, and a new token of it: for the
 * reader's eyes alone in the Secret of the account's name, and returned. What an account of the same cluster id
 * but of another profile could do ends. So do all tokens that it has where this is the first credential for a
 * request to link anew. May be interrupted and repeated.
 *
 * @throws IsthmusError ISTHMUS_READERS_FULL, ISTHMUS_OBJECT_IN_THE_WAY; ApiError, ConnectionError.
 */
export async function issueCredential(options: IssueOptions): Promise<Credential> {
  const { client, exchangeNamespace: namespace, publisher, access, reader, now, signal } = options
  const account = await readerSlot(options)
  await removeLeftovers(client, namespace, account, reader, signal)
  const permissions = [
    [{ type: ROLES, object: readerRole(namespace, account, reader) }],
    [{ type: ROLE_BINDINGS, object: readerBinding(namespace, account, reader) }],
  ]
  await applyObjects(client, permissions, { signal })
  const { token, expiresAt } = await requestToken(client, namespace, account, signal)
  const credential: Credential = {
    publisher,
    reader: reader.clusterId,
    account,
    namespace,
    token,
    expiresAt,
    issuedAt: new Date(now).toISOString(),
    ...access,
  }
  await storeCredential(options, account, credential)
  return credential
}

/** Issues a credential and lays it into the registry: the first one, and one that mends a broken link. */
export async function deliverCredential(options: DeliverOptions): Promise<Credential> {
  const credential = await issueCredential(options)
  await layCredential(options.client, options.registry, credential, options.relinkRequested, options.signal)
  return credential
}

type SlotOptions = Pick<
  IssueOptions,
  'client' | 'exchangeNamespace' | 'reader' | 'relinkRequested' | 'signal'
>

/** The name of the reader's account, which is there when this resolves. */
async function readerSlot(options: SlotOptions): Promise<string> {
  const { client, exchangeNamespace: namespace, reader, relinkRequested: request = '', signal } = options
  const taken = new Set<number>()
  const { items } = await client.list(SERVICE_ACCOUNTS, { namespace, signal })
  for (const account of items) {
    const slot = slotOf(account.metadata.name)
    if (slot === undefined) continue
    const holder = readerOf(account)
    if (holder?.clusterId !== reader.clusterId) taken.add(slot)
    else if (isSame(holder, reader)) return withoutOldTokens(options, account)
    else await removeReader(client, namespace, readerName(slot), holder, signal)
  }
  const first = (await slotBefore(options, taken)) ?? freeSlot(taken)
  for (let slot = first; slot !== undefined; slot = freeSlot(taken.add(slot))) {
    const name = readerName(slot)
    try {
      await client.create(SERVICE_ACCOUNTS, readerAccount(namespace, name, reader, request), { signal })
      return name
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
    }
    // An administrator's command and the agent may make the same at the same time.
    const other = await client.get(SERVICE_ACCOUNTS, name, namespace, { signal }).catch(absentIfNotFound)
    const holder = other === undefined ? undefined : readerOf(other)
    if (holder !== undefined && isSame(holder, reader)) return name
  }
  throw errorOf(ERRORS.readersFull, { slots: READER_SLOTS, namespace, reader: reader.clusterId })
}

/**
 * Whoever got hold of a token may ask for the next one for as long as the account lives: a request to link anew
 * ends it. Its permissions are bound to its name, and stay.
 */
async function withoutOldTokens(options: SlotOptions, account: KubernetesObject): Promise<string> {
  const { client, exchangeNamespace: namespace, reader, relinkRequested: request = '', signal } = options
  const { name = '', uid, annotations = {} } = account.metadata
  if (request === '' || annotations[ANNOTATION_MADE_FOR] === request) return name
  const secret = await client.get(SECRETS, name, namespace, { signal }).catch(absentIfNotFound)
  if (secret?.metadata.annotations?.[ANNOTATION_ISSUED_FOR] === request) return name
  try {
    await client.delete(SERVICE_ACCOUNTS, name, namespace, { uid, signal })
    await client.create(SERVICE_ACCOUNTS, readerAccount(namespace, name, reader, request), { signal })
  } catch (error) {
    // An administrator's command and the agent may do the same at the same time.
    if (!isNotFound(error) && !isConflict(error) && !isAlreadyExists(error)) throw error
    return readerSlot(options)
  }
  return name
}

/** Of a reader whose account was deleted, by a person or halfway through: what is left of it has its name. */
async function slotBefore(
  { client, exchangeNamespace: namespace, reader, signal }: SlotOptions,
  taken: ReadonlySet<number>,
): Promise<number | undefined> {
  const labelSelector = `${LABEL_READER}=${reader.clusterId}`
  const { items } = await client.list(SECRETS, { namespace, labelSelector, signal })
  const own = items.find(secret => {
    const holder = readerOf(secret)
    return holder !== undefined && isSame(holder, reader)
  })
  const slot = slotOf(own?.metadata.name)
  return slot === undefined || taken.has(slot) ? undefined : slot
}

async function storeCredential(
  { client, exchangeNamespace: namespace, reader, relinkRequested, signal }: IssueOptions,
  name: string,
  credential: Credential,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const found = await client.get(SECRETS, name, namespace, { signal }).catch(absentIfNotFound)
    const annotations = annotationsAfter(found?.metadata.annotations, relinkRequested)
    const secret = readerSecret(namespace, name, reader, credential, annotations)
    try {
      if (found === undefined) await client.create(SECRETS, secret, { signal })
      else {
        const { resourceVersion } = found.metadata
        const metadata =
          resourceVersion === undefined ? secret.metadata : { ...secret.metadata, resourceVersion }
        await client.update(SECRETS, { ...secret, metadata }, { signal })
      }
      return
    } catch (error) {
      const raced = isAlreadyExists(error) || isConflict(error) || isNotFound(error)
      if (!raced || attempt === ATTEMPTS) throw error
    }
  }
}

/** What was laid before a request to link anew is worth nothing after it: nothing was laid for it yet. */
function annotationsAfter(
  before: Readonly<Record<string, string>> = {},
  request: string | undefined,
): Record<string, string> {
  if (request === undefined || before[ANNOTATION_ISSUED_FOR] === request) return { ...before }
  const { [ANNOTATION_RELINKED]: _, ...kept } = before
  return { ...kept, [ANNOTATION_ISSUED_FOR]: request }
}
