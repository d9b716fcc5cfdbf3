/** The data of the zone: names and their records. Names are relative to the zone and in lower case. */

export type ZoneRecord = AddressRecord | ServiceRecord | TextRecord | NameServerRecord

/** A name that exists. Without records it is an empty non-terminal: it answers NODATA, not NXDOMAIN. */
export interface ZoneName {
  /** `hello.demo.svc`; the apex is `''`. */
  readonly name: string
  readonly records: readonly ZoneRecord[]
}

interface Timed {
  /** Seconds; unset: the server's. */
  readonly ttl?: number
}

export interface AddressRecord extends Timed {
  readonly type: 'A' | 'AAAA'
  readonly address: string
}

export interface ServiceRecord extends Timed {
  readonly type: 'SRV'
  readonly priority: number
  readonly weight: number
  readonly port: number
  readonly target: string
}

export interface TextRecord extends Timed {
  readonly type: 'TXT'
  /** At most 255 bytes. */
  readonly text: string
}

export interface NameServerRecord extends Timed {
  readonly type: 'NS'
  readonly target: string
}
