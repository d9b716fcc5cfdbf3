import { RCODE, TYPE } from './message/protocol.ts'

export type Transport = 'udp' | 'tcp'

const TRANSPORTS: readonly Transport[] = ['udp', 'tcp']
/** `none`: the question could not be read. Few and fixed, so that nobody can make metrics grow. */
const TYPES = ['A', 'AAAA', 'SRV', 'TXT', 'NS', 'SOA', 'ANY', 'other', 'none'] as const
const RCODES = Object.keys(RCODE) as (keyof typeof RCODE)[]

const TYPE_INDEX = new Uint8Array(256).fill(TYPES.indexOf('other'))
for (const [index, name] of TYPES.entries()) {
  if (name !== 'other' && name !== 'none') TYPE_INDEX[TYPE[name]] = index
}
const RCODE_INDEX = new Uint8Array(RCODE.BADVERS + 1)
for (const [index, name] of RCODES.entries()) RCODE_INDEX[RCODE[name]] = index

export interface AnswerCount {
  readonly transport: Transport
  readonly type: (typeof TYPES)[number]
  readonly rcode: keyof typeof RCODE
  readonly count: number
}

/** What was answered since the start: plain numbers, for whoever makes metrics of them. */
export class Counters {
  readonly #answers = new Float64Array(TRANSPORTS.length * TYPES.length * RCODES.length)
  /** Messages that got no answer: too short, or no query. */
  ignored = 0
  /** Answers that did not fit, and said so. */
  truncated = 0
  /** TCP connections open now. */
  connections = 0
  /** TCP connections closed to make room for others. */
  connectionsEvicted = 0

  /** `type` as on the wire; negative if the question could not be read. */
  countAnswer(transport: Transport, type: number, rcode: number): void {
    const typeIndex =
      type < 0 ? TYPES.length - 1 : type < 256 ? (TYPE_INDEX[type] as number) : TYPES.length - 2
    const row = (transport === 'udp' ? 0 : 1) * TYPES.length + typeIndex
    const index = row * RCODES.length + (RCODE_INDEX[rcode] as number)
    this.#answers[index] = (this.#answers[index] as number) + 1
  }

  /** How many answers of each kind there were; kinds that never occurred are left out. */
  *answers(): IterableIterator<AnswerCount> {
    for (const [index, count] of this.#answers.entries()) {
      if (count === 0) continue
      const row = Math.floor(index / RCODES.length)
      yield {
        transport: TRANSPORTS[Math.floor(row / TYPES.length)] as Transport,
        type: TYPES[row % TYPES.length] as AnswerCount['type'],
        rcode: RCODES[index % RCODES.length] as AnswerCount['rcode'],
        count,
      }
    }
  }
}
