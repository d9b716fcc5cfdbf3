/** The status of a definition, worked out from it and from the other definitions. */
import { equalJson } from '../rest/json.ts'
import {
  type CrdCondition,
  type CrdStatus,
  type CustomResourceDefinition,
  isTrue,
  withCondition,
} from './crd.ts'
import { acceptNames } from './crd-names.ts'

type Condition = Omit<CrdCondition, 'lastTransitionTime'>

/** The status that a definition should have; the very same one if it has it. */
export function statusOf(
  crd: CustomResourceDefinition,
  others: readonly CustomResourceDefinition[],
  now: string,
): CrdStatus {
  const { acceptedNames, conflict } = acceptNames(crd, others)
  const conditions = conditionsOf(crd, conflict).reduce(
    (set, condition) => withCondition(set, condition, now),
    crd.status?.conditions ?? [],
  )
  const status = {
    ...crd.status,
    conditions,
    acceptedNames,
    storedVersions: crd.status?.storedVersions ?? [],
  }
  return crd.status && equalJson(status, crd.status) ? crd.status : status
}

function conditionsOf(
  crd: CustomResourceDefinition,
  conflict: ReturnType<typeof acceptNames>['conflict'],
): Condition[] {
  if (crd.metadata.deletionTimestamp !== undefined) return []
  const approval = approvalOf(crd)
  const names: Condition = conflict
    ? { type: 'NamesAccepted', status: 'False', ...conflict }
    : { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' }
  if (isTrue(crd, 'Established')) return [names, ...approval]
  const established: Condition = conflict
    ? { type: 'Established', status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' }
    : {
        type: 'Established',
        status: 'True',
        reason: 'InitialNamesAccepted',
        message: 'the initial names have been accepted',
      }
  return [names, established, ...approval]
}

export const APPROVED_ANNOTATION = 'api-approved.kubernetes.io'

/** Groups of the Kubernetes project itself. */
export const isProtectedGroup = (group: string): boolean => /(^|\.)(k8s|kubernetes)\.io$/.test(group)

function approvalOf({ spec, metadata }: CustomResourceDefinition): Condition[] {
  const approval = metadata.annotations?.[APPROVED_ANNOTATION]
  if (!isProtectedGroup(spec.group) || !approval) return []
  const isUnapproved = approval.startsWith('unapproved')
  return [
    {
      type: 'KubernetesAPIApprovalPolicyConformant',
      status: isUnapproved ? 'False' : 'True',
      reason: isUnapproved ? 'UnapprovedAnnotation' : 'ApprovedAnnotation',
      message: isUnapproved ? `not approved: ${JSON.stringify(approval)}` : `approved in ${approval}`,
    },
  ]
}
