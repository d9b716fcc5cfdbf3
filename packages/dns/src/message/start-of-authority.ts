import { START_OF_AUTHORITY } from '@isthmus/core'
import { CLASS_IN, POINTER, TYPE } from './protocol.ts'
import { labelsOf } from './wire-name.ts'

const NAME_SERVER = labelsOf(START_OF_AUTHORITY.nameServer)
const MAILBOX = labelsOf(START_OF_AUTHORITY.mailbox)

/** The size of the SOA record. */
export const SOA_SIZE = 12 + NAME_SERVER.length + 2 + MAILBOX.length + 2 + 20

const OWNER_AT = 0
const NAME_SERVER_POINTER_AT = 12 + NAME_SERVER.length
const MAILBOX_POINTER_AT = NAME_SERVER_POINTER_AT + 2 + MAILBOX.length
const SERIAL_AT = MAILBOX_POINTER_AT + 2

/** The one SOA record: it goes into every negative answer, with the zone pointed to in the question. */
export class StartOfAuthority {
  readonly #bytes = Buffer.alloc(SOA_SIZE)
  #serial = 0

  /** `ttl` in seconds; also how long a negative answer is good for (RFC 2308). */
  constructor(ttl: number) {
    const bytes = this.#bytes
    bytes.writeUInt16BE(TYPE.SOA, 2)
    bytes.writeUInt16BE(CLASS_IN, 4)
    bytes.writeUInt32BE(ttl, 6)
    bytes.writeUInt16BE(SOA_SIZE - 12, 10)
    NAME_SERVER.copy(bytes, 12)
    MAILBOX.copy(bytes, NAME_SERVER_POINTER_AT + 2)
    let at = SERIAL_AT + 4
    const { refresh, retry, expire } = START_OF_AUTHORITY
    for (const seconds of [refresh, retry, expire, ttl]) at = bytes.writeUInt32BE(seconds, at)
  }

  get serial(): number {
    return this.#serial
  }

  /** Called after a change. The serial is the time, as far as it grows by that (RFC 1982 lets it wrap). */
  advance(now: number): void {
    const seconds = Math.floor(now / 1000) % 2 ** 32
    const next = (this.#serial + 1) % 2 ** 32
    this.#serial = this.#serial === 0 || (seconds - next) >>> 0 < 2 ** 31 ? seconds : next
    this.#bytes.writeUInt32BE(this.#serial, SERIAL_AT)
  }

  /** Writes it at `at`; the zone's name is at `zoneOffset` of the message. Gives the end. */
  write(response: Buffer, at: number, zoneOffset: number): number {
    response.set(this.#bytes, at)
    const pointer = POINTER | zoneOffset
    response.writeUInt16BE(pointer, at + OWNER_AT)
    response.writeUInt16BE(pointer, at + NAME_SERVER_POINTER_AT)
    response.writeUInt16BE(pointer, at + MAILBOX_POINTER_AT)
    return at + SOA_SIZE
  }
}
