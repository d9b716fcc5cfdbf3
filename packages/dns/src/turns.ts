import { setImmediate as turn } from 'node:timers/promises'

/** How long one piece of work may keep questions waiting, in milliseconds: about what a small collection of garbage takes. */
const SLICE_MS = 1

/** A share of one turn of the event loop. Work of unknown length stops when it is over, and goes on in a later turn. */
export class TimeSlice {
  readonly #end = performance.now() + SLICE_MS

  get isOver(): boolean {
    return performance.now() >= this.#end
  }
}

/** Does a step until none is left (it gives false), with answers between slices of them. */
export async function inSlices(step: () => boolean): Promise<void> {
  for (let slice = new TimeSlice(); step(); ) {
    if (!slice.isOver) continue
    await turn()
    slice = new TimeSlice()
  }
}
