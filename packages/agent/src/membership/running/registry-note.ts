import { CONFIG_MAPS, type ConfigMap, REGISTRY_NOTE_NAME, type RegistryNoteData } from '@isthmus/api'
import { isNotFound } from '@isthmus/kube'
import type { Logger } from 'pino'
import type { GatedClient } from '../../leadership/write-gate.ts'
import type { RegistryState } from '../../options.ts'
import { time } from '../../timestamps.ts'

export interface RegistryNoteOptions {
  /** Of the own cluster. */
  readonly gated: Pick<GatedClient, 'get' | 'patch' | 'create'>
  readonly agentNamespace: string
  readonly clock: () => number
  readonly log: Pick<Logger, 'warn' | 'info'>
}

/** A registry that restarts is no news: that it is away is told once it has lasted for so long. */
const LASTS_MS = 10_000

/** Writes down for people whether the registry can be read: nothing else shows it, as no link needs it. */
export class RegistryNote {
  readonly #options: RegistryNoteOptions
  /** What stands there; undefined: it has not been looked at yet. */
  #stored: RegistryNoteData | undefined
  #seen: { isReachable: boolean; since: number } | undefined

  constructor(options: RegistryNoteOptions) {
    this.#options = options
  }

  /** To be called again and again. */
  async keep(server: string, { reachable, reason = '' }: RegistryState, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options
    const now = clock()
    if (this.#seen?.isReachable !== reachable) this.#seen = { isReachable: reachable, since: now }
    const { since } = this.#seen
    // A clock that was set back begins anew.
    if (now < since) this.#seen = { isReachable: reachable, since: now }
    if (!reachable && now - since < LASTS_MS) return
    this.#stored ??= await this.#read(signal)
    const state = reachable ? 'reachable' : 'unreachable'
    const before = this.#stored
    if (before?.state === state && before.server === server) return
    const next = { server, state, reason: reachable ? '' : reason, since: time(since) } as const
    await this.#write(next, signal)
    this.#stored = next
    if (!reachable)
      log.warn(
        { server, reason },
        'the registry cannot be read: links and imports go on, joining and leaving wait for it',
      )
    else if (before?.state === 'unreachable') log.info({ server }, 'the registry can be read again')
  }

  async #read(signal: AbortSignal): Promise<RegistryNoteData | undefined> {
    const { gated, agentNamespace } = this.#options
    try {
      const found = await gated.get<ConfigMap>(CONFIG_MAPS, REGISTRY_NOTE_NAME, agentNamespace, { signal })
      return found.data as unknown as RegistryNoteData | undefined
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  async #write(data: RegistryNoteData, signal: AbortSignal): Promise<void> {
    const { gated, agentNamespace: namespace } = this.#options
    const name = REGISTRY_NOTE_NAME
    const written = { ...data }
    try {
      await gated.patch<ConfigMap>(CONFIG_MAPS, name, namespace, { data: written }, { signal })
    } catch (error) {
      if (!isNotFound(error)) throw error
      await gated.create<ConfigMap>(
        CONFIG_MAPS,
        { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name }, data: written },
        { signal },
      )
    }
  }
}
