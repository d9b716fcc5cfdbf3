import { PerformanceObserver } from 'node:perf_hooks'
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

/** What loading the program makes it grow to anyway, so that none of it is taken for what endpoints need. */
const ENOUGH_BYTES = 4 * 1024 * 1024

/**
 * Lets V8's young generation grow to a few megabytes and no further: an agent's garbage is short-lived and its caches
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
