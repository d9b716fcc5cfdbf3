/** Checks of addresses in fields, with the texts of kube-apiserver 1.36 (StrictIPCIDRValidation). */
import { type FieldError, invalid } from '../registry/field-error.ts'
import { formatAddress, type IPAddress, isIPv4Mapped, parseAddress } from './ip-address.ts'

const NO_ADDRESS = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'
const NO_CIDR = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'

/** An address of a field that is older than the rule of canonical form; values that the object had stay valid. */
export function ipErrors(field: string, text: string, before: readonly string[] = []): FieldError[] {
  if (before.includes(text)) return []
  const address = parseAddress(text)
  if (address === undefined) {
    const isPadded = parseAddress(withoutLeadingZeros(text)) !== undefined
    return [invalid(field, text, isPadded ? 'must not have leading 0s' : NO_ADDRESS)]
  }
  return isIPv4Mapped(address) ? [invalid(field, text, 'must not be an IPv4-mapped IPv6 address')] : []
}

/** An address that must be written as Kubernetes would write it. */
export function canonicalIPErrors(field: string, text: string): FieldError[] {
  const errors = ipErrors(field, text)
  if (errors.length > 0) return errors
  const canonical = formatAddress(parseAddress(text) as IPAddress)
  return canonical === text ? [] : [invalid(field, text, `must be in canonical form ("${canonical}")`)]
}

export function cidrErrors(field: string, text: string, before: readonly string[] = []): FieldError[] {
  if (before.includes(text)) return []
  const [, ip = '', length = ''] = /^(.*)\/(\d+)$/.exec(text) ?? []
  const address = parseAddress(withoutLeadingZeros(ip))
  const bits = address?.family === 'IPv6' ? 128 : 32
  if (address === undefined || Number(length) > bits) return [invalid(field, text, NO_CIDR)]
  if (parseAddress(ip) === undefined || /^0\d/.test(length)) {
    return [invalid(field, text, 'must not have leading 0s in IP or prefix length')]
  }
  if (isIPv4Mapped(address)) return [invalid(field, text, 'must not have an IPv4-mapped IPv6 address')]
  const hostBits = address.value % (1n << BigInt(bits - Number(length)))
  return hostBits === 0n ? [] : [invalid(field, text, 'must not have bits set beyond the prefix length')]
}

/** Addresses to which no traffic of a Service may go. Text that is no address is not this check's business. */
export function specialIPErrors(field: string, text: string): FieldError[] {
  const address = parseAddress(text)
  if (address === undefined) return []
  return SPECIAL.filter(([is]) => is(address)).map(([, detail]) => invalid(field, text, detail(text)))
}

const within = (
  { family, value }: IPAddress,
  prefix: bigint,
  v4: number,
  prefix6: bigint,
  v6: number,
): boolean =>
  family === 'IPv4' ? value >> BigInt(32 - v4) === prefix : value >> BigInt(128 - v6) === prefix6

/** As Go's net.IP tells them apart; the ranges in the texts are Kubernetes' own. */
const SPECIAL: readonly [(address: IPAddress) => boolean, (text: string) => string][] = [
  [({ value }) => value === 0n, text => `may not be unspecified (${text})`],
  [a => within(a, 127n, 8, 1n, 128), () => 'may not be in the loopback range (127.0.0.0/8, ::1/128)'],
  [
    a => within(a, 0xa9fen, 16, 0xfe80n >> 6n, 10),
    () => 'may not be in the link-local range (169.254.0.0/16, fe80::/10)',
  ],
  [
    a => within(a, 0xe00000n, 24, 0xff02n, 16),
    () => 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)',
  ],
]

/** Go's old parser took `010.0.0.1` for 10.0.0.1; the new one refuses it, with a reason of its own. */
function withoutLeadingZeros(text: string): string {
  return text.replace(/(^|[.:])0+(?=\d+(\.|$))/g, '$1')
}
