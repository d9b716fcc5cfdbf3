/** Scalars that are strings in JSON and something else in Go: times and bytes. */

const LAYOUT = '2006-01-02T15:04:05Z07:00'
const MICRO_LAYOUT = '2006-01-02T15:04:05.000000Z07:00'

/** What Go's layout expects next, with how a value shows that it is there. */
const PARTS: readonly { readonly layout: string; readonly pattern: RegExp }[] = [
  { layout: '2006', pattern: /\d{4}/y },
  { layout: '-', pattern: /-/y },
  { layout: '01', pattern: /\d{2}/y },
  { layout: '-', pattern: /-/y },
  { layout: '02', pattern: /\d{2}/y },
  { layout: 'T', pattern: /T/y },
  { layout: '15', pattern: /\d{1,2}/y },
  { layout: ':', pattern: /:/y },
  { layout: '04', pattern: /\d{2}/y },
  { layout: ':', pattern: /:/y },
  { layout: '05', pattern: /\d{2}/y },
  { layout: '.000000', pattern: /\.\d{6}(?!\d)/y },
  { layout: 'Z07:00', pattern: /Z|[+-]\d{2}:\d{2}/y },
]

export interface DecodedTime {
  readonly text: string
  readonly error?: string
}

/**
 * A Time (whole seconds) or MicroTime (six digits) in UTC, as the API server answers it.
 * The error is that of Go's time.Parse.
 */
export function decodeTime(value: string, micro: boolean): DecodedTime {
  const fail = (rest: string, expected: string): DecodedTime => ({
    text: value,
    error: `parsing time ${JSON.stringify(value)} as ${JSON.stringify(micro ? MICRO_LAYOUT : LAYOUT)}: cannot parse ${JSON.stringify(rest)} as ${JSON.stringify(expected)}`,
  })
  let position = 0
  for (const { layout, pattern } of PARTS) {
    if (layout === '.000000' && !micro) {
      // A fraction may follow the second though the layout has none.
      const fraction = /[.,]\d+/y
      fraction.lastIndex = position
      position = fraction.test(value) ? fraction.lastIndex : position
      continue
    }
    pattern.lastIndex = position
    if (!pattern.test(value)) return fail(value.slice(position), layout)
    position = pattern.lastIndex
  }
  if (position < value.length) {
    return {
      text: value,
      error: `parsing time ${JSON.stringify(value)}: extra text: ${JSON.stringify(value.slice(position))}`,
    }
  }
  const time = new Date(value.replace(/\.\d+/, ''))
  if (Number.isNaN(time.getTime())) {
    return { text: value, error: `parsing time ${JSON.stringify(value)}: day out of range` }
  }
  const seconds = time.toISOString().slice(0, 19)
  return { text: micro ? `${seconds}.${/\.(\d{6})/.exec(value)?.[1]}Z` : `${seconds}Z` }
}

/** RFC 3339 in whole seconds, as in creationTimestamp. */
export const formatTime = (time: Date): string => `${time.toISOString().slice(0, 19)}Z`

/** What Go's base64 decoder says of a text, nothing if it is fine. */
export function decodeBase64Error(text: string): string | undefined {
  if (/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) return undefined
  const bare = text.replace(/[\r\n]/g, '')
  const strange = bare.search(/[^A-Za-z0-9+/]/)
  const position = strange === -1 ? bare.length - (bare.length % 4) : strange
  return `illegal base64 data at input byte ${position}`
}
