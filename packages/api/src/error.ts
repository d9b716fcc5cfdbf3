/**
 * The errors a person may meet. Each says what was being done, to what, and what to do next; its code is
 * listed in docs/reference/errors.md.
 */
export class IsthmusError extends Error {
  /** Stable, `ISTHMUS_…`. */
  readonly code: string
  /** What to do next: a sentence. */
  readonly remedy: string
  /** Exit code of a command that ends with this error. */
  readonly exitCode: number

  constructor(definition: ErrorDefinition, message: string, remedy: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'IsthmusError'
    this.code = definition.code
    this.remedy = remedy
    this.exitCode = definition.exitCode
  }
}

export interface ErrorDefinition {
  readonly code: string
  readonly exitCode: number
}

/** Exit codes of the command: sysexits.h where it has one. */
export const EXIT = {
  failure: 1,
  usage: 64,
  data: 65,
  noInput: 66,
  unavailable: 69,
  software: 70,
  cannotCreate: 73,
  noPermission: 77,
  config: 78,
} as const

/** A template of an error: its words, with `{name}` for what is filled in when it is raised. */
export interface ErrorTemplate extends ErrorDefinition {
  readonly message: string
  readonly remedy: string
}

/**
 * Raises nothing: makes the error of a template. Values must not be secret; they are printed as they are.
 *
 *     throw errorOf(ERRORS.unknownContext, { context: 'east', kubeconfig: '/home/me/.kube/config' })
 */
export function errorOf(
  template: ErrorTemplate,
  values: Readonly<Record<string, string | number>>,
  cause?: unknown,
): IsthmusError {
  const filled = (text: string) => text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''))
  return new IsthmusError(
    template,
    filled(template.message),
    filled(template.remedy),
    cause === undefined ? undefined : { cause },
  )
}
