process.exitCode = 1
const { keeper } = await import('./index.js')
await keeper()
