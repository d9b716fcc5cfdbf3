/** What a pod's spec has to be, as far as it matters without a kubelet; field paths begin with `at`. */
import {
  duplicate,
  type FieldError,
  forbidden,
  invalid,
  notFound,
  notSupported,
  required,
} from '../registry/field-error.ts'
import { label1123Errors } from '../registry/names.ts'
import { cloneJson, equalJson } from '../rest/json.ts'
import type { Container, PodSpec, VolumeMount } from './pod-spec.ts'
import { portNameErrors } from './service-ports.ts'

const PROTOCOLS = ['SCTP', 'TCP', 'UDP']
const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never']
const RESTART_POLICIES = ['Always', 'OnFailure', 'Never']
const DNS_POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None']
const PORT_RANGE = 'must be between 1 and 65535, inclusive'

/** `claims` are volumes that a StatefulSet adds to its pods. */
export function podSpecErrors(spec: PodSpec, at: string, claims: readonly string[] = []): FieldError[] {
  const { containers = [], initContainers = [], restartPolicy = '', dnsPolicy = '', volumes = [] } = spec
  const names = new Set<string>()
  const mountable = new Set([...volumes.map(({ name }) => name), ...claims])
  const errors: FieldError[] = []
  if (containers.length === 0) errors.push(required(`${at}.containers`))
  for (const [field, list] of Object.entries({ containers, initContainers })) {
    for (const [i, container] of list.entries()) {
      const place = `${at}.${field}[${i}]`
      errors.push(
        ...containerErrors(container, place, names),
        ...envErrors(container.env ?? [], `${place}.env`),
        ...mountErrors(container.volumeMounts ?? [], mountable, `${place}.volumeMounts`),
      )
    }
  }
  if (!RESTART_POLICIES.includes(restartPolicy)) {
    errors.push(notSupported(`${at}.restartPolicy`, restartPolicy, RESTART_POLICIES))
  }
  if (!DNS_POLICIES.includes(dnsPolicy)) errors.push(notSupported(`${at}.dnsPolicy`, dnsPolicy, DNS_POLICIES))
  if (spec.activeDeadlineSeconds !== undefined && spec.activeDeadlineSeconds < 1) {
    const range = 'must be between 1 and 2147483647, inclusive'
    errors.push(invalid(`${at}.activeDeadlineSeconds`, spec.activeDeadlineSeconds, range))
  }
  for (const [i, { name }] of volumes.entries()) {
    const place = `${at}.volumes[${i}].name`
    errors.push(...labelErrors(name, place))
    if (volumes.findIndex(other => other.name === name) < i) errors.push(duplicate(place, name))
  }
  return errors
}

function mountErrors(mounts: readonly VolumeMount[], volumes: ReadonlySet<string>, at: string): FieldError[] {
  const errors: FieldError[] = []
  const paths = new Set<string>()
  for (const [i, { name, mountPath }] of mounts.entries()) {
    const place = `${at}[${i}]`
    if (!name) errors.push(required(`${place}.name`))
    else if (!volumes.has(name)) errors.push(notFound(`${place}.name`, name))
    if (!mountPath) errors.push(required(`${place}.mountPath`))
    else if (paths.has(mountPath)) errors.push(invalid(`${place}.mountPath`, mountPath, 'must be unique'))
    paths.add(mountPath)
  }
  return errors
}

function envErrors(variables: readonly { name: string }[], at: string): FieldError[] {
  return variables.flatMap(({ name }, i) => {
    if (!name) return [required(`${at}[${i}].name`)]
    return /^[ -<>-~]+$/.test(name) ? [] : [invalid(`${at}[${i}].name`, name, ENV_NAME)]
  })
}

const ENV_NAME =
  "a valid environment variable name must consist only of printable ASCII characters other than '='"

function containerErrors(container: Container, at: string, names: Set<string>): FieldError[] {
  const { name, image, imagePullPolicy = '', ports = [] } = container
  const errors = labelErrors(name, `${at}.name`)
  if (name && names.has(name)) errors.push(duplicate(`${at}.name`, name))
  names.add(name)
  if (!image) errors.push(required(`${at}.image`))
  else if (image.trim() !== image) {
    errors.push(invalid(`${at}.image`, image, 'must not have leading or trailing whitespace'))
  }
  if (!PULL_POLICIES.includes(imagePullPolicy)) {
    errors.push(notSupported(`${at}.imagePullPolicy`, imagePullPolicy, PULL_POLICIES))
  }
  const portNames = new Set<string>()
  for (const [i, { name: portName, containerPort, protocol = '' }] of ports.entries()) {
    const place = `${at}.ports[${i}]`
    if (portName !== undefined) {
      errors.push(...portNameErrors(portName).map(e => invalid(`${place}.name`, portName, e)))
      if (portNames.has(portName)) errors.push(duplicate(`${place}.name`, portName))
      portNames.add(portName)
    }
    if (!containerPort) errors.push(required(`${place}.containerPort`))
    else if (containerPort < 1 || containerPort > 65535) {
      errors.push(invalid(`${place}.containerPort`, containerPort, PORT_RANGE))
    }
    if (!PROTOCOLS.includes(protocol)) errors.push(notSupported(`${place}.protocol`, protocol, PROTOCOLS))
  }
  return errors
}

function labelErrors(name: string | undefined, field: string): FieldError[] {
  if (!name) return [required(field)]
  return label1123Errors(name).map(e => invalid(field, name, e))
}

/** Of a pod that is there almost nothing may change. */
export function podSpecChangeErrors(next: PodSpec, old: PodSpec): FieldError[] {
  const errors: FieldError[] = []
  const removed = (old.tolerations ?? []).some(t => !next.tolerations?.some(other => equalJson(t, other)))
  if (!removed && equalJson(withoutMutable(next), withoutMutable(old))) return errors
  return [
    forbidden(
      'spec',
      'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
    ),
  ]
}

function withoutMutable(spec: PodSpec): PodSpec {
  const fixed = cloneJson(spec)
  for (const container of [...(fixed.containers ?? []), ...(fixed.initContainers ?? [])])
    delete container.image
  for (const container of fixed.containers ?? []) delete container.imagePullPolicy
  for (const container of fixed.initContainers ?? []) delete container.imagePullPolicy
  delete fixed.activeDeadlineSeconds
  delete fixed.tolerations
  if (fixed.schedulingGates?.length === 0) delete fixed.schedulingGates
  return fixed
}
