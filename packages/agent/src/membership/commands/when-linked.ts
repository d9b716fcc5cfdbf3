import { setTimeout as delay } from 'node:timers/promises'
import { errorOf } from '@isthmus/api'
import { departedKey, type LinkPair, linkPairs, whyNotLinked } from '@isthmus/core'
import type { ClusterClient } from '@isthmus/kube'
import { ERRORS } from './errors.ts'
import { departedKeys, listProfiles, registeredMember } from './find-registry.ts'

export interface WhenLinkedOptions {
  readonly registry: ClusterClient
  /** The registry's. */
  readonly namespace: string
  readonly clusterset: string
  readonly clusterId: string
  readonly timeoutMs: number
  /** Whenever a link changed. */
  readonly onProgress?: ((links: readonly LinkPair[]) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

const POLL_MS = 500

/**
 * Resolves when the member and every other say that they read each other.
 *
 * @throws IsthmusError ISTHMUS_NOT_LINKED with what is missing, or the client's errors
 */
export async function whenLinked(options: WhenLinkedOptions): Promise<void> {
  const { registry, namespace, clusterset, clusterId, timeoutMs, onProgress, signal } = options
  const deadline = performance.now() + timeoutMs
  let told = ''
  for (;;) {
    const gone = await departedKeys(registry, namespace, signal)
    const profiles = (await listProfiles(registry, namespace, signal)).map(registeredMember)
    const present = profiles.filter(member => !gone.has(departedKey(member.clusterId, member.profileUID)))
    const links = linkPairs(present, clusterId)
    const state = JSON.stringify(links)
    if (state !== told) onProgress?.(links)
    told = state
    if (links.every(({ isLinked }) => isLinked)) return
    if (performance.now() >= deadline) {
      const missing = links.flatMap(link => whyNotLinked(clusterId, link))
      const reasons = missing.map(reason => `\n  - ${reason}.`).join('')
      throw errorOf(ERRORS.notLinked, { clusterId, clusterset, reasons })
    }
    await delay(POLL_MS, undefined, signal === undefined ? {} : { signal })
  }
}
