/** What a command may ask of a running playground: a line of JSON each way, one request per connection. */

export type ControlRequest =
  | { readonly command: 'stop'; readonly cluster: string }
  | { readonly command: 'start'; readonly cluster: string }
  /** All of it; answered before it ends. */
  | { readonly command: 'shutdown' }
  | { readonly command: 'snapshot' }

export type ControlAnswer =
  | { readonly ok: true; readonly result: unknown }
  | {
      readonly ok: false
      readonly error: {
        readonly code: string
        readonly message: string
        readonly remedy: string
        readonly exitCode: number
      }
    }

/** Longer requests are refused. */
export const REQUEST_LIMIT = 4096

/** Undefined: not a request. */
export function parseRequest(line: string): ControlRequest | undefined {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const { command, cluster } = value as Record<string, unknown>
  if (command === 'shutdown' || command === 'snapshot') return { command }
  if ((command === 'stop' || command === 'start') && typeof cluster === 'string') return { command, cluster }
  return undefined
}
