/** What kube-apiserver fills into a pod's spec, be it of a pod or of a template. */
import type { Container, PodSpec, Probe, Volume } from './pod-spec.ts'

const FILE_MODE = 0o644
const TOKEN_SECONDS = 3600

/** Of a pod, but not of the template that it is made from: what templates are compared by stays as it was written. */
export function fillOwnPodSpec(spec: PodSpec): void {
  fillPodSpec(spec)
  for (const { resources = {}, ports = [] } of [...spec.containers, ...(spec.initContainers ?? [])]) {
    if (resources.limits) resources.requests = { ...resources.limits, ...resources.requests }
    if (spec.hostNetwork) for (const port of ports) port.hostPort ??= port.containerPort
  }
}

export function fillPodSpec(spec: PodSpec): void {
  spec.restartPolicy ??= 'Always'
  spec.terminationGracePeriodSeconds ??= 30
  spec.dnsPolicy ??= 'ClusterFirst'
  spec.securityContext ??= {}
  spec.schedulerName ??= 'default-scheduler'
  // The deprecated name goes with the present one.
  const account = spec.serviceAccountName ?? spec.serviceAccount
  if (account !== undefined) {
    spec.serviceAccountName = account
    spec.serviceAccount = account
  }
  const all = [spec.containers, spec.initContainers, spec.ephemeralContainers]
  for (const container of all.flatMap(containers => containers ?? [])) fillContainer(container)
  for (const volume of spec.volumes ?? []) fillVolume(volume)
}

function fillContainer(container: Container): void {
  container.resources ??= {}
  container.terminationMessagePath ??= '/dev/termination-log'
  container.terminationMessagePolicy ??= 'File'
  container.imagePullPolicy ??= isLatest(container.image ?? '') ? 'Always' : 'IfNotPresent'
  for (const port of container.ports ?? []) port.protocol ??= 'TCP'
  for (const { valueFrom } of container.env ?? [])
    if (valueFrom?.fieldRef) valueFrom.fieldRef.apiVersion ??= 'v1'
  for (const probe of [container.livenessProbe, container.readinessProbe, container.startupProbe]) {
    if (probe) fillProbe(probe)
  }
}

/** No tag means `latest`, which is pulled every time; a digest never changes. */
function isLatest(image: string): boolean {
  if (image.includes('@')) return false
  const tag = /:([^:/]+)$/.exec(image)?.[1]
  return tag === undefined || tag === 'latest'
}

function fillProbe(probe: Probe): void {
  probe.timeoutSeconds ||= 1
  probe.periodSeconds ||= 10
  probe.successThreshold ||= 1
  probe.failureThreshold ||= 3
  if (probe.httpGet) {
    probe.httpGet.scheme ??= 'HTTP'
    probe.httpGet.path ||= '/'
  }
  if (probe.grpc) probe.grpc.service ??= ''
}

function fillVolume(volume: Volume): void {
  if (Object.keys(volume).every(field => field === 'name')) volume.emptyDir = {}
  for (const source of [volume.secret, volume.configMap, volume.downwardAPI, volume.projected]) {
    if (source) source.defaultMode ??= FILE_MODE
  }
  if (volume.hostPath) volume.hostPath.type ??= ''
  const projections = volume.projected?.sources ?? []
  for (const { serviceAccountToken: token } of projections)
    if (token) token.expirationSeconds ??= TOKEN_SECONDS
  for (const source of [volume.downwardAPI, ...projections.map(({ downwardAPI }) => downwardAPI)]) {
    for (const { fieldRef } of source?.items ?? []) if (fieldRef) fieldRef.apiVersion ??= 'v1'
  }
}
