import type { LinkPair } from '@isthmus/core'
import { printable } from '../terminal/printable.ts'

/** A line for each link that is not as it was when this was last asked. */
export class LinkLines {
  readonly #clusterId: string
  readonly #told = new Map<string, string>()

  constructor(clusterId: string) {
    this.#clusterId = clusterId
  }

  changed(links: readonly LinkPair[]): string[] {
    return links.flatMap(link => {
      const line = this.#line(link)
      if (this.#told.get(link.peer) === line) return []
      this.#told.set(link.peer, line)
      return [line]
    })
  }

  #line({ peer, toPeer, fromPeer, isLinked }: LinkPair): string {
    if (isLinked) return `  ${peer}: linked both ways`
    const own = `${this.#clusterId} reads ${peer}: ${said(toPeer)}`
    return `  ${peer}: ${own}; ${peer} reads ${this.#clusterId}: ${said(fromPeer)}`
  }
}

/** What a member says of itself is its own words. */
function said(state: string | undefined): string {
  return state === undefined ? 'not heard of yet' : printable(state)
}
