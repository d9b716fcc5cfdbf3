/** Lines of a table, two spaces between columns; columns of numbers, named in `right`, are set to the right. */
export function table(
  headings: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  right: readonly string[] = [],
): string[] {
  const lines = [headings, ...rows].map(cells => cells.map(String))
  const widths = headings.map((_, column) => Math.max(...lines.map(cells => cells[column]?.length ?? 0)))
  return lines.map(cells =>
    cells
      .map((cell, column) => {
        const width = widths[column] ?? 0
        return right.includes(headings[column] ?? '') ? cell.padStart(width) : cell.padEnd(width)
      })
      .join('  ')
      .trimEnd(),
  )
}
