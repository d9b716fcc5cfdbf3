import type { OutputStream } from '../context.ts'
import { printable } from './printable.ts'

const SYNCHRONIZED = ['\x1b[?2026h', '\x1b[?2026l'] as const
const HIDE_CURSOR = '\x1b[?25l'
const SHOW_CURSOR = '\x1b[?25h'
const CLEAR_TO_END_OF_LINE = '\x1b[K'
const CLEAR_BELOW = '\x1b[J'
const up = (lines: number) => (lines > 0 ? `\x1b[${lines}A` : '')

/**
 * Lines at the end of a terminal that are drawn anew in place. Every frame is one write, over the one
 * before (nothing is cleared first), and terminals that know how show it at once: so it does not flicker.
 */
export class LiveArea {
  readonly #terminal: OutputStream
  #lines: readonly string[] = []
  #drawn: string[] = []
  readonly #onResize = () => this.#draw(true)

  constructor(terminal: OutputStream) {
    this.#terminal = terminal
    terminal.write(HIDE_CURSOR)
    terminal.on?.('resize', this.#onResize)
  }

  /** Shows these lines; whatever does not fit is cut off. */
  show(lines: readonly string[]): void {
    this.#lines = lines
    this.#draw(false)
  }

  /** Leaves what was shown last, or nothing of it. */
  end({ clear = false } = {}): void {
    this.#terminal.off?.('resize', this.#onResize)
    const cleared = clear && this.#drawn.length > 0 ? `${up(this.#drawn.length)}\r${CLEAR_BELOW}` : ''
    this.#terminal.write(cleared + SHOW_CURSOR)
    this.#drawn = []
  }

  #draw(always: boolean): void {
    const { columns = 80, rows = 24 } = this.#terminal
    // The last row stays free: writing a newline there would scroll.
    const frame = this.#lines.slice(0, Math.max(1, rows - 1)).map(line => printable(line).slice(0, columns))
    if (!always && frame.length === this.#drawn.length && frame.every((line, n) => line === this.#drawn[n]))
      return
    const text = frame.map(line => `${line}${CLEAR_TO_END_OF_LINE}\n`).join('')
    this.#terminal.write(
      `${SYNCHRONIZED[0]}${up(this.#drawn.length)}\r${text}${CLEAR_BELOW}${SYNCHRONIZED[1]}`,
    )
    this.#drawn = frame
  }
}
