// Builds dist/ from src/: tsc, then ncc on its output, then esbuild's minifier over each chunk.
import { build } from '../build.ts'
import { join } from 'node:path'

await build(join(import.meta.dirname, '..', '..'), process.argv[2])
