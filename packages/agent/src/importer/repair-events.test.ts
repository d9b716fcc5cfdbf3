import assert from 'node:assert/strict'
import { it } from 'node:test'
import { repairEvents } from './repair-events.ts'

const notes = (repairs: Parameters<typeof repairEvents>[0]) => repairEvents(repairs).map(({ note }) => note)

it('a repair is told with its name', () => {
  assert.deepEqual(
    notes([
      { kind: 'Service', name: 'hello-1', what: 'deleted' },
      { kind: 'ServiceImport', name: 'hello', what: 'edited' },
      { kind: 'EndpointSlice', name: 'hello-1-a', what: 'deleted' },
    ]),
    [
      'the derived Service hello-1 was deleted by somebody, and is as before again',
      'this ServiceImport hello was edited by somebody, and is as before again',
      'the imported EndpointSlice hello-1-a was deleted by somebody, and is as before again',
    ],
  )
})

it('many slices are one event', () => {
  const slices = Array.from({ length: 50 }, (_, i) => ({
    kind: 'EndpointSlice' as const,
    name: `s${i + 10}`,
    what: 'deleted' as const,
  }))
  assert.deepEqual(notes(slices), [
    '50 imported EndpointSlices (s10, s11, s12, s13, s14, …) were deleted by somebody, and are as before again',
  ])
})
