import { errorOf } from '@isthmus/api'
import { isDNSLabel } from '@isthmus/core'
import { ERRORS } from './errors.ts'
import type { AgentOptions } from './options.ts'

/**
 * Ids are labels of objects and parts of DNS names, and what is read counts as the id's it was read under.
 * @throws IsthmusError for an id that is not one, or that two members have.
 */
export function checkOptions({ clusterId, peers }: Pick<AgentOptions, 'clusterId' | 'peers'>): void {
  const seen = new Set<string>()
  for (const id of [clusterId, ...peers.map(peer => peer.clusterId)]) {
    if (!isDNSLabel(id)) throw errorOf(ERRORS.idInvalid, { id })
    if (seen.has(id)) throw errorOf(ERRORS.idTwice, { id })
    seen.add(id)
  }
}
