/**
 * Splits a stream of bytes into lines, on 0x0A alone: JSON text may hold U+2028 or a bare CR, which other
 * line splitters break at, and a character's bytes may be split between chunks, so nothing is decoded
 * before its line is whole. Empty lines are left out, and so is what follows the last 0x0A: a stream that
 * was cut ends with half a line.
 */
export async function* splitLines(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<string> {
  let pending: Uint8Array[] = []
  let pendingBytes = 0
  for await (const chunk of chunks) {
    let start = 0
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
      const head = chunk.subarray(start, end)
      start = end + 1
      if (pendingBytes + head.length > maxBytes) throw new LineTooLongError(maxBytes)
      const line = pendingBytes === 0 ? head : Buffer.concat([...pending, head])
      pending = []
      pendingBytes = 0
      if (line.length > 0) yield decode(line)
    }
    if (start === chunk.length) continue
    pending.push(chunk.subarray(start))
    pendingBytes += chunk.length - start
    if (pendingBytes > maxBytes) throw new LineTooLongError(maxBytes)
  }
}

const decode = (bytes: Uint8Array) =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8')

/** A server sends a line that no object can have: etcd refuses objects of more than 1.5 MiB. */
export class LineTooLongError extends Error {
  constructor(maxBytes: number) {
    super(`the server sent a line of more than ${maxBytes} bytes`)
    this.name = 'LineTooLongError'
  }
}
