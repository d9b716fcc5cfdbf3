import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { ContainerLog, type LogQuery } from './container-log.ts'

const readAll = (log: ContainerLog, query?: LogQuery) => Readable.from(log.read(query)).toArray()

test('lines are whole, whatever the pieces they come in, and streams do not mix', async () => {
  const log = new ContainerLog()
  const [output, errors] = [log.writer(), log.writer()]
  const umlaut = Buffer.from('ü')
  output.write(Buffer.concat([Buffer.from('one '), umlaut.subarray(0, 1)]))
  errors.write(Buffer.from('oops\n'))
  output.write(Buffer.concat([umlaut.subarray(1), Buffer.from('\ntwo\nthree')]))
  output.end()
  assert.deepEqual(await readAll(log), ['oops\n', 'one ü\n', 'two\n', 'three'])
  assert.deepEqual(await readAll(log, { tailLines: 2 }), ['two\n', 'three'])
  assert.deepEqual(await readAll(log, { sinceSeconds: -1 }), [])
  assert.match((await readAll(log, { timestamps: true, tailLines: 1 }))[0] ?? '', /^2\d{3}-\S+Z three$/)
})

test('the last 64 Ki characters are kept', async () => {
  const log = new ContainerLog()
  const { write } = log.writer()
  for (let line = 0; line < 20_000; line++) write(Buffer.from(`line ${line}\n`))
  const text = (await readAll(log)).join('')
  assert.ok(text.length <= 64 * 1024 && text.length > 64 * 1024 - 20)
  assert.ok(text.endsWith('line 19998\nline 19999\n'))
  write(Buffer.alloc(1_000_000, 'x'))
  assert.equal((await readAll(log)).join('').length, 64 * 1024)
})

test('who follows gets what comes, until the container ends or the reader goes', async () => {
  const log = new ContainerLog()
  log.add('before\n')
  const followed = readAll(log, { follow: true })
  const gone = new AbortController()
  const left = readAll(log, { follow: true, signal: gone.signal })
  setImmediate(() => {
    log.add('after\n')
    gone.abort()
    setImmediate(() => {
      log.add('later\n')
      log.end()
    })
  })
  assert.deepEqual(await followed, ['before\n', 'after\n', 'later\n'])
  assert.deepEqual(await left, ['before\n', 'after\n'])
})
