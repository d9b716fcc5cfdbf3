/** Walks a JSON text for what JSON.parse does not tell: Go's words for an error, and fields given twice. */

const END = 'unexpected end of JSON input'
const SPACE = /[ \t\r\n]*/y
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what may not stand in a string
const STRING_RUN = /[^"\\\u0000-\u001f]*/y
const NUMBER_START = /[-0-9]/

/** Nested deeper than any object of Kubernetes; Go's limit. */
const DEPTH_LIMIT = 10_000

class Problem {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export class JsonScanner {
  readonly duplicates: string[] = []
  readonly #text: string
  #at = 0
  #depth = 0

  constructor(text: string) {
    this.#text = text
  }

  /** Go's message if the text is not JSON. */
  run(): string | undefined {
    try {
      this.#value('')
      this.#space()
      if (this.#at < this.#text.length) throw this.#unexpected('after top-level value')
      return undefined
    } catch (problem) {
      if (problem instanceof Problem) return problem.text
      throw problem
    }
  }

  #value(path: string): void {
    this.#space()
    const c = this.#peek()
    if (++this.#depth > DEPTH_LIMIT) throw new Problem('exceeded max depth')
    if (c === '{') this.#object(path)
    else if (c === '[') this.#array(path)
    else if (c === '"') this.#string()
    else if (NUMBER_START.test(c)) this.#number()
    else if (c === 't' || c === 'f' || c === 'n') this.#literal(LITERALS[c])
    else throw this.#unexpected('looking for beginning of value')
    this.#depth--
  }

  #object(path: string): void {
    this.#at++
    this.#space()
    if (this.#peek() === '}') {
      this.#at++
      return
    }
    const seen = new Set<string>()
    for (;;) {
      this.#space()
      if (this.#peek() !== '"') throw this.#unexpected('looking for beginning of object key string')
      const start = this.#at
      this.#string()
      const key = String(JSON.parse(this.#text.slice(start, this.#at)))
      const place = path === '' ? key : `${path}.${key}`
      if (seen.has(key)) this.duplicates.push(place)
      seen.add(key)
      this.#space()
      if (this.#peek() !== ':') throw this.#unexpected('after object key')
      this.#at++
      this.#value(place)
      this.#space()
      const c = this.#peek()
      if (c !== ',' && c !== '}') throw this.#unexpected('after object key:value pair')
      this.#at++
      if (c === '}') return
    }
  }

  #array(path: string): void {
    this.#at++
    this.#space()
    if (this.#peek() === ']') {
      this.#at++
      return
    }
    for (let i = 0; ; i++) {
      this.#value(`${path}[${i}]`)
      this.#space()
      const c = this.#peek()
      if (c !== ',' && c !== ']') throw this.#unexpected('after array element')
      this.#at++
      if (c === ']') return
    }
  }

  #string(): void {
    this.#at++
    for (;;) {
      STRING_RUN.lastIndex = this.#at
      STRING_RUN.test(this.#text)
      this.#at = STRING_RUN.lastIndex
      const c = this.#peek()
      this.#at++
      if (c === '"') return
      if (c !== '\\') {
        this.#at--
        throw this.#unexpected('in string literal')
      }
      const escaped = this.#peek()
      if (escaped === 'u') {
        for (let i = 0; i < 4; i++) {
          this.#at++
          if (!/[0-9a-fA-F]/.test(this.#peek())) throw this.#unexpected('in \\u hexadecimal character escape')
        }
      } else if (!'bfnrt\\/"'.includes(escaped)) throw this.#unexpected('in string escape code')
      this.#at++
    }
  }

  #number(): void {
    if (this.#peek() === '-') this.#at++
    this.#digits('in numeric literal', this.#peek() === '0')
    if (this.#text[this.#at] === '.') {
      this.#at++
      this.#digits('after decimal point in numeric literal')
    }
    if (/[eE]/.test(this.#text[this.#at] ?? '')) {
      this.#at++
      if (/[+-]/.test(this.#peek())) this.#at++
      this.#digits('in exponent of numeric literal')
    }
  }

  #digits(context: string, single = false): void {
    if (!/\d/.test(this.#peek())) throw this.#unexpected(context)
    this.#at++
    if (!single) while (/\d/.test(this.#text[this.#at] ?? '')) this.#at++
  }

  #literal(word: string): void {
    for (const [i, expected] of [...word].entries()) {
      if (this.#peek() !== expected) {
        throw this.#unexpected(i === 0 ? '' : `in literal ${word} (expecting '${expected}')`)
      }
      this.#at++
    }
  }

  #space(): void {
    SPACE.lastIndex = this.#at
    SPACE.test(this.#text)
    this.#at = SPACE.lastIndex
  }

  #peek(): string {
    const c = this.#text[this.#at]
    if (c === undefined) throw new Problem(END)
    return c
  }

  #unexpected(context: string): Problem {
    return new Problem(`invalid character ${quoted(this.#text[this.#at] ?? '')} ${context}`)
  }
}

const LITERALS = { t: 'true', f: 'false', n: 'null' } as const

/** As Go quotes a character in an error. */
function quoted(c: string): string {
  if (c === "'") return "'\\''"
  if (c === '"') return `'"'`
  const code = c.charCodeAt(0)
  const named: Record<string, string> = { '\n': '\\n', '\t': '\\t', '\r': '\\r', '\\': '\\\\' }
  if (named[c]) return `'${named[c]}'`
  if (code < 0x20 || code === 0x7f) return `'\\x${code.toString(16).padStart(2, '0')}'`
  if (code >= 0x80 && code < 0xa0) return `'\\u${code.toString(16).padStart(4, '0')}'`
  return `'${c}'`
}
