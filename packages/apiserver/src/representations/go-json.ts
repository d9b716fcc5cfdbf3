/**
 * JSON as Go's encoding/json reads it: JSON.parse with Go's words for what is wrong, and with the fields
 * that are given twice (the last one counts). The fast path is JSON.parse alone; the scanner runs only
 * to name an error, or when duplicates are asked for.
 */
import { JsonScanner } from './json-scanner.ts'

export interface ParsedJson {
  readonly value?: unknown
  /** Go's message, such as `unexpected end of JSON input`. */
  readonly error?: string
  /** Paths such as `data.a` of fields that are there more than once. */
  readonly duplicates: readonly string[]
}

export function parseGoJson(text: string, findDuplicates = false): ParsedJson {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { error: new JsonScanner(text).run() ?? 'unexpected end of JSON input', duplicates: [] }
  }
  if (!findDuplicates) return { value, duplicates: [] }
  const scanner = new JsonScanner(text)
  scanner.run()
  return { value, duplicates: scanner.duplicates }
}
