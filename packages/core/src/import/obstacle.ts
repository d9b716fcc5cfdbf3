import type { Service, ServiceImport } from '@isthmus/api'
import { isDerivedService } from '../export/validity.ts'
import { derivedServiceName, serviceKey } from '../naming/names.ts'
import { isOwnServiceImport } from './desired-import.ts'

/** Something of a user's where an object of ours has to be: left alone, and reported. */
export interface Obstacle {
  readonly kind: 'Service' | 'ServiceImport' | 'EndpointSlice'
  readonly message: string
}

/** What is in this cluster under the names that an import takes, whoever made it. */
export interface Occupied {
  readonly namespace: string
  readonly name: string
  /** Of the derived Service's name. */
  readonly service: Service | undefined
  readonly serviceImport: ServiceImport | undefined
}

type Rule = (occupied: Occupied) => Obstacle | undefined

/** KEP-1645, ServiceImport: for the controller alone; one that a person made is theirs all the same. */
const foreignServiceImport: Rule = ({ namespace, name, serviceImport }) =>
  serviceImport === undefined || isOwnServiceImport(serviceImport)
    ? undefined
    : {
        kind: 'ServiceImport',
        message: `there is a ServiceImport ${serviceKey(namespace, name)} that Isthmus did not make; delete it to have the service imported`,
      }

/** A derived Service has one name; where a user has a Service of that name, there is no other. */
const foreignService: Rule = ({ namespace, name, service }) =>
  service === undefined || isDerivedService(service)
    ? undefined
    : {
        kind: 'Service',
        message: `there is a Service ${serviceKey(namespace, derivedServiceName(namespace, name))} that Isthmus did not make, where the derived Service has to be; delete or rename it`,
      }

const RULES: readonly Rule[] = [foreignServiceImport, foreignService]

/** The first thing of a user's that is in the way of an import. */
export function obstacleTo(occupied: Occupied): Obstacle | undefined {
  for (const rule of RULES) {
    const obstacle = rule(occupied)
    if (obstacle !== undefined) return obstacle
  }
  return undefined
}
