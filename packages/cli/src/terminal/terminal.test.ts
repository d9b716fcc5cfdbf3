import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LiveArea } from './live-area.ts'
import { printable } from './printable.ts'
import { table } from './table.ts'

/** As much of a terminal as the live area uses; `screen` is what a person sees. */
class FakeTerminal {
  columns = 10
  rows = 5
  writes: string[] = []
  screen: string[] = ['$ isthmus up', '']
  #row = 1
  #resize: () => void = () => {}

  write(text: string): void {
    this.writes.push(text)
    const [start = '', ...sequences] = text.split('\x1b[')
    this.#print(start)
    for (const piece of sequences) {
      const [, parameter = '', letter = '', plain = ''] = /^(\??\d*)([A-Za-z])(.*)$/s.exec(piece) ?? []
      if (letter === 'A') this.#row -= Number(parameter)
      if (letter === 'J') this.screen.length = this.#row + 1
      this.#print(plain)
    }
  }

  on(_: 'resize', listener: () => void): void {
    this.#resize = listener
  }

  resize(columns: number): void {
    this.columns = columns
    this.#resize()
  }

  #print(text: string): void {
    for (const [n, part] of text.replace('\r', '').split('\n').entries()) {
      if (n > 0) this.#row++
      if (part !== '' || this.screen[this.#row] === undefined) this.screen[this.#row] = part
    }
  }
}

test('a frame is drawn over the one before, in one write, and only when it differs', () => {
  const terminal = new FakeTerminal()
  const area = new LiveArea(terminal)
  area.show(['one', 'two', 'three'])
  assert.deepEqual(terminal.screen, ['$ isthmus up', 'one', 'two', 'three', ''])
  const writes = terminal.writes.length
  area.show(['one', 'two', 'three'])
  assert.equal(terminal.writes.length, writes)
  area.show(['ONE', 'two'])
  assert.equal(terminal.writes.length, writes + 1)
  assert.deepEqual(terminal.screen.slice(0, 3), ['$ isthmus up', 'ONE', 'two'])
  area.end({ clear: true })
  assert.ok(terminal.writes.at(-1)?.endsWith('\x1b[?25h'), 'the cursor is shown again')
})

test('lines are cut to the terminal, again when its size changes', () => {
  const terminal = new FakeTerminal()
  const area = new LiveArea(terminal)
  area.show(['0123456789abc', '2', '3', '4', '5', '6'])
  assert.deepEqual(terminal.screen.slice(1, 5), ['0123456789', '2', '3', '4'])
  terminal.resize(12)
  assert.equal(terminal.screen[1], '0123456789ab')
})

test('a table has its columns in line', () => {
  assert.deepEqual(
    table(
      ['NAME', 'N'],
      [
        ['a', 1],
        ['longer', 22],
      ],
      ['N'],
    ),
    ['NAME     N', 'a        1', 'longer  22'],
  )
})

test('what steers a terminal is taken out of text from elsewhere', () => {
  assert.equal(printable('a\x1b[2Jb\r\x07\u009bc\nd\te'), 'a[2Jbc\nd\te')
})
