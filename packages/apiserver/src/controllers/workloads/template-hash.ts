import type { PodTemplate } from '../pod.ts'

/** Characters that kube names generated things with: no vowels, so no words. */
const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789'

/**
 * A short name for a pod template; equal templates have equal ones. `collisions` makes another one of it, for
 * when the first is taken by another template.
 */
export function templateHash(template: PodTemplate, collisions = 0): string {
  const hash = fnv1a(canonicalJson(template) + (collisions === 0 ? '' : `#${collisions}`))
  return [...String(hash)].map(digit => ALPHABET[digit.charCodeAt(0) % ALPHABET.length]).join('')
}

/** Keys in order, at every depth. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash >>> 0
}
