/** Times as Kubernetes writes them. */

/** `metav1.Time`: whole seconds. `now`: milliseconds since the epoch. */
export function time(now: number): string {
  return new Date(now).toISOString().replace(/\.\d+Z$/, 'Z')
}

/** `metav1.MicroTime`: six digits after the point. `now`: milliseconds since the epoch. */
export function microTime(now: number): string {
  return new Date(now).toISOString().replace(/Z$/, '000Z')
}
