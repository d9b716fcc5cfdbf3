import { PerformanceObserver } from 'node:perf_hooks'
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

/** It is noticed a moment late: what loading the program makes of it was 16 MiB. None of that is for endpoints. */
const ENOUGH_BYTES = 4 * 1024 * 1024

/**
 * Stops the growth of V8's young generation once it is past a few megabytes: an agent's garbage is short-lived and its caches
 * long, so that more room, up to 48 MiB, is mostly room for nothing, and less makes the first sync a fifth dearer
 * (docs/performance.md). V8 reads the flag whenever it would grow; the size itself can be set only from outside the process.
 */
export function keepYoungGenerationSmall(): void {
  const observer = new PerformanceObserver(() => {
    if (youngGenerationBytes() < ENOUGH_BYTES) return
    setFlagsFromString('--semi-space-growth-factor=1')
    observer.disconnect()
  })
  observer.observe({ type: 'gc' })
}

function youngGenerationBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0
}
