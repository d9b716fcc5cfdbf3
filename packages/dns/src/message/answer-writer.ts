import type { PreparedAnswer } from './prepared-answer.ts'
import { EDNS_DNSSEC_OK, EXTENDED_ERROR, FLAG, HEADER_SIZE, OPT_SIZE, RCODE, TYPE } from './protocol.ts'
import type { Query } from './query.ts'
import type { StartOfAuthority } from './start-of-authority.ts'

/** What this server takes over UDP; the size of its answers goes by what the client takes. */
const OWN_UDP_SIZE = 1232
const EXTENDED_ERROR_OPTION = 15
const EXTENDED_ERROR_SIZE = 6

/**
 * Writes one answer at a time into a buffer of 65,535 bytes: `begin`, one of the contents (each gives its
 * RCODE), `finish`. There is one object of this class per responder: no answer allocates.
 */
export class AnswerWriter {
  readonly #query: Query
  readonly #response: Buffer
  #end = 0
  #flags = 0
  #rcode = 0
  #answers = 0
  #authority = 0
  #additional = 0
  #extendedError: number = EXTENDED_ERROR.none

  constructor(query: Query, response: Buffer) {
    this.#query = query
    this.#response = response
  }

  /** With the question of the message, byte by byte, so that its case stays. */
  begin(message: Buffer): void {
    this.#reset(this.#query.questionEnd)
    for (let at = HEADER_SIZE; at < this.#end; at++) this.#response[at] = message[at] as number
  }

  get isTruncated(): boolean {
    return (this.#flags & FLAG.truncated) !== 0
  }

  refusal(rcode: number, extendedError: number): number {
    this.#rcode = rcode
    this.#extendedError = extendedError
    return rcode
  }

  /** NXDOMAIN, or NOERROR without records (NODATA), with the SOA that says how long that is good for. */
  absence(rcode: number, soa: StartOfAuthority, zoneOffset: number): number {
    this.#rcode = rcode
    this.#flags = FLAG.authoritative
    this.#authority = 1
    this.#end = soa.write(this.#response, this.#end, zoneOffset)
    return rcode
  }

  startOfAuthority(soa: StartOfAuthority, zoneOffset: number): number {
    this.#flags = FLAG.authoritative
    this.#answers = 1
    this.#end = soa.write(this.#response, this.#end, zoneOffset)
    return RCODE.NOERROR
  }

  /** As many whole records as fit within `limit` bytes, the OPT record counted. */
  records(prepared: PreparedAnswer, message: Buffer, zoneOffset: number, limit: number): number {
    const { bytes, ends, answerCount } = prepared
    const room = limit - this.#end - (this.#query.hasEdns ? OPT_SIZE : 0)
    const count = bytes.length <= room ? ends.length : countWithin(ends, room)
    const size = count === 0 ? 0 : (ends[count - 1] as number)
    const isCut = prepared.isCut || count < ends.length
    this.#flags = FLAG.authoritative | (isCut ? FLAG.truncated : 0)
    this.#answers = Math.min(count, answerCount)
    this.#additional = count - this.#answers
    if (prepared.rotationStride > 0) copyRotated(prepared, size, this.#response, this.#end)
    else bytes.copy(this.#response, this.#end, 0, size)
    this.#copyZoneCase(prepared, size, message, zoneOffset)
    this.#end += size
    return RCODE.NOERROR
  }

  /** Gives the size of the answer. */
  finish(): number {
    const { hasEdns } = this.#query
    if (hasEdns) this.#writeOpt()
    this.#writeHeader(1, this.#additional + (hasEdns ? 1 : 0))
    return this.#end
  }

  /** An answer to what could not be read further than its header. */
  headerAlone(rcode: number): number {
    this.#reset(HEADER_SIZE)
    this.#rcode = rcode
    this.#writeHeader(0, 0)
    return this.#end
  }

  #reset(end: number): void {
    this.#end = end
    this.#flags = 0
    this.#rcode = RCODE.NOERROR
    this.#answers = 0
    this.#authority = 0
    this.#additional = 0
    this.#extendedError = EXTENDED_ERROR.none
  }

  #writeHeader(questions: number, additional: number): void {
    const { id, flags } = this.#query
    const response = this.#response
    const kept = flags & (FLAG.opcode | FLAG.recursionDesired | FLAG.checkingDisabled)
    response.writeUInt16BE(id, 0)
    response.writeUInt16BE(FLAG.response | kept | this.#flags | (this.#rcode & 0xf), 2)
    response.writeUInt16BE(questions, 4)
    response.writeUInt16BE(this.#answers, 6)
    response.writeUInt16BE(this.#authority, 8)
    response.writeUInt16BE(additional, 10)
  }

  #writeOpt(): void {
    const response = this.#response
    const hasReason = this.#extendedError !== EXTENDED_ERROR.none
    let at = response.writeUInt8(0, this.#end)
    at = response.writeUInt16BE(TYPE.OPT, at)
    at = response.writeUInt16BE(OWN_UDP_SIZE, at)
    at = response.writeUInt8(this.#rcode >> 4, at)
    at = response.writeUInt8(0, at)
    at = response.writeUInt16BE(this.#query.dnssecOk ? EDNS_DNSSEC_OK : 0, at)
    at = response.writeUInt16BE(hasReason ? EXTENDED_ERROR_SIZE : 0, at)
    if (hasReason) {
      at = response.writeUInt16BE(EXTENDED_ERROR_OPTION, at)
      at = response.writeUInt16BE(2, at)
      at = response.writeUInt16BE(this.#extendedError, at)
    }
    this.#end = at
  }

  /** Where the zone's name is written in full it gets the case it was asked for in, as in what points at it. */
  #copyZoneCase({ zoneOffsets }: PreparedAnswer, size: number, message: Buffer, zoneOffset: number): void {
    const { nameEnd } = this.#query
    for (const offset of zoneOffsets) {
      if (offset >= size) return
      let to = this.#end + offset
      for (let from = zoneOffset; from < nameEnd; from++) this.#response[to++] = message[from] as number
    }
  }
}

/** How many records end within `room` bytes. */
function countWithin(ends: readonly number[], room: number): number {
  let low = 0
  let high = ends.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ends[middle] as number) <= room) low = middle + 1
    else high = middle
  }
  return low
}

/** Each time another of the records comes first, so that clients that take the first spread. */
function copyRotated(prepared: PreparedAnswer, size: number, response: Buffer, at: number): void {
  const { bytes, rotationStride } = prepared
  const start = prepared.rotation * rotationStride
  const untilEnd = Math.min(size, bytes.length - start)
  bytes.copy(response, at, start, start + untilEnd)
  bytes.copy(response, at + untilEnd, 0, size - untilEnd)
  prepared.rotation = start + rotationStride < bytes.length ? prepared.rotation + 1 : 0
}
