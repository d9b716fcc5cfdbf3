/** Names in their wire form: labels with their lengths before them, and the root at the end. */

/** The labels of a name without the root: `hello.demo` is `5 hello 4 demo`; `''` has no bytes. */
export function labelsOf(name: string): Buffer {
  if (name === '') return Buffer.alloc(0)
  return Buffer.concat(
    name.split('.').map(label => Buffer.from(String.fromCharCode(label.length) + label, 'latin1')),
  )
}

/** A name in full, with the root. */
export function wireName(name: string): Buffer {
  return Buffer.concat([labelsOf(name), Buffer.alloc(1)])
}
