/** What a pod's spec has to be, as far as it matters without a kubelet; field paths begin with `at`. */
import {
  duplicate,
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  required,
} from '../registry/field-error.ts'
import { label1123Errors } from '../registry/names.ts'
import { cloneJson, equalJson } from '../rest/json.ts'
import type { Container, PodSpec } from './pod-spec.ts'

const PROTOCOLS = ['SCTP', 'TCP', 'UDP']
const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never']
const RESTART_POLICIES = ['Always', 'OnFailure', 'Never']
const DNS_POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None']
const PORT_RANGE = 'must be between 1 and 65535, inclusive'

export function podSpecErrors(spec: PodSpec, at: string): FieldError[] {
  const { containers = [], initContainers = [], restartPolicy = '', dnsPolicy = '', volumes = [] } = spec
  const names = new Set<string>()
  const errors: FieldError[] = []
  if (containers.length === 0) errors.push(required(`${at}.containers`))
  for (const [field, list] of Object.entries({ containers, initContainers })) {
    for (const [i, container] of list.entries()) {
      errors.push(...containerErrors(container, `${at}.${field}[${i}]`, names))
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
    errors.push(...labelErrors(name, `${at}.volumes[${i}].name`))
  }
  return errors
}

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
      if (!/^(?=.*[a-z])(?!.*--)[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?$/.test(portName)) {
        errors.push(invalid(`${place}.name`, portName, PORT_NAME))
      }
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

const PORT_NAME =
  'must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-), at least one letter, no more than 15 characters, no hyphen at either end or twice in a row'

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
