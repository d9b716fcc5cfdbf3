/**
 * What a command is told. Of the playground's own environment it sees PATH, HOME, LANG and TMPDIR: the
 * rest may be secret.
 *
 *     HOST                     where to listen: the loopback address that stands for the pod's
 *     PORT                     the first container port
 *     PORT_<NAME>, PORT_<n>    each container port by its name (upper case, dashes as underscores) or position from 1
 *     POD_NAME, POD_NAMESPACE, POD_IP, NODE_NAME, ZONE, CLUSTER
 *     and the container's own `env`, with $(NAME) filled in, which goes before all of these
 */
import type { ContainerPort } from '@isthmus/api'
import { loopbackOf } from '../addresses/loopback.ts'
import type { EnvironmentVariable, KubeletPod, PodContainer, PodIdentity } from './pod.ts'

export type Environment = Readonly<Record<string, string>>

const INHERITED = ['PATH', 'HOME', 'LANG', 'TMPDIR']

export function containerEnvironment(
  pod: KubeletPod,
  container: PodContainer,
  identity: PodIdentity,
  inherited: Readonly<Record<string, string | undefined>>,
): Environment {
  const environment: Record<string, string> = {}
  for (const name of INHERITED) {
    const value = inherited[name]
    if (value !== undefined) environment[name] = value
  }
  Object.assign(environment, {
    CLUSTER: identity.cluster,
    ZONE: identity.zone,
    NODE_NAME: identity.node,
    POD_NAMESPACE: identity.namespace,
    POD_NAME: identity.pod,
    POD_IP: identity.podIP,
    HOST: loopbackOf(identity.podIP),
    ...portVariables(container.ports ?? []),
  })
  for (const variable of container.env ?? []) {
    environment[variable.name] = resolve(variable, pod, identity, environment)
  }
  return environment
}

/** Fills in `$(NAME)` from the environment; `$$(NAME)` stands for itself, an unknown name is left as it is. */
export function expand(text: string, environment: Environment): string {
  return text.replace(/\$(\$|\(([^()]*)\))/g, (whole, escaped: string, name: string | undefined) => {
    if (escaped === '$') return '$'
    return (name !== undefined && environment[name]) || whole
  })
}

function portVariables(ports: readonly ContainerPort[]): Environment {
  const variables: Record<string, string> = {}
  for (const [index, { name, containerPort }] of ports.entries()) {
    if (index === 0) variables.PORT = String(containerPort)
    variables[`PORT_${index + 1}`] = String(containerPort)
    if (name) variables[`PORT_${name.toUpperCase().replaceAll('-', '_')}`] = String(containerPort)
  }
  return variables
}

function resolve(
  { value = '', valueFrom }: EnvironmentVariable,
  pod: KubeletPod,
  identity: PodIdentity,
  environment: Environment,
): string {
  const path = valueFrom?.fieldRef?.fieldPath
  return path === undefined ? expand(value, environment) : field(path, pod, identity)
}

/** The downward API. */
function field(path: string, { metadata }: KubeletPod, identity: PodIdentity): string {
  const entry = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path)
  if (entry !== null) return metadata[entry[1] as 'labels' | 'annotations']?.[entry[2] ?? ''] ?? ''
  const fields: Environment = {
    'metadata.name': identity.pod,
    'metadata.namespace': identity.namespace,
    'metadata.uid': identity.uid,
    'spec.nodeName': identity.node,
    'status.podIP': identity.podIP,
    'status.podIPs': identity.podIP,
    'status.hostIP': identity.hostIP,
  }
  return fields[path] ?? ''
}
