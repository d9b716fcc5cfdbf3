import { setFlagsFromString } from 'node:v8'

/**
 * Keeps V8's young generation as small as it begins: an agent's garbage is short-lived and its caches long, so that
 * room for the former, up to 48 MiB, is mostly room for nothing. Halves what an imported endpoint costs in resident memory
 * (docs/performance.md). Before anything is loaded that makes garbage.
 */
export function keepYoungGenerationSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
}
