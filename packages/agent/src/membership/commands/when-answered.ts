import { setTimeout as delay } from 'node:timers/promises'
import { type Credential, errorOf, firstCredentialName, SECRETS, secretValue } from '@isthmus/api'
import type { ClusterClient } from '@isthmus/kube'
import { absentIfNotFound } from '../../install/apply-objects.ts'
import { ERRORS } from './errors.ts'

/** What other members have laid into the registry for one: the token of each, undefined where there is none. */
export type LaidTokens = ReadonlyMap<string, string | undefined>

export interface LaidTokensOptions {
  readonly registry: ClusterClient
  /** The registry's. */
  readonly namespace: string
  /** The reader. */
  readonly clusterId: string
  readonly signal?: AbortSignal | undefined
}

export async function laidTokens(options: LaidTokensOptions, peers: readonly string[]): Promise<LaidTokens> {
  const { registry, namespace, clusterId, signal } = options
  const tokens = new Map<string, string | undefined>()
  for (const peer of peers) {
    const name = firstCredentialName(peer, clusterId)
    const found = await registry.get(SECRETS, name, namespace, { signal }).catch(absentIfNotFound)
    tokens.set(peer, secretValue<Credential>(found)?.token)
  }
  return tokens
}

export interface WhenAnsweredOptions extends LaidTokensOptions {
  /** As it was before they were asked. */
  readonly before: LaidTokens
  readonly timeoutMs: number
}

const POLL_MS = 250

/**
 * Resolves when all have issued a new credential: until one has, what it issued before is still worth something.
 *
 * @throws IsthmusError ISTHMUS_RELINK_UNANSWERED with those that have not, or the client's errors
 */
export async function whenAnswered({ before, timeoutMs, ...options }: WhenAnsweredOptions): Promise<void> {
  const { clusterId, signal } = options
  const deadline = performance.now() + timeoutMs
  for (let silent = [...before.keys()]; ; ) {
    const now = await laidTokens(options, silent)
    silent = silent.filter(peer => now.get(peer) === before.get(peer))
    if (silent.length === 0) return
    if (performance.now() >= deadline)
      throw errorOf(ERRORS.relinkUnanswered, { clusterId, peers: silent.join(', ') })
    await delay(POLL_MS, undefined, signal === undefined ? {} : { signal })
  }
}
