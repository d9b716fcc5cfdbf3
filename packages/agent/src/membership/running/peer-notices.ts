import { NAMESPACES } from '@isthmus/api'
import type { PeerVerdict } from '@isthmus/core'
import type { Recorder } from '../../events/event-recorder.ts'
import { StandingNotes } from '../../events/standing-notes.ts'
import type { OwnCluster } from '../../own/own-cluster.ts'

export interface PeerNoticesOptions {
  readonly own: OwnCluster
  readonly agentNamespace: string
  readonly recorder: Recorder
}

/** Of what it is that something has to be told. */
export type Aspect = 'profile' | 'pin' | 'reader' | 'credential'

/** What a person has to know of peers: as lines of a status, and the gravest as Events. */
export class PeerNotices {
  readonly #options: PeerNoticesOptions
  readonly #notices = new Map<string, Map<Aspect, string>>()
  readonly #held: StandingNotes

  constructor(options: PeerNoticesOptions) {
    this.#options = options
    this.#held = new StandingNotes(options.recorder)
  }

  of(clusterId: string): string[] {
    return [...(this.#notices.get(clusterId)?.values() ?? [])]
  }

  /** Of all but those that are meant, each with its id. */
  ofOthers(isMeant: (clusterId: string) => boolean): string[] {
    return [...this.#notices].flatMap(([id, notices]) =>
      isMeant(id) ? [] : [...notices.values()].map(notice => `${id}: ${notice}`),
    )
  }

  /** @param words undefined: there is nothing to tell any more. */
  note(clusterId: string, aspect: Aspect, words: string | undefined): void {
    const notices = this.#notices.get(clusterId) ?? new Map<Aspect, string>()
    if (words === undefined) notices.delete(aspect)
    else notices.set(aspect, words)
    if (notices.size === 0) this.#notices.delete(clusterId)
    else this.#notices.set(clusterId, notices)
  }

  /** What was told of others, whom nobody knows any more, is forgotten: a registry may name ever others. */
  keepOnly(clusterIds: ReadonlySet<string>): void {
    for (const id of this.#notices.keys()) if (!clusterIds.has(id)) this.#notices.delete(id)
    this.#held.keepOnly(clusterIds)
  }

  decided(clusterId: string, { isHeld, notice }: PeerVerdict): void {
    this.note(clusterId, 'profile', notice)
    const regarding = this.#regarding()
    if (regarding === undefined) return
    const note = `cluster ${clusterId}: ${notice}`
    const content = { type: 'Warning', reason: 'PeerChangeHeld', action: 'Link', note } as const
    this.#held.look(clusterId, '', regarding, isHeld ? content : undefined)
  }

  left(clusterId: string): void {
    this.#notices.delete(clusterId)
    this.#held.forget(clusterId)
    const regarding = this.#regarding()
    if (regarding === undefined) return
    const note = `cluster ${clusterId} has left the ClusterSet`
    this.#options.recorder.record(regarding, { type: 'Normal', reason: 'MemberLeft', action: 'Link', note })
  }

  #regarding() {
    const { own, agentNamespace: namespace } = this.#options
    const object = own.namespaces.get(namespace)
    return object === undefined ? undefined : { type: NAMESPACES, object, namespace }
  }
}
