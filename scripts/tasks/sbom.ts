// Writes the software bill of materials (CycloneDX) of what is bundled into dist, to the file that is named.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from '../build.ts'
import { billOf, bundled, licenceFaults, npmBill } from '../sbom.ts'
import { task } from '../task.ts'

const root = join(import.meta.dirname, '..', '..')

await task(async () => {
  const [file] = process.argv.slice(2)
  if (file === undefined)
    throw new Error('Name the file to write, for instance: npm run sbom -- sbom.cdx.json')
  const scratch = mkdtempSync(join(tmpdir(), 'dbt-oidc-sbom-'))
  try {
    const stats = join(scratch, 'stats.json')
    await build(root, join(scratch, 'dist'), stats)
    const packages = bundled(JSON.parse(readFileSync(stats, 'utf8')), root)
    const faults = licenceFaults(packages, readFileSync(join(scratch, 'dist', 'licenses.txt'), 'utf8'))
    for (const fault of faults) console.error(`✗ ${fault}`)
    writeFileSync(file, `${JSON.stringify(billOf(npmBill(root), packages), undefined, 2)}\n`)
    console.log(`${packages.length} packages are bundled: ${file}`)
    return faults.length === 0 ? 0 : 1
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
})
