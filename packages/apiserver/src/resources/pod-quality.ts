import type { PodSpec } from './pod-spec.ts'

const COUNTED = ['cpu', 'memory'] as const

/** How a pod is treated when its node runs short, from the requests and limits of its containers. */
export function qosClass({
  containers,
  initContainers = [],
}: PodSpec): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  const all = [...containers, ...initContainers].map(({ resources }) => resources ?? {})
  const asksNothing = all.every(({ limits = {}, requests = {} }) =>
    COUNTED.every(resource => isNothing(limits[resource]) && isNothing(requests[resource])),
  )
  if (asksNothing) return 'BestEffort'
  const isGuaranteed = all.every(({ limits = {}, requests = {} }) =>
    COUNTED.every(
      resource =>
        !isNothing(limits[resource]) &&
        String(requests[resource] ?? limits[resource]) === String(limits[resource]),
    ),
  )
  return isGuaranteed ? 'Guaranteed' : 'Burstable'
}

const isNothing = (quantity: string | number | undefined): boolean =>
  quantity === undefined || /^0+(\.0+)?[a-zA-Z]*$/.test(String(quantity))
