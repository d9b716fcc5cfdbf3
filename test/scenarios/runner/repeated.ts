/** What is too long to be written by hand. */

interface Repeated {
  readonly repeat: number
  /** In a list: an item, as often. In place of a map: its entries. `<n>` is 1, 2, and so on. */
  readonly of: unknown
}

/**
 * Lists and maps with `{repeat: 250, of: …}` in them written out, and texts with `<long:300>`: so many letters.
 */
export function writtenOut(value: unknown): unknown {
  if (typeof value === 'string') return lengthened(value)
  if (Array.isArray(value))
    return value.flatMap(item => (isRepeated(item) ? copies(item) : [writtenOut(item)]))
  if (typeof value !== 'object' || value === null) return value
  if (isRepeated(value)) return Object.assign({}, ...copies(value)) as unknown
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [lengthened(key), writtenOut(inner)]))
}

function lengthened(text: string): string {
  return text.replace(/<long:(\d+)>/g, (_, length: string) => 'x'.repeat(Number(length)))
}

function isRepeated(value: unknown): value is Repeated {
  return typeof value === 'object' && value !== null && 'repeat' in value && 'of' in value
}

function copies({ repeat, of }: Repeated): unknown[] {
  const text = JSON.stringify(writtenOut(of))
  return Array.from({ length: repeat }, (_, i) =>
    JSON.parse(text.replaceAll('"<n>"', String(i + 1)).replaceAll('<n>', String(i + 1))),
  )
}
