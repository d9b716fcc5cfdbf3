import { errorOf, IsthmusError } from '@isthmus/api'
import { ERRORS } from './errors.ts'
import { printable } from './terminal/printable.ts'

/** What is printed of an error: one sentence, the way out, the code; with `debug` also where it comes from. */
export function errorText(error: unknown, debug: boolean): { text: string; exitCode: number } {
  const known =
    error instanceof IsthmusError ? error : errorOf(ERRORS.unexpected, { message: wordsOf(error) }, error)
  const message = printable(known.message)
  const sentence = `error: ${message}${/[.!?]$/.test(message) ? '' : '.'}`
  const trace = debug ? `${traceOf(error)}\n` : ''
  return {
    text: `${sentence}\n${printable(known.remedy)}\n[${known.code}]\n${trace}`,
    exitCode: known.exitCode,
  }
}

function wordsOf(error: unknown): string {
  return (error instanceof Error && error.message) || String(error)
}

function traceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? '' : `\ncaused by: ${traceOf(error.cause)}`
  return `${error.stack ?? error.message}${cause}`
}
