/** The part of a pod's spec that rules and columns read; the rest passes through. */
import type { StoredObject } from '../registry/definition.ts'

export interface ContainerPort {
  name?: string
  containerPort: number
  hostPort?: number
  protocol?: string
}

export interface Probe {
  httpGet?: { scheme?: string; path?: string }
  grpc?: { service?: string }
  timeoutSeconds?: number
  periodSeconds?: number
  successThreshold?: number
  failureThreshold?: number
}

export interface Container {
  name: string
  image?: string
  imagePullPolicy?: string
  ports?: ContainerPort[]
  env?: { name: string; valueFrom?: { fieldRef?: { apiVersion?: string } } }[]
  resources?: Resources
  volumeMounts?: VolumeMount[]
  terminationMessagePath?: string
  terminationMessagePolicy?: string
  restartPolicy?: string
  livenessProbe?: Probe
  readinessProbe?: Probe
  startupProbe?: Probe
}

export interface VolumeMount {
  name: string
  mountPath: string
}

export interface Resources {
  limits?: Record<string, string | number>
  requests?: Record<string, string | number>
}

export interface Volume {
  name: string
  secret?: { defaultMode?: number }
  configMap?: { defaultMode?: number }
  downwardAPI?: { defaultMode?: number; items?: { fieldRef?: { apiVersion?: string } }[] }
  projected?: {
    defaultMode?: number
    sources?: {
      serviceAccountToken?: { expirationSeconds?: number }
      downwardAPI?: { items?: { fieldRef?: { apiVersion?: string } }[] }
    }[]
  }
  hostPath?: { type?: string }
  emptyDir?: object
  [source: string]: unknown
}

export interface PodSpec {
  containers: Container[]
  initContainers?: Container[]
  ephemeralContainers?: Container[]
  volumes?: Volume[]
  nodeName?: string
  restartPolicy?: string
  terminationGracePeriodSeconds?: number
  activeDeadlineSeconds?: number
  dnsPolicy?: string
  hostNetwork?: boolean
  serviceAccountName?: string
  serviceAccount?: string
  securityContext?: object
  schedulerName?: string
  schedulingGates?: unknown[]
  enableServiceLinks?: boolean
  priority?: number
  preemptionPolicy?: string
  tolerations?: Toleration[]
  readinessGates?: { conditionType: string }[]
}

export interface Toleration {
  key?: string
  operator?: string
  value?: string
  effect?: string
  tolerationSeconds?: number
}

export interface ContainerStatus {
  name: string
  ready: boolean
  restartCount: number
  started?: boolean
  state?: ContainerState
  lastState?: ContainerState
}

export interface ContainerState {
  waiting?: { reason?: string }
  running?: { startedAt?: string }
  terminated?: { reason?: string; exitCode: number; signal?: number; finishedAt?: string }
}

export interface PodStatus {
  phase?: string
  reason?: string
  podIP?: string
  podIPs?: { ip: string }[]
  nominatedNodeName?: string
  qosClass?: string
  conditions?: { type: string; status: string; reason?: string; [field: string]: unknown }[]
  containerStatuses?: ContainerStatus[]
  initContainerStatuses?: ContainerStatus[]
}

export interface Pod extends StoredObject {
  spec: PodSpec
  status: PodStatus
}

export interface PodTemplate {
  metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> }
  spec: PodSpec
}
