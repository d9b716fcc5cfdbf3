/** The 4 or 16 bytes of an address, which is valid. */
export function wireAddress(address: string): number[] {
  return address.includes(':') ? ipv6Bytes(address) : address.split('.').map(Number)
}

function ipv6Bytes(address: string): number[] {
  const [head = '', tail] = address.split('::')
  const start = groupBytes(head)
  const end = groupBytes(tail ?? '')
  return [...start, ...new Array<number>(16 - start.length - end.length).fill(0), ...end]
}

/** Groups of four hexadecimal digits; the last may be an IPv4 address. */
function groupBytes(groups: string): number[] {
  if (groups === '') return []
  return groups.split(':').flatMap(group => {
    if (group.includes('.')) return wireAddress(group)
    const value = Number.parseInt(group, 16)
    return [value >> 8, value & 0xff]
  })
}
