#!/usr/bin/env node
process.exitCode = 1
const { cli } = await import('./index.js')
await cli()
