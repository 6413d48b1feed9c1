/** How often a property is tried: `PROPERTY_RUNS` asks for the long form (`npm run test:equivalence`); this is its one reader. */
export function runs(usual: number): number {
  return Number(process.env['PROPERTY_RUNS'] ?? usual)
}

/** The seed of a property that is the same each time; `PROPERTY_SEED` asks for another. */
export function seed(usual: number): number {
  return Number(process.env['PROPERTY_SEED'] ?? usual)
}
