import type { Figure } from '../lab/figure.ts'
import { dns } from './dns.ts'
import { fanOut } from './fan-out.ts'
import { firstSync } from './first-sync.ts'
import { idle } from './idle.ts'
import { memory } from './memory.ts'
import { propagation } from './propagation.ts'
import { restart } from './restart.ts'

export const FIGURES: readonly Figure[] = [propagation, firstSync, restart, memory, idle, dns, fanOut]
