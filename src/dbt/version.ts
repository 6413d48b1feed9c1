/** Whether a Python version comes before another: `1.12.0rc1` before `1.12.0`, `1.9` before `1.10`. */
export function isBelow(version: string, other: string): boolean {
  const [left, right] = [parts(version), parts(other)]
  for (let index = 0; index < Math.max(left.numbers.length, right.numbers.length); index++) {
    const difference = (left.numbers[index] ?? 0) - (right.numbers[index] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return left.early && !right.early
}

function parts(version: string): { readonly numbers: readonly number[]; readonly early: boolean } {
  const [, release = '0', rest = ''] = /^v?(\d+(?:\.\d+)*)(.*)$/.exec(version.trim()) ?? []
  return {
    numbers: release.split('.').map(Number),
    early: /^[-._]?(?:a|b|c|rc|alpha|beta|dev|pre|preview)/i.test(rest),
  }
}
