/** The names that the zone has whatever is imported. */
import { addressRecord } from './address.ts'
import type { ZoneName } from './record.ts'

/** The version of the schema that names follow (KEP-1645), and how long a client may remember it. */
const SCHEMA_VERSION = '1.0.0'
const SCHEMA_VERSION_TTL_SECONDS = 28_800

const NAME_SERVER = 'ns.dns'

/** The fields of the SOA that never change; those of CoreDNS, so that caches see no difference. */
export const START_OF_AUTHORITY = {
  nameServer: NAME_SERVER,
  mailbox: 'hostmaster',
  refresh: 7200,
  retry: 1800,
  expire: 86_400,
} as const

/**
 * The apex with its name server, that server's addresses (none known: the name exists all the same), the
 * version of the schema, and the names that only have names below them.
 */
export function fixedNames(nameServerAddresses: readonly string[] = []): ZoneName[] {
  return [
    { name: '', records: [{ type: 'NS', target: NAME_SERVER }] },
    {
      name: NAME_SERVER,
      records: nameServerAddresses.map(addressRecord).filter(record => record !== undefined),
    },
    { name: 'dns', records: [] },
    {
      name: 'dns-version',
      records: [{ type: 'TXT', text: SCHEMA_VERSION, ttl: SCHEMA_VERSION_TTL_SECONDS }],
    },
    { name: 'svc', records: [] },
  ]
}

/** `<ns>.svc`, which exists as soon as the namespace does, as with CoreDNS. */
export function namespaceName(namespace: string): ZoneName {
  return { name: `${namespace}.svc`, records: [] }
}
