export type PlainObject = Record<string, unknown>

/** A JSON object: not null, not an array, not a scalar. */
export function isPlainObject(value: unknown): value is PlainObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value at a path of keys, or undefined where it ends early. */
export function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, key) => (isPlainObject(at) ? at[key] : undefined), value)
}

/** Sets a key even where plain assignment would not make an own property (`__proto__` in a request's body). */
export function setOwn(object: PlainObject, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
  else object[key] = value
}

/**
 * The object with each value put through `change`; undefined drops the key. The same object comes back when
 * nothing changed, so that what is stored is shared and not copied.
 */
export function mapValues<T extends PlainObject>(
  object: T,
  change: (value: unknown, key: string) => unknown,
): T {
  let copy: PlainObject | undefined
  for (const key of Object.keys(object)) {
    const before = object[key]
    const after = change(before, key)
    if (after === before) continue
    copy ??= { ...object }
    if (after === undefined) delete copy[key]
    else setOwn(copy, key, after)
  }
  return (copy as T | undefined) ?? object
}

/** As `mapValues`, for lists: `change` may not drop an element. */
export function mapItems(
  list: readonly unknown[],
  change: (item: unknown, index: number) => unknown,
): readonly unknown[] {
  let copy: unknown[] | undefined
  for (let index = 0; index < list.length; index++) {
    const after = change(list[index], index)
    if (after === list[index]) continue
    copy ??= [...list]
    copy[index] = after
  }
  return copy ?? list
}
