/** The value below which that share of the sorted samples lies. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

export interface Distribution {
  readonly p50: number
  readonly p99: number
  readonly max: number
  readonly count: number
}

export function distribution(samples: readonly number[]): Distribution {
  return {
    p50: percentile(samples, 0.5),
    p99: percentile(samples, 0.99),
    max: percentile(samples, 1),
    count: samples.length,
  }
}

/** Calls `act` at a steady rate, whether earlier calls have ended or not; resolves when all have. */
export async function steadily(
  perSecond: number,
  count: number,
  act: (index: number) => Promise<unknown>,
): Promise<void> {
  const started = performance.now()
  const running: Promise<unknown>[] = []
  for (let i = 0; i < count; i++) {
    const wait = started + (i * 1000) / perSecond - performance.now()
    if (wait > 0) await new Promise(done => setTimeout(done, wait))
    running.push(act(i))
  }
  await Promise.all(running)
}

/** The slope of a line through the points, by least squares, and how well it fits: 1 is a straight line. */
export function line(points: readonly (readonly [x: number, y: number])[]): {
  slope: number
  base: number
  fit: number
} {
  const n = points.length
  const mean = (of: 0 | 1) => points.reduce((sum, point) => sum + point[of], 0) / n
  const [mx, my] = [mean(0), mean(1)]
  let [xx, xy, yy] = [0, 0, 0]
  for (const [x, y] of points) {
    xx += (x - mx) ** 2
    xy += (x - mx) * (y - my)
    yy += (y - my) ** 2
  }
  const slope = xy / xx
  return { slope, base: my - slope * mx, fit: yy === 0 ? 1 : xy ** 2 / (xx * yy) }
}
