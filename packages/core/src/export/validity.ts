import { LABEL_DERIVED_FOR, LABEL_MANAGED_BY, MANAGER, type Service } from '@isthmus/api'

/** Whether a ServiceExport exports anything: becomes its Valid condition. */
export type Validity =
  | { readonly valid: true; readonly reason: 'Valid'; readonly message: string }
  | { readonly valid: false; readonly reason: InvalidReason; readonly message: string }

export type InvalidReason = 'NoService' | 'InvalidServiceType'

type Rule = (service: Service | undefined, name: string) => Validity | undefined

const invalid = (reason: InvalidReason, message: string): Validity => ({ valid: false, reason, message })

/** KEP-1645, Exporting Services: an export without its Service is not valid, and becomes so with it. */
const serviceExists: Rule = (service, name) =>
  service === undefined ? invalid('NoService', `there is no Service ${name} in this namespace`) : undefined

/** A name that points elsewhere has no endpoints of its own. */
const notExternalName: Rule = service =>
  service?.spec?.type === 'ExternalName'
    ? invalid('InvalidServiceType', 'a Service of type ExternalName cannot be exported')
    : undefined

/** Exporting what was imported would make an import of an import, without end. */
const notDerived: Rule = service =>
  isDerivedService(service)
    ? invalid(
        'InvalidServiceType',
        `this Service was derived by ${MANAGER} for the import of ${service?.metadata.labels?.[LABEL_DERIVED_FOR]}; export the original instead`,
      )
    : undefined

const RULES: readonly Rule[] = [serviceExists, notExternalName, notDerived]

/** The first rule that objects decides. `service` is the Service of the export's own namespace and name. */
export function validityOf(service: Service | undefined, name: string): Validity {
  for (const rule of RULES) {
    const objection = rule(service, name)
    if (objection !== undefined) return objection
  }
  return { valid: true, reason: 'Valid', message: 'the Service can be exported' }
}

/** Whether an agent made this Service for an import. */
export function isDerivedService(service: Service | undefined): boolean {
  const labels = service?.metadata.labels
  return labels?.[LABEL_MANAGED_BY] === MANAGER && labels[LABEL_DERIVED_FOR] !== undefined
}
