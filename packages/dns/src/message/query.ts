import {
  FLAG,
  HEADER_SIZE,
  MAXIMUM_LABELS,
  MAXIMUM_NAME_SIZE,
  MINIMUM_UDP_SIZE,
  OPCODE_QUERY,
  RCODE,
  TYPE,
} from './protocol.ts'

/** What {@link readQuery} gives for what is not to be answered at all. */
export const IGNORE = -1

/** One query, read in place. There is one object of this class per responder: no query allocates. */
export class Query {
  id = 0
  flags = 0
  /** Where the name ends, after its root. It starts behind the header. */
  nameEnd = 0
  type = 0
  class = 0
  /** Where each label starts, at its length. */
  readonly labelStarts = new Uint8Array(MAXIMUM_LABELS)
  labelCount = 0
  hasEdns = false
  /** The size of answers that the client takes over UDP. */
  udpSize = MINIMUM_UDP_SIZE
  dnssecOk = false

  /** Where the question ends: behind the name, type and class. */
  get questionEnd(): number {
    return this.nameEnd + 4
  }
}

/**
 * Reads a message into `query`: NOERROR, or the RCODE to refuse it with, or IGNORE. After FORMERR and
 * NOTIMP only its id and flags are set. Every byte read is checked to be within the message.
 */
export function readQuery(message: Buffer, query: Query): number {
  if (message.length < HEADER_SIZE) return IGNORE
  query.id = message.readUInt16BE(0)
  query.flags = message.readUInt16BE(2)
  // Two servers that answered each other's responses would never stop.
  if (query.flags & FLAG.response) return IGNORE
  if ((query.flags & FLAG.opcode) >> 11 !== OPCODE_QUERY) return RCODE.NOTIMP
  // More than one question has no meaning (RFC 9619).
  if (message.readUInt16BE(4) !== 1) return RCODE.FORMERR
  return readQuestion(message, query) ? readRecords(message, query) : RCODE.FORMERR
}

/** False if it is cut off, longer than a name may be, or has a label that is no plain one. */
function readQuestion(message: Buffer, query: Query): boolean {
  let at = HEADER_SIZE
  query.labelCount = 0
  for (;;) {
    const length = message[at]
    if (length === undefined) return false
    if (length === 0) break
    // A pointer in the first name of a message has nothing to point at.
    if (length > 63) return false
    if (at + length + 2 - HEADER_SIZE > MAXIMUM_NAME_SIZE) return false
    query.labelStarts[query.labelCount++] = at - HEADER_SIZE
    at += length + 1
  }
  query.nameEnd = at + 1
  if (query.questionEnd > message.length) return false
  query.type = message.readUInt16BE(at + 1)
  query.class = message.readUInt16BE(at + 3)
  return true
}

/** Passes over the other sections and takes the OPT record; what others say does not matter here. */
function readRecords(message: Buffer, query: Query): number {
  query.hasEdns = false
  query.udpSize = MINIMUM_UDP_SIZE
  query.dnssecOk = false
  let version = 0
  const others = message.readUInt16BE(6) + message.readUInt16BE(8)
  const total = others + message.readUInt16BE(10)
  let at = query.questionEnd
  for (let index = 0; index < total; index++) {
    const nameStart = at
    at = afterName(message, at)
    if (at < 0 || at + 10 > message.length) return RCODE.FORMERR
    const dataEnd = at + 10 + message.readUInt16BE(at + 8)
    if (dataEnd > message.length) return RCODE.FORMERR
    if (message.readUInt16BE(at) === TYPE.OPT) {
      // One, at the root, in the additional section, with whole options (RFC 6891, 6.1.1).
      const isWellFormed =
        !query.hasEdns &&
        index >= others &&
        at === nameStart + 1 &&
        hasWholeOptions(message, at + 10, dataEnd)
      if (!isWellFormed) return RCODE.FORMERR
      query.hasEdns = true
      query.udpSize = Math.max(MINIMUM_UDP_SIZE, message.readUInt16BE(at + 2))
      version = message.readUInt8(at + 5)
      query.dnssecOk = (message.readUInt8(at + 6) & 0x80) !== 0
    }
    at = dataEnd
  }
  return version === 0 ? RCODE.NOERROR : RCODE.BADVERS
}

/** Where the name at `at` ends, a pointer not followed; negative if it is cut off or malformed. */
function afterName(message: Buffer, start: number): number {
  let at = start
  for (;;) {
    const length = message[at]
    if (length === undefined) return -1
    if (length === 0) return at + 1
    if (length >= 0xc0) return at + 2
    if (length > 63 || at - start > MAXIMUM_NAME_SIZE) return -1
    at += length + 1
  }
}

function hasWholeOptions(message: Buffer, start: number, end: number): boolean {
  let at = start
  while (at + 4 <= end) at += 4 + message.readUInt16BE(at + 2)
  return at === end
}
