import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LineTooLongError, splitLines } from './lines.ts'

/** Text with what other splitters break at, and characters of one to four bytes. */
const line = fc.string({
  unit: fc.constantFrom('a', '"', '\r', '\u2028', '\u0085', 'é', '語', '🦀', '\\n'),
  maxLength: 20,
})

/** The same bytes in chunks of any sizes. */
function* chunksOf(bytes: Buffer, sizes: readonly number[]): Generator<Buffer> {
  let start = 0
  for (let i = 0; start < bytes.length; i++) {
    const end = start + (sizes[i % sizes.length] ?? 1)
    yield bytes.subarray(start, end)
    start = end
  }
}

async function* stream(chunks: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* chunks
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

test('lines come out whole however the bytes are cut into chunks', async () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(fc.array(line), sizes, fc.nat(10), async (lines, sizes, cut) => {
      const whole = Buffer.from(lines.map(text => `${text}\n`).join(''))
      const bytes = whole.subarray(0, Math.max(0, whole.length - cut))
      const got = await collect(splitLines(stream(chunksOf(bytes, sizes)), 1000))
      const complete = lines.slice(0, bytes.filter(byte => byte === 0x0a).length)
      assert.deepEqual(
        got,
        complete.filter(text => text !== ''),
      )
    }),
  )
})

test('a line longer than the bound is refused before it is there', async () => {
  let sent = 0
  async function* endless() {
    for (;;) {
      sent += 100
      yield Buffer.alloc(100, 'x')
    }
  }
  await assert.rejects(collect(splitLines(endless(), 1000)), LineTooLongError)
  assert.equal(sent, 1100)
})

test('a line of exactly the bound passes, in one chunk or in many', async () => {
  const bytes = Buffer.from(`${'x'.repeat(50)}\n${'y'.repeat(51)}\n`)
  for (const size of [1, 7, 200]) {
    const lines: string[] = []
    const reading = (async () => {
      for await (const text of splitLines(stream(chunksOf(bytes, [size])), 50)) lines.push(text)
    })()
    await assert.rejects(reading, LineTooLongError)
    assert.deepEqual(lines, ['x'.repeat(50)])
  }
})
