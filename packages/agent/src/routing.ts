import type { EndpointSlice, ExportIndex, KubernetesObject } from '@isthmus/api'
import { LABEL_DERIVED_FOR, LABEL_KUBERNETES_SERVICE_NAME, LABEL_SERVICE_NAME } from '@isthmus/api'
import { isDerivedService, isOwnServiceImport, serviceKey } from '@isthmus/core'
import { isUsable, type OwnCluster } from './own/own-cluster.ts'

/** Where changes of the own cluster lead: which keys have to be looked at again. */
export interface Routes {
  /** `since`: when what it is made of changed, in milliseconds since the epoch, if that was before now. */
  exported(key: string, since?: number): void
  imported(key: string): void
  conditions(key: string): void
  index(index: ExportIndex | undefined): void
  /** Something that the export's record consists of came or went in the exchange, by whomever. */
  stored(key: string, isThere: boolean): void
  /** Addresses, or quota, may have become free. */
  serviceGone(): void
  namespace(name: string): void
  /** The import that wants a Service of this key, whoever made it. */
  wantedBy(serviceKey: string): string | undefined
}

/** Tells the routes of every change in the own cluster's caches. Returns the functions that end it. */
export function routeChanges(own: OwnCluster, routes: Routes): (() => void)[] {
  const source = (key: string) => {
    routes.exported(key)
    routes.imported(key)
    routes.conditions(key)
  }
  return [
    own.namespaces.subscribe((key, next, previous) => {
      // Labels of namespaces change for many reasons that are none of ours.
      if (isUsable(next) !== isUsable(previous)) routes.namespace(key)
    }),
    own.serviceExports.subscribe(source),
    own.services.subscribe((key, next, previous) => {
      const derivedFor = labelledKey(next ?? previous, LABEL_DERIVED_FOR)
      if (derivedFor !== undefined) routes.imported(derivedFor)
      const wantedBy = routes.wantedBy(key)
      if (wantedBy !== undefined) routes.imported(wantedBy)
      if (own.serviceExports.get(key) !== undefined) source(key)
      if (next === undefined) routes.serviceGone()
    }),
    own.slices.subscribe((_, next, previous) => {
      // Of two imports where somebody changed the label: the one that lost it and the one that got it.
      const imports = [next, previous].map(slice => labelledKey(slice, LABEL_SERVICE_NAME))
      for (const key of new Set(imports)) if (key !== undefined) routes.imported(key)
      for (const slice of [next, previous]) {
        const key = labelledKey(slice, LABEL_KUBERNETES_SERVICE_NAME)
        if (key === undefined || own.serviceExports.get(key) === undefined) continue
        routes.exported(key, triggerTime(next, previous))
        routes.imported(key)
      }
    }),
    own.serviceImports.subscribe(key => routes.imported(key)),
    own.exportIndexes.subscribe(() => routes.index(own.exportIndex)),
    own.exportedServices.subscribe((_, next, previous) => {
      const service = (next ?? previous)?.spec.service
      if (service === undefined) return
      const key = serviceKey(service.namespace, service.name)
      routes.exported(key)
      if (next === undefined || previous === undefined) routes.stored(key, next !== undefined)
    }),
    own.exportedEndpoints.subscribe((_, next, previous) => {
      const service = (next ?? previous)?.spec.service
      if (service !== undefined) routes.exported(serviceKey(service.namespace, service.name))
    }),
  ]
}

const LAST_CHANGE_TRIGGER_TIME = 'endpoints.kubernetes.io/last-change-trigger-time'

/** When the pods changed that this change of their slice comes from, if Kubernetes' controller says so. */
function triggerTime(
  next: EndpointSlice | undefined,
  previous: EndpointSlice | undefined,
): number | undefined {
  const said = next?.metadata.annotations?.[LAST_CHANGE_TRIGGER_TIME]
  const isNews = said !== undefined && said !== previous?.metadata.annotations?.[LAST_CHANGE_TRIGGER_TIME]
  return isNews ? Date.parse(said) : undefined
}

/** Keys of all services of which this cluster has anything: exports, records, imports, and parts of imports. */
export function servicesKnown(own: OwnCluster): Set<string> {
  const keys = new Set<string>(own.serviceExports.keys())
  for (const { spec } of own.exportedServices.list())
    keys.add(serviceKey(spec.service.namespace, spec.service.name))
  for (const { spec } of own.exportedEndpoints.list())
    keys.add(serviceKey(spec.service.namespace, spec.service.name))
  const add = (key: string | undefined) => {
    if (key !== undefined) keys.add(key)
  }
  for (const serviceImport of own.serviceImports.list()) {
    if (isOwnServiceImport(serviceImport))
      add(`${serviceImport.metadata.namespace}/${serviceImport.metadata.name}`)
  }
  for (const service of own.services.list())
    if (isDerivedService(service)) add(labelledKey(service, LABEL_DERIVED_FOR))
  for (const slice of own.slices.list()) add(labelledKey(slice, LABEL_SERVICE_NAME))
  return keys
}

function labelledKey(object: KubernetesObject | undefined, label: string): string | undefined {
  const name = object?.metadata.labels?.[label]
  return name === undefined ? undefined : serviceKey(object?.metadata.namespace ?? '', name)
}
