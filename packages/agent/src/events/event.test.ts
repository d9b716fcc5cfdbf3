import assert from 'node:assert/strict'
import { it } from 'node:test'
import { SERVICE_EXPORTS } from '@isthmus/api'
import { newEvent } from './event.ts'

const content = { type: 'Warning', reason: 'NoService', action: 'Validate', note: 'there is none' } as const
const eventOf = (name: string) =>
  newEvent(
    { type: SERVICE_EXPORTS, object: { metadata: { namespace: 'demo', name } } },
    content,
    'isthmus',
    0,
  )

it('has a name that is one, however long that of its object', () => {
  assert.match(eventOf('hello').metadata.name ?? '', /^hello\.[0-9a-f]{16}$/)
  const long = eventOf(`${'a'.repeat(235)}.${'b'.repeat(17)}`)
  assert.match(long.metadata.name ?? '', /^a{235}\.[0-9a-f]{16}$/)
  assert.equal(long.regarding?.name?.length, 253)
})
