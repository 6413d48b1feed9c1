#!/usr/bin/env node
process.exitCode = 4
const { cli } = await import('./index.js')
await cli()
