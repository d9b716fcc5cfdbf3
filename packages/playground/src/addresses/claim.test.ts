import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { claimBlock } from './claim.ts'

test('two claims get different blocks, and a released block is free again', async () => {
  const first = await claimBlock()
  const second = await claimBlock()
  assert.notEqual(first.block, second.block)
  await first.release()
  await second.release()
})

test('when one program holds the port on every address, the error names it', async t => {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '0.0.0.0', resolve))
  t.after(() => server.close())
  const { port } = server.address() as { port: number }
  await assert.rejects(claimBlock(port), {
    code: 'ISTHMUS_NO_ADDRESS_BLOCK',
    remedy: new RegExp(`port ${port} `),
  })
})

test('where the system does not answer on an address, the error says what to do', async () => {
  // An address for documentation (RFC 5737): no machine has it, as macOS has no 127.64.255.254.
  const elsewhere = () => '203.0.113.1'
  await assert.rejects(claimBlock(0, elsewhere), {
    code: 'ISTHMUS_LOOPBACK_LIMITED',
    remedy: /Linux container/,
  })
})
