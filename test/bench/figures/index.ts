import type { Figure } from '../lab/figure.ts'
import { propagation } from './propagation.ts'

export const FIGURES: readonly Figure[] = [propagation]
