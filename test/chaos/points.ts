/** Where agents made requests, and at which of them they died: so that what was never tried is seen. */

/** `to` is `own`, `peer` or `registry`; such as `own create services`. */
export type Point = string

interface Hits {
  /** Requests. */
  made: number
  /** Deaths, before a request was sent, and after it was carried out. */
  before: number
  after: number
}

export class Points {
  readonly #hits = new Map<Point, Hits>()

  made(point: Point): void {
    this.#of(point).made++
  }

  died(point: Point, isCarriedOut: boolean): void {
    this.#of(point)[isCarriedOut ? 'after' : 'before']++
  }

  /** Whether no agent has died there yet. */
  isUntried(point: Point, isCarriedOut: boolean): boolean {
    return this.#hits.get(point)?.[isCarriedOut ? 'after' : 'before'] === 0
  }

  /** A line for each, with what was not tried last. */
  lines(): string[] {
    const width = Math.max(...[...this.#hits.keys()].map(({ length }) => length), 5)
    const row = (point: string, ...cells: (string | number)[]) =>
      [point.padEnd(width), ...cells.map(cell => String(cell).padStart(9))].join(' ')
    const rows = [...this.#hits]
      .sort(([a, x], [b, y]) => Number(isGap(x)) - Number(isGap(y)) || (a < b ? -1 : 1))
      .map(([point, { made, before, after }]) => row(point, made, before, after))
    const gaps = [...this.#hits.values()].filter(isGap).length
    const deaths = [...this.#hits.values()].reduce((sum, { before, after }) => sum + before + after, 0)
    return [
      row('kill -9 at', 'requests', 'before', 'after'),
      ...rows,
      `${deaths} deaths at ${this.#hits.size} kinds of requests; ${gaps} of these not tried both ways`,
    ]
  }

  #of(point: Point): Hits {
    const hits = this.#hits.get(point) ?? { made: 0, before: 0, after: 0 }
    this.#hits.set(point, hits)
    return hits
  }
}

function isGap({ before, after }: Hits): boolean {
  return before === 0 || after === 0
}
