import type { ExistingImport } from '@isthmus/core'
import type { ApiError } from '@isthmus/kube'

/** Why the derived Service or its slices could not be written: the server's words, and the way out where it is ours to know. */
export function whyNotServed(failure: ApiError, { derivedService, serviceImport }: ExistingImport): string {
  const ips = serviceImport?.spec.ips ?? []
  const causes = failure.status?.details?.causes ?? []
  const isAddressRefused = causes.some(({ field }) => field?.startsWith('spec.clusterIP'))
  const isComplete = (derivedService?.spec?.clusterIPs?.length ?? 0) >= ips.length
  if (isComplete || !isAddressRefused) return failure.message
  return (
    `the ClusterSetIP ${ips.join(', ')} of this import cannot be allocated again: ${failure.message}. ` +
    'It is tried again until it is free; to have another one instead, delete this ServiceImport'
  )
}
