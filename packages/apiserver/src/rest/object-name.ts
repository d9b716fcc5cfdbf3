import { badRequest } from '../status/failures.ts'

/** An object has to be the one that the URL names, whatever writes it. Throws a 400 StatusError. */
export function checkName(asked: string, name: unknown): void {
  if (!name) {
    throw badRequest(
      `the name of the object (${asked} based on URL) was undeterminable: name must be provided`,
    )
  }
  if (name !== asked) {
    throw badRequest(`the name of the object (${name}) does not match the name on the URL (${asked})`)
  }
}
