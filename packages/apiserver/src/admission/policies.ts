/** ValidatingAdmissionPolicies and their bindings, in force from the moment that they are stored. */
import type { Registry } from '../registry/registry.ts'
import { qualified } from '../status/failures.ts'
import { failure, type StatusError } from '../status/status.ts'
import type { Storage } from '../storage/storage.ts'
import type { AdmissionAttributes } from './attributes.ts'
import { requestValue, untyped } from './expressions.ts'
import { judge, type Objection } from './judge.ts'
import { type MatchContext, matchesWrite } from './match.ts'
import {
  ADMISSION_GROUP,
  type AdmissionPolicy,
  type AdmissionPolicyBinding,
  POLICIES,
  POLICY_BINDINGS,
} from './policy.ts'

const NAMESPACES = { group: '', plural: 'namespaces' }
const CODES: Readonly<Record<string, number>> = { Forbidden: 403, RequestEntityTooLarge: 413 }

/** Judges every write by the policies that are bound to it: denies it (403, 413 or 422), or warns. */
export class AdmissionPolicies {
  readonly #storage: Storage
  readonly #registry: Registry

  constructor(storage: Storage, registry: Registry) {
    this.#storage = storage
    this.#registry = registry
  }

  /** Throws the StatusError of the first objection that denies. */
  admit(attributes: AdmissionAttributes): void {
    const bindings = this.#storage.list(POLICY_BINDINGS) as readonly AdmissionPolicyBinding[]
    // Policies are not judged by policies: one that denies all could not be taken away.
    if (bindings.length === 0 || attributes.definition.group === ADMISSION_GROUP) return
    const context = this.#context(attributes)
    let denial: StatusError | undefined
    for (const binding of bindings) {
      const { policyName, matchResources, validationActions = [] } = binding.spec
      const policy = this.#storage.get(POLICIES, undefined, policyName) as AdmissionPolicy | undefined
      if (policy === undefined || !isAbout(policy, context) || !matchesWrite(matchResources, context))
        continue
      for (const objection of judge(policy, this.#variables(context))) {
        const who = `ValidatingAdmissionPolicy '${policyName}' with binding '${binding.metadata.name}'`
        if (validationActions.includes('Warn'))
          attributes.warn(`Validation failed for ${who}: ${objection.message}`)
        if (validationActions.includes('Deny')) denial ??= denied(attributes, who, objection)
      }
    }
    if (denial !== undefined) throw denial
  }

  #context(attributes: AdmissionAttributes): MatchContext {
    const { namespace } = attributes
    const namespaceObject =
      namespace === undefined ? undefined : this.#storage.get(NAMESPACES, undefined, namespace)
    return { attributes, namespaceObject, registry: this.#registry }
  }

  #variables({ attributes, namespaceObject }: MatchContext) {
    return {
      object: untyped(attributes.object),
      oldObject: untyped(attributes.oldObject),
      request: requestValue(attributes),
      namespaceObject: untyped(namespaceObject),
    }
  }
}

/** Without constraints a policy is about nothing; one with parameters has none here, and is not judged. */
function isAbout({ spec }: AdmissionPolicy, context: MatchContext): boolean {
  const { matchConstraints, paramKind } = spec
  return matchConstraints !== undefined && paramKind === undefined && matchesWrite(matchConstraints, context)
}

function denied(
  { definition: { group, plural }, name }: AdmissionAttributes,
  who: string,
  { message, reason }: Objection,
): StatusError {
  const text = `${who} denied request: ${message}`
  const shown = name === '' ? 'Unknown' : name
  return failure(
    CODES[reason] ?? 422,
    reason,
    `${qualified(plural, group)} "${shown}" is forbidden: ${text}`,
    {
      name: shown,
      ...(group === '' ? {} : { group }),
      kind: plural,
      causes: [{ message: text }],
    },
  )
}
