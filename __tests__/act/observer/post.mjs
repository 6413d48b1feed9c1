import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const { RECORD = '', RUNNER_TEMP = '', JOB = 'job' } = process.env
const files = readdirSync(RUNNER_TEMP, { recursive: true, withFileTypes: true })
const left = files.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name))
writeFileSync(join(RECORD, `${JOB}-after.json`), JSON.stringify(left))
