/** How often a property is tried: `PROPERTY_RUNS` asks for the long form (`npm run bar`); this is its one reader. */
export function runs(usual: number): number {
  return Number(process.env['PROPERTY_RUNS'] ?? usual)
}

/** The seed of a property that is the same each time; `PROPERTY_SEED` asks for another. */
export function seed(usual: number): number {
  return Number(process.env['PROPERTY_SEED'] ?? usual)
}

/** How long that may take, in milliseconds, by what the usual number of runs may. */
export function within(milliseconds: number): number {
  return (milliseconds * Math.max(1000, runs(1000))) / 1000
}
