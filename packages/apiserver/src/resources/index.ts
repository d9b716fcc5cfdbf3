/** The resources that are built in. */
import type { ResourceDefinition } from '../registry/definition.ts'
import { configMaps } from './config-map.ts'
import { namespaces } from './namespace.ts'

export const BUILT_IN_RESOURCES: readonly ResourceDefinition[] = [configMaps, namespaces]
