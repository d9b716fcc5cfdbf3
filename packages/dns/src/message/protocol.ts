/** Numbers of the DNS protocol (RFC 1035, 2782, 3596, 6891, 8914), as far as this server uses them. */

export const TYPE = {
  A: 1,
  NS: 2,
  SOA: 6,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  OPT: 41,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
} as const

export const CLASS_IN = 1

export const OPCODE_QUERY = 0

export const RCODE = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  /** Its high bits go into the OPT record. */
  BADVERS: 16,
} as const

/** Bits of the second word of the header. */
export const FLAG = {
  response: 0x8000,
  opcode: 0x7800,
  authoritative: 0x0400,
  truncated: 0x0200,
  recursionDesired: 0x0100,
  checkingDisabled: 0x0010,
} as const

export const HEADER_SIZE = 12

/** Without EDNS, and whatever less EDNS may say (RFC 6891, 6.2.3). */
export const MINIMUM_UDP_SIZE = 512
/** What an IPv4 datagram can carry. */
export const MAXIMUM_UDP_SIZE = 65_507
export const MAXIMUM_TCP_SIZE = 65_535

/** The OPT record without options. */
export const OPT_SIZE = 11
/** In the third and fourth byte of the OPT record's TTL. */
export const EDNS_DNSSEC_OK = 0x8000

/** Codes that tell a person why (extended errors, RFC 8914). */
export const EXTENDED_ERROR = {
  none: -1,
  notReady: 14,
  notAuthoritative: 20,
  notSupported: 21,
} as const

/** A name is at most 255 bytes, so it has at most 127 labels before the root. */
export const MAXIMUM_NAME_SIZE = 255
export const MAXIMUM_LABELS = 127
/** The offsets that a compression pointer reaches. */
export const MAXIMUM_POINTER = 0x3fff
export const POINTER = 0xc000

/** A lower-case letter for an upper-case one; DNS folds ASCII alone (RFC 4343). */
export function fold(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte
}
