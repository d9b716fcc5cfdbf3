import type { ZoneRecord } from '@isthmus/core'
import type { Counters, Transport } from './counters.ts'
import { AnswerWriter } from './message/answer-writer.ts'
import {
  CLASS_IN,
  EXTENDED_ERROR,
  fold,
  HEADER_SIZE,
  MAXIMUM_TCP_SIZE,
  MAXIMUM_UDP_SIZE,
  MINIMUM_UDP_SIZE,
  RCODE,
  TYPE,
} from './message/protocol.ts'
import { IGNORE, Query, readQuery } from './message/query.ts'
import type { Zone } from './zone/zone.ts'

/** The types that records of names have; the SOA is made for each answer. */
const RECORD_TYPES = new Map<number, ZoneRecord['type']>([
  [TYPE.A, 'A'],
  [TYPE.AAAA, 'AAAA'],
  [TYPE.SRV, 'SRV'],
  [TYPE.TXT, 'TXT'],
  [TYPE.NS, 'NS'],
])

/**
 * Answers queries from a zone. What it writes is copied: the question from the query, the records from what
 * was prepared; only header and OPT are written number by number.
 */
export class Responder {
  /** Until then what is missing may only not have been read yet: SERVFAIL. */
  isReady = false
  /** Where answers are written: good until the next. */
  response = Buffer.alloc(MAXIMUM_TCP_SIZE)
  readonly #zone: Zone
  readonly #counters: Counters
  readonly #maxUdpSize: number
  readonly #query = new Query()
  #writer = new AnswerWriter(this.#query, this.response)

  /** `maxUdpSize`: answers over UDP are cut there, whatever more the client takes. */
  constructor(zone: Zone, counters: Counters, maxUdpSize: number = MAXIMUM_UDP_SIZE) {
    this.#zone = zone
    this.#counters = counters
    this.#maxUdpSize = Math.max(MINIMUM_UDP_SIZE, Math.min(maxUdpSize, MAXIMUM_UDP_SIZE))
  }

  /** Leaves the last answer to whoever still needs it, and writes the next elsewhere. */
  replaceResponse(): void {
    this.response = Buffer.alloc(MAXIMUM_TCP_SIZE)
    this.#writer = new AnswerWriter(this.#query, this.response)
  }

  /**
   * Writes the answer to a message to `response` and gives its size; 0: there is to be none. Over UDP it
   * is never larger than the client takes.
   */
  respond(message: Buffer, transport: Transport): number {
    const query = this.#query
    const writer = this.#writer
    let rcode = readQuery(message, query)
    if (rcode === IGNORE) {
      this.#counters.ignored++
      return 0
    }
    if (rcode === RCODE.FORMERR || rcode === RCODE.NOTIMP) {
      this.#counters.countAnswer(transport, -1, rcode)
      return writer.headerAlone(rcode)
    }
    writer.begin(message)
    if (rcode === RCODE.BADVERS) writer.refusal(rcode, EXTENDED_ERROR.none)
    else rcode = this.#answer(message, transport)
    if (writer.isTruncated) this.#counters.truncated++
    this.#counters.countAnswer(transport, query.type, rcode)
    return writer.finish()
  }

  #answer(message: Buffer, transport: Transport): number {
    const query = this.#query
    const writer = this.#writer
    const zoneOffset = this.#zoneOffset(message)
    if (zoneOffset < 0) return writer.refusal(RCODE.REFUSED, EXTENDED_ERROR.notAuthoritative)
    // Members read each other by the API; the whole zone is nobody else's business.
    const isTransfer = query.type === TYPE.AXFR || query.type === TYPE.IXFR
    if (isTransfer || query.class !== CLASS_IN) {
      return writer.refusal(RCODE.REFUSED, EXTENDED_ERROR.notSupported)
    }
    if (!this.isReady) return writer.refusal(RCODE.SERVFAIL, EXTENDED_ERROR.notReady)

    const { startOfAuthority } = this.#zone
    const entry = this.#zone.find(message, HEADER_SIZE, zoneOffset)
    if (!entry) return writer.absence(RCODE.NXDOMAIN, startOfAuthority, zoneOffset)
    if (query.type === TYPE.SOA && zoneOffset === HEADER_SIZE) {
      return writer.startOfAuthority(startOfAuthority, zoneOffset)
    }
    const type = RECORD_TYPES.get(query.type)
    const prepared = type && entry.answer(type)
    if (!prepared) return writer.absence(RCODE.NOERROR, startOfAuthority, zoneOffset)
    const limit = transport === 'tcp' ? MAXIMUM_TCP_SIZE : Math.min(query.udpSize, this.#maxUdpSize)
    return writer.records(prepared, message, zoneOffset, limit)
  }

  /** Where the zone's name begins in the question; negative if the question is for another zone. */
  #zoneOffset(message: Buffer): number {
    const { nameEnd, labelStarts, labelCount } = this.#query
    const { apex } = this.#zone
    const start = nameEnd - apex.length
    if (start < HEADER_SIZE) return -1
    for (let at = 0; at < apex.length; at++) {
      if (fold(message[start + at] as number) !== apex[at]) return -1
    }
    // The same bytes may lie within a label: it is the zone only where a label starts.
    for (let index = labelCount - 1; index >= 0; index--) {
      if (labelStarts[index] === start - HEADER_SIZE) return start
    }
    return -1
  }
}
