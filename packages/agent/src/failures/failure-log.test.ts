import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ApiError, ConnectionError } from '@isthmus/kube'
import { FailureLog } from './failure-log.ts'

interface Line {
  level: string
  why?: string
  err?: unknown
  key?: string
  repeated?: number
}

function failureLog() {
  let now = 0
  const lines: Line[] = []
  const to = (level: string) => (fields: object) => void lines.push({ level, ...fields })
  const log = { debug: () => {}, warn: to('warn'), error: to('error') }
  const failures = new FailureLog(log as never, () => now)
  return {
    lines,
    pass: (ms: number) => {
      now += ms
    },
    failed: (error: unknown, key = 'demo/a', controller = 'exports') =>
      failures.failed('reconcile failed', error, { controller, key }),
  }
}

const refused = (doing: string) =>
  new ConnectionError('https://east', doing, { failure: 'refused', words: 'the connection was refused' })

describe('the log of failures', () => {
  it('tells of a server that is away once, whatever is asked of it, and again after a minute', () => {
    const { failed, pass, lines } = failureLog()
    for (const key of ['demo/a', 'demo/b', 'demo/c'])
      for (const controller of ['exports', 'imports']) failed(refused(`PUT ${key}`), key, controller)
    assert.deepEqual(
      [...lines],
      [
        {
          level: 'warn',
          why: 'PUT demo/a: the connection was refused',
          controller: 'exports',
          key: 'demo/a',
        },
      ],
    )
    pass(59_999)
    failed(refused('PUT'))
    assert.equal(lines.length, 1)
    pass(1)
    failed(refused('PUT'))
    const [, again] = lines
    assert.equal(again?.repeated, 6)
  })

  it('tells of every other failure by its words', () => {
    const { failed, lines } = failureLog()
    failed(new ApiError(409, 'the object has been modified'))
    failed(new ApiError(409, 'the object has been modified'))
    failed(new ApiError(409, 'the object has been modified'), 'demo/b')
    failed(new ApiError(422, 'is invalid'))
    assert.deepEqual(
      lines.map(({ why, key }) => [why, key]),
      [
        ['the object has been modified', 'demo/a'],
        ['the object has been modified', 'demo/b'],
        ['is invalid', 'demo/a'],
      ],
    )
  })

  it('shows where a mistake of our own is', () => {
    const { failed, lines } = failureLog()
    const mistake = new TypeError('undefined is not a function')
    failed(mistake)
    assert.deepEqual([lines[0]?.level, lines[0]?.err], ['error', mistake])
  })
})
