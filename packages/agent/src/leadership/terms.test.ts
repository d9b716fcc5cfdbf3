import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { eventually } from '../testing/eventually.ts'
import { type Term, Terms } from './terms.ts'
import { WriteGate } from './write-gate.ts'

const log = { info: () => {}, warn: () => {} }

/** A leadership that a test gives and takes, and the terms that begin with it. */
function termsOf(term: Partial<Term> = {}) {
  const begun: Term[] = []
  let listener = (_: boolean) => {}
  const leadership = {
    leading: false,
    decided: true,
    failure: undefined,
    holder: undefined,
    subscribe: (l: (leading: boolean) => void) => {
      listener = l
      return () => {}
    },
    start: () => {},
    stop: async () => {},
  }
  const terms = new Terms<Term>({
    leadership,
    gate: new WriteGate({} as never),
    newTerm: () => {
      const made = { begin: () => {}, end: async () => {}, settle: async () => {}, ...term }
      begun.push(made)
      return made
    },
    log,
  })
  terms.start()
  return {
    terms,
    begun,
    lead(leading: boolean) {
      leadership.leading = leading
      listener(leading)
    },
  }
}

describe('terms', () => {
  it('one begins when the one before has ended', async () => {
    const { promise: end, resolve } = Promise.withResolvers<void>()
    const { lead, begun, terms } = termsOf({ end: () => end })
    lead(true)
    await eventually(() => assert.equal(begun.length, 1))
    lead(false)
    lead(true)
    await new Promise(setImmediate)
    assert.equal(begun.length, 1)
    resolve()
    await eventually(() => assert.equal(begun.length, 2))
    await terms.stop()
  })

  it('one that does not end well is followed all the same', async () => {
    const { lead, begun, terms } = termsOf({ end: () => Promise.reject(new Error('a connection')) })
    lead(true)
    await eventually(() => assert.equal(begun.length, 1))
    lead(false)
    lead(true)
    await eventually(() => assert.equal(begun.length, 2), 500)
    await terms.stop()
    assert.equal(terms.current, undefined)
  })
})
